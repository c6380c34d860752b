"""The plain limit: `cp -r`."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.stores.put import copy as put


def prepare(folder: Path) -> Path:
    """A copy of the files, on the disk."""
    place = put.prepare(folder)
    put.work(folder, place)
    return place


def work(_folder: Path, place: Path) -> str:
    """Copy them back."""
    subprocess.run(["cp", "-r", str(place / "store"), str(place / "out")], check=True)
    return "copied"
