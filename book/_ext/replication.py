"""Sphinx extension: the replication report, from the verdicts of this build.

A verdict that a cell shows carries its numbers in the output's metadata. When
all pages have been read, and so all chapters executed, these records are taken
from the executed notebooks and held against the ledger: a claim that was
computed nowhere, twice, or elsewhere than the ledger says is a warning, which
fails `make book`. Then the directive ``{replication-report}`` becomes a
picture of all effects and a table for each tutorial; ``{replication-picture}``
becomes the picture alone.
"""

from collections import Counter
from html import escape
from pathlib import Path

import nbformat
import pandas as pd
from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from aecourse.claims import RECORD_KEY, VERDICTS, load_ledger

PICTURE = "replication_report.svg"
HEADS = ("Claim", "Verdict", "Effect [95 % interval]", "Why")
logger = logging.getLogger(__name__)


def records_of(notebook, page):
    """Return the verdicts that an executed notebook shows, with its page."""
    shown = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    found = [out.get("metadata", {}).get(RECORD_KEY) for out in shown]
    return [record | {"page": page} for record in found if record]


def complaints_about(records, ledger):
    """Say where what was computed and the ledger differ."""
    complaints = []
    for record in records:
        name, chapter = record["id"], Path(record["page"]).name
        claim = ledger.claims.get(name)
        if claim is None:
            complaints.append(
                f"claim {name} of {chapter} is not in the ledger"
            )
        elif claim.chapter != chapter:
            complaints.append(
                f"claim {name} is computed in {chapter}: "
                f"the ledger has it in {claim.chapter}"
            )
        elif claim.verdict != record["outcome"]:
            complaints.append(
                f"claim {name}: {record['outcome']!r} was computed, "
                f"{claim.verdict!r} stands in the ledger"
            )
        elif chapter in ledger.chapters_to_come:
            complaints.append(
                f"{chapter} computes claims: remove it from chapters_to_come"
            )
    counts = Counter(record["id"] for record in records)
    for claim in ledger.claims.values():
        awaited = claim.chapter not in ledger.chapters_to_come
        if awaited and not counts[claim.id]:
            complaints.append(
                f"claim {claim.id} is computed nowhere: "
                f"it belongs to chapter {claim.chapter}"
            )
    complaints += [
        f"claim {name} is computed {count} times"
        for name, count in counts.items()
        if count > 1
    ]
    return list(dict.fromkeys(complaints))


def effects(records, ledger):
    """Return a frame for ``plots.plot_effects``, in the ledger's order."""
    rows = []
    by_id = {record["id"]: record for record in records}
    for claim in ledger.claims.values():
        if claim.id not in by_id:
            continue
        record, source = by_id[claim.id], ledger.sources[claim.source]
        scale = (-1 if claim.claimed == "lower" else 1) / claim.smallest
        low, high = sorted(scale * record[end] for end in ("low", "high"))
        rows.append(
            {
                "label": f"{claim.label}  ({claim.id})",
                "group": f"{claim.source.upper()}  {source.author}",
                "effect": scale * record["difference"],
                "low": low,
                "high": high,
                "outcome": record["outcome"],
                "claimed": claim.claimed,
            }
        )
    return pd.DataFrame(rows)


def summary(records):
    """Tell in a sentence how many claims came out how."""
    counts = Counter(record["outcome"] for record in records)
    told = [f"{counts[name]} {name}" for name in VERDICTS if counts[name]]
    if not told:
        return "No claim has been measured yet."
    return f"Of {len(records)} measured claims: {', '.join(told)}."


def alternative_text(records):
    """Tell in words what the picture shows: which claims came out how."""
    told = []
    for outcome in VERDICTS:
        ids = [r["id"] for r in records if r["outcome"] == outcome]
        told += [f"{outcome}: {', '.join(ids)}"] if ids else []
    return (
        "The effect of each claim with its 95 % interval, in smallest "
        f"differences that would matter. {'; '.join(told)}."
    )


def table(claims, records, links):
    """Return the HTML table of a tutorial's claims.

    ``links`` gives the address and title of a chapter by its name.
    """
    by_id = {record["id"]: record for record in records}
    heads = "".join(f'<th scope="col">{head}</th>' for head in HEADS)
    rows = [
        _row(claim, by_id.get(claim.id), links.get(claim.chapter))
        for claim in claims
    ]
    return (
        f'<table class="replication"><thead><tr>{heads}</tr></thead>\n'
        f"<tbody>\n{chr(10).join(rows)}\n</tbody></table>"
    )


def _row(claim, record, link):
    outcome = record["outcome"] if record else "to come"
    named = f'<span class="claim-id">{claim.id}</span>'
    badge = outcome.replace(" ", "-")
    why = escape(claim.why) if record else ""
    if record and link:
        address = f"{link[0]}#claim-{claim.id}"
        why += f' <a href="{address}">{escape(link[1])}</a>'
    return (
        f'<tr><th scope="row">{named} {escape(claim.sentence)}</th>'
        f'<td><span class="outcome {badge}">{outcome}</span></td>'
        f"<td>{_effect(claim, record) if record else ''}</td>"
        f"<td>{why}</td></tr>"
    )


def _effect(claim, record):
    low, high = (_number(record[end], "+") for end in ("low", "high"))
    arms = [
        (claim.treatment, record["treatment_mean"]),
        (claim.control or "claimed value", record["control_mean"]),
    ]
    told = [f"{escape(arm)} {_number(mean)}" for arm, mean in arms]
    held_if = {"same": "within \N{PLUS-MINUS SIGN}", "higher": "at least +"}
    held_if["lower"] = "at least \N{MINUS SIGN}"
    seeds = [
        f"{record[key]} {key.removeprefix('n_')}"
        for key in ("n_seeds", "n_splits")
        if record[key] > 1
    ]
    lines = [
        f"{escape(claim.measure)} ({escape(claim.unit)})",
        ", ".join(told),
        f"claimed: {held_if[claim.claimed]}{_number(claim.smallest)}",
        ", ".join(seeds),
    ]
    return (
        f'<span class="effect">{_number(record["difference"], "+")} '
        f'<span class="interval">[{low}, {high}]</span></span>'
        + "".join(f"<small>{line}</small>" for line in lines)
    )


def _number(value, sign=""):
    return f"{value:{sign}.3g}".replace("-", "\N{MINUS SIGN}")


class Placeholder(nodes.General, nodes.Element):
    """Stands in the report until all chapters have been executed."""


class ReplicationReport(SphinxDirective):
    """``{replication-report}``: a picture, and a section for each tutorial."""

    def run(self):
        ledger = _ledger(self.env)
        self.env.note_dependency(str(ledger.path))
        _note_page(self.env, "report")
        parts = [Placeholder(part="picture")]
        measured = {claim.source for claim in ledger.claims.values()}
        for key, source in ledger.sources.items():
            if key not in measured:
                continue
            section = nodes.section(ids=[f"replication-{key}"])
            section += nodes.title(text=f"{key.upper()}: {source.title}")
            told = f"{source.author}, {source.year} ({source.where})."
            section += nodes.paragraph(text=told)
            section += Placeholder(part=key)
            self.state.document.note_explicit_target(section)
            parts.append(section)
        return parts


class ReplicationPicture(SphinxDirective):
    """``{replication-picture}``: the report's picture, on another page."""

    def run(self):
        self.env.note_dependency(str(_ledger(self.env).path))
        _note_page(self.env, "picture")
        return [Placeholder(part="picture")]


def _note_page(env, shown):
    # What is noted here of a page comes along from the process that read it.
    env.metadata[env.docname]["replication"] = shown


def _noted_pages(env):
    return {
        page: facts["replication"]
        for page, facts in env.metadata.items()
        if "replication" in facts
    }


def _ledger(env):
    return load_ledger(Path(env.srcdir, "book", "claims.yml"))


def _gather(app, env):
    """Take the verdicts from the executed notebooks; warn of faults."""
    pages = _noted_pages(env)
    report = next((page for page in pages if pages[page] == "report"), None)
    if report is None:
        return []
    env.replication_records = []
    for name in sorted(env.found_docs):
        # myst-nb writes what it executed there.
        path = Path(app.outdir).parent / "jupyter_execute" / f"{name}.ipynb"
        if Path(env.doc2path(name)).suffix == ".ipynb" and path.is_file():
            notebook = nbformat.read(path, as_version=4)
            env.replication_records += records_of(notebook, name)
    for complaint in complaints_about(env.replication_records, _ledger(env)):
        logger.warning(complaint, location=report, type="replication")
    return sorted(pages)


def _fill(app, doctree, docname):
    """Put picture and tables where the placeholders are."""
    holders = list(doctree.findall(Placeholder))
    if not holders:
        return
    ledger, records = _ledger(app.env), app.env.replication_records
    uri = app.builder.get_target_uri
    links = {
        Path(name).name: (
            relative_uri(uri(docname), uri(name)),
            title.astext(),
        )
        for name, title in app.env.titles.items()
    }
    for holder in holders:
        if holder["part"] == "picture":
            html = _picture(app, records, ledger, uri(docname))
        else:
            claims = [
                claim
                for claim in ledger.claims.values()
                if claim.source == holder["part"]
            ]
            html = table(claims, records, links)
        holder.replace_self(nodes.raw("", html, format="html"))


def _picture(app, records, ledger, here):
    told = f'<p class="replication-summary">{summary(records)}</p>'
    if not records:
        return told
    import matplotlib as mpl  # slow to import, and needed on one page alone

    mpl.use("Agg")
    from aecourse import plots

    folder = Path(app.outdir, app.builder.imagedir)
    folder.mkdir(exist_ok=True)
    with mpl.rc_context():
        plots.use_style()
        figure = plots.plot_effects(effects(records, ledger)).figure
        figure.savefig(
            folder / PICTURE, bbox_inches="tight", metadata={"Date": None}
        )
    address = relative_uri(here, f"{app.builder.imagedir}/{PICTURE}")
    alt = escape(alternative_text(records))
    picture = f'<img class="replication" src="{address}" alt="{alt}">'
    return f'{told}\n<div class="replication-picture">{picture}</div>'


def setup(app):
    app.add_node(Placeholder)
    app.add_directive("replication-report", ReplicationReport)
    app.add_directive("replication-picture", ReplicationPicture)
    app.add_css_file("replication.css")
    app.connect("env-updated", _gather)
    app.connect("doctree-resolved", _fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
