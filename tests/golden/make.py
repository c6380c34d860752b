"""Make a golden bucket of the present format: `python tests/golden/make.py tests/golden/v1`.

Run once for each format version, never again for the same one: the bucket stays as the version
of that day wrote it, so that every later one shows that it still reads it.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

CASE = """\
# The use case of the golden bucket.
question: Will this guest come back?
decision: who is sent a voucher
harm: a wrong no costs a regular guest
owner: the tests
data:
  source: guests.csv
  target: {column: back, positive: "yes"}
  identity: [guest]
  missing: ["?"]
  never_store: [name]
  types: {visits: integer}
  categories: {table: [window, door]}
  dates: {first: iso}
  sensitive:
    side: {reference: left}
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: visits, min_value: 0, max_value: 60}
candidates:
  - estimator: sklearn.linear_model.LogisticRegression
  - estimator: sklearn.linear_model.LogisticRegression
    mitigate:
      method: fairlearn.postprocessing.ThresholdOptimizer
      by: side
      constraint: demographic_parity
fairness:
  - {metric: selection_rate, by: [side], tolerance: 0.15, because: agreed with the tests}
promotion: {first: automatic}
"""


def guests(rows: int = 6000, *, shuffled: bool = False) -> str:
    draw = random.Random(7)
    lines = ["guest,name,visits,table,first,side,back"]
    for guest in range(rows):
        side = draw.choice(["left", "right"])
        visits = draw.randint(0, 40) - 15 * (side == "right")
        likely = 0.5 if shuffled else 0.1 + 0.8 * (visits > 15)
        back = "yes" if draw.random() < likely else "no"
        day = f"2025-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
        table = draw.choice(["window", "door", "?"])
        lines.append(f"{guest},n{guest},{max(visits, 0)},{table},{day},{side},{back}")
    lines[17] = lines[17].replace(",n16,", ",n16,many", 1)  # malformed: no integer
    return "\n".join(lines) + "\n"


def main(target: Path) -> None:
    if target.exists():
        sys.exit(f"{target} is there already, and a golden bucket is never made anew")
    with tempfile.TemporaryDirectory() as folder:
        for shuffled in (False, True):
            Path(folder, "guests.csv").write_text(guests(shuffled=shuffled))
            Path(folder, "guests.yaml").write_text(CASE)
            subprocess.run(
                ["assay", "run", "guests.yaml", "--store", str(target.absolute())],
                cwd=folder,
                check=shuffled is False,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
