"""Runs one notebook inside the walls, by nbclient, writing down after each cell how far it came."""

import json
import sys
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_output

__all__ = ["DONE", "RESULT", "SOURCE", "STARTED", "main"]

# Stands in the log first: without it, what went wrong is no student's fault.
STARTED = "the notebook begins"
SOURCE, RESULT, DONE = "notebook.ipynb", "executed.ipynb", "done.json"


class Client(NotebookClient):
    """nbclient, not stopped by an output that no notebook may have: with `display` a student may send anything."""

    def output(self, outs, msg, display_id, cell_index):
        try:
            return super().output(outs, msg, display_id, cell_index)
        except nbformat.ValidationError:
            outs.append(new_output("stream", text="(an output that no notebook may have)\n"))
            return outs[-1]


def main(cell_seconds):
    """Run SOURCE in the current folder; leave RESULT and DONE there."""
    sys.stdout.write(f"{STARTED}\n")
    sys.stdout.flush()
    notebook = nbformat.reads(Path(SOURCE).read_text(encoding="utf-8"), as_version=4)
    # No port is opened: the walls leave no network, not even a machine's own.
    manager = AsyncKernelManager(kernel_name="python3", transport="ipc", ip="kernel")
    progress = {"cell": -1, "end": "running"}

    def begin(cell_index):
        progress["cell"] = cell_index
        Path(DONE).write_text(json.dumps(progress), encoding="utf-8")

    def keep():
        Path(RESULT).write_text(json.dumps(notebook), encoding="utf-8")

    client = Client(
        notebook,
        km=manager,
        timeout=cell_seconds,
        interrupt_on_timeout=True,
        allow_errors=True,
        record_timing=False,
        on_cell_start=lambda cell, cell_index: begin(cell_index),
        on_cell_executed=lambda cell, cell_index, execute_reply: keep(),
    )
    keep()
    try:
        client.execute(cwd=".")
        progress["end"] = "all"
    except DeadKernelError:
        progress["end"] = "died"
    keep()
    begin(progress["cell"])


if __name__ == "__main__":
    main(float(sys.argv[1]))
