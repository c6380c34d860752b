"""`dvc checkout`, a whole process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.stores.get import dvc
from benchmarks.stores.put.dvc import data


def prepare(folder: Path) -> Path:
    """A repository with the files in its cache and not in its work tree."""
    dvc.prepare(folder)
    return data(folder).parent


def work(_folder: Path, repository: Path) -> str:
    """Run the command."""
    subprocess.run([sys.executable, "-m", "dvc", "checkout", "-q"], cwd=repository, check=True)
    return "checked out"
