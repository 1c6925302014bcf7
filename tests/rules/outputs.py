"""What a notebook keeps when it is put away: source, tags, and the outputs that nbval compares."""

from nbclient import NotebookClient
from nbstripout import strip_output

from rules.notebooks import CHECKED_COUNT

# What editors and runs leave in the metadata
EXTRA_KEYS = [
    "metadata.widgets",
    "cell.metadata.execution",
    "cell.metadata.collapsed",
    "cell.metadata.scrolled",
]


def strip(notebook):
    """Remove counts, and outputs of cells without the tag nbval-check-output. Changes and returns ``notebook``."""
    # nbstripout looks for a mark of its own: the tag alone shall do for whoever writes a chapter.
    checked = [cell for cell in notebook.cells if "nbval-check-output" in cell.metadata.get("tags", [])]
    was_run = [cell for cell in checked if cell.execution_count is not None]
    for cell in checked:
        cell.metadata["keep_output"] = True
    strip_output(notebook, keep_output=False, keep_count=False, keep_id=True, extra_keys=EXTRA_KEYS)
    for cell in checked:
        del cell.metadata["keep_output"]
    for cell in was_run:
        cell.execution_count = CHECKED_COUNT
    # The kernel adds its version and more, which differ between machines.
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def run(notebook, folder):
    """Run all cells in ``folder``, as the book does. Changes and returns ``notebook``."""
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, timeout=300, record_timing=False, resources=resources).execute()
