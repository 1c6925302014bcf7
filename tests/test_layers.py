"""The package's imports point down, and importing it costs nothing."""

import subprocess
import sys

import pytest

from rules import ROOT, layers

HEAVY = {"tensorflow", "keras", "sklearn", "matplotlib", "pandas", "seaborn"}


@pytest.mark.parametrize("rule", [layers.layering, layers.debris], ids=lambda rule: rule.__name__)
def test_package_keeps_rule(rule):
    complaints = rule(ROOT / "aecourse")
    assert not complaints, "\n".join(complaints)


def test_import_is_quick():
    code = f"import sys, aecourse; print(*({HEAVY!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "", f"`import aecourse` loads {loaded}"


def package(folder, **files):
    """Write modules, given as ``name=source`` (``sub__name`` for a subpackage's), and return their folder."""
    for name, source in files.items():
        path = folder / "aecourse" / (name.replace("__", "/", 1) if "__" in name.strip("_") else name)
        path = path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return folder / "aecourse"


ALLOWED = {
    "downwards": {"training": "from aecourse import models\nimport aecourse.models", "models": ""},
    "within a subpackage": {"training__trainer": "from . import stopping", "training__stopping": ""},
    "a name, not a module": {"models": "from aecourse._checks import received", "_checks": ""},
    "other packages": {"models": "import keras", "plots": "import seaborn"},
}

FORBIDDEN = {
    "upwards": ({"models": "from aecourse import training", "training": ""}, "models must not import training"),
    "upwards, dotted": ({"models": "import aecourse.training"}, "models must not import training"),
    "upwards, relative": ({"data": "from .models import build"}, "data must not import models"),
    "relative, from a subpackage": (
        {"training__trainer": "from ..plots import plot_loss"},
        "training.trainer must not import plots",
    ),
    "sideways": ({"data": "from aecourse import models", "models": ""}, "data must not import models"),
    "inside a function": (
        {"probes": "def f():\n    from aecourse import data", "data": ""},
        "probes must not import data",
    ),
    "classroom code": ({"claims": "from aecourse.exercises import grade"}, "claims must not import exercises"),
    "plots that compute": ({"plots": "from sklearn.decomposition import PCA"}, "plots must not import sklearn"),
    "unknown module": ({"helpers": ""}, "helpers is not in the table of layers: add it"),
    "circle": (
        {"training__a": "from aecourse.training import b", "training__b": "from .a import f"},
        "imports run in a circle",
    ),
}


@pytest.mark.parametrize("files", ALLOWED.values(), ids=ALLOWED)
def test_allowed_imports_pass(tmp_path, files):
    assert layers.layering(package(tmp_path, **files)) == []


@pytest.mark.parametrize(("files", "message"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_forbidden_imports_are_told(tmp_path, files, message):
    complaints = layers.layering(package(tmp_path, **files))
    assert any(message in complaint for complaint in complaints), complaints


def test_debris_is_told(tmp_path):
    found = layers.debris(package(tmp_path, models="def f(x):\n    assert x\n    print(x)\n"))
    assert found == ["models, line 2: assert", "models, line 3: print"]
