"""The same when no table was profiled before."""

from __future__ import annotations

from pathlib import Path

from assay.tables.table import Table
from benchmarks.stores.growth import profiled


def prepare(folder: Path) -> Table:
    """The grown table, of which nothing is known."""
    return profiled.tables(folder)[1]


work = profiled.work
