"""Assay: every object read, hashed again, and only then handed out."""

from __future__ import annotations

import os
from pathlib import Path

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from benchmarks.stores.files import files
from benchmarks.stores.put import assay as put


def prepare(folder: Path) -> tuple[Bucket, list[Digest], Path]:
    """The files in a bucket."""
    bucket = put.prepare(folder)
    digests = bucket.objects.put_many(path.read_bytes() for path in files(folder))
    out = folder / "scratch" / "out"
    out.mkdir()
    os.sync()
    return bucket, digests, out


def work(_folder: Path, held: tuple[Bucket, list[Digest], Path]) -> str:
    """Fetch the objects and write them out."""
    bucket, digests, out = held
    for number, data in enumerate(bucket.objects.get_many(digests)):
        (out / f"{number:05}").write_bytes(data)
    return f"{len(digests)} objects"
