"""What pyproject.toml, requirements.lock and environment.yml install is the same."""

from dataclasses import replace

import pytest

from rules import ROOT, environment

PROJECT = environment.Environment.read(ROOT)


@pytest.mark.parametrize("rule", environment.RULES, ids=lambda rule: rule.__name__)
def test_project_keeps_rule(rule):
    complaints = rule(PROJECT)
    assert not complaints, "\n".join(complaints)


def conda(*pip, python="python=3.12"):
    return {"dependencies": [python, "pip", {"pip": list(pip)}]}


FROM_LOCK = ("-r requirements.lock", "-e .")
LOCKED_PANDAS = PROJECT.pins["pandas"][0]
OTHER_PANDAS = replace(PROJECT, lock=PROJECT.lock.replace(str(LOCKED_PANDAS), "pandas==1.0.0"))
NO_PANDAS = replace(PROJECT, lock=PROJECT.lock.replace(f"{LOCKED_PANDAS}\n", ""))
BAD = {
    "loose pin": (environment.lock_lines, replace(PROJECT, lock="pandas>=2.2\n"), "not of the form name==version"),
    "an option": (environment.lock_lines, replace(PROJECT, lock="--pre\n"), "not a requirement"),
    "direct address": (environment.lock_lines, replace(PROJECT, lock="keras @ https://x/k.whl\n"), "name==version"),
    "below the bound": (environment.bounds, OTHER_PANDAS, "has pandas==1.0.0, pyproject.toml asks for pandas>="),
    "not locked": (environment.bounds, NO_PANDAS, "pandas is not in requirements.lock: run `make lock`"),
    "six, lock": (environment.six_packages, NO_PANDAS, "pandas is not in requirements.lock"),
    "six, drift": (environment.six_packages, OTHER_PANDAS, "requirements.lock has ['1.0.0']"),
    "six, conda": (environment.six_packages, replace(PROJECT, conda=conda()), "nbval is not in environment.yml"),
    "no lock": (environment.conda_file, replace(PROJECT, conda=conda("-e .")), "lacks '-r requirements.lock'"),
    "no package": (environment.conda_file, replace(PROJECT, conda=conda(FROM_LOCK[0])), "lacks '-e .'"),
    "old Python": (
        environment.conda_file,
        replace(PROJECT, conda=conda(*FROM_LOCK, python="python=3.9")),
        "python ['3.9'] is not one minor version within",
    ),
}


@pytest.mark.parametrize(("rule", "bad", "message"), BAD.values(), ids=BAD)
def test_drift_is_told(rule, bad, message):
    complaints = rule(bad)
    assert any(message in complaint for complaint in complaints), complaints
