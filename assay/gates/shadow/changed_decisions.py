"""Who would be decided otherwise, and whose share of yes would move.

Both versions answered the same rows, so that shares differ by the rows alone of which they decide
otherwise, and intervals are those of paired shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import FairnessRule
from assay.dataset.groups import reference_from_counts
from assay.gates.confusion_cells import ROWS_COLUMN
from assay.gates.fairness.gaps import MIN_ROWS, GapVerdict, judge_family
from assay.gates.report import Check, Figure, Point, Series, Sheet, Verdict
from assay.gates.shadow.rows import CHAMPION_DECISION, DECISION, DecisionCells
from assay.gates.statistics.intervals import Limits
from assay.gates.statistics.mover import difference_limits
from assay.gates.statistics.paired_shares import paired_limits
from assay.gates.statistics.proportions import wilson_limits
from assay.util.wording import format_confidence

ALL_ROWS: Final = "all rows"
_MAX_GROUPS: Final = 40  # groups that a picture can tell apart


@dataclass(frozen=True, slots=True)
class DecisionChange:
    """Some rows: how many would become yes (`gained`) and no (`lost`), and how many the champion
    decides yes.
    """

    who: str
    rows: int
    gains: int
    losses: int
    yes: int

    @property
    def changed_share(self) -> float:
        return (self.gains + self.losses) / self.rows if self.rows else 0.0

    @property
    def selection_shift(self) -> float:
        """The share of yes of the challenger minus the champion's."""
        return (self.gains - self.losses) / self.rows if self.rows else 0.0


def decision_change(cells: pd.DataFrame, who: str) -> DecisionChange:
    """What the decisions of some cells come to."""
    rows = cells[ROWS_COLUMN].to_numpy()
    new, old = cells[DECISION].to_numpy(bool), cells[CHAMPION_DECISION].to_numpy(bool)
    return DecisionChange(
        who,
        int(rows.sum()),
        int(rows[new & ~old].sum()),
        int(rows[old & ~new].sum()),
        int(rows[old].sum()),
    )


def changes_by_group(decision_cells: DecisionCells) -> dict[str, list[DecisionChange]]:
    """By column, the changes of each group, the largest first."""
    found = {}
    for name in decision_cells.by:
        groups = [decision_change(c, str(group)) for group, c in decision_cells.cells.groupby(name)]
        found[name] = sorted(groups, key=lambda one: (-one.rows, one.who))
    return found


def change_sheet(whole: DecisionChange, groups: Mapping[str, Sequence[DecisionChange]]) -> Sheet:
    """All rows, then every group, with the share that would be decided otherwise."""
    named = [(ALL_ROWS, whole)]
    named += [(f"{name}={one.who}", one) for name, held in groups.items() for one in held]
    low, high = wilson_limits(
        [one.gains + one.losses for _, one in named], [one.rows for _, one in named]
    )
    return Sheet(
        title="Who would be decided otherwise",
        columns=(
            "rows of",
            "rows",
            "otherwise",
            "low",
            "high",
            "yes instead of no",
            "no instead of yes",
            "yes by the champion",
            "yes by the challenger",
        ),
        rows=tuple(
            (
                title,
                one.rows,
                one.changed_share,
                float(a),
                float(b),
                one.gains,
                one.losses,
                one.yes / max(one.rows, 1),
                (one.yes + one.gains - one.losses) / max(one.rows, 1),
            )
            for (title, one), a, b in zip(named, low, high, strict=True)
        ),
        note="Intervals are Wilson's, at 95 %. The rows themselves are in the table that the "
        "journal's entry names.",
    )


def change_figure(whole: DecisionChange, groups: Mapping[str, Sequence[DecisionChange]]) -> Figure:
    """The share of rows that would be decided otherwise, by group."""
    named = [(f"{name}={one.who}", one) for name, held in groups.items() for one in held]
    shown = [(ALL_ROWS, whole), *named[:_MAX_GROUPS]]
    low, high = wilson_limits(
        [one.gains + one.losses for _, one in shown], [one.rows for _, one in shown]
    )
    told = "; ".join(f"{title} {one.changed_share:.1%}" for title, one in shown)
    return Figure(
        title="Rows that would be decided otherwise",
        kind="intervals",
        series=(
            Series(
                name="decided otherwise",
                points=tuple(
                    Point(label=title, value=one.changed_share, low=float(a), high=float(b))
                    for (title, one), a, b in zip(shown, low, high, strict=True)
                ),
            ),
        ),
        axis="share of rows, with 95 % interval",
        reference=whole.changed_share,
        reference_name=ALL_ROWS,
        alt=f"Share of rows that the challenger decides otherwise than the champion: {told}.",
    )


# --- whose share of yes moves -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _SelectionShift:
    """A group and its reference, and by how much their gap may move."""

    name: str
    own: DecisionChange
    base: DecisionChange
    tolerance: float

    @property
    def gap(self) -> float:
        return self.own.selection_shift - self.base.selection_shift


def check_selection_rates(
    groups: Mapping[str, Sequence[DecisionChange]],
    rules: Sequence[FairnessRule],
    sensitive: Mapping[str, Sensitive],
) -> list[Check]:
    """Whether the challenger moves a group's share of yes against its reference's by more than
    the smallest tolerance that people set for the column. Without labels nobody knows whether
    that is for the better, so it is a reservation, and no failure.

    Columns whose share of yes has a limit of its own are judged by that (see `fairness`). Raises
    DataError for a reference group that does not exist.
    """
    moved = [
        one for name in groups for one in _shifts_of_column(name, groups[name], rules, sensitive)
    ]
    if not moved:
        return []
    able = np.array([min(m.own.rows, m.base.rows) >= MIN_ROWS for m in moved], dtype=bool)
    most = np.array([m.tolerance for m in moved])
    verdicts = judge_family(lambda level: _shift_limits(moved, level), (-most, most), able)
    return [_check(one, found) for one, found in zip(moved, verdicts, strict=True)]


def _shifts_of_column(
    name: str,
    groups: Sequence[DecisionChange],
    rules: Sequence[FairnessRule],
    sensitive: Mapping[str, Sensitive],
) -> list[_SelectionShift]:
    mine = [rule for rule in rules if name in rule.by]
    tolerances = [rule.tolerance for rule in mine if rule.tolerance is not None]
    if not tolerances or any("selection_rate" in rule.metrics for rule in mine):
        return []
    rows = pd.Series({one.who: one.rows for one in groups})
    reference = reference_from_counts(rows, sensitive.get(name, Sensitive()), name)
    base = next(one for one in groups if one.who == reference)
    return [_SelectionShift(name, one, base, min(tolerances)) for one in groups if one is not base]


def _shift_limits(shifts: Sequence[_SelectionShift], level: float) -> Limits:
    sides = ([m.own for m in shifts], [m.base for m in shifts])
    values = [np.array([one.selection_shift for one in side]) for side in sides]
    limits = [
        paired_limits(
            [one.gains for one in side],
            [one.losses for one in side],
            [one.rows for one in side],
            level,
        )
        for side in sides
    ]
    return difference_limits(values[0], limits[0], values[1], limits[1])


def _check(shift: _SelectionShift, gap_verdict: GapVerdict) -> Check:
    group, base = f"{shift.name}={shift.own.who}", f"{shift.name}={shift.base.who}"
    failed = gap_verdict.verdict is Verdict.FAIL
    low, high = gap_verdict.interval.low, gap_verdict.interval.high
    return Check(
        name=f"moved[{group}]",
        claim=f"The share of yes of {group} moves against that of {base} by at most "
        f"{shift.tolerance:g}",
        verdict=gap_verdict.verdict,
        statistic="share of yes, challenger minus champion, group minus reference",
        estimate=shift.gap,
        interval=gap_verdict.interval,
        threshold=shift.tolerance,
        why=f"The share of yes moves by {shift.own.selection_shift:+.3f} of {shift.own.rows:,} "
        f"rows of {group}, and by {shift.base.selection_shift:+.3f} of {shift.base.rows:,} of "
        f"{base}: {shift.gap:+.3f}, between {low:.3f} and {high:.3f} at "
        f"{format_confidence(gap_verdict.interval.level)}",
        remedy="Labels of these rows would tell whether it is for the better." if failed else "",
        hard=False,
        accepted=True,
        rows=shift.own.rows,
        group=group,
    )
