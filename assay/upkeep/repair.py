"""Repairs a bucket: moves bad objects aside and copies good ones from another bucket."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import NamedTemporaryFile

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.objects import QUARANTINE_PREFIX, object_key
from assay.errors import IntegrityError, KeyAbsent
from assay.upkeep.problems import BucketProblem


class BucketRepair:
    """Repairs one bucket. `other` is a bucket that may hold whole copies."""

    def __init__(self, bucket: Bucket, other: Bucket | None = None) -> None:
        self._bucket = bucket
        self._other = other
        self.moved_count = 0

    def replace_corrupt(self, digest: Digest, bad: BucketProblem) -> BucketProblem:
        """Move a corrupt object aside, and put a whole copy in its place if there is one."""
        aside = self._bucket.objects.quarantine(digest)
        if aside is None:
            return BucketProblem("mended", bad.key, f"{bad.what}; it is sound again")
        self.moved_count += 1
        what = f"{bad.what}; moved to {aside}"
        return self.copy_missing(digest, what) or BucketProblem(bad.kind, bad.key, what)

    def copy_missing(self, digest: Digest, message: str) -> BucketProblem | None:
        """Copy an object from the other bucket, if there is one that holds it whole."""
        if self._other is None:
            return None
        try:
            with self._other.objects.open(digest) as source, NamedTemporaryFile() as copy:
                shutil.copyfileobj(source, copy)
                copy.flush()
                self._bucket.objects.put_file(Path(copy.name))
        except IntegrityError:
            return None
        return BucketProblem(
            "mended", object_key(digest), f"{message}; copied from {self._other.root}"
        )

    def move_aside(self, key: str, bad: BucketProblem) -> BucketProblem:
        """Move a corrupt object aside, so that it can be written again."""
        store = self._bucket.store
        try:
            data = store.get(key)
        except KeyAbsent:
            return bad
        to = f"{QUARANTINE_PREFIX}{key.replace('/', '.')}.{Digest.of_bytes(data).hex}"
        store.put_if_absent(to, data)
        store.delete(key)
        self.moved_count += 1
        return BucketProblem(bad.kind, bad.key, f"{bad.what}; moved to {to}")
