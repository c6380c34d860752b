"""Histograms: bars along the x axis, with the series drawn over one another."""

from __future__ import annotations

from markupsafe import Markup

from assay.gates.report import Figure, Point
from assay.render.numbers import format_number
from assay.render.svg import elements
from assay.render.svg.canvas import ChartMarks
from assay.render.svg.elements import series_group, svg_tag
from assay.render.svg.xy_chart import Axes, draw_frame, fit_axes, x_axis_bottom
from assay.util.printable_text import printable_text


def is_histogram(figure: Figure) -> bool:
    """Whether the figure's bars belong on an x axis.

    That needs bin edges on most bars. A bar for missing values has none, and is described in text.
    """
    points = [point for series in figure.series for point in series.points]
    return figure.kind == "bars" and sum(map(_has_bin, points)) > len(points) / 2


def draw_histogram(figure: Figure, top: float) -> ChartMarks:
    """The bars from `top` down; series differ by fill and outline."""
    figure = _close_open_bins(figure)
    axes, levels = fit_axes(figure, top)
    marks = draw_frame(figure, axes, levels, top)
    notes = []
    for index, series in enumerate(figure.series):
        bins = [p for p in series.points if p.value is not None and _has_bin(p)]
        marks.append(series_group(index, *(_draw_bin(index, p, axes) for p in bins)))
        notes += [
            f"{printable_text(series.name)}, {printable_text(p.label)}: {format_number(p.value)}"
            for p in series.points
            if not _has_bin(p) or p.value is None
        ]
    return ChartMarks(marks, x_axis_bottom(figure, axes), notes)


def _has_bin(point: Point) -> bool:
    return point.x_low is not None or point.x_high is not None


def _close_open_bins(figure: Figure) -> Figure:
    """The figure with open bins closed at the median width of the others."""
    points = [point for series in figure.series for point in series.points]
    known = [(p.x_low, p.x_high) for p in points if p.x_low is not None and p.x_high is not None]
    widths = sorted(high - low for low, high in known)
    wide = widths[len(widths) // 2] if widths else 1.0

    def close(point: Point) -> Point:
        low, high = point.x_low, point.x_high
        if low is None and high is not None:
            return point.model_copy(update={"x_low": high - wide})
        if high is None and low is not None:
            return point.model_copy(update={"x_high": low + wide})
        return point

    series = tuple(
        one.model_copy(update={"points": tuple(map(close, one.points))}) for one in figure.series
    )
    return figure.model_copy(update={"series": series})


def _draw_bin(index: int, point: Point, axes: Axes) -> Markup:
    assert point.value is not None
    left, right = sorted(
        axes.x_scale(end) for end in (point.x_low, point.x_high) if end is not None
    )
    zero, tip = axes.y_scale(0.0), axes.y_scale(point.value)
    box = {"x": left, "y": min(zero, tip), "width": right - left, "height": abs(zero - tip)}
    style = elements.bar_layer_style(index)
    middle = (left + right) / 2
    whisker = elements.interval_whisker(
        axes.y_scale, point.value, (point.low, point.high), middle, upright=True
    )
    return svg_tag("g", elements.point_tooltip(point), svg_tag("rect", **box, **style), whisker)
