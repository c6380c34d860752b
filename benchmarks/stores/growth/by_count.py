"""Pieces of equally many rows, each stored by its digest: as many rows as Assay's target."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from assay.tables.part_boundaries import CutRule
from benchmarks.stores.files import fresh
from benchmarks.stores.growth.rows import Batches, schema
from benchmarks.stores.growth.series import Pieces, series


def prepare(folder: Path) -> Path:
    """An empty place."""
    return fresh(folder)


def work(folder: Path, place: Path) -> str:
    """Write the versions."""

    def store(batches: Batches) -> Pieces:
        kind, rows = schema(batches)
        pieces = {}
        for piece in _cut(rows, CutRule.for_columns(len(kind)).target):
            sink = pa.BufferOutputStream()
            pq.write_table(piece, sink, compression="zstd", compression_level=3)
            data = sink.getvalue()
            name = hashlib.sha256(data).hexdigest()
            if not (place / name).exists():
                (place / name).write_bytes(data)
            pieces[name] = data.size
        return pieces

    return series(folder, store)


def _cut(batches: Batches, rows: int) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    missing = rows
    for batch in batches:
        start = 0
        while batch.num_rows - start >= missing:
            yield pa.Table.from_batches([*held, batch.slice(start, missing)])
            start, held, missing = start + missing, [], rows
        held.append(batch.slice(start))
        missing -= batch.num_rows - start
    if missing < rows:
        yield pa.Table.from_batches(held)
