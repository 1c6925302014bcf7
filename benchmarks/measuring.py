"""Seconds and tables, for all benchmarks."""

import statistics
import time


def seconds(function):
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def median_and_range(times):
    """As in "1.52 (1.49 to 1.60)"."""
    middle = f"{statistics.median(times):.2f}"
    return middle if len(times) == 1 else f"{middle} ({min(times):.2f} to {max(times):.2f})"


def table(header, rows):
    """Rows of text or numbers as a Markdown table, numbers to the right."""
    rows = [[cell if isinstance(cell, str) else f"{cell:,}" for cell in row] for row in rows]
    lines = [header, ["---:"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
