"""Figures as text: one strip of characters for each mark, if a line of text can hold it."""

from __future__ import annotations

from typing import NamedTuple

from assay.gates.report import Figure, Point
from assay.render.numbers import format_number, format_numbers
from assay.render.svg.axes import Scale, axis_range, axis_values
from assay.util.printable_text import printable_text

_MOST_MARKS = 24  # marks; more are numbers in the page
_BARS = "█▒░"  # by series, told apart without colour
_MARKS = "●■▲◆"
_ALLOWED_SIGN, _REFERENCE_SIGN = "·", "┊"


class TextStrip(NamedTuple):
    """One mark: its label, its series, its strip, its value."""

    label: str
    series: str
    characters: str
    value: str


def text_strips(figure: Figure, room: int) -> list[TextStrip]:
    """Every mark of a figure with one row for each label, as `room` characters.

    Empty for figures of another kind, and for one with too many marks.
    """
    marks = [
        (index, series.name, point)
        for index, series in enumerate(figure.series)
        for point in series.points
    ]
    if figure.kind not in {"intervals", "bars"} or not 0 < len(marks) <= _MOST_MARKS:
        return []
    order = list(dict.fromkeys(point.label for *_, point in marks))
    marks.sort(key=lambda mark: order.index(mark[2].label))
    scale = Scale(*axis_range(axis_values(figure)), 0, room - 1)
    values = format_numbers([point.value for *_, point in marks])
    several = len(figure.series) > 1
    return [
        TextStrip(
            printable_text(p.label),
            printable_text(name) if several else "",
            _strip_characters(figure, scale, i, p),
            v,
        )
        for (i, name, p), v in zip(marks, values, strict=True)
    ]


def strip_legend(figure: Figure) -> str:
    """The meaning of the strips' signs: "┊ tolerance 0.1, · allowed -0.1 to 0.1"."""
    said = []
    if figure.reference is not None:
        said.append(f"{_REFERENCE_SIGN} {figure.reference_name} {format_number(figure.reference)}")
    if figure.band:
        low, high = format_numbers(figure.band)
        said.append(f"{_ALLOWED_SIGN} {figure.band_name} {low} to {high}")
    return printable_text(", ".join(said))


def _strip_characters(figure: Figure, scale: Scale, series: int, point: Point) -> str:
    cells = [" "] * (round(scale.end) + 1)
    if figure.band:
        low, high = sorted(round(scale(end)) for end in figure.band)
        cells[low : high + 1] = _ALLOWED_SIGN * (high + 1 - low)
    if figure.reference is not None:
        cells[round(scale(figure.reference))] = _REFERENCE_SIGN
    if point.value is None:
        return "".join(cells)
    at = round(scale(point.value))
    if figure.kind == "bars":
        low, high = sorted((round(scale(0.0)), at))
        cells[low:high] = _BARS[series % len(_BARS)] * (high - low)
        return "".join(cells)
    _draw_whisker(cells, scale, point)
    cells[at] = _MARKS[series % len(_MARKS)]
    return "".join(cells)


def _draw_whisker(cells: list[str], scale: Scale, point: Point) -> None:
    """Draw the interval into the cells, with an arrow at an open side."""
    if point.low is None and point.high is None:
        return
    low = 0 if point.low is None else round(scale(point.low))
    high = len(cells) - 1 if point.high is None else round(scale(point.high))
    low, high = sorted((low, high))
    cells[low : high + 1] = "─" * (high + 1 - low)
    cells[low] = "←" if point.low is None else "├"
    cells[high] = "→" if point.high is None else "┤"
