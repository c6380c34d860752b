"""A figure as inline SVG: drawn by hand, so that a report needs no script and no library.

Labels are measured before they are placed, so that none overlaps or runs out of the picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from markupsafe import Markup

from assay.evidence.report import Figure, Point
from assay.render import draw
from assay.render.axes import Scale, near, span, ticks, values_of
from assay.render.draw import FONT, LINE, Entry, coloured, line, marker, tag, text, width
from assay.render.numbers import NONE, number, numbers
from assay.render.words import printable

WIDTH = 420.0  # reads well on a phone, where it shrinks a little, and two abreast on a desk
_CURVE_HEIGHT = 210.0
_MOST_ROWS = 60
Style = dict[str, str | float]

_MUTED: Style = {"class_": "muted", "fill": "#59626d"}
# Text that a line of the grid may pass beneath.
_OVER: Style = {"class_": "over", "stroke": "#fff", "stroke_width": 3.5, "paint_order": "stroke"}
_GRID: Style = {"class_": "grid", "stroke": "#d9dee4"}

Row = tuple[str, list[tuple[int, Point]]]  # a label, and its point in each series that has one


def svg(figure: Figure) -> str:
    """The figure as one `<svg>` element, its `alt` inside for who cannot see it."""
    key, top = draw.legend(_entries(figure), WIDTH)
    paint = _curve if figure.kind == "curve" else _rows
    marks, bottom, note = paint(figure, top)
    if note:
        bottom += LINE
        marks.append(text(note, 0, bottom - 4, room=WIDTH, font_style="italic", **_MUTED))
    return str(
        tag(
            "svg", tag("title", figure.title), tag("desc", figure.alt), key, *marks,
            xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH:g} {bottom:g}", role="img",
            class_="figure", fill="currentColor", font_size=FONT,
            font_family="system-ui, sans-serif",
        )
    )  # fmt: skip


# --- legend, reference and band -------------------------------------------------------------


def _entries(figure: Figure) -> list[Entry]:
    entries = []
    if len(figure.series) > 1 or figure.kind == "curve":
        entries = [
            Entry(coloured(index, _sample(figure.kind, index)), series.name)
            for index, series in enumerate(figure.series)
            if series.name
        ]
    low_high = numbers([figure.reference, *(figure.band or (None, None))], distinct=True)
    if figure.reference is not None:
        entries.append(Entry(_reference(0, 0, 22, 0), f"reference {low_high[0]}"))
    if figure.band:
        swatch = tag("rect", x=0, y=-6, width=22, height=12, **_allowed())
        entries.append(Entry(swatch, f"allowed {low_high[1]} to {low_high[2]}"))
    return entries


def _sample(kind: str, series: int) -> Markup:
    if kind == "bars":
        return draw.bar(series, 4, -5, 14, 10)
    if kind == "curve":
        return line(0, 0, 22, 0, **draw.stroke(series)) + marker(series, 11, 0)
    return line(0, 0, 22, 0, stroke_width=1.5) + marker(series, 11, 0)


def _reference(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return line(x1, y1, x2, y2, stroke_width=1.4, stroke_dasharray="4 3", class_="reference")


def _allowed() -> Style:
    return {"class_": "band", "fill": "#1d4380", "fill_opacity": "0.1"}


# --- intervals and bars: one row a label ----------------------------------------------------


def _rows(figure: Figure, top: float) -> tuple[list[Markup], float, str]:
    rows = list(_by_label(figure))
    cut = rows[_MOST_ROWS:]
    rows = rows[:_MOST_ROWS]
    written = iter(numbers([p.value for _, points in rows for _, p in points]))
    values = [[next(written) for _ in points] for _, points in rows]
    right = max((width(v) for row in values for v in row), default=0) + 8
    widest = max((width(printable(label)) for label, _ in rows), default=0)
    above = LINE if widest > 0.4 * WIDTH else 0.0  # long labels stand above their row
    left = 16 if above else widest + 10
    scale = Scale(*span(values_of(figure)), left, WIDTH - right - 6)
    lane = 15.0 if len(figure.series) > 1 else 20.0
    marks: list[Markup] = []
    y = top + 4
    for (label, points), shown in zip(rows, values, strict=True):
        height = above + lane * len(points) + 6
        base = y + LINE - 2 if above else y + height / 2 + 4.5
        marks.append(text(label, 0, base, room=WIDTH if above else left - 9, **_OVER))
        for at, ((series, point), value) in enumerate(zip(points, shown, strict=True)):
            middle = y + above + 3 + lane * (at + 0.5)
            marks += _mark(figure.kind, scale, series, point, middle)
            marks.append(text(value, WIDTH, middle + 4.5, room=right, text_anchor="end"))
        y += height
    axis, bottom = _value_axis(figure, scale, top, y)
    return axis + marks, bottom, f"{len(cut)} more are in the numbers" if cut else ""


def _by_label(figure: Figure) -> Iterator[Row]:
    """Rows in order of first appearance; a label used twice in one series makes two rows."""
    rows: dict[tuple[str, int], list[tuple[int, Point]]] = {}
    for index, series in enumerate(figure.series):
        seen: Counter[str] = Counter()
        for point in series.points:
            rows.setdefault((point.label, seen[point.label]), []).append((index, point))
            seen[point.label] += 1
    for (label, _), points in rows.items():
        yield label, points


def _mark(kind: str, scale: Scale, series: int, point: Point, y: float) -> list[Markup]:
    if point.value is None:
        room = scale.end - scale.start
        return [text("no value", scale.start + 4, y + 4.5, room=room, **_OVER, font_style="italic")]
    x, zero = scale(point.value), scale(0.0)
    if kind == "bars":
        mark = draw.bar(series, min(zero, x), y - 5.5, abs(x - zero), 11)
        return [coloured(series, _told(point), mark), _whisker(scale, point, y)]
    return [coloured(series, _told(point), _whisker(scale, point, y), marker(series, x, y))]


def _whisker(scale: Scale, point: Point, y: float) -> Markup:
    """The interval across the row, with a cap at each end that is known."""
    assert point.value is not None
    ends = [scale(end) for end in (point.low, point.high) if end is not None]
    if not ends:
        return Markup()
    reach = [*ends, scale(point.value)]
    caps = [line(x, y - 4, x, y + 4, stroke_width=1.6) for x in ends]
    return Markup().join([line(min(reach), y, max(reach), y, stroke_width=1.6), *caps])


def _value_axis(figure: Figure, scale: Scale, top: float, y: float) -> tuple[list[Markup], float]:
    """Grid, ticks, reference and band of a horizontal value axis; and where it ends."""
    marks = []
    if figure.band:
        low, high = sorted(scale(end) for end in figure.band)
        marks.append(tag("rect", x=low, y=top, width=high - low, height=y - top, **_allowed()))
    for value, label in _fitting(scale):
        marks.append(line(scale(value), top, scale(value), y, **_GRID))
        marks.append(_centred(label, scale(value), y + 15))
    if figure.reference is not None:
        marks.append(_reference(scale(figure.reference), top, scale(figure.reference), y))
    middle = (scale.start + scale.end) / 2
    marks.append(_centred(figure.axis, middle, y + 15 + LINE))
    return marks, y + (22 + LINE if figure.axis else 22)


# --- curves ---------------------------------------------------------------------------------


def _curve(figure: Figure, top: float) -> tuple[list[Markup], float, str]:
    points = [p for series in figure.series for p in series.points]
    drawn = [p for p in points if p.value is not None and p.x is not None]
    up = span(values_of(figure))
    levels = ticks(*up, 6)
    left = max((width(label) for _, label in levels), default=0) + 10
    head = top + (LINE + 6 if figure.axis else 6)
    across = Scale(*span([near(p.x) for p in drawn if p.x is not None]), left, WIDTH - 26)
    rise = Scale(*up, head + _CURVE_HEIGHT, head)
    marks = [text(figure.axis, 0, top + 11, room=WIDTH, **_MUTED)]
    marks += _frame(figure, across, rise, levels)
    for index, series in enumerate(figure.series):
        marks.append(_trace(index, series.points, across, rise))
    lost = len(points) - len(drawn)
    note = f"{lost} of {len(points)} points have no value and are not drawn" if lost else ""
    bottom = rise.start + (22 + LINE if figure.x_axis else 22)
    return marks, bottom, note


def _frame(
    figure: Figure, across: Scale, rise: Scale, levels: Sequence[tuple[float, str]]
) -> list[Markup]:
    marks = []
    if figure.band:
        high, low = sorted(rise(end) for end in figure.band)
        size = {"width": across.end - across.start, "height": low - high}
        marks.append(tag("rect", x=across.start, y=high, **size, **_allowed()))
    for value, label in levels:
        y = rise(value)
        marks.append(line(across.start, y, across.end, y, **_GRID))
        room = across.start
        marks.append(text(label, room - 8, y + 4.5, room=room, text_anchor="end", **_MUTED))
    for value, label in _fitting(across):
        x = across(value)
        marks.append(line(x, rise.start, x, rise.start + 4, **_GRID))
        marks.append(_centred(label, x, rise.start + 17))
    if figure.reference is not None:
        y = rise(figure.reference)
        marks.append(_reference(across.start, y, across.end, y))
    middle = (across.start + across.end) / 2
    return [*marks, _centred(figure.x_axis, middle, rise.start + 17 + LINE)]


def _trace(index: int, points: Sequence[Point], across: Scale, rise: Scale) -> Markup:
    """One series: its line, broken where a value is missing, its whiskers and marks."""
    ordered = sorted((p for p in points if p.x is not None), key=lambda p: p.x or 0.0)
    path, pen, marks = [], "M", []
    for point in ordered:
        if point.value is None or point.x is None:
            pen = "M"
            continue
        x, y = across(point.x), rise(point.value)
        path.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
        ends = [rise(end) for end in (point.low, point.high) if end is not None]
        if ends:
            marks.append(line(x, min(*ends, y), x, max(*ends, y), stroke_width=1.2))
            marks += [line(x - 3.5, end, x + 3.5, end, stroke_width=1.2) for end in ends]
        if len(ordered) <= 30:  # more marks than that would hide the line
            marks.append(tag("g", _told(point), marker(index, x, y)))
    drawn = tag("path", d="".join(path), fill="none", stroke="currentColor", **draw.stroke(index))
    return coloured(index, drawn, *marks)


# --- shared ---------------------------------------------------------------------------------


def _fitting(scale: Scale) -> list[tuple[float, str]]:
    """As many ticks as have room for their labels side by side, and within the picture."""
    for most in range(7, 1, -1):
        marks = ticks(scale.low, scale.high, most)
        places = [(scale(value), width(label) / 2) for value, label in marks]
        apart = all(b - a >= half_a + half_b + 8 for (a, half_a), (b, half_b) in pairwise(places))
        if apart:
            return [
                mark
                for mark, (x, half) in zip(marks, places, strict=True)
                if half <= x <= WIDTH - half
            ]
    return []


def _centred(said: str, x: float, y: float) -> Markup:
    """Text centred on `x`, moved so far as to stay within the picture."""
    if not said:
        return Markup()
    half = min(width(printable(said)), WIDTH) / 2
    at = min(max(x, half), WIDTH - half)
    return text(said, at, y, room=WIDTH, text_anchor="middle", **_MUTED)


def _told(point: Point) -> Markup:
    """What a pointer resting on the mark is told."""
    value, low, high, x = (
        number(v) if v is not None else NONE for v in (point.value, point.low, point.high, point.x)
    )
    where = point.label or x
    whiskers = "" if point.low is None and point.high is None else f" [{low}, {high}]"
    return tag("title", f"{where}: {value}{whiskers}")
