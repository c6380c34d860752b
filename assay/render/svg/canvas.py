"""The layout that all kinds of figures share: width, bands, and ticks that fit."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup

from assay.render.svg.axes import Scale, linear_ticks, log_ticks
from assay.render.svg.elements import ALLOWED_BAND_STYLE, MUTED_STYLE, svg_tag, svg_text, text_width
from assay.util.printable_text import printable_text

WIDTH = 420.0  # readable on a phone, slightly shrunk; two fit side by side on a desktop


class ChartMarks(NamedTuple):
    """A figure's marks, the pixel where they end, and a text on what could not be drawn."""

    marks: list[Markup]
    bottom: float
    notes: list[str]


def value_band(
    scale: Scale, ends: tuple[float, float], across: tuple[float, float], *, upright: bool
) -> Markup:
    """The range between two values as a band, `across` pixels wide on the other axis."""
    low, high = sorted(scale(end) for end in ends)
    start, end = across
    if upright:
        return svg_tag(
            "rect", x=start, y=low, width=end - start, height=high - low, **ALLOWED_BAND_STYLE
        )
    return svg_tag(
        "rect", x=low, y=start, width=high - low, height=end - start, **ALLOWED_BAND_STYLE
    )


def fitting_ticks(
    scale: Scale, relabel: Callable[[float], str] | None = None
) -> list[tuple[float, str]]:
    """As many ticks as fit with their labels side by side, within the picture. `relabel` gives a
    value's label instead of the number.
    """
    for most in range(7, 1, -1):
        marks = (log_ticks if scale.log else linear_ticks)(scale.low, scale.high, most)
        marks = [(value, relabel(value) if relabel else label) for value, label in marks]
        places = [(scale(value), text_width(label) / 2) for value, label in marks]
        apart = all(b - a >= half_a + half_b + 8 for (a, half_a), (b, half_b) in pairwise(places))
        if apart:
            return [
                mark
                for mark, (x, half) in zip(marks, places, strict=True)
                if half <= x <= WIDTH - half
            ]
    return []


def centred_text(content: str, x: float, y: float) -> Markup:
    """Text centred on `x`, shifted as needed to stay within the picture."""
    if not content:
        return Markup()
    half = min(text_width(printable_text(content)), WIDTH) / 2
    at = min(max(x, half), WIDTH - half)
    return svg_text(content, at, y, room=WIDTH, text_anchor="middle", **MUTED_STYLE)
