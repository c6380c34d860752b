"""A guest house: its use case, its guests, and the batches that come."""

from __future__ import annotations

import random

CASE = """\
question: Will this guest come back?
decision: who is sent a voucher
harm: a wrong "no" costs a regular guest
owner: the guest house

data:
  source: guests.csv
  target: {column: back, positive: "yes"}
  identity: [guest]
  sensitive: {side: {reference: garden}}

feasibility: {within: 2s}
candidates:
  - estimator: sklearn.linear_model.LogisticRegression
fairness:
  - metric: selection_rate
    by: [side]
    tolerance: 0.15
    because: the rooms to the street are to be asked as often as those to the garden

score: {source: arrivals/*.csv}
labels: {source: labels/*.csv}
monitor: {rows: 500}
promotion: {first: automatic, later: approval}
schedule: {train: "0 5 1 1 *"}
"""
SIDES = ("garden", "street")


def guests(first, count, *, seed=7, turned=False):
    """Rows as text: guest, side, visits, back. `turned`: those who came often stay away."""
    draw = random.Random(seed)
    rows = []
    for guest in range(first, first + count):
        visits = draw.randint(0, 40)
        back = (draw.random() < visits / 40) != turned
        rows.append((guest, draw.choice(SIDES), visits, "yes" if back else "no"))
    return rows


def furnish(home):
    """The folder of a person who has written a use case and has data."""
    (home / "configs").mkdir(parents=True)
    (home / "configs/guests.yaml").write_text(CASE)
    (home / "configs/operations.yaml").write_text("maintain: null\nalerts: [{to: '${ALERTS}'}]\n")
    _write(home / "guests.csv", "guest,side,visits,back", guests(0, 6000))


def arrive(home, number, *, turned=False):
    """A batch comes, and its answers with it."""
    rows = guests(10_000 * number, 1500, seed=number, turned=turned)
    _write(home / f"arrivals/{number}.csv", "guest,side,visits", [row[:3] for row in rows])
    _write(home / f"labels/{number}.csv", "guest,back", [(row[0], row[3]) for row in rows])


def _write(path, head, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n")
