"""Measure the trainer and the probes: `make bench`, or `python benchmarks/run.py [--quick] [name ...]`.

Prints the tables, and a complete run writes them to benchmarks/results.md. A quiet machine is needed, and some
fifteen minutes; `--quick` takes fewer repeats and epochs and writes nothing.
"""

import argparse
import os
import platform
from importlib import import_module, metadata
from pathlib import Path

import aecourse  # noqa: F401 - before TensorFlow, which it tells how to compute; subprocesses inherit that

RESULTS = Path(__file__).with_name("results.md")
BENCHMARKS = ("against_fit", "costs", "stack_or_turn", "probes", "by_xla", "mnist_epoch", "mnist_sweep")


def conditions():
    """What the numbers depend on; nothing that tells whose machine it was."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("tensorflow", "keras", "numpy"))
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    return f"Python {platform.python_version()}, {versions}; {machine}. Written by `make bench`."


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all if left out")
    parser.add_argument("--quick", action="store_true", help="fewer repeats and epochs; results.md stays as it is")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"`name` must be one of {', '.join(BENCHMARKS)}. Received: {', '.join(sorted(unknown))}.")
    parts = ["# Benchmarks", conditions()]
    print("\n\n".join(parts), flush=True)
    for name in arguments.names or BENCHMARKS:
        parts.append(import_module(name).report(arguments.quick))
        print(f"\n{parts[-1]}", flush=True)
    if not arguments.quick and not arguments.names:
        RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
