"""The bucket that is verified. Uses the standard library alone to find it."""

from __future__ import annotations

from pathlib import Path


def bucket_of(folder: Path) -> Path:
    """Where the bucket lies."""
    return folder / "bucket"


def make(folder: Path) -> None:
    """The files of `folder` in a bucket beside them."""
    from assay.bucket.bucket import Bucket
    from assay.store.local import LocalStore
    from benchmarks.stores.files import files

    bucket = Bucket.from_store(LocalStore(str(bucket_of(folder)))).prepare()
    for path in files(folder):
        bucket.objects.put_file(path)
