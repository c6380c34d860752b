"""Assay: one file into a bucket."""

from __future__ import annotations

from pathlib import Path

from assay.bucket.bucket import Bucket
from benchmarks.stores.files import files
from benchmarks.stores.put import assay as put

prepare = put.prepare


def work(folder: Path, bucket: Bucket) -> str:
    """Store the file."""
    [path] = files(folder)
    return str(bucket.objects.put_file(path))
