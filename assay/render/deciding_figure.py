"""The one picture of the first screen: the numbers that decide, beside what they are held to."""

from __future__ import annotations

from collections.abc import Sequence

from assay.config.gates import LOWER_IS_BETTER
from assay.gates.performance.metric_titles import metric_title, metric_unit
from assay.gates.report import Check, Figure, Measurement, Point, Report, Series
from assay.render.deciding_numbers import (
    estimate_texts,
    gap_title,
    gap_unit,
    group_title,
    headline_score,
    judged_gaps,
    statistic_title,
    widest_gap,
)
from assay.render.numbers import format_number

_MOST_GAPS = 8  # that a first screen has room for


def deciding_figure(
    reports: Sequence[Report],
    deciding_report: Report | None,
    *,
    champion: str = "",
    unit: str = "",
    state: str = "good",
) -> Figure | None:
    """The gaps between groups where fairness decided, the failed check where a run stopped, else
    the score beside its rivals. None where nothing was measured.
    """
    of_gate = {report.gate: report for report in reports}
    decided_by = deciding_report.gate if deciding_report else ""
    if state == "stopped":
        return _failed_check_figure(deciding_report)
    if decided_by == "fairness" and (figure := gap_figure(of_gate["fairness"], unit)):
        return figure
    performance = of_gate.get("performance")
    return rival_figure(performance, champion=champion, unit=unit) if performance else None


def rival_figure(report: Report, *, champion: str = "", unit: str = "") -> Figure | None:
    """The headline score with its interval, above the champion's and the dummy's."""
    score = headline_score(report)
    if score is None:
        return None
    rivals = [
        (name, m)
        for kind, name in (
            ("champion_score", f"champion {champion}".strip()),
            ("dummy_score", "dummy"),
        )
        for m in report.measurements
        if m.kind == kind and m.metric == score.metric and m.value is not None
    ]
    title = metric_title(score.metric)
    counted = metric_unit(score.metric, unit)
    points = [_mark("this model", score), *(_mark(name, m) for name, m in rivals)]
    limit = score_limit(report, score)
    said = [f"{name} {format_number(m.value)}" for name, m in rivals]
    return Figure(
        title=f"{title} on the test rows",
        kind="intervals",
        series=(Series(name=title, points=tuple(points)),),
        axis=f"{title}, {counted}" if counted else title,
        reference=limit,
        reference_name="limit",
        alt=f"{title}: this model {' '.join(estimate_texts(score)).strip()}"
        + "".join(f", {text}" for text in said)
        + ".",
    )


def score_limit(report: Report, score: Measurement) -> float | None:
    """The value from which the headline score is accepted: its own limit, else the dummy's score
    with the margin that is asked beyond it.
    """
    checks = {check.name: check for check in report.checks}
    if asked := checks.get(f"at_least[{score.metric}]"):
        return asked.threshold
    beats = checks.get("beats_dummy")
    dummies = [m.value for m in report.measurements_of("dummy_score") if m.metric == score.metric]
    if beats is None or beats.threshold is None or not dummies or dummies[0] is None:
        return None
    sign = -1 if score.metric in LOWER_IS_BETTER else 1
    return dummies[0] + sign * beats.threshold


def gap_figure(report: Report, unit: str = "") -> Figure | None:
    """The judged gaps that share the kind and the limit of the widest, with what is allowed.

    `unit` is what outcomes are counted in. None where no gap was held to a limit.
    """
    if not judged_gaps(report):
        return None
    widest = widest_gap(report)
    limit = widest.limit or 0.0
    alike = [m for m in judged_gaps(report) if (m.kind, m.limit) == (widest.kind, widest.limit)]
    shown = sorted(alike, key=lambda m: -abs(m.value or 0.0))[:_MOST_GAPS]
    difference = widest.kind == "difference"
    band = (-limit, limit) if difference else tuple(sorted((limit, 1 / limit if limit else 1.0)))
    what = "gap to the reference group" if difference else "ratio to the reference group"
    value, counted = " ".join(estimate_texts(widest)).strip(), gap_unit(widest, unit)
    several = len({m.metric for m in shown}) > 1
    return Figure(
        title=f"{metric_title(widest.metric)}: {what}" if not several else what.capitalize(),
        kind="intervals",
        series=(
            Series(
                name="gap",
                points=tuple(_mark(gap_title(m) if several else group_title(m), m) for m in shown),
            ),
        ),
        axis=f"{what}, {counted}" if counted else what,
        reference=0.0 if difference else 1.0,
        reference_name="no gap",
        band=(band[0], band[1]),
        alt=f"{gap_title(widest)} has a {what} of {value}; "
        f"{format_number(band[0])} to {format_number(band[1])} is allowed.",
    )


def _failed_check_figure(report: Report | None) -> Figure | None:
    """What the first deciding check measured, and its limit."""
    checks = report.checks_weighing(report.verdict) if report else []
    found = [c for c in checks if c.estimate is not None and c.threshold is not None]
    return check_figure(found[0]) if found else None


def check_figure(check: Check) -> Figure:
    """One check's estimate with its interval beside its limit."""
    bounds = check.interval
    point = Point(
        label="seen",
        value=check.estimate,
        low=bounds.low if bounds else None,
        high=bounds.high if bounds else None,
    )
    statistic = statistic_title(check)
    return Figure(
        title=statistic,
        kind="intervals",
        series=(Series(name="seen", points=(point,)),),
        axis=statistic,
        reference=check.threshold,
        reference_name="limit",
        alt=f"{statistic}: {format_number(check.estimate)}, where the limit is "
        f"{format_number(check.threshold)}.",
    )


def _mark(label: str, measured: Measurement) -> Point:
    bounds = measured.interval
    return Point(
        label=label,
        value=measured.value,
        low=bounds.low if bounds else None,
        high=bounds.high if bounds else None,
    )
