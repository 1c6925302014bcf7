"""Every chapter keeps the rules of hygiene, and each rule sees what it is there to see."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import tidy_notebooks
from rules import ROOT, notebooks, outputs

CHAPTERS = notebooks.chapters(ROOT)
SENTENCE = "Both losses fall and stay together for all fifty seeds."


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
@pytest.mark.parametrize("rule", notebooks.RULES, ids=lambda rule: rule.__name__)
def test_chapter_keeps_rule(path, rule):
    complaints = rule(nbformat.read(path, as_version=4))
    assert not complaints, "\n".join(complaints)


def test_there_are_chapters():
    assert CHAPTERS


def unlinked(terms, paths):
    """Return the terms that no chapter links to the glossary."""
    return sorted(terms.difference(*(notebooks.linked_terms(nbformat.read(path, as_version=4)) for path in paths)))


def test_each_term_of_the_glossary_is_linked_from_a_chapter():
    terms = notebooks.glossary((ROOT / "book" / "glossary.md").read_text("utf-8"))
    assert "held-out data" in terms
    assert not unlinked(terms, CHAPTERS)


def test_a_term_that_no_chapter_links_is_told(tmp_path):
    path = tmp_path / "chapter.ipynb"
    nbformat.write(chapter(new_markdown_cell("Fifty {term}`seeds <seed>`.")), path)
    terms = notebooks.glossary("# Words\n\n```{glossary}\nseed\n  A number.\n\nheld-out data\n  Rows.\n```\n")
    assert unlinked(terms, [path]) == ["held-out data"]


def chapter(*cells, **metadata):
    """A notebook that keeps every rule, with ``cells`` in its middle."""
    end = new_markdown_cell("## Summary\n\nIt held.\n\n## Exercises\n\nRepeat it.")
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}} | metadata
    return new_notebook(cells=[new_code_cell("import numpy as np"), *cells, end], metadata=metadata)


def code(source="1 + 1", tags=(), outputs=(), alt=None, figure=None, count=None, **metadata):
    if tags:
        metadata["tags"] = list(tags)
    settings = {"image": {"alt": alt}} if alt is not None else {}
    settings |= {"figure": figure} if figure is not None else {}
    if settings:
        metadata["mystnb"] = settings
    return new_code_cell(source, outputs=list(outputs), execution_count=count, metadata=metadata)


STDOUT = new_output("stream", name="stdout", text="0.88\n")
STDERR = new_output("stream", name="stderr", text="a warning\n")
HTML = new_output("execute_result", data={"text/plain": "frame", "text/html": "<table>"}, execution_count=None)
CHECKED = ["nbval-check-output"]
DRAWS = "plots.plot_loss(history)"
FIGURE = {"name": "fig-loss", "caption": "Loss over the epochs."}
REFERENCE = new_markdown_cell("In {numref}`fig-loss` both fall.")
JUDGES = "result = claims.verdict('t1-1', a, b)\nplots.plot_differences(**result.picture)\nresult"

GOOD = {
    "plain": chapter(),
    "stored print": chapter(code("print(0.88)", CHECKED, [STDOUT], count=1)),
    "figure": chapter(code(DRAWS, alt=SENTENCE, figure=FIGURE), REFERENCE),
    "reference with words": chapter(
        code(DRAWS, alt=SENTENCE, figure=FIGURE), new_markdown_cell("{numref}`losses <fig-loss>`")
    ),
    "verdict": chapter(code(JUDGES, alt=SENTENCE)),
    "terms": chapter(new_markdown_cell("From fifty {term}`seeds <seed>`, held against {term}`PCA`, seed by seed.")),
    "defines a figure": chapter(code("def draw(ax):\n    plt.plot([1])")),
    "style only": chapter(code("plots.use_style()\nsns.set_theme()")),
    "magic": chapter(code("%matplotlib inline")),
    "long model": chapter(code("\n".join(["x = 1"] * 25), ["long-cell"])),
    "references last": chapter(new_markdown_cell("Data"))
    | {"cells": [*chapter().cells, new_markdown_cell("## References")]},
}

BAD = {
    "untagged output": (chapter(code(outputs=[STDOUT])), "outputs without the tag"),
    "tagged, never run": (chapter(code(tags=CHECKED)), "has no outputs"),
    "stored stderr": (chapter(code(tags=CHECKED, outputs=[STDERR])), "stores stderr"),
    "stored html": (chapter(code(tags=CHECKED, outputs=[HTML])), "stores text/html"),
    "count": (chapter(code(count=3)), "has an execution count"),
    "nbval would skip it": (chapter(code(tags=CHECKED, outputs=[STDOUT])), "execution count must be 1"),
    "misspelt tag": (chapter(code(tags=["nbval-check-outputs"])), "unknown tag 'nbval-check-outputs'"),
    "time stamp": (chapter(code(execution={"iopub.status.busy": "2026"})), "unknown metadata 'execution'"),
    "editor state": (chapter(colab={"provenance": []}), "unknown metadata 'colab'"),
    "other kernel": (chapter(kernelspec={"name": "my-env", "display_name": "mine"}), "kernel must be python3"),
    "Python version": (chapter(language_info={"name": "python", "version": "3.11.7"}), "language_info holds version"),
    "16 lines": (chapter(code("\n".join(["x = 1"] * 16))), "16 lines of code, at most 15"),
    "26 lines, tagged": (chapter(code("\n".join(["x = 1"] * 26), ["long-cell"])), "at most 25"),
    "empty cell": (chapter(code("")), "empty"),
    "late import": (new_notebook(cells=[code("x = 1"), *chapter().cells]), "first code cell must import"),
    "figure without alt": (chapter(code("fig, ax = plt.subplots()")), "draws without an alt text"),
    "plot function without alt": (chapter(code("plot_latent(z)")), "draws without an alt text"),
    "frame plot without alt": (chapter(code("history.plot()")), "draws without an alt text"),
    "alt is a label": (chapter(code("plt.plot(x)", alt="loss curve")), "is a label"),
    "no caption": (chapter(code(DRAWS, alt=SENTENCE), REFERENCE), "draws without mystnb.figure"),
    "caption of a hidden figure": (chapter(code("show()", alt=SENTENCE)), "draws without mystnb.figure"),
    "figure that nobody speaks of": (chapter(code(DRAWS, alt=SENTENCE, figure=FIGURE)), "{numref}`fig-loss`"),
    "figure without a name": (chapter(code(DRAWS, alt=SENTENCE, figure=FIGURE | {"name": "loss"})), "'loss' does not"),
    "caption is a label": (
        chapter(code(DRAWS, alt=SENTENCE, figure=FIGURE | {"caption": "Loss"}), REFERENCE),
        "is no sentence",
    ),
    "caption repeats": (
        chapter(code(DRAWS, alt=SENTENCE, figure=FIGURE | {"caption": SENTENCE}), REFERENCE),
        "repeats the alt text",
    ),
    "verdict as a figure": (chapter(code(JUDGES, alt=SENTENCE, figure=FIGURE), REFERENCE), "no figure of its own"),
    "term linked twice": (
        chapter(new_markdown_cell("Each {term}`seed`"), new_markdown_cell("of the {term}`seeds <Seed>`")),
        "cell 3: the term 'seed' is linked before",
    ),
    "term in a heading": (chapter(new_markdown_cell("## What {term}`PCA` does")), "heading links the term 'pca'"),
    "term in an exercise": (
        chapter() | {"cells": [*chapter().cells, new_markdown_cell("Take another {term}`seed`.")]},
        "exercise links the term 'seed'",
    ),
    "picture in prose": (chapter(new_markdown_cell("![plot](_static/plot.svg)")), "alt text 'plot' is a label"),
    "unfinished": (chapter(new_markdown_cell("TODO: say why")), "TODO"),
    "no exercises": (chapter(new_markdown_cell("## Data")) | {"cells": chapter().cells[:1]}, "Summary and Exercises"),
}


@pytest.mark.parametrize("notebook", GOOD.values(), ids=GOOD)
def test_good_notebook_passes(notebook):
    assert [complaint for rule in notebooks.RULES for complaint in rule(nbformat.from_dict(notebook))] == []


@pytest.mark.parametrize(("notebook", "message"), BAD.values(), ids=BAD)
def test_bad_notebook_is_told(notebook, message):
    complaints = [complaint for rule in notebooks.RULES for complaint in rule(nbformat.from_dict(notebook))]
    assert any(message in complaint for complaint in complaints), complaints


def test_complaints_name_the_file(tmp_path):
    path = tmp_path / "bad.ipynb"
    nbformat.write(chapter(code(outputs=[STDOUT])), path)
    assert notebooks.complaints_about(path)[0].startswith(f"{path}: cell 2:")


def test_stripping_keeps_what_nbval_compares():
    stamped = {"execution": {"iopub.status.busy": "2026"}}
    notebook = chapter(
        code("print(0.88)", CHECKED, [STDOUT], count=7, **stamped),
        code("x", outputs=[HTML], count=8, **stamped),
        language_info={"name": "python", "version": "3.11.7"},
    )
    stripped = outputs.strip(notebook)
    assert [cell.outputs for cell in stripped.cells[1:3]] == [[STDOUT], []]
    assert [complaint for rule in notebooks.RULES for complaint in rule(stripped)] == []


def test_tidying_writes_only_what_changes(tmp_path, capsys):
    path = tmp_path / "chapter.ipynb"
    nbformat.write(chapter(code(outputs=[STDOUT])), path)
    assert tidy_notebooks.main(["--check", str(path)]) == 1
    assert "outputs without the tag" in capsys.readouterr().out
    assert tidy_notebooks.main([str(path)]) == 1  # a hook reports a change by its exit code
    assert tidy_notebooks.main([str(path)]) == 0
    assert tidy_notebooks.main(["--check", str(path)]) == 0


def test_running_stores_what_is_compared(tmp_path):
    path = tmp_path / "chapter.ipynb"
    nbformat.write(chapter(code("print(np.round(0.881, 2))", CHECKED), code("1 + 1")), path)
    assert tidy_notebooks.main(["--run", str(path)]) == 0
    assert notebooks.complaints_about(path) == []
    assert nbformat.read(path, as_version=4).cells[1].outputs == [STDOUT]
