"""Assay's tables: cut where the rows say so."""

from __future__ import annotations

from pathlib import Path

from assay.bucket.bucket import Bucket
from assay.store.local import LocalStore
from assay.tables.table import Table
from assay.tables.table_writer import write_table
from benchmarks.stores.files import fresh
from benchmarks.stores.growth.rows import Batches, schema
from benchmarks.stores.growth.series import Pieces, series


def prepare(folder: Path) -> Bucket:
    """An empty bucket."""
    return Bucket.from_store(LocalStore(str(fresh(folder) / "bucket"))).prepare()


def work(folder: Path, bucket: Bucket) -> str:
    """Store the versions."""

    def store(batches: Batches) -> Pieces:
        kind, rows = schema(batches)
        made = write_table(bucket, rows, kind, "rows")
        held = [made, *Table.read(bucket, made).parts]
        return {str(artifact.digest): artifact.size for artifact in held}

    return series(folder, store)
