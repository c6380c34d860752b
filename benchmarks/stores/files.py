"""The files that are stored, and the place where a contender stores them.

Uses the standard library alone, because rivals import it too.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

SMALL = 64 << 10  # bytes of a small file
_BLOCK = 1 << 20


def make(folder: Path, sizes: list[int]) -> Path:
    """Files of so many bytes each under `folder`/files, of random bytes that are always the same.

    Random, so that no store gains by compressing.
    """
    place = folder / "files"
    place.mkdir(parents=True)
    for number, size in enumerate(sizes):
        source = random.Random(number)
        with open(place / f"{number:05}", "wb") as file:
            for start in range(0, size, _BLOCK):
                file.write(source.randbytes(min(_BLOCK, size - start)))
    return folder


def files(folder: Path) -> list[Path]:
    """The files that were made, in the order of their names."""
    return sorted((folder / "files").iterdir())


def fresh(folder: Path) -> Path:
    """An empty place to work in, on a disk that has nothing else left to write."""
    place = folder / "scratch"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    os.sync()
    return place
