"""DVC, and then `sync` for the file system: what it takes until the files would survive."""

from __future__ import annotations

import subprocess
from pathlib import Path

from dvc.repo import Repo

from benchmarks.stores.put import dvc

prepare = dvc.prepare


def work(folder: Path, repo: Repo) -> str:
    """Add the folder and write it to the disk."""
    added = dvc.work(folder, repo)
    subprocess.run(["sync", "-f", str(folder)], check=True)
    return added
