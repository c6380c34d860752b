"""Batches whose truth is known, to see how often the gate is right: drawn from the reference
itself, or with a shift planted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from assay.bucket.bucket import Bucket
from assay.gates.report import Report, Verdict
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_table


def resampled(rows: pa.Table, size: int, *, run: int = 1, seed: int = 0) -> pa.Table:
    """A batch of `size` rows drawn from `rows` with replacement, in runs of `run` neighbours.

    Nothing has moved in it: whatever the gate says of it is a false alarm. Longer runs keep what
    neighbours have in common, which a batch of real rows has too.
    """
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, rows.num_rows, -(-size // run))
    chosen = (starts[:, None] + np.arange(run)).ravel()[:size] % rows.num_rows
    return rows.take(pa.array(chosen))


def shifted(rows: pa.Table, column: str, by: float) -> pa.Table:
    """The same rows with a numeric column moved by `by` of its standard deviations."""
    values = rows.column(column).cast(pa.float64()).to_numpy()
    moved = pa.array(values + by * np.nanstd(values), from_pandas=True)
    return rows.set_column(rows.schema.get_field_index(column), column, moved)


def stored(rows: pa.Table, name: str) -> Table:
    """Rows as a table in a bucket of its own, in memory."""
    bucket = Bucket.from_store(MemoryStore())
    return Table.read(bucket, write_table(bucket, rows.to_batches(), rows.schema, name))


def alarms(report: Report) -> list[str]:
    """Names of the checks that say that something moved or harms; `unknown` is no alarm."""
    loud = (Verdict.CAUTION, Verdict.FAIL)
    return [check.name for check in report.checks if check.verdict in loud]
