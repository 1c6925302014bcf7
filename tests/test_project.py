"""The project as a whole: nothing in it belongs to one machine, and what it promises is there."""

import importlib
from pathlib import Path

import pytest
import yaml

import aecourse
from rules import ROOT, layers, project

TRACKED = project.tracked_files(ROOT)


@pytest.mark.skipif(TRACKED is None, reason="not a git checkout")
def test_no_traces_of_a_machine():
    here = [str(path) for path in (ROOT, Path.home()) if len(path.parts) > 1]
    complaints = []
    for name in TRACKED:
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture
            continue
        complaints += project.traces(name, text, here=here)
    assert not complaints, "\n".join(complaints)


# Put together here, so that this file itself holds none of them
BAD = {
    "home": ("Makefile", "PYTHON = /ho" + "me/ada/bin/python", "Makefile, line 1: a path of somebody's home"),
    "root": ("a.py", "x\n'/ro" + "ot/.cache'", "a.py, line 2: a path of somebody's home"),
    "registry": ("requirements.lock", "https://py" + "pi.org/simple", "a package registry's host"),
    "index": ("Makefile", "pip install --index" + "-url https://x.org", "a package registry's host"),
    "beside": ("tests/conftest.py", "'../sha" + "red/data'", "a folder beside the checkout"),
    "this machine": ("README.md", "cd /srv/course/src", "the path /srv/course"),
}


@pytest.mark.parametrize(("name", "text", "message"), BAD.values(), ids=BAD)
def test_trace_is_told(name, text, message):
    complaints = project.traces(name, text, here=["/srv/course"])
    assert any(message in complaint for complaint in complaints), complaints


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".ci/run", "../sha" + "red/data"),
        ("README.md", "make PYTHON=/path/to/python3.12 test"),
        ("book/_static/mathjax/tex-svg-full.js", "https://py" + "pi.org"),
    ],
)
def test_harmless_text_passes(name, text):
    assert project.traces(name, text, here=["/srv/course"]) == []


@pytest.mark.parametrize("name", ["LICENSE", "LICENSE-text", "CITATION.cff", "CHANGELOG.md", "CONTRIBUTING.md"])
def test_promised_file_is_there(name):
    assert (ROOT / name).read_text(encoding="utf-8").strip()


def test_licences_are_those_promised():
    assert "BSD 3-Clause License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "creativecommons.org/licenses/by/4.0/" in (ROOT / "LICENSE-text").read_text(encoding="utf-8")


def test_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == aecourse.__version__


@pytest.mark.parametrize("name", sorted(layers.modules(ROOT / "aecourse")))
def test_public_names_exist(name):
    module = importlib.import_module("aecourse" if name == "__init__" else f"aecourse.{name}")
    for public in getattr(module, "__all__", []):
        assert hasattr(module, public), f"{module.__name__}.__all__ names {public}"


def test_package_shows_its_modules():
    assert set(aecourse.__all__) <= set(dir(aecourse))
