"""Headline figures over all looks, as a sheet and as curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.gates.monitoring.facts import LookSummary
from assay.gates.report import Figure, Point, Series, Sheet

_SHARE_PREFIXES = ("expected ", "realised ", "coverage")  # lie between 0 and 1, and share an axis
_ERROR_NAMES = (" MAE", " RMSE")  # of amounts, whose figures these prefixes have too


def look_sheet(earlier: Sequence[LookSummary], now: LookSummary) -> Sheet:
    """A sheet with one row for each look, the newest last."""
    looks = [*earlier, now]
    names = list(dict.fromkeys(name for look in looks for name in look.figures))
    return Sheet(
        title="Looks so far",
        columns=("look", "as of", "verdict", *names),
        rows=tuple(
            (str(look.look), look.as_of, look.verdict, *(look.figures.get(n) for n in names))
            for look in looks
        ),
    )


def look_figure(earlier: Sequence[LookSummary], now: LookSummary) -> Figure | None:
    """Expected and realised performance by look, with coverage where they are shares; None for a
    first look.
    """
    looks = [*earlier, now]
    names = [
        name
        for name in dict.fromkeys(name for look in looks for name in look.figures)
        if name.startswith(_SHARE_PREFIXES)
    ]
    # Errors are in the target's unit, and shares would lie flat beside them.
    names = [name for name in names if name.endswith(_ERROR_NAMES)] or names
    series = [Series(name=name, points=_points(looks, name)) for name in names]
    series = [one for one in series if len(one.points) > 1]
    if not series:
        return None
    told = "; ".join(_series_text(one) for one in series)
    return Figure(
        title="Headline figures over the looks",
        kind="curve",
        series=tuple(series),
        axis="value",
        x_axis="look",
        alt=f"By look, from the first to the last: {told}.",
    )


def _points(looks: Sequence[LookSummary], name: str) -> tuple[Point, ...]:
    return tuple(
        Point(label=look.as_of[:10], value=look.figures[name], x=float(look.look))
        for look in looks
        if name in look.figures
    )


def _series_text(series: Series) -> str:
    values = [point.value for point in series.points if point.value is not None]
    return f"{series.name} from {values[0]:.3f} to {values[-1]:.3f}, least {min(values):.3f}"


def round_figures(figures: Mapping[str, float | None]) -> dict[str, float]:
    """The figures that have a value, rounded to six decimals."""
    return {name: round(float(v), 6) for name, v in figures.items() if v is not None}
