"""Runs one notebook inside the walls, by nbclient, writing down after each cell how far it came."""

import json
import sys
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

__all__ = ["DONE", "RESULT", "SOURCE", "main"]

SOURCE, RESULT, DONE = "notebook.ipynb", "executed.ipynb", "done.json"


def main(cell_seconds):
    """Run SOURCE in the current folder; leave RESULT and DONE there."""
    notebook = nbformat.read(SOURCE, as_version=4)
    # No port is opened: the walls leave no network, not even a machine's own.
    manager = AsyncKernelManager(kernel_name="python3", transport="ipc", ip="kernel")
    progress = {"cell": -1, "end": "running"}

    def keep(cell_index=None, **_):
        if cell_index is not None:
            progress["cell"] = cell_index
        for path, text in ((RESULT, nbformat.writes(notebook)), (DONE, json.dumps(progress))):
            Path(path).write_text(text, encoding="utf-8")

    client = NotebookClient(
        notebook,
        km=manager,
        timeout=cell_seconds,
        interrupt_on_timeout=True,
        allow_errors=True,
        record_timing=False,
        on_cell_start=lambda cell, cell_index: progress.update(cell=cell_index),
        on_cell_executed=lambda cell, cell_index, execute_reply: keep(cell_index),
    )
    keep()
    try:
        client.execute(cwd=".")
        progress["end"] = "all"
    except DeadKernelError:
        progress["end"] = "died"
    keep()


if __name__ == "__main__":
    main(float(sys.argv[1]))
