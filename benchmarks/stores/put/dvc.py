"""DVC: a folder added, and so copied into its cache."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dvc.repo import Repo

from benchmarks.stores.files import fresh


def prepare(folder: Path) -> Repo:
    """An empty repository, the files in its work tree, and no state from elsewhere."""
    place = fresh(folder)
    for name in ("SITE_CACHE", "GLOBAL_CONFIG", "SYSTEM_CONFIG"):
        os.environ[f"DVC_{name}_DIR"] = str(place / name.lower())
    (place / "repository").mkdir()
    repo = Repo.init(str(place / "repository"), no_scm=True)
    shutil.copytree(folder / "files", data(folder))
    os.sync()
    return repo


def work(folder: Path, repo: Repo) -> str:
    """Add the folder."""
    [stage] = repo.add(str(data(folder)))
    return f"{stage.outs[0].meta.nfiles} files"


def data(folder: Path) -> Path:
    """The folder that is added, in the work tree."""
    return folder / "scratch" / "repository" / "data"
