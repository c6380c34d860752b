"""Elements of an SVG figure: text that is measured to fit, markers, whiskers, lines, a legend."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from assay.gates.report import Point
from assay.render.numbers import format_number
from assay.render.svg.axes import Scale
from assay.util.printable_text import printable_text

FONT_SIZE = 13.5
LINE_HEIGHT = 18.0  # pixels from one line of text to the next

# Dark to light, so that they differ in grey too; each at least 3:1 on white (WCAG 1.4.11).
# page.css has its own colours for dark mode, through the classes s0, s1...
SERIES_COLOURS = ("#1d4380", "#b4500b", "#3c8f84", "#7a3b7d", "#8a8317", "#5d6670")
_SERIES_DASHES = ("none", "7 3", "2 3", "9 3 2 3", "14 4", "9 3 2 3 2 3")

SvgStyle = dict[str, str | float]

MUTED_STYLE: SvgStyle = {"class_": "muted", "fill": "#59626d"}
# Text over grid lines.
OVER_GRID_STYLE: SvgStyle = {
    "class_": "over",
    "stroke": "#fff",
    "stroke_width": 3.5,
    "paint_order": "stroke",
}
GRID_STYLE: SvgStyle = {"class_": "grid", "stroke": "#d9dee4"}
DIAGONAL_STYLE: SvgStyle = {"stroke_width": 1.3, "stroke_dasharray": "1.5 3"}
ALLOWED_BAND_STYLE: SvgStyle = {"class_": "band", "fill": "#1d4380", "fill_opacity": "0.12"}


def svg_tag(name: str, *content: str, **attributes: str | float) -> Markup:
    """An SVG element. Text content and attributes are escaped; Markup is not."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_attribute_text(value))}"'
        for key, value in attributes.items()
    )
    inside = "".join(
        part if isinstance(part, Markup) else escape(printable_text(part)) for part in content
    )
    return Markup(f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>")  # noqa: S704 # built from escaped parts


def _attribute_text(value: str | float) -> str:
    return printable_text(value) if isinstance(value, str) else f"{round(value, 1) + 0.0:g}"


def text_width(text: str) -> float:
    """Upper bound of the text's width in pixels, in the wide sans-serif fonts of common systems."""
    return sum(_character_width(character) for character in text) * FONT_SIZE


def _character_width(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.1
    if character in "il.,:;'|![]()I /-jtfr":
        return 0.42
    if character in "mwMW@%" or not (character.isascii() or character.isalnum()):
        return 1.0
    return 0.78 if character.isupper() else 0.65


def fit_text(text: str, room: float) -> str:
    """The text, cut with an ellipsis if it does not fit."""
    if text_width(text) <= room:
        return text
    kept = text
    while kept and text_width(kept) + FONT_SIZE > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def wrap_text(content: str, room: float, most_lines: int) -> list[str]:
    """The text in at most `most_lines` lines, broken between words; the last is cut if needed."""
    words = printable_text(content).split()
    lines: list[str] = []
    while words and len(lines) < most_lines - 1:
        kept = 1
        while kept < len(words) and text_width(" ".join(words[: kept + 1])) <= room:
            kept += 1
        lines.append(fit_text(" ".join(words[:kept]), room))
        words = words[kept:]
    return [*lines, fit_text(" ".join(words), room)] if words else lines


def svg_text(content: str, x: float, y: float, *, room: float, **attributes: str | float) -> Markup:
    """One line of text on the baseline `y`; text that was cut is kept whole in a `<title>`."""
    content = printable_text(content)
    short = fit_text(content, room)
    full = () if short == content else (svg_tag("title", content),)
    return svg_tag("text", short, *full, x=x, y=y, **attributes)


def series_marker(series: int, x: float, y: float) -> Markup:
    """The marker of a series: circle, square, triangle or diamond, then the same shapes hollow."""
    hollow = series // 4 % 2 == 1
    style: SvgStyle = {"fill": "none", "stroke": "currentColor", "stroke_width": 1.6}
    style = style if hollow else {"fill": "currentColor"}
    shapes = (
        svg_tag("circle", cx=x, cy=y, r=4.2, **style),
        svg_tag("rect", x=x - 3.9, y=y - 3.9, width=7.8, height=7.8, **style),
        svg_tag("path", d=f"M{x:.1f} {y - 5:.1f}l5 9h-10z", **style),
        svg_tag("path", d=f"M{x:.1f} {y - 5.4:.1f}l5.4 5.4-5.4 5.4-5.4-5.4z", **style),
    )
    return shapes[series % len(shapes)]


def series_group(series: int, *content: str) -> Markup:
    """A group in the colour of its series; page.css may replace the colour by class."""
    index = series % len(SERIES_COLOURS)
    return svg_tag("g", *content, class_=f"s{index}", color=SERIES_COLOURS[index])


def svg_line(x1: float, y1: float, x2: float, y2: float, **attributes: str | float) -> Markup:
    return svg_tag("line", x1=x1, y1=y1, x2=x2, y2=y2, **{"stroke": "currentColor", **attributes})


def series_stroke(series: int) -> dict[str, str | float]:
    """The line style of a series: series differ by dashes as well as by colour."""
    return {"stroke_width": 2, "stroke_dasharray": _SERIES_DASHES[series % len(_SERIES_DASHES)]}


def reference_line(x1: float, y1: float, x2: float, y2: float) -> Markup:
    """A thin dash-dot line that no series uses."""
    return svg_line(x1, y1, x2, y2, stroke_width=1.3, stroke_dasharray="7 2 1.5 2 1.5 2")


def diagonal_line(x1: float, y1: float, x2: float, y2: float) -> Markup:
    """A thin dotted line."""
    return svg_line(x1, y1, x2, y2, **DIAGONAL_STYLE)


def bar_layer_style(series: int) -> SvgStyle:
    """The style of a series' bars that overlap those of others: tinted, or outline only."""
    if series == 0:
        return {"fill": "currentColor", "fill_opacity": "0.3", "stroke": "none"}
    return {"fill": "none", "stroke": "currentColor", "stroke_width": 1.8}


def svg_bar(series: int, x: float, y: float, length: float, height: float) -> Markup:
    """A bar, full, tinted or hollow by series, and light enough for a whisker to show on it."""
    return svg_tag(
        "rect", x=x, y=y, width=length, height=height, fill="currentColor", stroke="currentColor",
        fill_opacity=("0.6", "0.25", "0")[series % 3],
    )  # fmt: skip


def interval_whisker(
    scale: Scale,
    value: float,
    ends: tuple[float | None, float | None],
    offset: float,
    *,
    upright: bool,
) -> Markup:
    """The interval of `value` along its scale, `offset` pixels on the other axis.

    A known end has a cap; an open side has an arrow to the edge of the picture.
    """
    if ends == (None, None):
        return Markup()

    def stroke_(a1: float, b1: float, a2: float, b2: float) -> Markup:
        return svg_line(*((b1, a1, b2, a2) if upright else (a1, b1, a2, b2)), stroke_width=1.5)

    reach, signs = [scale(value)], []
    for bound, edge in zip(ends, (scale.start, scale.end), strict=True):
        to = edge if bound is None else scale(bound)
        reach.append(to)
        if bound is None:
            inward = 5.0 if scale(value) > to else -5.0
            signs += [stroke_(to, offset, to + inward, offset + side) for side in (-4, 4)]
        else:
            signs.append(stroke_(to, offset - 4, to, offset + 4))
    return Markup().join([stroke_(min(reach), offset, max(reach), offset), *signs])


def point_tooltip(point: Point) -> Markup:
    """The tooltip text of a mark."""
    parts = [_estimate_text(point.value, point.low, point.high)]
    if point.x is not None and point.label:
        parts.insert(0, _estimate_text(point.x, point.x_low, point.x_high))
    where = point.label or format_number(point.x)
    return svg_tag("title", f"{where}: {', '.join(parts)}")


def _estimate_text(value: float | None, low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return format_number(value)
    if low is None or high is None:
        side = (
            f"at least {format_number(low)}" if high is None else f"at most {format_number(high)}"
        )
        return f"{format_number(value)}, {side}"
    return f"{format_number(value)} [{format_number(low)}, {format_number(high)}]"


@dataclass(frozen=True)
class LegendEntry:
    """A line of the legend: a sample of the mark, drawn at (0, 0) to (22, 0), and its meaning."""

    sample: Markup
    meaning: str


def draw_legend(entries: Sequence[LegendEntry], full_width: float) -> tuple[Markup, float]:
    """The legend, wrapped within `full_width` pixels, and its height."""
    x, y, drawn = 0.0, 0.0, []
    for entry in entries:
        said = fit_text(printable_text(entry.meaning), full_width - 30)
        needed = 28 + text_width(said) + 16
        if x and x + needed > full_width:
            x, y = 0.0, y + LINE_HEIGHT + 2
        sample = svg_tag("g", entry.sample, transform=f"translate({x:.1f} {y + 8:.1f})")
        drawn += [
            sample,
            svg_text(entry.meaning, x + 28, y + 12.5, room=full_width - 30, class_="muted"),
        ]
        x += needed
    return Markup().join(drawn), (y + LINE_HEIGHT + 9 if drawn else 0.0)
