"""Hygiene of the chapters' notebooks."""

import ast
import re
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from rules import colab

# A misspelt tag is ignored by whatever should read it: only these are known.
TAGS = {
    "nbval-check-output",  # nbval compares what the cell prints with what is stored
    "hide-input",  # myst-nb folds the code
    "hide-cell",
    "remove-cell",
    "remove-stderr",  # chatter of libraries that cannot be silenced, such as TensorFlow's on import
    "raises-exception",  # the error is the lesson
    "long-cell",  # the definition of a model is the lesson
}
CELL_METADATA = {"tags", "mystnb"}  # no time stamps, no state of an editor
NOTEBOOK_METADATA = {"kernelspec", "language_info"}
# Of cells whose outputs are stored: the same in all, so that a new cell does not change those below it
CHECKED_COUNT = 1
MAX_LINES, MAX_LINES_TAGGED = 15, 25
MIN_ALT = 30  # characters: fewer make a label, not a sentence
# Calls on plt, sns or plots that draw nothing
SILENT_CALLS = {"use_style", "rc", "close", "set_theme", "set_palette", "set_context", "color_palette", "get_cmap"}
LAST_HEADINGS = ("summary", "exercises")
AFTER_THEM = {"references", "further reading"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
MARKDOWN_IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\(")
FIGURE_NAME = re.compile(r"fig-[a-z0-9-]+")
# {numref}`fig-name` or {term}`shown <term>`
ROLE = r"\{%s\}`(?:[^`<]*<)?(?P<target>[^`<>]+)>?`"
NUMBERED, TERM = re.compile(ROLE % "numref"), re.compile(ROLE % "term")


def chapters(root):
    """Return the notebooks of the book below ``root``; masters of assignments have rules of their own."""
    found = Path(root, "book").rglob("*.ipynb")
    return sorted(path for path in found if not {".ipynb_checkpoints", "assignments"} & set(path.parts))


def tags(cell):
    return cell.metadata.get("tags", [])


def code_cells(notebook):
    return [(number, cell) for number, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code"]


def syntax_tree(cell):
    """Return the cell's syntax tree, magics and shell lines translated first."""
    return ast.parse(TransformerManager().transform_cell(cell.source))


def metadata(notebook):
    """Metadata names the plain kernel, and holds nothing that changes from run to run."""
    complaints = [f"unknown metadata {key!r} of the notebook" for key in set(notebook.metadata) - NOTEBOOK_METADATA]
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        complaints.append("the kernel must be python3")
    more = sorted(set(notebook.metadata.get("language_info", {})) - {"name"})
    if more:
        complaints.append(f"language_info holds {', '.join(more)}, which differ between machines")
    for number, cell in enumerate(notebook.cells, 1):
        complaints += [f"cell {number}: unknown metadata {key!r}" for key in set(cell.metadata) - CELL_METADATA]
        complaints += [f"cell {number}: unknown tag {tag!r}" for tag in tags(cell) if tag not in TAGS]
        if "attachments" in cell:
            complaints.append(f"cell {number}: a file attached; keep it under book/_static")
    return complaints


def outputs(notebook):
    """Outputs are stored where nbval compares them, as plain text, and nowhere else."""
    complaints = []
    for number, cell in code_cells(notebook):
        if "nbval-check-output" not in tags(cell):
            if cell.outputs:
                complaints.append(f"cell {number}: has outputs without the tag nbval-check-output")
            if cell.execution_count is not None:
                complaints.append(f"cell {number}: has an execution count")
            continue
        if not cell.outputs:
            complaints.append(f"cell {number}: tagged nbval-check-output and has no outputs; run `make outputs`")
        elif cell.execution_count != CHECKED_COUNT:
            # nbval takes a cell without a count for one that was never run.
            complaints.append(f"cell {number}: its execution count must be {CHECKED_COUNT}; run `make outputs`")
        complaints += [f"cell {number}: {fault}" for fault in map(_unfit_output, cell.outputs) if fault]
    return complaints


def _unfit_output(output):
    if output.output_type == "stream":
        return None if output.name == "stdout" else f"stores {output.name}, which nbval would compare"
    if output.output_type == "error":
        return "stores an error"
    kinds = sorted(set(output.data) - {"text/plain"})
    return f"stores {', '.join(kinds)} besides text: print the result instead" if kinds else None


def cell_length(notebook):
    """Cells are short enough to be read beside the prose that explains them."""
    complaints = []
    for number, cell in code_cells(notebook):
        lines = len(cell.source.splitlines())
        limit = MAX_LINES_TAGGED if "long-cell" in tags(cell) else MAX_LINES
        if lines > limit:
            complaints.append(f"cell {number}: {lines} lines of code, at most {limit}")
        if not cell.source.strip():
            complaints.append(f"cell {number}: empty")
    return complaints


def imports_first(notebook):
    """The first code cell imports; one that installs the package in Colab may stand before it."""
    cells = [(number, cell) for number, cell in code_cells(notebook) if not colab.is_install_cell(cell)]
    if not cells:
        return ["no code cell"]
    number, first = cells[0]
    if any(isinstance(node, ast.Import | ast.ImportFrom) for node in syntax_tree(first).body):
        return []
    return [f"cell {number}: the first code cell must import what the chapter uses"]


def installs_in_colab(notebook):
    """The cell that installs the package in Colab is as `make colab` writes it, and the first of the code."""
    if colab.address_in(notebook) is None:
        return []
    number, first = code_cells(notebook)[0]
    if not colab.is_install_cell(first):
        return [f"cell {number}: stands before the cell that installs the package in Colab"]
    as_written = colab.install_cell(colab.address_in(notebook))
    if (first.source, tags(first)) != (as_written.source, tags(as_written)):
        return [f"cell {number}: is not as `make colab` writes it"]
    return []


def draws(tree):
    """Tell whether running the code draws: calls on plt, sns or plots, and functions or methods named plot…"""
    pending = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call) and _draws_by_name(node.func):
            return True
        pending += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.Lambda)]
    return False


def _draws_by_name(function):
    if isinstance(function, ast.Name):
        return function.id.startswith("plot_")
    if not isinstance(function, ast.Attribute) or function.attr in SILENT_CALLS:
        return False
    on_module = isinstance(function.value, ast.Name) and function.value.id in {"plt", "sns", "plots"}
    return on_module or function.attr == "plot" or function.attr.startswith("plot_")


def alt_texts(notebook):
    """Each figure has a sentence that tells what it shows."""
    complaints = []
    for number, cell in code_cells(notebook):
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "").strip()
        if not alt and draws(syntax_tree(cell)):
            complaints.append(f"cell {number}: draws without an alt text; set mystnb.image.alt in its metadata")
        if alt and (len(alt) < MIN_ALT or " " not in alt):
            complaints.append(f"cell {number}: alt text {alt!r} is a label; state the finding in a sentence")
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "markdown":
            short = [m["alt"] for m in MARKDOWN_IMAGE.finditer(cell.source) if len(m["alt"]) < MIN_ALT]
            complaints += [f"cell {number}: alt text {alt!r} is a label" for alt in short]
    return complaints


def judges(tree):
    """Tell whether the code computes the verdict on a claim."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return any(isinstance(function, ast.Attribute) and function.attr == "verdict" for function in calls)


def figures(notebook):
    """Each figure has a number and a caption, and the text refers to it.

    But for that of a verdict: it stands under the table of its claim, which names it and has its numbers. With two
    outputs in one cell, both would become figures, of one name.
    """
    complaints = []
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    referred_to = {match["target"] for match in NUMBERED.finditer(prose)}
    for number, cell in code_cells(notebook):
        settings, tree = cell.metadata.get("mystnb", {}), syntax_tree(cell)
        figure = settings.get("figure", {})
        name, caption = figure.get("name", ""), figure.get("caption", "")
        if judges(tree):
            complaints += [f"cell {number}: a verdict's picture is no figure of its own"] if figure else []
        elif not figure and (settings.get("image") or draws(tree)):
            complaints.append(f"cell {number}: draws without mystnb.figure, which has a name and a caption")
        elif figure:
            if not FIGURE_NAME.fullmatch(name):
                complaints.append(f"cell {number}: {name!r} does not name a figure; fig-… does")
            elif name not in referred_to:
                complaints.append(f"cell {number}: the text does not refer to the figure by {{numref}}`{name}`")
            if not caption.endswith("."):
                complaints.append(f"cell {number}: the caption {caption!r} is no sentence")
            if caption == settings.get("image", {}).get("alt"):
                complaints.append(f"cell {number}: the caption repeats the alt text")
    return complaints


def glossary_links(notebook):
    """A term is linked to the glossary where it first stands, and not in headings and exercises."""
    complaints, linked, in_exercises = [], set(), False
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "markdown":
            continue
        for line in cell.source.splitlines():
            in_exercises = in_exercises or line.lower().startswith("## exercises")
            for match in TERM.finditer(line):
                term = match["target"].lower()
                if line.startswith("#"):
                    complaints.append(f"cell {number}: the heading links the term {term!r}")
                if in_exercises:
                    complaints.append(f"cell {number}: an exercise links the term {term!r}")
                if term in linked:
                    complaints.append(f"cell {number}: the term {term!r} is linked before")
                linked.add(term)
    return complaints


def linked_terms(notebook):
    """Return the glossary's terms that a notebook links, in small letters."""
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return {match["target"].lower() for match in TERM.finditer(prose)}


def glossary(text):
    """Return the terms of the glossary's page, in small letters."""
    body = text.split("```{glossary}", 1)[1].split("```", 1)[0]
    return {line.strip().lower() for line in body.splitlines() if line.strip() and not line.startswith(" ")}


def finished(notebook):
    """Nothing is left to do, and the chapter ends with a summary and exercises."""
    complaints = []
    for number, cell in enumerate(notebook.cells, 1):
        complaints += [f"cell {number}: {mark}" for mark in UNFINISHED.findall(cell.source)]
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = [line[3:].strip().lower() for line in text.splitlines() if line.startswith("## ")]
    last = [heading for heading in headings if heading not in AFTER_THEM][-2:]
    if [heading.split(":")[0] for heading in last] != list(LAST_HEADINGS):
        complaints.append(f"the last headings must be Summary and Exercises, not {last}")
    return complaints


RULES = [
    metadata,
    outputs,
    cell_length,
    imports_first,
    installs_in_colab,
    alt_texts,
    figures,
    glossary_links,
    finished,
]


def complaints_about(path):
    """Return what every rule has to say about one notebook file."""
    notebook = nbformat.read(path, as_version=4)
    return [f"{path}: {complaint}" for rule in RULES for complaint in rule(notebook)]
