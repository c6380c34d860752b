"""Drift of reasons: whether rows get their first reason as often from each column as before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from assay.config.gates import DriftSettings
from assay.gates.drift.cell_grid import MISSING_CELL
from assay.gates.drift.checks import format_p_value
from assay.gates.drift.column_shift import ColumnShift, measure_shifts
from assay.gates.report import Cell, Check, Sheet, Verdict
from assay.tables.profiled_table import profile_and_sample
from assay.tables.table import Table

_NO_REASON: Final = "no column"


@dataclass(frozen=True)
class FirstReasons:
    """Tables of one column, the column that each row's first reason is about; null where no column
    moved the answer. `reference`: of rows that the champion was tested on.
    """

    reference: Table
    current: Table


def judge_first_reasons(
    reasons: FirstReasons, ask: DriftSettings, level: float, seed: int
) -> tuple[list[Check], list[Sheet]]:
    """Judge the current reasons as a column of categories, at this look's false alarm `level`. None
    of it where either side has fewer rows than are judged.
    """
    sides = (reasons.reference, reasons.current)
    if min(side.rows for side in sides) < ask.rows:
        return [], []
    old, new = (profile_and_sample(side, seed=seed) for side in sides)
    names = reasons.reference.schema.names
    shifts = measure_shifts(old, new, names, ask.model_copy(update={"level": level}))
    return [_reasons_check(shift, ask, new.rows) for shift in shifts], [
        _reasons_sheet(shift) for shift in shifts
    ]


def _reasons_check(shift: ColumnShift, ask: DriftSettings, rows: int) -> Check:
    most = max(_shares(shift), key=lambda one: abs(one[2] - one[1]))
    column, before, after = most
    moved = f"{shift.effect:.3f}, where chance makes {shift.chance_effect:.3f}"
    remedy = ""
    if shift.verdict is Verdict.UNKNOWN:
        remedy = "More rows would tell."
    elif shift.has_shifted:
        remedy = (
            f"Look at how {column} and the columns beside it moved, and whether what people are"
            " told still holds."
        )
    return Check(
        name="reasons[first]",
        claim="Answers have their first reasons in the columns of the reference",
        verdict=shift.verdict,
        statistic="Jensen-Shannon distance",
        estimate=shift.effect,
        threshold=ask.effect,
        why=f"{column} is the first reason for {after:.0%} of rows; {before:.0%} in the reference."
        f" First reasons moved by {moved} ({format_p_value(shift.adjusted_p)})",
        remedy=remedy,
        accepted=True,
        rows=rows,
    )


def _reasons_sheet(shift: ColumnShift) -> Sheet:
    ordered = sorted(_shares(shift), key=lambda one: -one[2])
    rows: list[tuple[Cell, ...]] = [(name, before, after) for name, before, after in ordered]
    return Sheet(
        title="First reasons",
        columns=("column", "share of rows in the reference", "share of rows now"),
        rows=tuple(rows),
        detail=True,
    )


def _shares(shift: ColumnShift) -> list[tuple[str, float, float]]:
    """Each column's share of rows, reference and current."""
    before, after = (
        held / max(float(held.sum()), 1.0) for held in (shift.reference, shift.current)
    )
    labels = [_NO_REASON if one == MISSING_CELL else one for one in shift.grid.labels]
    return [
        (name, round(float(old), 4), round(float(new), 4))
        for name, old, new in zip(labels, before, after, strict=True)
        if old or new
    ]
