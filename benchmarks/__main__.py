"""Cold run, overhead, repetition and help of the income example, beside the bare script.

Whole processes, in turn with their rival, each in a fresh folder and on an empty bucket. Prints
medians of wall seconds and their ratios as a Markdown table, with versions.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parents[1]
PYTHON = sys.executable
ASSAY = str(Path(PYTHON).with_name("assay"))


def timed(words: Sequence[str], **environment: str) -> tuple[float, str]:
    """Wall seconds and standard output of a command, which must succeed."""
    began = time.perf_counter()
    done = subprocess.run(
        words, cwd=HERE, env=os.environ | environment, check=True, capture_output=True, text=True
    )
    return time.perf_counter() - began, done.stdout


def once(home: Path) -> dict[str, float]:
    """One round: every figure measured once, on an empty bucket."""
    bucket, reports = str(home / "bucket"), str(home / "reports")
    run = [ASSAY, "run", "configs/income.yaml", "--store", bucket, "--reports", reports, "--json"]
    prefect = {"PREFECT_HOME": str(home / "prefect")}
    bare, _ = timed([PYTHON, "-m", "benchmarks.bare", str(home)])
    cold, printed = timed(run, **prefect)
    steps = json.loads(printed)["steps"]
    stages = sum(step["seconds"] for step in steps)
    explained = sum(step["seconds"] for step in steps if step["name"].startswith("explain "))
    again, _ = timed(run, **prefect)
    redone, printed = timed([*run, "--always"], **prefect)
    warm = sum(step["seconds"] for step in json.loads(printed)["steps"])
    help_, _ = timed([ASSAY, "--help"])
    python, _ = timed([PYTHON, "-c", "pass"])
    return {
        "bare scikit-learn script": bare,
        "`assay run`, cold, fresh Prefect home": cold,
        "- of it the stages' own work": stages,
        "- of that, what the models lean on": explained,
        "- beyond the stages' own work": cold - stages,
        "`assay run --always`, Prefect home in place": redone,
        "- beyond the stages' own work again": redone - warm,
        "`assay run`, nothing changed": again,
        "`assay --help`": help_,
        "`python -c pass`": python,
    }


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    asked.add_argument("--rounds", type=int, default=3)
    rounds = []
    for _ in range(asked.parse_args().rounds):
        with tempfile.TemporaryDirectory(prefix="assay-bench-") as home:
            rounds.append(once(Path(home)))
    medians = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
    bare = medians["bare scikit-learn script"]
    names = ("prefect", "scikit-learn", "pandas", "great-expectations", "fairlearn")
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} processors, median of "
        f"{len(rounds)}; " + ", ".join(f"{name} {version(name)}" for name in names) + "\n"
    )
    print("| | seconds | of the bare script |\n|---|---|---|")
    for name, seconds in medians.items():
        print(f"| {name} | {seconds:.2f} | {seconds / bare:.2f} |")


if __name__ == "__main__":
    main()
