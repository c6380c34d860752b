"""`dvc add`, a whole process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.stores.put import dvc


def prepare(folder: Path) -> Path:
    """A repository with the files in its work tree."""
    dvc.prepare(folder)
    return dvc.data(folder).parent


def work(_folder: Path, repository: Path) -> str:
    """Run the command."""
    subprocess.run([sys.executable, "-m", "dvc", "add", "-q", "data"], cwd=repository, check=True)
    return "added"
