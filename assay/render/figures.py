"""A figure as SVG: drawn by hand, so that a report needs no script and no library.

Labels are measured before they are placed, so that none overlaps or runs out of the picture.
"""

from __future__ import annotations

from markupsafe import Markup

from assay.evidence.report import Figure, Series
from assay.render import draw, histogram, plane, rows
from assay.render.canvas import WIDTH, Painted
from assay.render.draw import ALLOWED, FONT, LINE, MUTED, Entry, coloured, line, marker, tag, text
from assay.render.numbers import numbers

_FONTS = "system-ui, sans-serif"
_MARGIN = 16.0  # around a picture that stands alone


def svg(figure: Figure) -> str:
    """The figure as one `<svg>` element, its `alt` inside for who cannot see it."""
    marks, height = _drawn(figure)
    return str(
        tag(
            "svg", *_words(figure), *marks,
            xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH:g} {height:g}", role="img",
            aria_label=figure.alt or figure.title, class_="figure", fill="currentColor",
            font_size=FONT, font_family=_FONTS,
        )
    )  # fmt: skip


def image(figure: Figure) -> bytes:
    """The figure as an SVG file of its own: on white, with its title, of a fixed size."""
    marks, height = _drawn(figure)
    full, high = WIDTH + 2 * _MARGIN, height + LINE + 2 * _MARGIN
    title = text(figure.title, _MARGIN, _MARGIN + 10, room=WIDTH, font_weight="600")
    moved = f"translate({_MARGIN:g} {_MARGIN + LINE:g})"
    root = tag(
        "svg", *_words(figure), tag("rect", width=full, height=high, fill="#fff"), title,
        tag("g", *marks, transform=moved),
        xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {full:g} {high:g}", role="img",
        width=1.5 * full, height=1.5 * high, color="#191d22", fill="currentColor",
        font_size=FONT, font_family=_FONTS,
    )  # fmt: skip
    return str(root).encode("utf-8", "replace")


def _words(figure: Figure) -> list[Markup]:
    return [tag("title", figure.title), tag("desc", figure.alt)]


def _drawn(figure: Figure) -> tuple[list[Markup], float]:
    """All marks, and the height that they take."""
    key, top = draw.legend(_entries(figure), WIDTH)
    marks, bottom, notes = _painted(figure, top)
    for note in notes:
        bottom += LINE
        marks.append(text(note, 0, bottom - 4, room=WIDTH, font_style="italic", **MUTED))
    return [key, *marks], bottom


def _painted(figure: Figure, top: float) -> Painted:
    if figure.kind in {"curve", "scatter"}:
        return plane.paint(figure, top)
    if histogram.is_histogram(figure):
        return histogram.paint(figure, top)
    return rows.paint(figure, top)


# --- legend ---------------------------------------------------------------------------------


def _entries(figure: Figure) -> list[Entry]:
    entries = []
    if len(figure.series) > 1 or figure.kind == "curve":
        entries = [
            Entry(coloured(index, _sample(figure, index, series)), series.name)
            for index, series in enumerate(figure.series)
            if series.name
        ]
    if figure.diagonal and figure.kind in {"curve", "scatter"}:
        entries.append(Entry(draw.diagonal(0, 0, 22, 0), figure.diagonal))
    upright = figure.kind in {"curve", "scatter"} or histogram.is_histogram(figure)
    entries += _compared(
        figure.reference, figure.reference_name, figure.band, figure.band_name, upright=not upright
    )
    if upright:
        entries += _compared(
            figure.x_reference, figure.x_reference_name, figure.x_band, figure.x_band_name,
            upright=True,
        )  # fmt: skip
    return entries


def _compared(
    reference: float | None, name: str, band: tuple[float, float] | None, band_name: str,
    *, upright: bool,
) -> list[Entry]:  # fmt: skip
    """The line and the range of one axis, with their numbers in one precision."""
    at, low, high = numbers([reference, *(band or (None, None))], distinct=True)
    entries = []
    if reference is not None:
        ends = (11, -8, 11, 8) if upright else (0, 0, 22, 0)
        entries.append(Entry(draw.reference(*ends), f"{name} {at}"))
    if band:
        swatch = tag("rect", x=0, y=-6, width=22, height=12, **ALLOWED)
        entries.append(Entry(swatch, f"{band_name} {low} to {high}"))
    return entries


def _sample(figure: Figure, index: int, series: Series) -> Markup:
    if histogram.is_histogram(figure):
        return tag("rect", x=3, y=-5, width=16, height=10, **draw.layer(index))
    if figure.kind == "bars":
        return draw.bar(index, 4, -5, 14, 10)
    if figure.kind == "intervals":
        return line(0, 0, 22, 0, stroke_width=1.5) + marker(index, 11, 0)
    marks = Markup()
    if plane.joined(figure, series):
        marks += line(0, 0, 22, 0, **draw.stroke(index))
    if plane.marked(figure, series):
        marks += marker(index, 11, 0)
    return marks
