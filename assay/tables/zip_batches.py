"""Two tables of as many rows, side by side. Their parts end at different rows."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa


def zip_batches(
    left: Iterator[pa.RecordBatch], right: Iterator[pa.RecordBatch]
) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """The same rows of both, as many at once as both have at hand; up to the end of the shorter."""
    mine, theirs = _next_nonempty(left), _next_nonempty(right)
    while mine is not None and theirs is not None:
        size = min(mine.num_rows, theirs.num_rows)
        yield mine.slice(0, size), theirs.slice(0, size)
        mine = mine.slice(size) if mine.num_rows > size else _next_nonempty(left)
        theirs = theirs.slice(size) if theirs.num_rows > size else _next_nonempty(right)


def _next_nonempty(batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
    """The next batch that has rows."""
    return next((batch for batch in batches if batch.num_rows), None)
