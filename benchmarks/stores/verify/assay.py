"""`assay verify` on a whole bucket."""

from __future__ import annotations

from pathlib import Path

from assay.bucket.bucket import Bucket
from assay.store.local import LocalStore
from assay.upkeep.verification import verify_bucket
from benchmarks.stores.verify.held import bucket_of


def prepare(folder: Path) -> Bucket:
    """The bucket as it lies there."""
    return Bucket.from_store(LocalStore(str(bucket_of(folder))))


def work(_folder: Path, bucket: Bucket) -> str:
    """Verify it. It is intact, or this fails."""
    findings = verify_bucket(bucket)
    if findings.problems:
        raise RuntimeError(f"the bucket is not intact: {findings.problems[0]}")
    return f"{findings.objects} objects"
