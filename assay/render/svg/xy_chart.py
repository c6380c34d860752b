"""Figures with two axes: curves and point clouds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from assay.gates.report import Figure, Point, Series
from assay.render.date_figure import DateFigure
from assay.render.svg import elements
from assay.render.svg.axes import Scale, axis_values, fit_scale, linear_ticks, x_axis_values
from assay.render.svg.canvas import WIDTH, ChartMarks, centred_text, fitting_ticks, value_band
from assay.render.svg.elements import (
    GRID_STYLE,
    LINE_HEIGHT,
    MUTED_STYLE,
    series_group,
    series_marker,
    svg_line,
    svg_tag,
    svg_text,
    text_width,
)
from assay.render.svg.point_labels import Box, LabelledMark, draw_point_labels

_PLOT_HEIGHT = 220.0  # pixels between the ends of the value axis
_MOST_MARKS = 30  # more marks would hide the line


class Axes(NamedTuple):
    """The two scales of a picture."""

    x_scale: Scale
    y_scale: Scale

    @property
    def label_area(self) -> Box:
        """The area for labels: between the axes and the edge of the picture."""
        return Box(self.x_scale.start, self.y_scale.end - 6, WIDTH, self.y_scale.start)

    def to_pixels(self, point: Point) -> tuple[float, float]:
        """The pixel position of a point that has both numbers."""
        assert point.x is not None
        assert point.value is not None
        return self.x_scale(point.x), self.y_scale(point.value)


def draw_xy_chart(figure: Figure, top: float) -> ChartMarks:
    """Draw a curve or a cloud from `top` down."""
    axes, levels = fit_axes(figure, top)
    marks = draw_frame(figure, axes, levels, top)
    for index, series in enumerate(figure.series):
        marks.append(_draw_series(figure, index, series, axes))
    bottom = x_axis_bottom(figure, axes)
    if figure.kind == "scatter":
        named = [
            LabelledMark(index, point.label, axes.to_pixels(point), _whisker_boxes(point, axes))
            for index, point in _placeable_points(figure)
            if point.label
        ]
        labels, bottom = draw_point_labels(named, axes.label_area, bottom)
        marks += labels
    points = [point for series in figure.series for point in series.points]
    lost = len(points) - len(list(_placeable_points(figure)))
    note = f"{lost} of {len(points)} points have no value and are not drawn"
    return ChartMarks(marks, bottom, [note] if lost else [])


def _placeable_points(figure: Figure) -> Iterator[tuple[int, Point]]:
    """Every point that has a position, with the index of its series."""
    for index, series in enumerate(figure.series):
        for point in series.points:
            if point.value is not None and point.x is not None:
                yield index, point


# --- axes -----------------------------------------------------------------------------------


def fit_axes(figure: Figure, top: float) -> tuple[Axes, list[tuple[float, str]]]:
    """Both scales, and the ticks of the value axis, which determine the width of its labels."""
    ups, xs = axis_values(figure), x_axis_values(figure)
    if figure.diagonal and not figure.x_log:
        ups = xs = ups + xs  # the diagonal from corner to corner
    head = top + (LINE_HEIGHT + 6 if figure.axis else 6)
    rise = fit_scale(ups, head + _PLOT_HEIGHT, head)
    levels = linear_ticks(rise.low, rise.high, 6)
    left = max((text_width(label) for _, label in levels), default=0) + 10
    return Axes(fit_scale(xs, left, WIDTH - 26, log=figure.x_log), rise), levels


def x_axis_bottom(figure: Figure, axes: Axes) -> float:
    return axes.y_scale.start + (22 + LINE_HEIGHT if figure.x_axis else 22)


def draw_frame(
    figure: Figure, axes: Axes, levels: Sequence[tuple[float, str]], top: float
) -> list[Markup]:
    """The bands, then the grid with its labels, then the reference lines."""
    across, rise = axes
    marks = [svg_text(figure.axis, 0, top + 11, room=WIDTH, **MUTED_STYLE)]
    if figure.band:
        marks.append(value_band(rise, figure.band, (across.start, across.end), upright=True))
    if figure.x_band:
        marks.append(value_band(across, figure.x_band, (rise.end, rise.start), upright=False))
    for value, label in levels:
        y = rise(value)
        marks.append(svg_line(across.start, y, across.end, y, **GRID_STYLE))
        room = across.start
        marks.append(
            svg_text(label, room - 8, y + 4.5, room=room, text_anchor="end", **MUTED_STYLE)
        )
    dates = figure.date_label if isinstance(figure, DateFigure) else None
    for value, label in fitting_ticks(across, dates):
        x = across(value)
        marks.append(svg_line(x, rise.start, x, rise.start + 4, **GRID_STYLE))
        marks.append(centred_text(label, x, rise.start + 17))
    middle = (across.start + across.end) / 2
    return [
        *marks,
        centred_text(figure.x_axis, middle, rise.start + 17 + LINE_HEIGHT),
        *_comparison_lines(figure, axes),
    ]


def _comparison_lines(figure: Figure, axes: Axes) -> Iterator[Markup]:
    across, rise = axes
    if figure.diagonal:
        # If the axes differ, or one is logarithmic, it is not a straight line.
        low, high = max(across.low, rise.low), min(across.high, rise.high)
        steps = [low + (high - low) * i / 64 for i in range(65)] if low < high else []
        path = "M" + "L".join(f"{across(v):.1f} {rise(v):.1f}" for v in steps)
        if steps:
            yield svg_tag(
                "path", d=path, fill="none", stroke="currentColor", **elements.DIAGONAL_STYLE
            )
    if figure.reference is not None:
        y = rise(figure.reference)
        yield elements.reference_line(across.start, y, across.end, y)
    if figure.x_reference is not None:
        x = across(figure.x_reference)
        yield elements.reference_line(x, rise.end, x, rise.start)


# --- series ---------------------------------------------------------------------------------


def has_line(figure: Figure, series: Series) -> bool:
    """Whether a line joins the points; a line needs two points."""
    asked = figure.kind == "curve" if series.joined is None else series.joined
    return asked and len(series.points) > 1


def has_markers(figure: Figure, series: Series) -> bool:
    """Whether each point has a marker."""
    return not has_line(figure, series) or len(series.points) <= _MOST_MARKS


def _draw_series(figure: Figure, index: int, series: Series, axes: Axes) -> Markup:
    """One series: its line, broken at missing values, its whiskers and its markers."""
    ordered = sorted((p for p in series.points if p.x is not None), key=lambda p: p.x or 0.0)
    drawn: list[Markup] = []
    if has_line(figure, series):
        path = _line_path(ordered, axes)
        drawn.append(
            svg_tag(
                "path", d=path, fill="none", stroke="currentColor", **elements.series_stroke(index)
            )
        )
    for point in ordered:
        if point.value is None or point.x is None:
            continue
        x, y = axes.to_pixels(point)
        drawn.append(
            elements.interval_whisker(
                axes.y_scale, point.value, (point.low, point.high), x, upright=True
            )
        )
        drawn.append(
            elements.interval_whisker(
                axes.x_scale, point.x, (point.x_low, point.x_high), y, upright=False
            )
        )
        if has_markers(figure, series):
            drawn.append(svg_tag("g", elements.point_tooltip(point), series_marker(index, x, y)))
    return series_group(index, *drawn)


def _whisker_boxes(point: Point, axes: Axes) -> tuple[Box, ...]:
    """The thin boxes that a point's whiskers cover."""
    x, y = axes.to_pixels(point)
    ups = [axes.y_scale(end) for end in (point.low, point.high) if end is not None]
    outs = [axes.x_scale(end) for end in (point.x_low, point.x_high) if end is not None]
    return (
        Box(x - 1, min([y, *ups]), x + 1, max([y, *ups])),
        Box(min([x, *outs]), y - 1, max([x, *outs]), y + 1),
    )


def _line_path(points: Sequence[Point], axes: Axes) -> str:
    path, pen = [], "M"
    for point in points:
        if point.value is None:
            pen = "M"
            continue
        x, y = axes.to_pixels(point)
        path.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(path)
