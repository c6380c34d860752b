"""The plain limit, at its best: each block hashed by `hashlib` and written, then one fsync."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from benchmarks.stores.files import files, fresh

_BLOCK = 1 << 20


def prepare(folder: Path) -> Path:
    """An empty place."""
    return fresh(folder)


def work(folder: Path, place: Path) -> str:
    """Hash, copy, sync."""
    [path] = files(folder)
    state = hashlib.sha256()
    with open(path, "rb") as source, open(place / "copy", "wb") as target:
        while block := source.read(_BLOCK):
            state.update(block)
            target.write(block)
        target.flush()
        os.fsync(target.fileno())
    return state.hexdigest()
