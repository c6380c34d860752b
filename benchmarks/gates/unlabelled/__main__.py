"""`python -m benchmarks.gates.unlabelled`: how near to the labels Assay and NannyML come by chunk.

NannyML is installed into an environment of its own, and brings the sets. Prints Markdown. Exit code
1 if Assay is farther from the labels than NannyML by more than .001 of a score, or 1 % of an error.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from assay.config.gates import LOWER_IS_BETTER
from benchmarks.contest import output
from benchmarks.rivals import Absent, python_of, version_of

CHUNKS = 10
DRIFTED = 5  # the first chunk of rows that drifted, from 0
CHUNK = 6_000
CLASSES = ("prepaid_card", "highstreet_card", "upmarket_card")
PROBABILITIES = [w for c in CLASSES for w in ("--probability", f"{c}=y_pred_proba_{c}")]
SETS = {
    "cars": ["--problem", "regression"],
    "cards": ["--problem", "multiclass", *PROBABILITIES],
}
Values = dict[str, dict[str, list[float]]]


def main() -> int:
    """Both sets."""
    try:
        python = python_of("nannyml")
    except Absent as error:
        print(f"NannyML could not be installed: {error}", file=sys.stderr)
        return 1
    near = True
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as home:
        output([python, "-m", "benchmarks.gates.unlabelled.nannyml_alone", home], 600)
        found = json.loads((Path(home) / "found.json").read_text(encoding="utf-8"))
        print(f"NannyML {version_of(python, 'nannyml')}; chunks of {CHUNK:,} rows. The mean")
        print("distance from the realised value, in chunks 1-5 / 6-10; of 6-10, how many Assay")
        print("calls unlike the reference.\n")
        print("| set | metric | NannyML | Assay | Assay, by features | covered | unlike |")
        print("|---|---|---|---|---|---|---|")
        for name, words in SETS.items():
            near &= _compare(name, found[name], _estimate(Path(home), name, words))
    return 0 if near else 1


def _estimate(home: Path, name: str, words: list[str]) -> list[list[object]]:
    """Assay's lines by chunk and metric: what `assay drift` says of the two files."""
    files = [str(home / f"{name}_{side}.csv") for side in ("reference", "analysis")]
    columns = ["--prediction", "y_pred", "--truth", "y_true", "--without", "timestamp"]
    asked = ["drift", *files, *words, *columns, "--chunk", str(CHUNK), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", "from assay.cli import main; main()", *asked],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    report = json.loads(done.stdout)
    [sheet] = [sheet for sheet in report["sheets"] if sheet["title"] == "Performance by chunk"]
    return list(sheet["rows"])


def _compare(name: str, rival: Values, lines: list[list[object]]) -> bool:
    """Print one line a metric; whether Assay is near enough in each."""
    near = True
    for at, metric in enumerate(rival):
        own = np.array(
            [[line[i] or np.nan for i in range(2, 7)] for line in lines[at :: len(rival)]]
        )
        expected, low, high, weighted, realised = own.astype(float).T
        weighted = np.where(np.isnan(weighted), expected, weighted)
        unlike = [str(line[-1]).startswith("not sure") for line in lines[at :: len(rival)]]
        theirs = np.abs(np.subtract(rival[metric]["expected"], rival[metric]["realised"]))
        ours = np.abs(expected - realised)
        covered = int(((low <= realised) & (realised <= high)).sum())
        cells = [_two(theirs), _two(ours), _two(np.abs(weighted - realised))]
        print(
            f"| {name} | {metric} | {' | '.join(cells)} | {covered} of {CHUNKS} |"
            f" {sum(unlike[DRIFTED:])} of {CHUNKS - DRIFTED} |"
        )
        slack = 0.01 * realised.mean() if metric in LOWER_IS_BETTER else 0.001
        near &= bool(ours.mean() <= theirs.mean() + slack)
    return near


def _two(distances: np.ndarray) -> str:
    """The means before and after the drift."""
    parts = (distances[:DRIFTED].mean(), distances[DRIFTED:].mean())
    return " / ".join(f"{part:.4f}" if part < 1 else f"{part:.1f}" for part in parts)


if __name__ == "__main__":
    sys.exit(main())
