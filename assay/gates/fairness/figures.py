"""The fairness gate's figures: groups against what is tolerated, and how they are calibrated."""

from __future__ import annotations

import numpy as np

from assay.gates.confusion_cells import CONFUSION_KINDS, RATE_DEFINITIONS
from assay.gates.fairness.checks import limit_text
from assay.gates.fairness.divisions import FairnessLimit, GroupDivision
from assay.gates.fairness.gaps import MIN_ROWS
from assay.gates.fairness.metrics import measure_title, metric_words
from assay.gates.fairness.tally import PredictionTally
from assay.gates.report import Figure, Point, Series, Verdict
from assay.gates.statistics.proportions import wilson_limits

_MAX_CURVES = 5  # more in one picture cannot be told apart


def limit_figure(limit: FairnessLimit) -> Figure:
    """Every group's value with its interval, on what is tolerated around the reference's."""
    metric, division = limit.metric, limit.division
    measure = division.measures[metric]
    counted = f", {measure.quantity}" if measure.quantity else ""
    title, words = measure_title(metric, measure), measure.words or metric_words(metric)
    verdicts = {p.group: j.verdict for p, j in zip(limit.pairs, limit.verdicts, strict=True)}
    base = float(division.by_group[metric][division.reference])
    allowed = _tolerated_band(limit, base)
    told = "; ".join(f"{group} {verdict}" for group, verdict in verdicts.items())
    return Figure(
        title=f"{title} by {division.title}, {limit_text(limit)} {division.reference}",
        kind="intervals",
        series=(Series(name=words, points=_points(limit, verdicts)),),
        axis=f"{words}{counted}, with 95 % interval",
        reference=None if np.isnan(base) else base,
        reference_name=division.reference,
        band=allowed,
        alt=f"{title} by group, {limit_text(limit)} that of "
        f"{division.reference}: {told}. Verdicts rest on the gaps, whose intervals know that the "
        "reference's value is uncertain too, and that there are many.",
    )


def _points(limit: FairnessLimit, verdicts: dict[str, Verdict]) -> tuple[Point, ...]:
    metric, division = limit.metric, limit.division
    low, high = division.limits(metric, 0.95)
    return tuple(
        Point(
            label=f"{group} ({verdicts.get(group, 'reference')})",
            value=float(value),
            low=float(a) if np.isfinite(a) else None,
            high=float(b) if np.isfinite(b) else None,
        )
        if np.isfinite(value)
        else Point(label=f"{group} ({verdicts.get(group, 'reference')})", value=None)
        for group, value, a, b in zip(
            division.groups, division.by_group[metric], low, high, strict=True
        )
    )


def _tolerated_band(limit: FairnessLimit, base: float) -> tuple[float, float] | None:
    rule = limit.rule
    if np.isnan(base):
        return None
    if rule.tolerance is not None:
        low, high = base - rule.tolerance, base + rule.tolerance
    else:
        assert rule.ratio is not None, "a rule sets one of the two"
        low, high = base * rule.ratio, base / rule.ratio
    return (max(low, 0.0), min(high, 1.0)) if limit.metric in RATE_DEFINITIONS else (low, high)


def calibration_figure(tally: PredictionTally, division: GroupDivision) -> Figure:
    """Observed share against mean probability in ten bins, a curve for each of the largest groups.

    Bins of fewer than ten rows are left out. Weighted rows count for as many as they are worth.
    """
    curves = tally.calibration_bins(division.by)
    shown = division.groups[:_MAX_CURVES]
    series = []
    for group in shown:
        held = curves.loc[group] * _worth_of_weight(division, group)
        held = held[held["rows"] >= MIN_ROWS]
        low, high = wilson_limits(held["positives"], held["rows"])
        columns = (held["positives"] / held["rows"], low, high, held["p"] / held["rows"])
        points = tuple(
            Point(label=f"{x:.2f}", value=float(v), low=float(a), high=float(b), x=float(x))
            for v, a, b, x in zip(*columns, strict=True)
        )
        series.append(Series(name=group, points=points))
    left = len(division.groups) - len(shown)
    rest = f" {left} smaller groups are not drawn." if left else ""
    told = "; ".join(f"{s.name} {_worst_calibrated_text(s)}" for s in series)
    return Figure(
        title=f"Calibration by {division.title}",
        kind="curve",
        series=tuple(series),
        axis="observed share of positives",
        x_axis="mean probability",
        diagonal="as promised",
        alt=f"Observed shares of positives where probabilities promise most wrongly: {told}.{rest}",
    )


def _worth_of_weight(division: GroupDivision, group: str) -> float:
    """How many equal rows a weight of one stands for in a group; 1 where rows have no weights."""
    of, place = division.clusters, division.groups.index(group)
    if of is None or not of.weighted:
        return 1.0
    total = sum(float(division.sums[kind][place]) for kind in CONFUSION_KINDS)
    return float(of.effective_rows("accuracy_score")[place]) / total if total > 0 else 1.0


def _worst_calibrated_text(series: Series) -> str:
    known = [(p.value, p.x) for p in series.points if p.value is not None and p.x is not None]
    if not known:
        return "has too few rows"
    value, x = max(known, key=lambda at: abs(at[0] - at[1]))
    return f"{value:.0%} where {x:.0%} was promised"
