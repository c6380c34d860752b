"""One Parquet file a version, stored whole when it differs at all, as DVC stores files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow.parquet as pq

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
        path = place / "version.parquet"
        with pq.ParquetWriter(path, kind, compression="zstd", compression_level=3) as writer:
            for batch in rows:
                writer.write_batch(batch)
        with open(path, "rb") as file:
            return {hashlib.file_digest(file, "sha256").hexdigest(): path.stat().st_size}

    return series(folder, store)
