"""`assay run` of the income example, whose answer is in the bucket."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from benchmarks.stores.unchanged.pipeline import HERE, assay_run


def prepare(_folder: Path) -> None:
    """Nothing: `pipeline.make` ran it."""


def work(folder: Path, _state: None) -> str:
    """Run the command again. It must do nothing."""
    environment = os.environ | {"PREFECT_HOME": str(folder / "prefect")}
    done = subprocess.run(
        assay_run(folder), cwd=HERE, env=environment, check=True, capture_output=True, text=True
    )
    steps = json.loads(done.stdout)["steps"]
    if redone := [step["name"] for step in steps if not step["cached"]]:
        raise RuntimeError(f"{redone[0]} ran again: did the code change meanwhile?")
    return f"{len(steps)} steps"
