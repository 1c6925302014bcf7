"""What a notebook keeps when it is put away: source, tags, and the outputs that nbval compares."""

from nbclient import NotebookClient
from nbstripout import strip_output

# What editors and runs leave in the metadata, and what differs between machines
EXTRA_KEYS = [
    "metadata.language_info.version",
    "metadata.widgets",
    "cell.metadata.execution",
    "cell.metadata.collapsed",
    "cell.metadata.scrolled",
]


def strip(notebook):
    """Remove counts, and outputs of cells without the tag nbval-check-output. Changes and returns ``notebook``."""
    # nbstripout looks for a mark of its own: the tag alone shall do for whoever writes a chapter.
    kept = [cell for cell in notebook.cells if "nbval-check-output" in cell.metadata.get("tags", [])]
    for cell in kept:
        cell.metadata["keep_output"] = True
    strip_output(notebook, keep_output=False, keep_count=False, keep_id=True, extra_keys=EXTRA_KEYS)
    for cell in kept:
        del cell.metadata["keep_output"]
    return notebook


def run(notebook, folder):
    """Run all cells in ``folder``, as the book does. Changes and returns ``notebook``."""
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, timeout=300, record_timing=False, resources=resources).execute()
