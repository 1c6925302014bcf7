"""Who may import whom inside the package."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

# Each module with those of the package that it may import: the order points down, and `exercises`, the
# classroom's code, stands in nobody's list. A subpackage counts as one module here.
MAY_IMPORT = {
    "__init__": set(),
    "_checks": set(),
    "_files": set(),
    "_graph": set(),
    "_seeding": set(),
    "data": {"_checks", "_files"},
    "models": {"_checks", "_graph"},
    "tensorboard": {"_checks"},
    "training": {"_checks", "_files", "_seeding", "models", "tensorboard"},
    "sweeps": {"_checks", "_files", "models", "training"},
    "probes": {"_checks", "_seeding", "models"},
    "claims": {"_checks", "models"},
    "checkup": {"_checks", "_graph", "models", "probes"},
    "plots": {"_checks"},
    "classroom": {"_checks", "_files"},
    "exercises": {
        "_checks",
        "_seeding",
        "data",
        "models",
        "tensorboard",
        "training",
        "sweeps",
        "probes",
        "claims",
        "checkup",
        "plots",
    },
}
# plots draws what others computed, so it needs nothing that computes.
NEVER_IMPORT = {"plots": {"keras", "tensorflow", "sklearn"}}


def modules(package):
    """Return ``{dotted name: path}`` of the package's files, names counted from the package."""
    package = Path(package)
    names = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        names[".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)] = path
    return names


def imports(path, name, package_name, known):
    """Return what a file imports: ``(modules of the package, other top-level packages)``."""
    inside, outside = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            targets = [(_source(node, path, name, package_name), alias.name) for alias in node.names]
        else:
            continue
        for source, member in targets:
            top, _, rest = source.partition(".")
            if top != package_name:
                outside.add(top)
                continue
            longer = f"{rest}.{member}".strip(".") if member else rest
            found = longer if longer in known else rest
            inside |= {found} if found else set()
    return inside, outside


def _source(node, path, name, package_name):
    """Return the dotted name that a ``from … import`` imports from, relative dots resolved."""
    if not node.level:
        return node.module
    here = [package_name, *name.split(".")]
    up = node.level - (path.stem == "__init__")
    base = here[: len(here) - up] if up else here
    return ".".join([*base, *([node.module] if node.module else [])])


def layering(package):
    """Complain of imports that the table does not allow, of modules that it does not know, and of circles."""
    package = Path(package)
    known = modules(package)
    complaints, graph = [], {}
    for name, path in known.items():
        inside, outside = imports(path, name, package.name, known)
        graph[name] = inside - {name}
        unit = name.split(".")[0]
        if unit not in MAY_IMPORT:
            complaints.append(f"{unit} is not in the table of layers: add it to MAY_IMPORT in tests/rules/layers.py")
            continue
        upward = {target.split(".")[0] for target in inside} - MAY_IMPORT[unit] - {unit}
        complaints += [f"{name} must not import {target}" for target in sorted(upward)]
        complaints += [f"{name} must not import {top}" for top in sorted(outside & NEVER_IMPORT.get(unit, set()))]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        complaints.append(f"imports run in a circle: {' -> '.join(error.args[1])}")
    return complaints


def debris(package):
    """Complain of ``assert`` (input is checked by raising) and of ``print`` (a package returns)."""
    complaints = []
    for name, path in modules(package).items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assert):
                complaints.append(f"{name}, line {node.lineno}: assert")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                complaints.append(f"{name}, line {node.lineno}: print")
    return complaints
