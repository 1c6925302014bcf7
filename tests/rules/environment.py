"""The three files that say what is installed agree: pyproject.toml, requirements.lock, environment.yml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

# What the course promises to be built on: visible in each of the three files
SIX = ("jupyter-book", "tensorflow", "scikit-learn", "seaborn", "nbval", "pandas")


@dataclass(frozen=True)
class Environment:
    """The contents of the three files."""

    pyproject: dict
    lock: str
    conda: dict

    @classmethod
    def read(cls, root):
        root = Path(root)
        return cls(
            pyproject=tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")),
            lock=(root / "requirements.lock").read_text(encoding="utf-8"),
            conda=yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8")),
        )

    @property
    def direct(self):
        """Requirements that pyproject names: run time, extras, and the build, which uses no environment of its own."""
        project = self.pyproject["project"]
        extras = project.get("optional-dependencies", {}).values()
        lines = project["dependencies"] + [line for extra in extras for line in extra]
        return [Requirement(line) for line in lines + self.pyproject["build-system"]["requires"]]

    @property
    def pins(self):
        """``{name: [Requirement, …]}`` of the lock; more than one where platforms or Pythons differ."""
        pins = {}
        for line in self.lock.splitlines():
            if line.strip() and not line.startswith("#"):
                requirement = Requirement(line)
                pins.setdefault(canonicalize_name(requirement.name), []).append(requirement)
        return pins

    @property
    def conda_pip(self):
        """Lines of environment.yml's pip section."""
        return next((entry["pip"] for entry in self.conda["dependencies"] if isinstance(entry, dict)), [])


def _exact(requirement):
    versions = [clause.version for clause in requirement.specifier if clause.operator == "=="]
    return versions[0] if len(versions) == len(requirement.specifier) == 1 else None


def lock_lines(environment):
    """The lock holds exact versions and nothing else: no address, no option."""
    complaints = []
    for line in environment.lock.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            complaints.append(f"requirements.lock: {line!r} is not a requirement")
            continue
        if requirement.url or not _exact(requirement):
            complaints.append(f"requirements.lock: {line!r} is not of the form name==version")
    return complaints


def bounds(environment):
    """Each direct requirement is locked, at a version that pyproject.toml allows."""
    complaints = []
    for requirement in environment.direct:
        pins = environment.pins.get(canonicalize_name(requirement.name), [])
        if not pins:
            complaints.append(f"{requirement.name} is not in requirements.lock: run `make lock`")
        complaints += [
            f"requirements.lock has {pin}, pyproject.toml asks for {requirement}"
            for pin in pins
            if not requirement.specifier.contains(_exact(pin), prereleases=True)
        ]
    return complaints


def six_packages(environment):
    """The six packages stand in each file, in environment.yml at the lock's version."""
    named = {canonicalize_name(requirement.name) for requirement in environment.direct}
    in_conda = {}
    for line in environment.conda_pip:
        if not line.startswith("-"):
            in_conda[canonicalize_name(Requirement(line).name)] = Requirement(line)
    complaints = [f"{name} is not in pyproject.toml" for name in SIX if name not in named]
    complaints += [f"{name} is not in requirements.lock" for name in SIX if name not in environment.pins]
    complaints += [f"{name} is not in environment.yml" for name in SIX if name not in in_conda]
    for name, requirement in in_conda.items():
        locked = [_exact(pin) for pin in environment.pins.get(name, [])]
        if locked != [_exact(requirement)]:
            complaints.append(f"environment.yml has {requirement}, requirements.lock has {locked}")
    return complaints


def conda_file(environment):
    """environment.yml takes Python and pip from conda, and the rest from the lock."""
    complaints = [
        f"environment.yml: the pip section lacks {line!r}"
        for line in ("-r requirements.lock", "-e .")
        if line not in environment.conda_pip
    ]
    plain = [entry for entry in environment.conda["dependencies"] if isinstance(entry, str)]
    python = [entry.split("=")[-1] for entry in plain if entry.split("=")[0] == "python"]
    allowed = SpecifierSet(environment.pyproject["project"]["requires-python"])
    if len(python) != 1 or not allowed.contains(f"{python[0]}.0"):
        complaints.append(f"environment.yml: python {python} is not one minor version within {allowed}")
    if "pip" not in plain:
        complaints.append("environment.yml: conda wants pip named before a pip section")
    return complaints


RULES = [lock_lines, bounds, six_packages, conda_file]
