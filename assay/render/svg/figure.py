"""A figure as SVG, drawn so that a report needs no script and no library.

Labels are measured before they are placed, so that none overlaps another or leaves the picture.
"""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from assay.gates.report import Figure, Series
from assay.render.date_figure import DateFigure
from assay.render.numbers import format_numbers
from assay.render.svg import elements, histogram, row_chart, xy_chart
from assay.render.svg.canvas import WIDTH, ChartMarks
from assay.render.svg.elements import (
    ALLOWED_BAND_STYLE,
    FONT_SIZE,
    LINE_HEIGHT,
    MUTED_STYLE,
    LegendEntry,
    series_group,
    series_marker,
    svg_line,
    svg_tag,
    svg_text,
)

_FONTS = "system-ui, sans-serif"
_MARGIN = 16.0  # around a separate picture


def figure_svg(figure: Figure) -> str:
    """The figure as one `<svg>` element, with its `alt` text for screen readers."""
    marks, height = _figure_marks(figure)
    return str(
        svg_tag(
            "svg", *_accessible_text(figure), *marks,
            xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH:g} {height:g}", role="img",
            aria_label=figure.alt or figure.title, class_="figure", fill="currentColor",
            font_size=FONT_SIZE, font_family=_FONTS,
        )
    )  # fmt: skip


def figure_svg_file(figure: Figure) -> bytes:
    """The figure as a separate SVG file: on white, with its title, of a fixed size."""
    marks, height = _figure_marks(figure)
    full, high = WIDTH + 2 * _MARGIN, height + LINE_HEIGHT + 2 * _MARGIN
    title = svg_text(figure.title, _MARGIN, _MARGIN + 10, room=WIDTH, font_weight="600")
    moved = f"translate({_MARGIN:g} {_MARGIN + LINE_HEIGHT:g})"
    paper = svg_tag("rect", width=full, height=high, fill="#fff")
    root = svg_tag(
        "svg", *_accessible_text(figure), paper, title,
        svg_tag("g", *marks, transform=moved),
        xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {full:g} {high:g}", role="img",
        width=1.5 * full, height=1.5 * high, color="#191d22", fill="currentColor",
        font_size=FONT_SIZE, font_family=_FONTS,
    )  # fmt: skip
    return str(root).encode("utf-8", "replace")


def _accessible_text(figure: Figure) -> list[Markup]:
    return [svg_tag("title", figure.title), svg_tag("desc", figure.alt)]


def _figure_marks(figure: Figure) -> tuple[list[Markup], float]:
    """All marks of the figure, and their height."""
    key, top = elements.draw_legend(_legend_entries(figure), WIDTH)
    marks, bottom, notes = _chart_marks(figure, top)
    for note in notes:
        bottom += LINE_HEIGHT
        marks.append(svg_text(note, 0, bottom - 4, room=WIDTH, font_style="italic", **MUTED_STYLE))
    return [key, *marks], bottom


def _chart_marks(figure: Figure, top: float) -> ChartMarks:
    if figure.kind in {"curve", "scatter"}:
        return xy_chart.draw_xy_chart(figure, top)
    if histogram.is_histogram(figure):
        return histogram.draw_histogram(figure, top)
    return row_chart.draw_row_chart(figure, top)


# --- legend ---------------------------------------------------------------------------------


def _legend_entries(figure: Figure) -> list[LegendEntry]:
    entries = []
    if len(figure.series) > 1 or figure.kind == "curve":
        entries = [
            LegendEntry(series_group(index, _legend_sample(figure, index, series)), series.name)
            for index, series in enumerate(figure.series)
            if series.name
        ]
    if figure.diagonal and figure.kind in {"curve", "scatter"}:
        entries.append(LegendEntry(elements.diagonal_line(0, 0, 22, 0), figure.diagonal))
    upright = figure.kind in {"curve", "scatter"} or histogram.is_histogram(figure)
    entries += _comparison_entries(
        figure.reference, figure.reference_name, figure.band, figure.band_name, upright=not upright
    )
    if upright:
        entries += _comparison_entries(
            figure.x_reference, figure.x_reference_name, figure.x_band, figure.x_band_name,
            upright=True, relabel=figure.date_label if isinstance(figure, DateFigure) else None,
        )  # fmt: skip
    return entries


def _comparison_entries(
    reference: float | None, name: str, band: tuple[float, float] | None, band_name: str,
    *, upright: bool, relabel: Callable[[float], str] | None = None,
) -> list[LegendEntry]:  # fmt: skip
    """Legend entries for the reference line and the band of one axis, with equal precision.
    `relabel` gives the reference's label instead of the number.
    """
    at, low, high = format_numbers([reference, *(band or (None, None))], distinct=True)
    at = relabel(reference) if relabel and reference is not None else at
    entries = []
    if reference is not None:
        ends = (11, -8, 11, 8) if upright else (0, 0, 22, 0)
        entries.append(LegendEntry(elements.reference_line(*ends), f"{name} {at}"))
    if band:
        swatch = svg_tag("rect", x=0, y=-6, width=22, height=12, **ALLOWED_BAND_STYLE)
        entries.append(LegendEntry(swatch, f"{band_name} {low} to {high}"))
    return entries


def _legend_sample(figure: Figure, index: int, series: Series) -> Markup:
    if histogram.is_histogram(figure):
        return svg_tag("rect", x=3, y=-5, width=16, height=10, **elements.bar_layer_style(index))
    if figure.kind == "bars":
        return elements.svg_bar(index, 4, -5, 14, 10)
    if figure.kind == "intervals":
        return svg_line(0, 0, 22, 0, stroke_width=1.5) + series_marker(index, 11, 0)
    marks = Markup()
    if xy_chart.has_line(figure, series):
        marks += svg_line(0, 0, 22, 0, **elements.series_stroke(index))
    if xy_chart.has_markers(figure, series):
        marks += series_marker(index, 11, 0)
    return marks
