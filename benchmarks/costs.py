"""What does a training cost, in time by number of seeds and of rows, and in memory?

The wine model in batches of 16, as in against_fit.py, without validation. More rows than the 142 of wine are these
again: the time of a step does not depend on what the numbers are.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
from against_fit import BATCH_SIZE, build_model
from measuring import seconds, table

from aecourse import data
from aecourse.training import train_replicates
from aecourse.training.reuse import forget_engines

N_SEEDS = (1, 10, 100, 1000)
N_ROWS = (142, 1000, 10_000)
MEMORY_TARGET = 2.0  # GB, for 1,000 seeds


def train(n_seeds, n_rows, epochs):
    forget_engines()  # each call traces, as the first of a process does
    x = np.resize(data.load_wine_as_in_tutorial().x_train, (n_rows, 13))
    settings = {"seeds": range(n_seeds), "epochs": epochs, "batch_size": BATCH_SIZE, "progress": False}
    return train_replicates(build_model, x, **settings)


def report(quick=False):
    """Markdown of this benchmark."""
    return "\n\n".join([_by_seeds(quick), _by_rows(quick), _memory(quick)])


def _by_seeds(quick):
    epochs, n_repeats = (20, 1) if quick else (200, 3)
    rows = []
    for n_seeds in N_SEEDS:
        best = min(seconds(lambda n_seeds=n_seeds: train(n_seeds, 142, epochs)) for _ in range(n_repeats))
        rows.append([n_seeds, f"{best:.2f}", f"{1000 * best / n_seeds:,.1f}"])
    title = f"## By number of seeds: {epochs} epochs of 142 rows, the shortest of {n_repeats}"
    return f"{title}\n\n{table(['seeds', 'seconds', 'milliseconds per model'], rows)}"


def _by_rows(quick):
    epochs, n_repeats, n_seeds = (2, 1, 100) if quick else (20, 2, 100)
    rows = []
    for n_rows in N_ROWS:
        best = min(seconds(lambda n_rows=n_rows: train(n_seeds, n_rows, epochs)) for _ in range(n_repeats))
        rows.append([n_rows, f"{best:.2f}", f"{1e6 * best / (n_seeds * n_rows * epochs):,.2f}"])
    title = f"## By number of rows: {epochs} epochs of {n_seeds} seeds, the shortest of {n_repeats}"
    return f"{title}\n\n{table(['rows', 'seconds', 'microseconds per row, epoch and model'], rows)}"


def _memory(quick):
    """In processes of their own: the peak of a process never falls."""
    rows = []
    for n_seeds in (1, 1000):
        command = [sys.executable, __file__, str(n_seeds), str(5 if quick else 200)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
        before, after = json.loads(done.stdout)
        rows.append([n_seeds, f"{before:.2f}", f"{after:.2f}", f"{after - before:.2f}"])
    rows[-1].append(f"less than {MEMORY_TARGET:g}")
    rows[0].append("")
    header = ["seeds", "peak before, GB", "peak after, GB", "growth, GB", "target"]
    return f"## Memory: resident peak of a process that trains the wine model\n\n{table(header, rows)}"


def _peak_gigabytes():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e9 if sys.platform == "darwin" else 1e6)  # in bytes there, in kilobytes elsewhere


if __name__ == "__main__":
    train(1, 142, 1)
    peak_before = _peak_gigabytes()
    train(int(sys.argv[1]), 142, int(sys.argv[2]))
    print(json.dumps([peak_before, _peak_gigabytes()]))
