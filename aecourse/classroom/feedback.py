"""Feedback for one student: the notebook as it ran, with points at each test, and no hidden test."""

import copy
import html

from nbformat.v4 import new_markdown_cell, new_notebook

from aecourse._files import write_whole
from aecourse.classroom.submissions import grade_id

__all__ = ["write_feedback"]

OUTPUT_CHARS = 20_000
TAGS = {"a", "b", "blockquote", "br", "code", "div", "em", "hr", "i", "li", "ol", "p", "pre", "s", "span", "strong"}
TAGS |= {"h1", "h2", "h3", "h4", "h5", "h6", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"}


def write_feedback(path, row, executed, master):
    """Write one page of HTML, by nbconvert; nothing in it is loaded from elsewhere, no script of the student's runs.

    Parameters
    ----------
    path : Path
    row : Row
    executed : NotebookNode or None
        What ran: the student's cells between those of the release. None where nothing did.
    master : Master
    """
    notebook = copy.deepcopy(executed) if executed is not None else new_notebook()
    by_name = {question.name: question for question in master.questions}
    cells = [new_markdown_cell(_summary(row, master))]
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and len(output.text) > OUTPUT_CHARS:
                output.text = f"{output.text[:OUTPUT_CHARS]}\n… (shortened)"
        cells.append(cell)
        name = grade_id(cell)
        if name in by_name:
            cells.append(new_markdown_cell(_verdict(name, row, by_name[name].points)))
    notebook.cells = cells
    title = {"metadata": {"name": f"{master.name}, {row.student}"}}
    try:
        body = _to_html(notebook, title)
    except Exception:  # outputs are the student's, and may be anything: a picture that is none, text that is a list
        for cell in cells:
            if cell.cell_type == "code":
                cell.outputs = []
        cells.insert(1, new_markdown_cell("The outputs are not shown: among them is one that can't be."))
        body = _to_html(notebook, title)
    write_whole(path, body.encode("utf-8", errors="replace"))


def _to_html(notebook, title):
    from nbconvert.exporters import HTMLExporter

    nothing_from_elsewhere = dict.fromkeys(("mathjax_url", "require_js_url", "jquery_url", "mermaid_js_url"), "")
    exporter = HTMLExporter(
        template_name="lab", sanitize_html=True, filters={"clean_html": _without_scripts}, **nothing_from_elsewhere
    )
    return exporter.from_notebook_node(notebook, title)[0]


def _without_scripts(text):
    """What nbconvert's own filter does, which knows no headings and no paragraphs."""
    import bleach

    return bleach.clean(text, tags=TAGS, attributes={"*": ["class", "id"], "a": ["href"]})


def _summary(row, master):
    total = sum(row.points.values())
    about = f"# {html.escape(master.name)}: {total:g} of {master.max_points:g} points\n\n"
    reason = f" ({html.escape(row.reason)})" if row.reason else ""
    return about + f"**{html.escape(row.student)}**, status: {row.status}{reason}"


def _verdict(name, row, most):
    comment = row.comments.get(name, "").removeprefix(f"{name}: ")
    return f"**{html.escape(name)}: {row.points[name]:g} of {most:g} points.** {html.escape(comment)}"
