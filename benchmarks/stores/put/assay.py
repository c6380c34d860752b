"""Assay: every object hashed, synced, linked to its name, and the name synced."""

from __future__ import annotations

from pathlib import Path

from assay.bucket.bucket import Bucket
from assay.store.local import LocalStore
from benchmarks.stores.files import files, fresh


def prepare(folder: Path) -> Bucket:
    """An empty bucket."""
    return Bucket.from_store(LocalStore(str(fresh(folder) / "bucket"))).prepare()


def work(folder: Path, bucket: Bucket) -> str:
    """Read the files and store them."""
    digests = bucket.objects.put_many(path.read_bytes() for path in files(folder))
    return f"{len(digests)} objects"
