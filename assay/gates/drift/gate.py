"""The drift gate: has what a model sees moved, and does that harm its predictions?

`fail` only where predictions are surely harmed: expected (or, with labels, realised) performance
falls by more than the accepted margin, and not merely because more of the harder rows came. A
shift without harm is a caution. Too few rows, or rows such as the reference never held: unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.config.gates import DriftSettings
from assay.errors import DataError, suggest_name
from assay.gates.drift import checks as say_checks
from assay.gates.drift import display
from assay.gates.drift.binary_harm import BinaryHarm, estimate_binary_performance
from assay.gates.drift.cell_grid import are_comparable
from assay.gates.drift.column_shift import ColumnShift, measure_shifts
from assay.gates.drift.prediction_harm import (
    DriftObservations,
    EstimatePerformance,
    ObservedPair,
    PredictionHarm,
    RowComparison,
)
from assay.gates.drift.realised_lack import RealisedLack
from assay.gates.drift.reconstruction import measure_reconstruction
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.drift.separation import measure_separation
from assay.gates.report import Check, Report, Verdict, overall_verdict
from assay.tables.profiled_table import profile_and_sample
from assay.tables.table import Table


@dataclass(frozen=True)
class DriftFindings:
    """The gate's report, and the lacks of realised performance that it tells of."""

    report: Report
    lacks: Sequence[RealisedLack] = ()


def judge_drift(
    reference: Table,
    current: Table,
    ask: DriftSettings,
    *,
    roles: ColumnRoles | None = None,
    columns: Sequence[str] | None = None,
    subject: str,
    seed: int = 0,
    estimate: EstimatePerformance = estimate_binary_performance,
    chunk_rows: int | None = None,
) -> Report:
    """Judge `current` against `reference`.

    `columns` are compared as what a model sees (all but outputs, when left out); `roles` names
    the columns of its outputs and of labels. Both tables' profiles are kept in their buckets.
    `estimate` says whether predictions are harmed, as the question's type has it, and also of each
    `chunk_rows` current rows if it can.
    Raises DataError for columns that neither side has, that hold no probabilities or no
    decisions, and for cut points on a group that is no number.
    """
    return measure_drift(
        reference,
        current,
        ask,
        roles=roles,
        columns=columns,
        subject=subject,
        seed=seed,
        estimate=estimate,
        chunk_rows=chunk_rows,
    ).report


def measure_drift(
    reference: Table,
    current: Table,
    ask: DriftSettings,
    *,
    roles: ColumnRoles | None = None,
    columns: Sequence[str] | None = None,
    subject: str,
    seed: int = 0,
    estimate: EstimatePerformance = estimate_binary_performance,
    chunk_rows: int | None = None,
) -> DriftFindings:
    """As `judge_drift`, with the numbers beside the report."""
    roles = roles or ColumnRoles()
    rows = say_checks.row_count_check(reference.rows, current.rows, ask)
    features = _feature_names(reference, current, roles, columns)
    if rows.verdict is not Verdict.PASS:
        return DriftFindings(_report(subject, [rows], BinaryHarm(roles, ask), [], ()))
    _check_roles(reference, current, roles)
    sides = ObservedPair(
        reference, current, *(profile_and_sample(t, seed=seed) for t in (reference, current))
    )
    known, broken, notes = _split_comparable(features, sides)
    outputs = [name for name in roles.outputs if sides.both_have(name)]
    every = measure_shifts(sides.old, sides.new, [*known, *outputs], ask)
    moved = [shift for shift in every if shift.name in known]
    seen = DriftObservations(
        sides, moved, _compare_rows(sides, moved, ask), roles, ask, seed, chunk_rows
    )
    harm = estimate(seen)
    ordered = display.rank_shifts(every, harm.effects, harm.mix)
    told = roles.outputs if harm.is_estimated else ()
    checks = [
        rows,
        *harm.checks(),
        *broken,
        *(_shift_check(s, harm, seen, output=s.name in told) for s in ordered),
        *seen.together.checks(ask),
    ]
    report = _report(subject, checks, harm, ordered, told)
    notes += [*_sampling_notes(sides), *harm.notes()]
    return DriftFindings(report.model_copy(update={"notes": tuple(notes)}), harm.lacks)


def _compare_rows(
    sides: ObservedPair, feature_shifts: Sequence[ColumnShift], ask: DriftSettings
) -> RowComparison:
    """Dates are left out: they are always new."""
    kept = [s for s in feature_shifts if sides.old.profile.columns[s.name].kind != "date"]
    if len(kept) < 2:
        return RowComparison(kept)
    return RowComparison(
        kept,
        measure_separation(sides.old, sides.new, kept, ask),
        measure_reconstruction(sides.old, sides.new, kept, ask),
    )


def _shift_check(
    shift: ColumnShift, harm: PredictionHarm, seen: DriftObservations, *, output: bool
) -> Check:
    effect, rows = harm.effects.get(shift.name), seen.sides.current.rows
    return say_checks.column_shift_check(shift, effect, seen.ask, rows, output=output)


def _report(
    subject: str,
    checks: Sequence[Check],
    harm: PredictionHarm,
    ordered: Sequence[ColumnShift],
    outputs: Sequence[str],
) -> Report:
    sheets = [display.column_sheet(ordered, harm.effects, harm.effect_metric)] if ordered else []
    features = [shift for shift in ordered if shift.name not in outputs]
    made = [shift.name for shift in ordered if shift.has_shifted and shift.name in outputs]
    return Report(
        gate="drift",
        subject=subject,
        verdict=overall_verdict(checks),
        summary=harm.summary(checks, features, made),
        checks=tuple(checks),
        sheets=(*sheets, *harm.sheets()),
        figures=(*harm.figures(), *display.column_figures(ordered)),
        measurements=harm.measurements(checks),
    )


# --- which columns ----------------------------------------------------------------------------


def _feature_names(
    reference: Table, current: Table, roles: ColumnRoles, columns: Sequence[str] | None
) -> list[str]:
    known = list(dict.fromkeys([*reference.schema.names, *current.schema.names]))
    for name in columns or ():
        if name not in known:
            raise _unknown_column(name, known, "either side")
    chosen = known if columns is None else list(dict.fromkeys(columns))
    return [name for name in chosen if name not in roles.outputs]


def _check_roles(reference: Table, current: Table, roles: ColumnRoles) -> None:
    needed = [*roles.answers, *roles.by]
    for side, table in (("the reference", reference), ("the current batch", current)):
        for name in needed:
            if name not in table.schema.names:
                raise _unknown_column(name, table.schema.names, side)
    if roles.truth and roles.truth not in reference.schema.names:
        raise _unknown_column(roles.truth, reference.schema.names, "the reference")


def _unknown_column(name: str, columns: Sequence[str], side: str) -> DataError:
    listed = ", ".join(columns[:20])
    return DataError(
        f"{side} has no column {name!r}",
        remedy=suggest_name(name, columns, f"Columns: {listed}."),
    )


def _split_comparable(
    features: Sequence[str], sides: ObservedPair
) -> tuple[list[str], list[Check], list[str]]:
    """Columns to compare, checks of those that cannot be, and notes on those left out."""
    known, broken, notes = [], [], []
    for name in features:
        before, after = (s.profile.columns.get(name) for s in (sides.old, sides.new))
        if before is None:
            notes.append(f"{name} is new: the reference has no such column.")
        elif after is None:
            broken.append(say_checks.absent_column_check(name, "current batch"))
        elif not are_comparable(before, after):
            broken.append(say_checks.type_change_check(name, before, after))
        elif _numbers_rows(name, sides):
            notes.append(f"{name} numbers the rows, so it was not compared.")
        else:
            known.append(name)
    return known, broken, notes


def _numbers_rows(name: str, sides: ObservedPair) -> bool:
    """Whether all values differ and, being numbers, ascend with the rows or never come again."""
    both = [side.profile.columns[name] for side in (sides.old, sides.new)]
    for column in both:
        if column.kind not in {"integer", "text"} or column.missing:
            return False
        if column.distinct < 0.9 * column.distribution.rows:  # it may be an estimate
            return False
    if both[0].kind == "text":
        return True
    ranges = sorted((c.low or 0.0, c.high or 0.0) for c in both)
    apart = ranges[0][1] < ranges[1][0]
    samples = [side.sample.column(name).to_numpy() for side in (sides.old, sides.new)]
    return apart or all(bool((values[1:] > values[:-1]).all()) for values in samples)


def _sampling_notes(sides: ObservedPair) -> list[str]:
    """What rests on samples."""
    if not (sides.old.is_sampled or sides.new.is_sampled):
        return []
    most = max(side.sample.num_rows for side in (sides.old, sides.new))
    note = (
        "Shares and distances count all rows; what each shift does to the predictions, and "
        f"how rows moved as wholes, rest on samples of {most:,} rows."
    )
    return [note]
