"""The plain limit: `cp -r`, and `sync` for the file system."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.stores.files import fresh


def prepare(folder: Path) -> Path:
    """An empty place."""
    return fresh(folder)


def work(folder: Path, place: Path) -> str:
    """Copy the files and write them to the disk."""
    subprocess.run(["cp", "-r", str(folder / "files"), str(place / "store")], check=True)
    subprocess.run(["sync", "-f", str(place)], check=True)
    return "copied"
