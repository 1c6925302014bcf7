"""Sphinx extension: the colophon, from this build.

The directive ``{colophon}`` becomes two tables: what each chapter took, and
the versions that it ran with. The times are written beside the pages as well,
for `make book` to print them.
"""

import os
import platform
import time
from importlib import metadata
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

TIMES = "times.txt"
LIBRARIES = (
    "tensorflow",
    "keras",
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "matplotlib",
    "seaborn",
    "jupyter-book",
)


class ColophonPlace(nodes.General, nodes.Element):
    """Stands in the colophon until all chapters have been executed."""


class Colophon(SphinxDirective):
    """``{colophon}``: times and versions of this build."""

    def run(self):
        self.env.metadata[self.env.docname]["colophon"] = True
        return [ColophonPlace()]


def runtimes(env):
    """Return the seconds that each page's code took, in the book's order."""
    data = getattr(env, "nb_metadata", {})
    order = list(env.toctree_includes.get(env.config.root_doc, []))
    pages = [env.config.root_doc, *order]
    pages += sorted(set(data) - set(pages))
    took = {page: data.get(page, {}).get("exec_data") for page in pages}
    return {page: run["runtime"] for page, run in took.items() if run}


def seeds(records, page):
    """Tell how many seeds the verdicts of a page rest on."""
    counts = {
        record["n_seeds"] for record in records if record["page"] == page
    }
    if not counts:
        return ""
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"


def duration(seconds):
    """Write seconds as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}\xa0min\xa0{rest:02}\xa0s" if minutes else f"{rest}\xa0s"


def as_table(head, rows):
    """Return a docutils table of plain texts."""
    table = nodes.table()
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=1) for _ in head]
    group += nodes.thead("", _row(head))
    group += nodes.tbody("", *map(_row, rows))
    table += group
    return table


def _row(texts):
    cells = [nodes.entry("", nodes.paragraph(text=text)) for text in texts]
    return nodes.row("", *cells)


def mnist():
    """Tell which digits this build ran on."""
    from aecourse import data  # slow, and needed for one page alone

    digits = data.load_mnist()
    return f"{digits.subset}: {digits.source}"


def _times(env):
    took = runtimes(env)
    records = getattr(env, "replication_records", [])
    rows = [
        (env.titles[page].astext(), seeds(records, page), duration(seconds))
        for page, seconds in took.items()
    ]
    rows.append(("All, added up", "", duration(sum(took.values()))))
    return [*rows, ("All, side by side", "", duration(env.reading_took))]


def _begin(app, env, docnames):
    env.reading_began = time.monotonic()


def _again(app, env):
    env.reading_took = time.monotonic() - env.reading_began
    return [
        page for page, facts in env.metadata.items() if "colophon" in facts
    ]


def _fill(app, doctree, docname):
    for holder in doctree.findall(ColophonPlace):
        rows = _times(app.env)
        parts = [as_table(("Chapter", "Seeds of its verdicts", "Time"), rows)]
        if not runtimes(app.env):
            told = "This build executed no chapter."
            parts = [nodes.paragraph(text=told)]
        versions = [(name, metadata.version(name)) for name in LIBRARIES]
        versions = [("Python", platform.python_version()), *versions]
        machine = f"{platform.system()}, {platform.machine()}, "
        machine += f"{os.cpu_count()} cores"
        facts = [("Digits", mnist()), ("Machine", machine)]
        parts.append(as_table(("What", "Which"), [*versions, *facts]))
        holder.replace_self(parts)


def _write_times(app, exception):
    if exception:
        return
    rows = _times(app.env)
    width = max(len(title) for title, _, _ in rows)
    lines = [f"{title:<{width}}  {time:>12}" for title, _, time in rows]
    text = "\n".join(lines) + "\n"
    Path(app.outdir).with_name(TIMES).write_text(text, encoding="utf-8")


def setup(app):
    app.add_node(ColophonPlace)
    app.add_directive("colophon", Colophon)
    app.connect("env-before-read-docs", _begin)
    app.connect("env-updated", _again)
    app.connect("doctree-resolved", _fill)
    app.connect("build-finished", _write_times)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
