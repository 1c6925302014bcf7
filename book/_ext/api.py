"""Sphinx extension: the package's functions, and the chapters that use them.

Which chapters use a function is read off their code. It stands below each
docstring on the page of the package, as links.
"""

import ast
import re
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

PACKAGE = "aecourse"


def names_used(notebook):
    """Return the full names of what a notebook takes from the package."""
    cells = [
        cell.source for cell in notebook.cells if cell.cell_type == "code"
    ]
    code = "\n".join(map(TransformerManager().transform_cell, cells))
    known, used = {}, set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if module.split(".")[0] == PACKAGE:
                for name in node.names:
                    known[name.asname or name.name] = f"{module}.{name.name}"
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and isinstance(
            node.value, ast.Name
        ):
            module = known.get(node.value.id)
            used |= {f"{module}.{node.attr}"} if module else set()
    return used | set(known.values())


def _read_chapters(app):
    folder = Path(app.srcdir, "book")
    chapters = {}
    for path in sorted(folder.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        first = next(c for c in notebook.cells if c.cell_type == "markdown")
        title = re.match(r"#\s+(.+)", first.source).group(1)
        chapters[path.stem] = (title, names_used(notebook))
    app.course_chapters = chapters


def _add_chapters(app, what, name, obj, options, lines):
    links = [
        f":doc:`{title} </book/{stem}>`"
        for stem, (title, used) in app.course_chapters.items()
        if name in used
    ]
    if links and what in {"function", "class"}:
        lines += ["", f"*Used in:* {', '.join(links)}.", ""]


def setup(app):
    app.connect("builder-inited", _read_chapters)
    # After numpydoc has laid out the docstring
    app.connect("autodoc-process-docstring", _add_chapters, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
