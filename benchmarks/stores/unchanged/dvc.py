"""`dvc repro` of a pipeline of as many steps, all of them up to date."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.stores.unchanged.pipeline import stages

DVC = [sys.executable, "-m", "dvc"]


def prepare(folder: Path) -> Path:
    """A repository whose stages have run once."""
    for name in ("SITE_CACHE", "GLOBAL_CONFIG", "SYSTEM_CONFIG"):
        os.environ[f"DVC_{name}_DIR"] = str(folder / "dvc" / name.lower())
    place = folder / "repository"
    if not place.exists():
        stages(folder)
        for words in (["init", "--no-scm", "-q"], ["repro", "-q"]):
            subprocess.run([*DVC, *words], cwd=place, check=True, capture_output=True)
    return place


def work(_folder: Path, place: Path) -> str:
    """Run the command again. It must do nothing."""
    words = [*DVC, "repro"]
    done = subprocess.run(words, cwd=place, check=True, capture_output=True, text=True)
    if "Running stage" in done.stdout:
        raise RuntimeError("a stage ran again")
    unchanged = done.stdout.count("didn't change")
    return f"{unchanged} stages"
