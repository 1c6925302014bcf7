"""What no tracked file may hold: paths of one machine, addresses of package registries."""

import re
import subprocess
from pathlib import Path

# Vendored files are what their authors made them.
VENDORED = ("book/_static/mathjax/",)
# The one place that may look for data beside the checkout
KNOWS_SHARED = ".ci/run"
# Written so that no line here matches itself
PATTERNS = {
    "a path of somebody's home": re.compile(r"(?<![\w.])/(?:(?:home|Users)/\w+|(?:root)\b)|[A-Z]:\\(?:Users)"),
    "a package registry's host": re.compile(
        r"(?:pypi)\.org|(?:pythonhosted)\.org|(?:npmjs)\.|(?:conda|repo)\.anaconda|--(?:extra-)?(?:index)-url|--(?:find)-links"
    ),
}
SHARED = re.compile(r"\.\./(?:shared)\b|/(?:shared)/")


def tracked_files(root):
    """Return the paths that git tracks below ``root``, or None where there is no git checkout."""
    if not Path(root, ".git").exists():
        return None
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and Path(root, name).is_file()]


def traces(name, text, *, here=()):
    """Complain of what a file's text may not hold; ``here`` are further paths, of the running machine."""
    if name.startswith(VENDORED):
        return []
    complaints = []
    for number, line in enumerate(text.splitlines(), 1):
        found = [what for what, pattern in PATTERNS.items() if pattern.search(line)]
        found += [f"the path {path}" for path in here if re.search(rf"(?<![\w.]){re.escape(path)}(?!\w)", line)]
        if name != KNOWS_SHARED and SHARED.search(line):
            found.append("a folder beside the checkout")
        complaints += [f"{name}, line {number}: {what}" for what in found]
    return complaints
