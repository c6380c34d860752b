"""Figures with one row for each label: intervals and bars along a horizontal value axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from assay.gates.report import Figure, Point
from assay.render.numbers import format_numbers
from assay.render.svg import elements
from assay.render.svg.axes import Scale, axis_values, fit_scale
from assay.render.svg.canvas import WIDTH, ChartMarks, centred_text, fitting_ticks, value_band
from assay.render.svg.elements import (
    GRID_STYLE,
    LINE_HEIGHT,
    OVER_GRID_STYLE,
    series_group,
    series_marker,
    svg_line,
    svg_text,
    text_width,
)
from assay.util.printable_text import printable_text

_MOST_ROWS = 60
_MANY_MARKS = 24  # from this many marks, rows are closer and values appear only in the table below

LabelRow = tuple[str, list[tuple[int, Point]]]  # a label and its points by series


@dataclass(frozen=True)
class _Layout:
    """Positions and sizes within a row, in pixels."""

    value_scale: Scale
    value_width: float  # width of the value texts
    label_height: float  # height of a label above its row
    mark_height: float  # height of one mark
    gap: float  # between rows

    def row_height(self, marks: int) -> float:
        """The height of a row, at least that of its label."""
        return max(self.label_height + self.mark_height * marks, LINE_HEIGHT - 3) + self.gap


def draw_row_chart(figure: Figure, top: float) -> ChartMarks:
    """Draw the rows from `top` down."""
    rows = list(_label_rows(figure))
    cut, rows = rows[_MOST_ROWS:], rows[:_MOST_ROWS]
    values = _value_texts(rows)
    layout = _fit_layout(figure, rows, values)
    marks: list[Markup] = []
    y = top + 4
    for row, shown in zip(rows, values, strict=True):
        marks += _draw_row(figure.kind, row, shown, layout, y)
        y += layout.row_height(len(row[1]))
    axis, bottom = _draw_value_axis(figure, layout.value_scale, top, y)
    return ChartMarks(axis + marks, bottom, [f"{len(cut)} more are in the numbers"] if cut else [])


def _value_texts(rows: Sequence[LabelRow]) -> list[list[str]]:
    """The values of each row as text, with equal precision."""
    written = iter(format_numbers([p.value for _, points in rows for _, p in points]))
    return [[next(written) for _ in points] for _, points in rows]


def _fit_layout(
    figure: Figure, rows: Sequence[LabelRow], values: Sequence[Sequence[str]]
) -> _Layout:
    widest = max((text_width(printable_text(label)) for label, _ in rows), default=0)
    above = LINE_HEIGHT if widest > 0.4 * WIDTH else 0.0
    many = len(figure.series) > 1 and sum(map(len, values)) > _MANY_MARKS
    right = 0.0 if many else max((text_width(v) for row in values for v in row), default=0) + 8
    across = fit_scale(axis_values(figure), 16 if above else widest + 10, WIDTH - right - 6)
    lane = 9.5 if many else 15.0 if len(figure.series) > 1 else 20.0
    return _Layout(across, right, above, lane, gap=6.0)


def _label_rows(figure: Figure) -> Iterator[LabelRow]:
    """Rows in order of first appearance; a label used twice in one series makes two rows."""
    rows: dict[tuple[str, int], list[tuple[int, Point]]] = {}
    for index, series in enumerate(figure.series):
        seen: Counter[str] = Counter()
        for point in series.points:
            rows.setdefault((point.label, seen[point.label]), []).append((index, point))
            seen[point.label] += 1
    for (label, _), points in rows.items():
        yield label, points


def _draw_row(
    kind: str, row: LabelRow, values: Sequence[str], layout: _Layout, y: float
) -> list[Markup]:
    label, points = row
    height = layout.row_height(len(points))
    base = y + LINE_HEIGHT - 2 if layout.label_height else y + height / 2 + 4.5
    room = WIDTH if layout.label_height else layout.value_scale.start - 9
    marks = [svg_text(label, 0, base, room=room, **OVER_GRID_STYLE)]
    # A row that its label makes higher than its marks has the marks in the middle.
    first = (
        y
        + layout.label_height
        + (height - layout.label_height - layout.mark_height * len(points)) / 2
    )
    for at, ((series, point), value) in enumerate(zip(points, values, strict=True)):
        middle = first + layout.mark_height * (at + 0.5)
        marks += _draw_mark(kind, layout, (series, point), middle)
        if layout.value_width:
            room = layout.value_width
            marks.append(svg_text(value, WIDTH, middle + 4.5, room=room, text_anchor="end"))
    return marks


def _draw_mark(
    kind: str, layout: _Layout, series_point: tuple[int, Point], y: float
) -> list[Markup]:
    (series, point), across = series_point, layout.value_scale
    if point.value is None:
        room = across.end - across.start
        return [
            svg_text(
                "no value",
                across.start + 4,
                y + 4.5,
                room=room,
                **OVER_GRID_STYLE,
                font_style="italic",
            )
        ]
    x, zero = across(point.value), across(0.0)
    whisker = elements.interval_whisker(
        across, point.value, (point.low, point.high), y, upright=False
    )
    if kind == "bars":
        high = min(11.0, layout.mark_height - 2)
        mark = elements.svg_bar(series, min(zero, x), y - high / 2, abs(x - zero), high)
        return [series_group(series, elements.point_tooltip(point), mark), whisker]
    return [
        series_group(series, elements.point_tooltip(point), whisker, series_marker(series, x, y))
    ]


def _draw_value_axis(
    figure: Figure, across: Scale, top: float, y: float
) -> tuple[list[Markup], float]:
    """Grid, ticks, reference and band of a horizontal value axis, and the pixel where it ends."""
    marks = []
    if figure.band:
        marks.append(value_band(across, figure.band, (top, y), upright=False))
    for value, label in fitting_ticks(across):
        marks.append(svg_line(across(value), top, across(value), y, **GRID_STYLE))
        marks.append(centred_text(label, across(value), y + 15))
    if figure.reference is not None:
        x = across(figure.reference)
        marks.append(elements.reference_line(x, top, x, y))
    marks.append(centred_text(figure.axis, (across.start + across.end) / 2, y + 15 + LINE_HEIGHT))
    return marks, y + (22 + LINE_HEIGHT if figure.axis else 22)
