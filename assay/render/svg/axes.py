"""Axes of a figure: the visible range, ticks at round numbers, and the mapping to pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from assay.gates.report import Figure

_FARTHEST = 1e100  # larger values are clipped, because sums of them overflow
_NEAREST_ZERO = 1e-100  # smaller values are clipped on a logarithmic axis


@dataclass(frozen=True)
class Scale:
    """A map from values `low..high` to pixels `start..end`; values outside are drawn at the edge.

    The map is linear or logarithmic; a logarithmic one needs `low` above zero.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = (self._place(v) for v in (self.low, self.high, clip_value(value)))
        share = (at - low) / (high - low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def _place(self, value: float) -> float:
        return math.log10(max(value, _NEAREST_ZERO)) if self.log else value


def clip_value(value: float) -> float:
    """The value, or the nearest value that can be drawn."""
    return min(max(float(value), -_FARTHEST), _FARTHEST)


def axis_values(figure: Figure) -> list[float]:
    """All values that the value axis must show: values, whiskers, reference and band."""
    points = [point for series in figure.series for point in series.points]
    shown = [v for p in points if p.value is not None for v in (p.value, p.low, p.high)]
    shown += [figure.reference, *(figure.band or ())]
    if figure.kind == "bars":
        shown.append(0.0)  # bar lengths are comparable only from zero
    return [clip_value(value) for value in shown if value is not None]


def x_axis_values(figure: Figure) -> list[float]:
    """All values that the x axis must show."""
    points = [point for series in figure.series for point in series.points]
    shown = [v for p in points if p.value is not None for v in (p.x, p.x_low, p.x_high)]
    shown += [figure.x_reference, *(figure.x_band or ())]
    return [clip_value(value) for value in shown if value is not None]


def axis_range(values: Iterable[float], *, log: bool = False) -> tuple[float, float]:
    """The visible range: the values with a small margin; rates stay within 0 and 1.

    For a logarithmic axis all values must be above zero.
    """
    known = list(values) or [0.0, 1.0]
    low, high = min(known), max(known)
    if log:
        air = max((high / low) ** 0.06, 1.02)
        return low / air, high * air
    size = max(abs(low), abs(high))
    if high - low <= 1e-9 * size or high - low < 1e-300:  # one value: a range around it
        room = 0.1 * size if size > 1e-290 else 0.5
    else:
        room = 0.06 * (high - low)
    low_end = 0.0 if low >= 0 > low - room else low - room
    high_end = 1.0 if high <= 1 < high + 2 * room and low >= 0 else high + room
    return low_end, high_end


def fit_scale(values: Iterable[float], start: float, end: float, *, log: bool = False) -> Scale:
    """A scale that shows the values; logarithmic if requested and if all lie well above zero."""
    known = list(values)
    log = log and bool(known) and min(known) > _NEAREST_ZERO and max(known) < 1 / _NEAREST_ZERO
    return Scale(*axis_range(known, log=log), start, end, log)


def linear_ticks(low: float, high: float, max_ticks: int) -> list[tuple[float, str]]:
    """At most `max_ticks` round values within the range, with labels that differ.

    Steps are 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph labels",
    Graphics Gems, 1990).
    """
    step = _tick_step(low, high, max_ticks)
    marks: dict[str, float] = {}
    for index in range(*_multiples_within(low, high, step)):
        marks.setdefault(_tick_label(index * step, step), index * step)
    return [(value, label) for label, value in marks.items()]


def log_ticks(low: float, high: float, max_ticks: int) -> list[tuple[float, str]]:
    """At most `max_ticks` tick values for a logarithmic axis.

    Ticks are 1, 2 and 5 times powers of ten; or 1 and 3 times; or powers alone; or every second,
    third... of them. With fewer than two in the range, the ticks are linear.
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers_alone = [((1,), every) for every in range(1, last - first + 1)]
    for leaps, powers in [((1, 2, 5), 1), ((1, 3), 1), *powers_alone]:
        marks = [n * 10.0**p for p in range(first, last + 1, powers) for n in leaps]
        shown = [(value, _tick_label(value, value)) for value in marks if low <= value <= high]
        if 2 <= len(shown) <= max_ticks:
            return shown
    return linear_ticks(low, high, max_ticks)


def _tick_step(low: float, high: float, max_ticks: int) -> float:
    power = 10.0 ** math.floor(math.log10((high - low) / (max_ticks + 1)))
    for step in (n * power for n in (1, 2, 5, 10, 20)):
        if len(range(*_multiples_within(low, high, step))) <= max_ticks:
            return step
    return 50 * power


def _multiples_within(low: float, high: float, step: float) -> tuple[int, int]:
    """The multiples of `step` in the range, as the bounds of a Python range."""
    return math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1


def _tick_label(value: float, step: float) -> str:
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    if places > 5 or abs(value) >= 1e7:
        return f"{value:.4g}"
    return f"{round(value, places) + 0.0:,.{places}f}"
