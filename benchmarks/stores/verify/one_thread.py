"""The plain limit of one processor: `hashlib` over the same files, one after the other."""

from __future__ import annotations

import hashlib
from pathlib import Path

from benchmarks.stores.verify import command

prepare = command.prepare


def work(_folder: Path, paths: list[str]) -> str:
    """Hash them."""
    for path in paths:
        with open(path, "rb") as file:
            hashlib.file_digest(file, "sha256")
    return f"{len(paths)} files"
