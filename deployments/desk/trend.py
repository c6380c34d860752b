"""A champion's performance over its looks, as a sentence and as a small picture."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from assay.deployments.desk.use_case_state import PerformanceTrend

_WIDTH, _HEIGHT = 84, 22  # pixels


def describe_performance(trend: PerformanceTrend) -> str:
    """The last realised value against what was expected: "ROC AUC 0.91, 0.92 expected"."""
    pairs = list(zip(trend.realised, trend.expected, strict=True))
    judged = [(realised, expected) for realised, expected in pairs if realised is not None]
    if not judged:
        expected = next((value for _, value in reversed(pairs) if value is not None), None)
        return f"{trend.metric} {_number(expected)} expected, no labels yet"
    realised, expected = judged[-1]
    against = "" if expected is None else f", {_number(expected)} expected"
    return f"{trend.metric} {_number(realised)}{against}"


def trend_svg(trend: PerformanceTrend) -> str:
    """Both values by look on one scale, as SVG; "" for fewer than two looks."""
    known = [v for v in (*trend.expected, *trend.realised) if v is not None and isfinite(v)]
    if len(trend.expected) < 2 or len(known) < 2:
        return ""
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = _WIDTH / (len(trend.expected) - 1)

    def points(values: Sequence[float | None]) -> list[str]:
        return [
            f"{place * step:.1f},{_HEIGHT - 2 - (value - low) / span * (_HEIGHT - 4):.1f}"
            for place, value in enumerate(values)
            if value is not None and isfinite(value)
        ]

    lines = [("expected", points(trend.expected), ' stroke-dasharray="3 2"')]
    lines.append(("realised", points(trend.realised), ""))
    drawn = "".join(
        f'<polyline class="{name}" points="{" ".join(at)}" fill="none" stroke-width="1.5"{dashes}/>'
        for name, at, dashes in lines
        if len(at) > 1
    )
    last = next((at[-1] for name, at, _ in lines[::-1] if at), "")
    x, _, y = last.partition(",")
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'aria-hidden="true">{drawn}<circle class="last" cx="{x}" cy="{y}" r="2"/></svg>'
    )


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g}"
