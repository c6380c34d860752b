"""Assay, a whole process with all that it imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from assay.bucket.bucket import Bucket
from assay.store.local import LocalStore
from benchmarks.stores.put import assay


def prepare(folder: Path) -> Path:
    """An empty bucket."""
    return Path(assay.prepare(folder).root)


def work(folder: Path, bucket: Path) -> str:
    """Start a process that stores the files."""
    words = [sys.executable, "-m", __name__, str(folder), str(bucket)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    print(assay.work(Path(sys.argv[1]), Bucket.from_store(LocalStore(sys.argv[2]))))
