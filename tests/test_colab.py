"""The first cell of a chapter installs the package in Colab, from a known repository, and does nothing elsewhere."""

import os
import shutil
import subprocess
import sys
from types import ModuleType

import nbformat
import pytest
from hatchling.builders.wheel import WheelBuilder
from IPython.core.inputtransformer2 import TransformerManager

import tidy_notebooks
from rules import ROOT, colab, notebooks

ADDRESS, OTHER = "https://github.com/ada/autoencoders", "https://github.com/fork/autoencoders"
COLAB = ["google", "google.colab"]


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """A checkout without a remote that has copies of the chapters, without the cell; their paths."""
    (tmp_path / "book").mkdir()
    for path in notebooks.chapters(ROOT):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells = [cell for cell in notebook.cells if not colab.is_install_cell(cell)]
        nbformat.write(notebook, tmp_path / "book" / path.name)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    monkeypatch.delenv("AECOURSE_REPOSITORY", raising=False)
    monkeypatch.setattr(tidy_notebooks, "ROOT", tmp_path)
    return notebooks.chapters(tmp_path)


def contents(paths):
    return [path.read_bytes() for path in paths]


def test_chapters_of_the_book_agree():
    assert colab.disagreements(notebooks.chapters(ROOT)) == []


def test_cell_is_written_and_keeps_the_rules(copies, monkeypatch, capsys):
    monkeypatch.setenv("AECOURSE_REPOSITORY", ADDRESS)
    before = [nbformat.read(path, as_version=4).cells for path in copies]
    assert tidy_notebooks.main(["--colab"]) == 0
    assert tidy_notebooks.main(["--check"]) == 0, capsys.readouterr().out
    for path, cells in zip(copies, before, strict=True):
        notebook = nbformat.read(path, as_version=4)
        assert colab.address_in(notebook) == ADDRESS
        assert [cell for cell in notebook.cells if not colab.is_install_cell(cell)] == cells
    arguments = ["--no-cache", "--config", str(ROOT / "book" / "ruff.toml"), *map(str, copies)]
    for command in (["check"], ["format", "--check"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, *arguments], check=True)


def test_writing_again_changes_nothing(copies, monkeypatch):
    monkeypatch.setenv("AECOURSE_REPOSITORY", ADDRESS)
    tidy_notebooks.main(["--colab"])
    once = contents(copies)
    assert tidy_notebooks.main(["--colab"]) == 0
    assert contents(copies) == once


def test_another_address_renews_the_cell(copies, monkeypatch):
    monkeypatch.setenv("AECOURSE_REPOSITORY", OTHER)
    tidy_notebooks.main(["--colab"])
    directly = contents(copies)
    monkeypatch.setenv("AECOURSE_REPOSITORY", ADDRESS)
    tidy_notebooks.main(["--colab"])
    assert contents(copies) != directly
    monkeypatch.setenv("AECOURSE_REPOSITORY", OTHER)
    tidy_notebooks.main(["--colab"])
    assert contents(copies) == directly


def test_remote_of_the_checkout_names_the_repository(copies):
    subprocess.run(["git", "remote", "add", "origin", f"{ADDRESS}.git"], cwd=copies[0].parent, check=True)
    assert tidy_notebooks.main(["--colab", str(copies[0])]) == 0
    assert colab.address_in(nbformat.read(copies[0], as_version=4)) == ADDRESS


def test_nothing_is_written_where_no_repository_is_known(copies, capsys):
    before = contents(copies)
    assert tidy_notebooks.main(["--colab"]) == 1
    assert "No public repository is known" in capsys.readouterr().err
    assert contents(copies) == before


def test_disagreement_is_told(copies, monkeypatch, capsys):
    first, second = map(str, copies[:2])
    monkeypatch.setenv("AECOURSE_REPOSITORY", ADDRESS)
    tidy_notebooks.main(["--colab", first])
    assert tidy_notebooks.main(["--check"]) == 1
    assert f"{second}: no cell for Colab" in capsys.readouterr().out
    monkeypatch.setenv("AECOURSE_REPOSITORY", OTHER)
    tidy_notebooks.main(["--colab", second])
    assert tidy_notebooks.main(["--check", first, second]) == 1
    assert f"{first}: installs from {ADDRESS}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda cells: cells[0].update(source=cells[0].source.replace("--quiet", "-q")), "is not as `make colab`"),
        (lambda cells: cells[0].metadata.update(tags=[]), "is not as `make colab`"),
        (lambda cells: cells.reverse(), "stands before the cell that installs"),
    ],
)
def test_cell_that_was_changed_is_told(spoil, message):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import numpy as np")])
    colab.put_first(notebook, ADDRESS)
    assert notebooks.installs_in_colab(notebook) == []
    spoil(notebook.cells)
    assert any(message in complaint for complaint in notebooks.installs_in_colab(notebook))


def commands_run():
    """Execute the cell; return what it asks IPython to do."""
    asked = []
    shell = type("Shell", (), {"run_line_magic": lambda self, *magic: asked.append(magic[:2])})()
    code = TransformerManager().transform_cell(colab.install_cell(ADDRESS).source)
    exec(code, {"get_ipython": lambda: shell})
    return asked


def test_cell_installs_in_colab_and_nowhere_else(monkeypatch):
    for name in COLAB:
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert commands_run() == []
    for name in COLAB:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    assert commands_run() == [("pip", f'install --quiet "aecourse @ git+{ADDRESS}"')]


def test_installed_package_brings_the_ledger(tmp_path):
    # In Colab there is no checkout, and chapters look their claims up.
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    shutil.unpack_archive(wheel, tmp_path / "installed", format="zip")
    code = "from aecourse.claims import load_ledger; print(len(load_ledger().claims), load_ledger().path)"
    (tmp_path / "elsewhere").mkdir()
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "elsewhere",
        env=os.environ | {"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert int(told[0]) > 0
    assert told[1] == str(tmp_path / "installed" / "aecourse" / "claims" / "claims.yml")
