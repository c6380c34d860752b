"""Marks of an SVG figure: text that is known to fit, markers, whiskers, lines, a legend."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from assay.evidence.report import Point
from assay.render.axes import Scale
from assay.render.numbers import NONE, number
from assay.render.words import printable

FONT = 13.5
LINE = 18.0  # from one line of text to the next

# Dark to light, so that they differ in grey too; each at least 3:1 on white (WCAG 1.4.11).
# page.css brings its own for dark mode, through the classes s0, s1...
COLOURS = ("#1d4380", "#b4500b", "#3c8f84", "#7a3b7d", "#8a8317", "#5d6670")
_DASHES = ("none", "7 3", "2 3", "9 3 2 3", "14 4", "9 3 2 3 2 3")

Style = dict[str, str | float]

MUTED: Style = {"class_": "muted", "fill": "#59626d"}
# Text that a line of the grid may pass beneath.
OVER: Style = {"class_": "over", "stroke": "#fff", "stroke_width": 3.5, "paint_order": "stroke"}
GRID: Style = {"class_": "grid", "stroke": "#d9dee4"}
DIAGONAL: Style = {"stroke_width": 1.3, "stroke_dasharray": "1.5 3"}
ALLOWED: Style = {"class_": "band", "fill": "#1d4380", "fill_opacity": "0.12"}


def tag(name: str, *content: str, **attributes: str | float) -> Markup:
    """An SVG element. Text content and attributes are escaped, Markup is not."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_attribute(value))}"'
        for key, value in attributes.items()
    )
    inside = "".join(
        part if isinstance(part, Markup) else escape(printable(part)) for part in content
    )
    return Markup(f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>")  # noqa: S704 # built from escaped parts


def _attribute(value: str | float) -> str:
    return printable(value) if isinstance(value, str) else f"{round(value, 1) + 0.0:g}"


def width(text: str) -> float:
    """Pixels that the text takes at most, in the wide sans-serifs that systems come with."""
    return sum(_em(character) for character in text) * FONT


def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.1
    if character in "il.,:;'|![]()I /-jtfr":
        return 0.42
    if character in "mwMW@%" or not (character.isascii() or character.isalnum()):
        return 1.0
    return 0.78 if character.isupper() else 0.65


def fit(text: str, room: float) -> str:
    """The text, cut with an ellipsis where it would not fit."""
    if width(text) <= room:
        return text
    kept = text
    while kept and width(kept) + FONT > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def wrapped(said: str, room: float, most: int) -> list[str]:
    """The text in at most `most` lines, broken between words; the last is cut if it must be."""
    words = printable(said).split()
    lines: list[str] = []
    while words and len(lines) < most - 1:
        kept = 1
        while kept < len(words) and width(" ".join(words[: kept + 1])) <= room:
            kept += 1
        lines.append(fit(" ".join(words[:kept]), room))
        words = words[kept:]
    return [*lines, fit(" ".join(words), room)] if words else lines


def text(said: str, x: float, y: float, *, room: float, **attributes: str | float) -> Markup:
    """One line of text on the baseline `y`; what had to be cut is kept in a `<title>`."""
    said = printable(said)
    short = fit(said, room)
    full = () if short == said else (tag("title", said),)
    return tag("text", short, *full, x=x, y=y, **attributes)


def marker(series: int, x: float, y: float) -> Markup:
    """The mark of a value: circle, square, triangle or diamond, then the same hollow, by series."""
    hollow = series // 4 % 2 == 1
    style: Style = {"fill": "none", "stroke": "currentColor", "stroke_width": 1.6}
    style = style if hollow else {"fill": "currentColor"}
    shapes = (
        tag("circle", cx=x, cy=y, r=4.2, **style),
        tag("rect", x=x - 3.9, y=y - 3.9, width=7.8, height=7.8, **style),
        tag("path", d=f"M{x:.1f} {y - 5:.1f}l5 9h-10z", **style),
        tag("path", d=f"M{x:.1f} {y - 5.4:.1f}l5.4 5.4-5.4 5.4-5.4-5.4z", **style),
    )
    return shapes[series % len(shapes)]


def coloured(series: int, *content: str) -> Markup:
    """A group in the colour of its series, which page.css may replace by class."""
    index = series % len(COLOURS)
    return tag("g", *content, class_=f"s{index}", color=COLOURS[index])


def line(x1: float, y1: float, x2: float, y2: float, **attributes: str | float) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, **{"stroke": "currentColor", **attributes})


def stroke(series: int) -> dict[str, str | float]:
    """The line style of a series: told apart by dashes as well as by colour."""
    return {"stroke_width": 2, "stroke_dasharray": _DASHES[series % len(_DASHES)]}


def reference(x1: float, y1: float, x2: float, y2: float) -> Markup:
    """A thin dash-dot line, unlike any series."""
    return line(x1, y1, x2, y2, stroke_width=1.3, stroke_dasharray="7 2 1.5 2 1.5 2")


def diagonal(x1: float, y1: float, x2: float, y2: float) -> Markup:
    """A thin dotted line."""
    return line(x1, y1, x2, y2, **DIAGONAL)


def layer(series: int) -> Style:
    """How the bars of a series look that lie over those of others: tinted, or outlined alone."""
    if series == 0:
        return {"fill": "currentColor", "fill_opacity": "0.3", "stroke": "none"}
    return {"fill": "none", "stroke": "currentColor", "stroke_width": 1.8}


def bar(series: int, x: float, y: float, length: float, height: float) -> Markup:
    """A bar: full, tinted or hollow, by series. Never so dark that a whisker would drown."""
    return tag(
        "rect", x=x, y=y, width=length, height=height, fill="currentColor", stroke="currentColor",
        fill_opacity=("0.6", "0.25", "0")[series % 3],
    )  # fmt: skip


def whisker(
    scale: Scale, value: float, ends: tuple[float | None, float | None], at: float, *, upright: bool
) -> Markup:
    """The interval of `value` along its scale, `at` pixels on the other axis: a cap at an end
    that is known, an arrow to the edge of the picture where that side is open.
    """
    if ends == (None, None):
        return Markup()

    def stroke_(a1: float, b1: float, a2: float, b2: float) -> Markup:
        return line(*((b1, a1, b2, a2) if upright else (a1, b1, a2, b2)), stroke_width=1.5)

    reach, signs = [scale(value)], []
    for bound, edge in zip(ends, (scale.start, scale.end), strict=True):
        to = edge if bound is None else scale(bound)
        reach.append(to)
        if bound is None:
            inward = 5.0 if scale(value) > to else -5.0
            signs += [stroke_(to, at, to + inward, at + side) for side in (-4, 4)]
        else:
            signs.append(stroke_(to, at - 4, to, at + 4))
    return Markup().join([stroke_(min(reach), at, max(reach), at), *signs])


def told(point: Point) -> Markup:
    """What a pointer resting on the mark is told."""
    parts = [_estimate(point.value, point.low, point.high)]
    if point.x is not None and point.label:
        parts.insert(0, _estimate(point.x, point.x_low, point.x_high))
    where = point.label or number(point.x)
    return tag("title", f"{where}: {', '.join(parts)}")


def _estimate(value: float | None, low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return number(value)
    return f"{number(value)} [{number(low)}, {number(high)}]".replace(f"[{NONE}", "(-∞").replace(
        f"{NONE}]", "∞)"
    )


@dataclass(frozen=True)
class Entry:
    """A line of the legend: a sample of the mark, drawn at (0, 0) to (22, 0), and its meaning."""

    sample: Markup
    meaning: str


def legend(entries: Sequence[Entry], full: float) -> tuple[Markup, float]:
    """The legend, wrapped within `full` pixels, and its height."""
    x, y, drawn = 0.0, 0.0, []
    for entry in entries:
        said = fit(printable(entry.meaning), full - 30)
        needed = 28 + width(said) + 16
        if x and x + needed > full:
            x, y = 0.0, y + LINE + 2
        sample = tag("g", entry.sample, transform=f"translate({x:.1f} {y + 8:.1f})")
        drawn += [sample, text(entry.meaning, x + 28, y + 12.5, room=full - 30, class_="muted")]
        x += needed
    return Markup().join(drawn), (y + LINE + 9 if drawn else 0.0)
