"""The first cell of a chapter that is opened in Colab: it installs the package, and does nothing elsewhere."""

import re
import runpy

import nbformat
from nbformat.v4 import new_code_cell

from rules import ROOT

CELL_ID, TAG = "install-in-colab", "remove-cell"
# Colab has TensorFlow and the rest already: the package's bounds leave them in place.
SOURCE = """import sys

if "google.colab" in sys.modules:
    %pip install --quiet "aecourse @ git+{address}"
"""
ADDRESS = re.compile(r'"aecourse @ git\+(?P<address>https://[^"\s]+)"')


def find_repository(folder):
    """Return the public address of the checkout in ``folder``, or None: as the book's launch buttons know it."""
    return runpy.run_path(str(ROOT / "book" / "_ext" / "repository.py"))["find_repository"](folder)


def is_install_cell(cell):
    return cell.get("id") == CELL_ID


def install_cell(address):
    """Return the cell for the repository at ``address``."""
    return new_code_cell(SOURCE.format(address=address).rstrip(), id=CELL_ID, metadata={"tags": [TAG]})


def put_first(notebook, address):
    """Make the install cell the first code cell, in place of an older one. Changes and returns ``notebook``."""
    cells = [cell for cell in notebook.cells if not is_install_cell(cell)]
    first = next((place for place, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))
    notebook.cells = [*cells[:first], install_cell(address), *cells[first:]]
    return notebook


def address_in(notebook):
    """Return the address that a notebook's install cell names, or None where it has no such cell."""
    for cell in notebook.cells:
        if is_install_cell(cell):
            match = ADDRESS.search(cell.source)
            return match["address"] if match else ""
    return None


def disagreements(paths):
    """Complain where some notebooks install the package and others don't, or from elsewhere."""
    found = {str(path): address_in(nbformat.read(path, as_version=4)) for path in paths}
    if len(set(found.values())) < 2:
        return []
    told = [
        f"{path}: {f'installs from {address}' if address else 'no cell for Colab'}" for path, address in found.items()
    ]
    return ["the notebooks install the package in Colab from different places; run `make colab`", *told]
