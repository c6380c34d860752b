"""Check 10 in part: does it depend on outcome, group or time whether a value is missing?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.gates.feasibility.labelled_rows import LabelledRows
from assay.gates.feasibility.periods import Periods
from assay.gates.report import Check, Sheet, Verdict
from assay.gates.statistics.proportions import newcombe_limits

GAP = 0.05  # in the share of missing values; smaller gaps are of no consequence, however certain
SHOWN = 3
LISTED = 30


@dataclass(frozen=True, slots=True)
class MissingCounts:
    """One column's missing values in one group of rows, and in the rest of the rows."""

    column: str
    group: str
    missing_rows: int
    rows: int
    rest_missing_rows: int
    rest_rows: int

    @property
    def share(self) -> float:
        return self.missing_rows / self.rows

    @property
    def rest_share(self) -> float:
        return self.rest_missing_rows / self.rest_rows


def check_missingness(
    data: LabelledRows,
    labels: pd.DataFrame,
    periods: Periods | None,
    outcomes: Mapping[str, np.ndarray] | None = None,
) -> tuple[Check, Sheet]:
    """Whether a feature's share of missing values differs by more than 0.05 between outcomes,
    between the groups in `labels` (of the kept rows), or between early and late rows. `outcomes`
    mark the kept rows that have one, by its name: those of a yes unless said otherwise.

    Newcombe intervals, Bonferroni over all that is compared.
    """
    masks = {name: data.frame[name].isna().to_numpy(dtype=bool) for name in data.features}
    lacking = {name: missing for name, missing in masks.items() if missing.any()}
    groups = {"positive outcome": data.truth} if outcomes is None else dict(outcomes)
    for by in labels.columns:
        for value in sorted(labels[by].unique()):
            groups[f"{by}={value}"] = (labels[by] == value).to_numpy(dtype=bool)
    if periods:
        groups[periods.late_words] = periods.is_late
    sides = list(_missing_counts(lacking, groups))
    uneven = _uneven_counts(sides)
    return _check(data, uneven, len(lacking)), _sheet(sides)


def _missing_counts(
    missing_masks: dict[str, np.ndarray], groups: dict[str, np.ndarray]
) -> Iterator[MissingCounts]:
    for column, missing in missing_masks.items():
        for group, inside in groups.items():
            rows, both = int(inside.sum()), int((missing & inside).sum())
            if 0 < rows < len(missing):
                total = int(missing.sum())
                yield MissingCounts(column, group, both, rows, total - both, len(missing) - rows)


def _uneven_counts(sides: Sequence[MissingCounts]) -> list[MissingCounts]:
    """Those whose gap is surely larger than `GAP`, the largest first."""
    if not sides:
        return []
    counts = np.array(
        [[s.missing_rows, s.rows, s.rest_missing_rows, s.rest_rows] for s in sides], dtype=float
    )
    k, n, rest_k, rest_n = counts.T
    low, high = newcombe_limits(k, n, rest_k, rest_n, 1 - 0.05 / len(sides))
    found = [s for s, lo, hi in zip(sides, low, high, strict=True) if lo > GAP or hi < -GAP]
    return sorted(found, key=lambda s: -abs(s.share - s.rest_share))


def _check(data: LabelledRows, uneven: Sequence[MissingCounts], incomplete_count: int) -> Check:
    told = [
        f"{s.column} is missing in {s.share:.1%} of the rows with {s.group}, {s.rest_share:.1%} of"
        " the others"
        for s in uneven[:SHOWN]
    ]
    more = f"; and {len(uneven) - SHOWN} more" if len(uneven) > SHOWN else ""
    even = f"{incomplete_count} of {len(data.features)} features lack values, evenly enough."
    return Check(
        name="missingness",
        claim=f"Missing values differ by at most {GAP:g} between outcomes, groups and times",
        verdict=Verdict.CAUTION if uneven else Verdict.PASS,
        statistic="columns and groups that lack values unevenly",
        estimate=float(len(uneven)),
        threshold=0.0,
        why=f"{'; '.join(told)}{more}." if told else even,
        remedy="Find out why they are missing. A value recorded after the outcome leaks it; a group"
        " that lacks values gets worse predictions."
        if told
        else "",
        hard=False,
        rows=len(data.frame),
    )


def _sheet(sides: Sequence[MissingCounts]) -> Sheet:
    widest = sorted(sides, key=lambda s: -abs(s.share - s.rest_share))
    return Sheet(
        title="Missing values",
        columns=("column", "rows with", "missing", "missing among the others"),
        rows=tuple((s.column, s.group, s.share, s.rest_share) for s in widest[:LISTED]),
        note=f"The {LISTED} largest gaps. Features without missing values are left out.",
    )
