"""The income example answered once, and for DVC a pipeline of the same shape run once.

Finding both uses the standard library alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[3]
ASSAY = str(Path(sys.executable).with_name("assay"))


def assay_run(folder: Path) -> list[str]:
    """The command that answers the example from the bucket under `folder`."""
    kept = ["--store", str(folder / "bucket"), "--reports", str(folder / "reports")]
    return [ASSAY, "run", "configs/income.yaml", *kept, "--json"]


def make(folder: Path) -> Path:
    """Run the example once, and write down the names of its steps."""
    folder.mkdir(parents=True)
    (folder / "prefect").mkdir()
    environment = os.environ | {"PREFECT_HOME": str(folder / "prefect")}
    done = subprocess.run(
        assay_run(folder), cwd=HERE, env=environment, check=True, capture_output=True, text=True
    )
    steps = [step["name"] for step in json.loads(done.stdout)["steps"]]
    (folder / "steps.json").write_text(json.dumps(steps))
    return folder


def stages(folder: Path) -> Path:
    """The same steps as stages of a DVC repository, not yet run.

    Each depends on what the one before it yields and on a file of code, the first on the example's
    rows. What they do does not matter, because nothing of it is done again: they copy.
    """
    place = folder / "repository"
    (place / "code").mkdir(parents=True)
    shutil.copy(HERE / "examples" / "income" / "adult.parquet", place / "rows")
    before, described = "rows", {}
    for number in range(len(json.loads((folder / "steps.json").read_text()))):
        # Named by number: the names of steps hold characters that those of stages may not.
        code, out = f"code/{number}.py", f"out-{number}"
        (place / code).write_text("import shutil, sys\nshutil.copyfile(*sys.argv[1:])\n")
        words = [sys.executable, code, before, out]
        described[f"stage-{number}"] = {
            "cmd": " ".join(words),
            "deps": [before, code],
            "outs": [out],
        }
        before = out
    # JSON is YAML too.
    (place / "dvc.yaml").write_text(json.dumps({"stages": described}))
    return place
