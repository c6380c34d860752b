"""The technical gate: what a model takes to answer, against what it may take.

The figures are of the machine that trained the model. Times of calls are skewed and jump, so they
are judged by percentiles, whose intervals assume no distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assay.config.gates import TechnicalLimits
from assay.gates.report import Cell, Check, Interval, Report, Sheet, Verdict, overall_verdict
from assay.gates.statistics.intervals import Estimate, verdict_at_least, verdict_at_most
from assay.gates.statistics.quantiles import quantile

CALL_QUANTILE = 0.95  # of calls that a limit for single rows speaks of


@dataclass(frozen=True, slots=True)
class _TechnicalFigure:
    """One figure, its limit, and on which side of it is well."""

    name: str
    subject: str  # "The time for a single row"
    statistic: str
    estimate: Estimate | None
    limit: float | None
    judge: Callable[[Interval, float], Verdict]
    format_value: Callable[[float], str]
    remedy: str
    rows: int | None = None


def judge_technical_limits(
    timing: Mapping[str, Any], limits: TechnicalLimits, *, subject: str
) -> Report:
    """Judge what `assay.learning.timing.measure_timing` found by the use case's limits.

    What has no limit is reported and passes. A limit inside the interval is unknown.
    """
    figures = _figures(timing, limits)
    checks = [_check(figure) for figure in figures]
    told = f"{_duration(quantile(timing['row'], 0.5).value)} for a row at the median"
    rows = timing["batch"]["rows"]
    speed = rows / quantile(timing["batch"]["seconds"], 0.5).value
    told += f", {speed:,.0f} rows a second in batches of {rows:,}"
    return Report(
        gate="technical",
        subject=subject,
        verdict=overall_verdict(checks),
        summary=f"{told}, {_bytes(timing['bytes'])} stored.",
        checks=tuple(checks),
        sheets=(_sheet(timing, figures),),
        notes=(_NOTE,),
    )


_NOTE = (
    "Measured right after training, on the machine that trained, in one thread, through the whole "
    "of the model: checks of its input, preparation, probability, decision."
)


def _figures(timing: Mapping[str, Any], limits: TechnicalLimits) -> list[_TechnicalFigure]:
    rows = timing["batch"]["rows"]
    found = [
        _TechnicalFigure(
            name="row",
            subject="The time for a single row",
            statistic="seconds, 95th percentile of calls",
            estimate=quantile(timing["row"], CALL_QUANTILE),
            limit=limits.row,
            judge=verdict_at_most,
            format_value=_duration,
            remedy="Choose a smaller or simpler model, or ask for many rows at once.",
            rows=len(timing["row"]),
        ),
        _TechnicalFigure(
            name="batch",
            subject=f"The speed of a batch of {rows:,} rows",
            statistic="rows a second in batches, median of calls",
            estimate=_speed(rows, quantile(timing["batch"]["seconds"], 0.5)),
            limit=limits.batch,
            judge=verdict_at_least,
            format_value=lambda value: f"{value:,.0f} rows a second",
            remedy="Choose a smaller or simpler model, or spread the rows over more processes.",
            rows=rows,
        ),
        _TechnicalFigure(
            name="size",
            subject="The size of the stored model",
            statistic="bytes of the stored model",
            estimate=_exact_estimate(timing["bytes"]),
            limit=limits.size,
            judge=verdict_at_most,
            format_value=_bytes,
            remedy="Choose fewer or shallower trees, or fewer columns.",
        ),
        _TechnicalFigure(
            name="memory",
            subject=f"The memory for a batch of {rows:,} rows",
            statistic="bytes of memory for a batch",
            estimate=_exact_estimate(timing["memory"]),
            limit=limits.memory,
            judge=verdict_at_most,
            format_value=_bytes,
            remedy="Ask for fewer rows at once.",
            rows=rows,
        ),
    ]
    return [figure for figure in found if figure.estimate is not None or figure.limit is not None]


def _exact_estimate(value: float | None) -> Estimate | None:
    return None if value is None else Estimate(float(value), Interval(low=value, high=value))


def _speed(rows: int, seconds: Estimate) -> Estimate:
    low, high = seconds.interval.low, seconds.interval.high
    slowest = rows / high if high else None
    return Estimate(rows / seconds.value, Interval(low=slowest, high=rows / low if low else None))


def _check(figure: _TechnicalFigure) -> Check:
    now, limit, verdict = figure.estimate, figure.limit, _verdict(figure)
    at = "at least" if figure.judge is verdict_at_least else "at most"
    asked = "has no limit" if limit is None else f"is {at} {figure.format_value(limit)}"
    unsure = _FEW_CALLS if now and now.interval.high is None else _UNSURE
    remedies = {Verdict.FAIL: figure.remedy, Verdict.UNKNOWN: unsure}
    return Check(
        name=figure.name,
        claim=f"{figure.subject} {asked}",
        verdict=verdict,
        statistic=figure.statistic,
        estimate=now.value if now else None,
        interval=_bounds(now),
        threshold=limit,
        why=_why(figure),
        remedy=remedies.get(verdict, ""),
        rows=figure.rows,
    )


_FEW_CALLS = (
    "Too few calls fitted into the second that is given to them (72 are needed): run it again with "
    "--always on a quiet machine, or choose a quicker model."
)
_UNSURE = "Run it again with --always on a quiet machine, or set a limit further off."


def _verdict(figure: _TechnicalFigure) -> Verdict:
    if figure.limit is None:
        return Verdict.PASS
    if figure.estimate is None:
        return Verdict.UNKNOWN
    return figure.judge(figure.estimate.interval, figure.limit)


def _bounds(estimate: Estimate | None) -> Interval | None:
    """The interval of what was measured with doubt; None for what was counted."""
    if estimate is None or estimate.interval.low == estimate.interval.high is not None:
        return None
    return estimate.interval


def _why(figure: _TechnicalFigure) -> str:
    if figure.estimate is None:
        return f"{figure.subject} was not measured: something else was tracing memory"
    bounds = _bounds(figure.estimate)
    value = f"{figure.subject} is {figure.format_value(figure.estimate.value)}"
    if bounds is None:
        return value
    if bounds.low is None and bounds.high is None:
        return f"{value}; too few calls for an interval"
    if bounds.low is None or bounds.high is None:
        side = "at least" if bounds.high is None else "at most"
        end = bounds.low if bounds.high is None else bounds.high
        assert end is not None, "one side is there"
        return f"{value}, {side} {figure.format_value(end)}; too few calls for the other limit"
    low, high = figure.format_value(bounds.low), figure.format_value(bounds.high)
    return f"{value}, between {low} and {high}"


def _sheet(timing: Mapping[str, Any], figures: list[_TechnicalFigure]) -> Sheet:
    median = quantile(timing["row"], 0.5)
    rows: list[tuple[Cell, ...]] = [("seconds for a single row, median of calls", *_cells(median))]
    rows += [(figure.statistic, *_cells(figure.estimate)) for figure in figures]
    return Sheet(
        title="What it takes",
        columns=("figure", "model", "low", "high"),
        rows=tuple(rows),
        note=f"{len(timing['row']):,} calls for single rows, {len(timing['batch']['seconds']):,} "
        f"for batches of {timing['batch']['rows']:,}. Intervals at 95 %.",
    )


def _cells(estimate: Estimate | None) -> tuple[float | None, float | None, float | None]:
    bounds = _bounds(estimate)
    sides = (bounds.low, bounds.high) if bounds else (None, None)
    return (estimate.value if estimate else None, *sides)


def _duration(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _bytes(value: float) -> str:
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"
