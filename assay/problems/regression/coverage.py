"""Whether the delivered intervals hold the outcomes that they should, overall and for parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from assay.config.gates import Performance
from assay.gates.report import Cell, Check, Sheet, Verdict
from assay.gates.statistics.cluster_errors import (
    Clusters,
    weighted_mean,
)
from assay.gates.statistics.intervals import (
    Estimate,
    Floats,
    make_interval,
    verdict_at_least,
)
from assay.problems.regression.amount_text import format_amount
from assay.problems.regression.answers import (
    ANSWER_COLUMNS,
    AmountAnswers,
    too_few_remedy,
)
from assay.problems.regression.calibration import size_parts
from assay.problems.row_parts import (
    MIN_ROWS,
    RowPart,
    find_worst_part,
    part_share,
    share_limits,
    verdict_of_parts,
)

_CHECK_NAMES = {"predicted size": "size", "group": "group"}


def group_parts(frame: pd.DataFrame) -> list[RowPart]:
    """The groups of every column of the answers that names groups."""
    return [
        RowPart(f"{name}={group}", (frame[name] == group).to_numpy(bool))
        for name in frame.columns
        if name not in ANSWER_COLUMNS
        for group in sorted(frame[name].unique())
    ]


def check_coverage(
    answers: AmountAnswers,
    groups: Sequence[RowPart],
    performance: Performance,
    unit: str,
    clusters: Clusters | None = None,
) -> list[Check]:
    """That intervals hold the promised share of outcomes, but for `calibration_error`.

    Too low a coverage of all rows fails the gate: each answer states that interval. For rows of one
    predicted size, or of one group, it is a caution.
    """
    covered = answers.covered.astype(float)
    sizes = [RowPart(part.label, part.inside) for part in size_parts(answers.prediction)]
    found = [
        _check_all(answers, performance, unit, clusters),
        _check_parts("predicted size", sizes, covered, performance, clusters),
    ]
    if groups:
        found.append(_check_parts("group", groups, covered, performance, clusters))
    return found


def _least_coverage(performance: Performance) -> float:
    return max(performance.coverage - performance.calibration_error, 0.0)


def _check_all(
    answers: AmountAnswers, performance: Performance, unit: str, clusters: Clusters | None
) -> Check:
    rows, least = len(answers.truth), _least_coverage(performance)
    covered = answers.covered.astype(float)
    every = RowPart("all", np.ones(rows, dtype=bool))
    low, high = (float(side.item()) for side in share_limits(covered, [every], 0.95, clusters))
    seen = Estimate(weighted_mean(covered, clusters), make_interval(low, high))
    few = too_few_remedy(rows, clusters)
    verdict = Verdict.UNKNOWN if few else verdict_at_least(seen.interval, least)
    below, above = (
        weighted_mean(side, clusters)
        for side in (answers.truth < answers.low, answers.truth > answers.high)
    )
    width = format_amount(weighted_mean(answers.high - answers.low, clusters))
    remedies = {
        Verdict.UNKNOWN: few or "More test rows would tell.",
        Verdict.FAIL: "Outcomes have moved since training, or errors of training rows are smaller "
        "than those of new rows: train on rows like these, or learn from less.",
    }
    return Check(
        name="interval_coverage",
        claim=f"Intervals hold at least {least:.0%} of the outcomes, as {performance.coverage:.0%} "
        "are promised",
        verdict=verdict,
        statistic="share of outcomes within their interval",
        estimate=seen.value,
        interval=seen.interval,
        threshold=least,
        why=f"Intervals hold {seen.value:.1%} of the outcomes (between {low:.1%} and {high:.1%}); "
        f"{below:.1%} lie below and {above:.1%} above. The mean width is {width} {unit}",
        remedy=remedies.get(verdict, ""),
        accepted=True,
        rows=rows,
    )


def _check_parts(
    kind: str,
    parts: Sequence[RowPart],
    covered: Floats,
    performance: Performance,
    clusters: Clusters | None,
) -> Check:
    """Whether some part is surely covered less than is accepted, by Holm over all parts."""
    least = _least_coverage(performance)
    found = find_worst_part(covered, parts, at_least=least, clusters=clusters)
    verdict = verdict_of_parts(found)
    why = f"No {kind} has {MIN_ROWS} rows"
    if found is not None:
        low, high = found.interval.low, found.interval.high
        others = found.failed - 1
        more = f"; so of {others} more" if others > 0 else ""
        label = found.part.label
        title = f"predictions of {label}" if kind == "predicted size" else label
        why = (
            f"Intervals hold {found.share:.1%} of the outcomes of {title} (between {low:.1%} and "
            f"{high:.1%}), the least by {kind}; {performance.coverage:.0%} are promised{more}"
        )
    return Check(
        name=f"coverage_by_{_CHECK_NAMES[kind]}",
        claim=f"By {kind}, intervals nowhere surely hold less than {least:.0%} of the outcomes",
        verdict=verdict,
        statistic="share of outcomes within their interval, the least",
        estimate=found.share if found else None,
        interval=found.interval if found else None,
        threshold=least,
        why=why,
        remedy={
            Verdict.UNKNOWN: "Bring more test rows.",
            Verdict.FAIL: "Give the model what tells where errors are large, or a candidate whose "
            "intervals vary in width.",
        }.get(verdict, ""),
        hard=False,
        accepted=True,
        rows=int(found.part.inside.sum()) if found else len(covered),
        group=found.part.label if found and found.failed and kind == "group" else None,
    )


def coverage_sheet(
    answers: AmountAnswers,
    groups: Sequence[RowPart],
    unit: str,
    clusters: Clusters | None = None,
) -> Sheet:
    """Coverage and width of the intervals, overall, by predicted size and by group."""
    covered = answers.covered.astype(float)
    sizes = [
        RowPart(f"predicted {part.label}", part.inside) for part in size_parts(answers.prediction)
    ]
    every = RowPart("all rows", np.ones(len(covered), dtype=bool))
    rows: list[tuple[Cell, ...]] = []
    for part in (every, *sizes, *groups):
        low, high = (float(side.item()) for side in share_limits(covered, [part], 0.95, clusters))
        held = answers.of(part.inside)
        rows.append(
            (
                part.label,
                len(held.truth),
                part_share(covered, part, clusters),
                low,
                high,
                part_share(answers.truth < answers.low, part, clusters),
                part_share(answers.truth > answers.high, part, clusters),
                part_share(answers.high - answers.low, part, clusters),
            )
        )
    return Sheet(
        title="Coverage of intervals",
        columns=("rows of", "rows", "within", "low", "high", "below", "above", "mean width"),
        rows=tuple(rows),
        note=f"Shares of outcomes within, below and above their interval; limits at 95 %. Widths "
        f"in {unit}.",
    )
