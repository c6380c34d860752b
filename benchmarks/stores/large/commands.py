"""The plain limit, as one would type it: `sha256sum`, `cp`, `sync`."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.stores.files import files, fresh


def prepare(folder: Path) -> Path:
    """An empty place."""
    return fresh(folder)


def work(folder: Path, place: Path) -> str:
    """Name the file, copy it, sync the copy and its folder."""
    [path] = files(folder)
    copy = str(place / "copy")
    for words in (["sha256sum", str(path)], ["cp", str(path), copy], ["sync", copy, str(place)]):
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return "copied"
