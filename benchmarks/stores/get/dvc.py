"""DVC: a folder checked out from its cache, because it is gone from the work tree."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dvc.repo import Repo

from benchmarks.stores.put import dvc as put


def prepare(folder: Path) -> Repo:
    """The files in the cache and not in the work tree."""
    repo = put.prepare(folder)
    put.work(folder, repo)
    shutil.rmtree(put.data(folder))
    os.sync()
    return repo


def work(folder: Path, repo: Repo) -> str:
    """Check out."""
    repo.checkout()
    return f"{sum(1 for _ in put.data(folder).iterdir())} files"
