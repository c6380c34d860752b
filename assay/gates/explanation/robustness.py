"""How many answers flip when the input is a little wrong.

Each fault is put into every row once, in the way that it happens: one value is missing, one text is
mistyped, one number is out of range, and all numbers are a little off. The model's answers before
and after are compared row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from assay.gates.explanation.answer_scale import AnswerScale
from assay.gates.explanation.explained_rows import ExplainedModel, ExplainedRows
from assay.gates.statistics.cluster_errors import clustered_share_limits, mean_error, spread_of
from assay.gates.statistics.intervals import Bools, Estimate, make_interval
from assay.gates.statistics.proportions import wilson_interval
from assay.tables.columns import MAX_NUMBER

NOISE: Final = 0.05
"""Of a column's standard deviation, the standard deviation of the noise in it."""

FAULTS: Final[Mapping[str, str]] = {
    "missing": "a value is missing",
    "noise": f"all numbers are a little off (noise of {NOISE:.0%} of their standard deviation)",
    "typos": "a text is mistyped",
    "out_of_range": "a number is out of range",
}
"""What is wrong in each row, by the fault's name in a use case."""


@dataclass(frozen=True)
class Flips:
    """The share of answers that one fault flips; None where no column can have the fault. `rows`:
    those that had it.
    """

    fault: str
    share: Estimate | None
    rows: int
    worst: tuple[str, float, int] | None = None  # the column, its share of flips, its rows


def count_flips(
    model: ExplainedModel, rows: ExplainedRows, scale: AnswerScale, *, seed: int = 0
) -> list[Flips]:
    """The flips by each of `FAULTS`, in their order."""
    truth, before = scale.read_truth(rows.predictions), model.predict(rows.features)
    types = {entry["name"]: entry["type"] for entry in model.signature["inputs"]}
    found = []
    for fault, corrupt in _CORRUPT.items():
        changed = corrupt(rows.features[list(types)], types, seed)
        if changed is None:
            found.append(Flips(fault, None, 0))
            continue
        faulty, hit, column = changed
        frame = rows.features.assign(**{str(name): faulty[name] for name in faulty})
        flipped = np.asarray(scale.flipped(truth, before, model.predict(frame)))
        found.append(_flips(fault, flipped, hit, column, rows))
    return found


def _flips(
    fault: str, flipped: Bools, hit: Bools, column: np.ndarray | None, rows: ExplainedRows
) -> Flips:
    count, taken = int(hit.sum()), flipped[hit]
    if count == 0:
        return Flips(fault, None, 0)
    share = float(taken.mean())
    found = wilson_interval(int(taken.sum()), count)
    interval = make_interval(round(found.low or 0.0, 12), found.high or 0.0)  # of none, not 1e-19
    if rows.clusters is not None:
        spread = spread_of(mean_error(taken, rows.clusters.codes[hit]))
        low, high = clustered_share_limits(share, count, spread)
        interval = make_interval(float(np.ravel(low)[0]), float(np.ravel(high)[0]))
    worst = None
    if column is not None:
        names, place = np.unique(column[hit].astype(str), return_inverse=True)
        sizes = np.bincount(place)
        shares = np.bincount(place, taken) / sizes
        chief = int(shares.argmax())
        worst = (str(names[chief]), float(shares[chief]), int(sizes[chief]))
    return Flips(fault, Estimate(share, interval), count, worst)


_Changed = tuple[pd.DataFrame, Bools, np.ndarray | None]
"""The columns with faults, the rows that have one, and the column that is faulty in each row."""


def _take_turns(rows: int, names: list[str]) -> np.ndarray:
    """One of the columns for each row, in turn: rows are in no order that means anything."""
    return np.asarray(names, dtype=object)[np.arange(rows) % len(names)]


def _lose_values(frame: pd.DataFrame, types: Mapping[str, Any], seed: int) -> _Changed | None:  # noqa: ARG001
    column = _take_turns(len(frame), list(types))
    known = frame.notna().to_numpy()
    hit = known[np.arange(len(frame)), np.arange(len(frame)) % len(types)]
    return frame.mask(column[:, None] == np.asarray(list(types), dtype=object)), hit, column


def _blur_numbers(frame: pd.DataFrame, types: Mapping[str, Any], seed: int) -> _Changed | None:
    names = _numbers(types)
    if not names:
        return None
    draw = np.random.default_rng(seed)
    blurred = {}
    for name in names:
        noise = draw.standard_normal(len(frame)) * NOISE * float(np.nan_to_num(frame[name].std()))
        values = frame[name].to_numpy() + noise
        blurred[name] = np.round(values) if types[name] == "integer" else values
    found = pd.DataFrame(blurred, index=frame.index).clip(-MAX_NUMBER, MAX_NUMBER)
    return found, frame[names].notna().any(axis=1).to_numpy(), None


def _mistype(frame: pd.DataFrame, types: Mapping[str, Any], seed: int) -> _Changed | None:  # noqa: ARG001
    names = [name for name, kind in types.items() if kind in {"text", "category"}]
    if not names:
        return None
    column = _take_turns(len(frame), names)
    wrong = {}
    for name in names:
        values = [str(value) for value in frame[name].dropna().unique()]
        typos = {value: mistype_text(value, values) for value in values}
        wrong[name] = frame[name].where(column != name, frame[name].map(typos)).astype("str")
    hit = frame[names].notna().to_numpy()[np.arange(len(frame)), np.arange(len(frame)) % len(names)]
    return pd.DataFrame(wrong, index=frame.index), hit, column


def mistype_text(value: str, known: list[str]) -> str:
    """The text with its first two different neighbours exchanged, or with one letter more, so that
    it is none of the `known` values.
    """
    for place in range(len(value) - 1):
        if value[place] != value[place + 1]:
            swapped = value[:place] + value[place + 1] + value[place] + value[place + 2 :]
            if swapped not in known:
                return swapped
    longer = value + value[-1:] if value else "x"
    while longer in known:
        longer += "x"
    return longer


def _exceed_ranges(frame: pd.DataFrame, types: Mapping[str, Any], seed: int) -> _Changed | None:  # noqa: ARG001
    names = [name for name in _numbers(types) if frame[name].notna().any()]
    if not names:
        return None
    column = _take_turns(len(frame), names)
    above = (np.arange(len(frame)) // len(names)) % 2 == 0
    wrong = {}
    for name in names:
        low, high = float(frame[name].min()), float(frame[name].max())
        width = max(high - low, 1.0)
        beyond = np.clip(np.where(above, high + width, low - width), -MAX_NUMBER, MAX_NUMBER)
        if types[name] == "integer":
            beyond = np.round(beyond)
        wrong[name] = np.where(column == name, beyond, frame[name].to_numpy())
    return pd.DataFrame(wrong, index=frame.index), np.ones(len(frame), dtype=bool), column


def _numbers(types: Mapping[str, Any]) -> list[str]:
    return [name for name, kind in types.items() if kind in {"number", "integer"}]


_CORRUPT: Final[Mapping[str, Callable[..., _Changed | None]]] = {
    "missing": _lose_values,
    "noise": _blur_numbers,
    "typos": _mistype,
    "out_of_range": _exceed_ranges,
}
