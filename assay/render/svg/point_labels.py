"""Labels of marks in a point cloud, placed so that none covers a mark or another label."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from assay.render.svg.canvas import WIDTH
from assay.render.svg.elements import (
    FONT_SIZE,
    LINE_HEIGHT,
    OVER_GRID_STYLE,
    series_group,
    series_marker,
    svg_line,
    svg_text,
    text_width,
    wrap_text,
)
from assay.util.printable_text import printable_text

_MOST_INLINE = 8  # labels placed next to their marks; more, or longer ones, go into a key
_WIDEST_INLINE = 110.0  # pixels
_MOST_KEYS = 40
_SHORTEST_RADIUS = 13.6  # least pixels from a mark to its label's centre, so that they do not touch
_RADII = (_SHORTEST_RADIUS, 20.0, 28.0, 38.0, 50.0, 66.0)
# Diagonals first: whiskers run along the axes.
_DIRECTIONS = ((1, -1), (-1, -1), (1, 1), (-1, 1), (0, -1), (0, 1), (1, 0), (-1, 0))
_MARK_HALF_SIDE = 6.0  # half the side of the square that a mark takes
_LABEL_HALF_HEIGHT = 7.5  # half the height of a label


class Box(NamedTuple):
    """A rectangle, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right
            and self.top < other.bottom and other.top < self.bottom
        )  # fmt: skip

    def is_inside(self, other: Box) -> bool:
        return (
            self.left >= other.left and self.right <= other.right
            and self.top >= other.top and self.bottom <= other.bottom
        )  # fmt: skip

    def distance_to(self, point: tuple[float, float]) -> float:
        """Distance from a point to the nearest edge; 0 inside."""
        x, y = point
        return math.hypot(
            max(self.left - x, 0.0, x - self.right), max(self.top - y, 0.0, y - self.bottom)
        )


class LabelPlace(NamedTuple):
    """The centre of a label, and whether it needs a line to its mark."""

    x: float
    y: float
    needs_leader: bool

    def box(self, width: float) -> Box:
        """The box of a label of that width at this place."""
        return Box(
            self.x - width / 2,
            self.y - _LABEL_HALF_HEIGHT,
            self.x + width / 2,
            self.y + _LABEL_HALF_HEIGHT,
        )


def place_labels(
    marks: Sequence[tuple[float, float]],
    widths: Sequence[float],
    frame: Box,
    avoid: Sequence[Box] = (),
) -> list[LabelPlace | None]:
    """A place for each mark's label, or None where no place is free.

    If possible, a place is nearer to its own mark than to any other, and clear of the boxes to
    `avoid`. Greedy over fixed positions, in the order given, nearest first. Source: Christensen,
    Marks and Shieber (1995), "An empirical study of algorithms for point-feature label placement".
    """
    taken = [
        Box(x - _MARK_HALF_SIDE, y - _MARK_HALF_SIDE, x + _MARK_HALF_SIDE, y + _MARK_HALF_SIDE)
        for x, y in marks
    ]
    found: list[LabelPlace | None] = []
    for at, wide in zip(marks, widths, strict=True):
        others = [mark for mark in marks if mark != at]
        spots = [(spot, spot.box(wide)) for spot in _free_places(at, wide, taken, frame)]
        flaws = [(_is_ambiguous(box, at, others), _overlaps_any(box, avoid)) for _, box in spots]
        best = flaws.index(min(flaws)) if spots else None
        found.append(None if best is None else spots[best][0])
        taken += [] if best is None else [spots[best][1]]
    return found


def _is_ambiguous(box: Box, at: tuple[float, float], others: Sequence[tuple[float, float]]) -> bool:
    """Whether a reader could attribute the label to another mark."""
    return any(box.distance_to(other) < box.distance_to(at) for other in others)


def _free_places(
    at: tuple[float, float], width: float, obstacles: Sequence[Box], frame: Box
) -> Iterator[LabelPlace]:
    """Free places around a mark, from near to far."""
    for radius in _RADII:
        for right, down in _DIRECTIONS:
            across = right * (radius + max(0.0, width / 2 - _LABEL_HALF_HEIGHT))
            spot = LabelPlace(at[0] + across, at[1] + down * radius, radius > _SHORTEST_RADIUS)
            box = spot.box(width)
            if box.is_inside(frame) and not _overlaps_any(box, obstacles):
                yield spot


def _overlaps_any(box: Box, others: Sequence[Box]) -> bool:
    return any(box.overlaps(other) for other in others)


# --- drawn ----------------------------------------------------------------------------------


class LabelledMark(NamedTuple):
    """A mark with a label: its series, its place, and the extent of its whiskers."""

    series: int
    label: str
    position: tuple[float, float]
    whiskers: tuple[Box, ...]


def draw_point_labels(
    points: Sequence[LabelledMark], frame: Box, bottom: float
) -> tuple[list[Markup], float]:
    """Labels next to the marks if they are few and short, otherwise numbers and a key.

    The key goes from `bottom` down. Also returns where it ends.
    """
    texts = [printable_text(mark.label) for mark in points]
    if len(points) <= _MOST_INLINE and all(text_width(said) <= _WIDEST_INLINE for said in texts):
        spots = _find_places(points, texts, frame)
        if all(spots):
            return _draw_at_places(points, texts, spots), bottom
    keyed = points[:_MOST_KEYS]
    digits = [str(number) for number in range(1, len(keyed) + 1)]
    key, end = _draw_key(keyed, digits, bottom + 4)
    if len(points) > len(keyed):
        end += LINE_HEIGHT
        key.append(
            svg_text(f"{len(points) - len(keyed)} more are in the numbers", 46, end, room=WIDTH)
        )
    return _draw_at_places(keyed, digits, _find_places(keyed, digits, frame)) + key, end + 6


def _find_places(
    labelled_marks: Sequence[LabelledMark], texts: Sequence[str], frame: Box
) -> list[LabelPlace | None]:
    whiskers = [box for mark in labelled_marks for box in mark.whiskers]
    widths = [text_width(said) + 4 for said in texts]
    return place_labels([mark.position for mark in labelled_marks], widths, frame, avoid=whiskers)


def _draw_at_places(
    labelled_marks: Sequence[LabelledMark], texts: Sequence[str], spots: Sequence[LabelPlace | None]
) -> list[Markup]:
    """The labels at their places; distant ones get a line to their mark."""
    marks = []
    for mark, said, spot in zip(labelled_marks, texts, spots, strict=True):
        if spot is None:
            continue  # its number is only in the key: no place in the cloud was free
        if spot.needs_leader:
            marks.append(
                svg_line(*mark.position, spot.x, spot.y, stroke_width=0.8, stroke_opacity=0.6)
            )
        style = {**OVER_GRID_STYLE, "text_anchor": "middle", "font_weight": "600"}
        marks.append(svg_text(said, spot.x, spot.y + 0.35 * FONT_SIZE, room=WIDTH, **style))
    return marks


def _draw_key(
    labelled_marks: Sequence[LabelledMark], digits: Sequence[str], y: float
) -> tuple[list[Markup], float]:
    """The key: each number with its series' marker and label, wrapped; and the last baseline."""
    marks = []
    for digit, mark in zip(digits, labelled_marks, strict=True):
        y += LINE_HEIGHT
        marks.append(svg_text(digit, 20, y, room=20, text_anchor="end", font_weight="600"))
        marks.append(series_group(mark.series, series_marker(mark.series, 34, y - 4.5)))
        for at, said in enumerate(wrap_text(mark.label, WIDTH - 46, 3)):
            y += LINE_HEIGHT - 2 if at else 0.0
            marks.append(svg_text(said, 46, y, room=WIDTH - 46))
    return marks, y
