"""Assay, a whole process with all that it imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.store.local import LocalStore
from benchmarks.stores.get import assay


def prepare(folder: Path) -> Path:
    """The files in a bucket, and their digests in a file."""
    _, digests, out = assay.prepare(folder)
    names = out.parent / "digests"
    names.write_text("\n".join(map(str, digests)))
    return names


def work(folder: Path, names: Path) -> str:
    """Start a process that fetches them."""
    words = [sys.executable, "-m", __name__, str(folder), str(names)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def _main(folder: Path, names: Path) -> None:
    digests = [Digest.parse(line) for line in names.read_text().split()]
    bucket = Bucket.from_store(LocalStore(str(names.parent / "bucket")))
    print(assay.work(folder, (bucket, digests, names.parent / "out")))


if __name__ == "__main__":
    _main(*map(Path, sys.argv[1:]))
