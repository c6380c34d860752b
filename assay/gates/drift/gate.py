"""The drift gate: has what a model sees moved, and does that harm its predictions?

`fail` only where predictions are surely harmed: expected (or, with labels, realised) performance
falls by more than the accepted margin, and not merely because more of the harder rows came. A
shift without harm is a caution. Too few rows, or rows such as the reference never held: unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from assay.config.gates import DriftSettings
from assay.errors import DataError, suggest_name
from assay.gates.drift import checks as say_checks
from assay.gates.drift import display
from assay.gates.drift.case_mix import ReferenceSample, find_case_mix, shift_effects
from assay.gates.drift.cbpe import ProbabilityBins
from assay.gates.drift.cell_grid import are_comparable
from assay.gates.drift.column_shift import ColumnShift, measure_shifts
from assay.gates.drift.importance_weights import (
    WeightedCalibration,
    calibrate_at_current_features,
)
from assay.gates.drift.multivariate_checks import reconstruction_check, separation_check
from assay.gates.drift.performance_drop import (
    DropInputs,
    PerformanceDrop,
    credible_mix,
    measure_drops,
)
from assay.gates.drift.reconstruction import Reconstruction, measure_reconstruction
from assay.gates.drift.scored_rows import ColumnRoles, read_scored_rows
from assay.gates.drift.separation import Separation, measure_separation
from assay.gates.report import Check, Measurement, Report, Verdict, overall_verdict
from assay.tables.profiled_table import ProfiledTable, profile_and_sample
from assay.tables.table import Table


@dataclass(frozen=True)
class DriftFindings:
    """The gate's report, and the drops in performance that it tells of."""

    report: Report
    drops: Sequence[PerformanceDrop] = ()


def judge_drift(
    reference: Table,
    current: Table,
    ask: DriftSettings,
    *,
    roles: ColumnRoles | None = None,
    columns: Sequence[str] | None = None,
    subject: str,
    seed: int = 0,
) -> Report:
    """Judge `current` against `reference`.

    `columns` are compared as what a model sees (all but outputs, when left out); `roles` names
    the columns of its outputs and of labels. Both tables' profiles are kept in their buckets.
    Raises DataError for columns that neither side has, that hold no probabilities or no
    decisions, and for cut points on a group that is no number.
    """
    return measure_drift(
        reference, current, ask, roles=roles, columns=columns, subject=subject, seed=seed
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
) -> DriftFindings:
    """As `judge_drift`, with the numbers beside the report."""
    roles = roles or ColumnRoles()
    rows = say_checks.row_count_check(reference.rows, current.rows, ask)
    features = _feature_names(reference, current, roles, columns)
    if rows.verdict is not Verdict.PASS:
        return DriftFindings(_report(subject, [rows], _PredictionHarm([], {}, None), ask, []))
    _check_roles(reference, current, roles)
    sides = _ObservedPair(
        reference, current, *(profile_and_sample(t, seed=seed) for t in (reference, current))
    )
    known, broken, notes = _split_comparable(features, sides)
    outputs = [name for name in roles.outputs if sides.both_have(name)]
    every = measure_shifts(sides.old, sides.new, [*known, *outputs], ask)
    seen = [shift for shift in every if shift.name in known]
    together = _compare_rows(sides, seen, ask)
    found = _assess_harm(sides, seen, together, roles, ask)
    ordered = display.rank_shifts(every, found.effects, found.sides.mix if found.sides else None)
    checks = [
        rows,
        *found.checks(ask),
        *broken,
        *(_shift_check(s, found, ask, current.rows) for s in ordered),
        *together.checks(ask),
    ]
    report = _report(subject, checks, found, ask, ordered)
    notes += _limitation_notes(sides, roles, found, ask)
    return DriftFindings(report.model_copy(update={"notes": tuple(notes)}), found.outcomes)


@dataclass(frozen=True)
class _PredictionHarm:
    """What the predictions' part came to; empty without probabilities."""

    outcomes: list[PerformanceDrop]
    effects: display.ShiftEffects
    sides: DropInputs | None
    outputs: Sequence[str] = ()
    group_checks: Sequence[Check] = ()

    def measurements(self, checks: Sequence[Check]) -> tuple[Measurement, ...]:
        """Performance of all rows and of each group, and the drops that `checks` judged."""
        values = (one for o in self.outcomes for one in say_checks.performance_values(o))
        return (*values, *say_checks.drop_measurements(checks))

    def checks(self, ask: DriftSettings) -> list[Check]:
        if self.sides is None:
            return []
        told = (c for o in self.outcomes for c in say_checks.performance_checks(o, self.sides, ask))
        return [*told, *self.group_checks]


@dataclass(frozen=True)
class _ObservedPair:
    """Both sides: their tables, and what was observed of them."""

    reference: Table
    current: Table
    old: ProfiledTable
    new: ProfiledTable

    def both_have(self, name: str) -> bool:
        return all(name in side.profile.columns for side in (self.old, self.new))


def _assess_harm(
    sides: _ObservedPair,
    feature_shifts: Sequence[ColumnShift],
    together: _RowComparison,
    roles: ColumnRoles,
    ask: DriftSettings,
) -> _PredictionHarm:
    if roles.probability is None:
        return _PredictionHarm([], {}, None)
    wanted = [*roles.outputs, *roles.by]
    old = read_scored_rows(_read_columns(sides.reference, wanted), roles, "reference")
    new = read_scored_rows(_read_columns(sides.current, wanted), roles, "current")
    sample = read_scored_rows(sides.old.sample, roles, "reference")
    if old is None or new is None or sample is None:
        return _PredictionHarm([], {}, None)
    codes = {
        shift.name: shift.grid.codes(sides.old.sample.column(shift.name))
        for shift in feature_shifts
    }
    rows = ReferenceSample(sample, codes, sides.current.rows)
    ladder = ProbabilityBins.from_sides(old, new)
    found = credible_mix(
        find_case_mix(
            rows, feature_shifts, [shift for shift in feature_shifts if shift.has_shifted]
        ),
        ask,
    )
    unseen = say_checks.unsupported_features(
        feature_shifts, [s.name for s in feature_shifts], sides.new, ask
    )
    whole = {
        n: say_checks.incomparable_groups_check(n, old.groups[n], new.groups[n], ask)
        for n in roles.by
    }
    divided = [name for name, check in whole.items() if check is None]
    weighted = None
    if new.labelled_rows < len(new):  # labels say more than any expectation
        weighted = _weigh_reference(sides, together, roles, ladder, ask)
    material = DropInputs(
        old, new, ladder, rows, found, unseen, divided, weighted, together.has_shifted(ask)
    )
    usable = [m for m in ask.metrics if m == "roc_auc" or new.decision is not None]
    by_column = shift_effects(rows, feature_shifts, ladder, usable[0]) if usable else {}
    undivided = [check for check in whole.values() if check is not None]
    return _PredictionHarm(
        measure_drops(material, ask), by_column, material, roles.outputs, undivided
    )


@dataclass(frozen=True)
class _RowComparison:
    """What rows as wholes say: told apart by all columns, and rebuilt; None for too few columns."""

    columns: Sequence[ColumnShift]
    separation: Separation | None = None
    reconstruction: Reconstruction | None = None

    def checks(self, ask: DriftSettings) -> list[Check]:
        found = []
        if self.separation is not None:
            found.append(separation_check(self.separation, ask))
        if self.reconstruction is not None:
            found.append(reconstruction_check(self.reconstruction, ask))
        return found

    def has_shifted(self, ask: DriftSettings) -> bool:
        """Whether features moved by more than is accepted, alone or together."""
        if any(shift.has_shifted for shift in self.columns):
            return True
        high = None if self.separation is None else self.separation.auc.interval.high
        return high is None or high > ask.separable

    def has_moved(self, ask: DriftSettings) -> bool:
        """Whether features surely moved, by however little, alone or together."""
        if any(shift.adjusted_p <= ask.level for shift in self.columns):
            return True
        low = None if self.separation is None else self.separation.auc.interval.low
        return low is not None and low > 0.5


def _compare_rows(
    sides: _ObservedPair, feature_shifts: Sequence[ColumnShift], ask: DriftSettings
) -> _RowComparison:
    """Dates are left out: they are always new."""
    kept = [s for s in feature_shifts if sides.old.profile.columns[s.name].kind != "date"]
    if len(kept) < 2:
        return _RowComparison(kept)
    return _RowComparison(
        kept,
        measure_separation(sides.old, sides.new, kept, ask),
        measure_reconstruction(sides.old, sides.new, kept, ask),
    )


def _weigh_reference(
    sides: _ObservedPair,
    together: _RowComparison,
    roles: ColumnRoles,
    ladder: ProbabilityBins,
    ask: DriftSettings,
) -> WeightedCalibration | None:
    """None where features did not move, or the reference has no labels to calibrate on."""
    if not ladder.is_calibrated or not together.has_moved(ask):
        return None
    samples = (sides.old.sample, sides.new.sample)
    return calibrate_at_current_features(samples, together.columns, roles, ladder)


def _shift_check(shift: ColumnShift, harm: _PredictionHarm, ask: DriftSettings, rows: int) -> Check:
    effect, output = harm.effects.get(shift.name), shift.name in harm.outputs
    return say_checks.column_shift_check(shift, effect, ask, rows, output=output)


def _report(
    subject: str,
    checks: Sequence[Check],
    harm: _PredictionHarm,
    ask: DriftSettings,
    ordered: Sequence[ColumnShift],
) -> Report:
    verdict = overall_verdict(checks)
    metric = harm.outcomes[0].metric if harm.outcomes else None
    sheets = [display.column_sheet(ordered, harm.effects, metric)] if ordered else []
    sheets += [display.performance_sheet(harm.outcomes)] if harm.outcomes else []
    figure = display.performance_figure(harm.outcomes, ask)
    seen = [shift for shift in ordered if shift.name not in harm.outputs]
    made = [shift.name for shift in ordered if shift.has_shifted and shift.name in harm.outputs]
    return Report(
        gate="drift",
        subject=subject,
        verdict=verdict,
        summary=display.drift_summary(checks, seen, harm.outcomes, harm.sides, made),
        checks=tuple(checks),
        sheets=tuple(sheets),
        figures=(*([figure] if figure else []), *display.column_figures(ordered)),
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
    needed = [name for name in (roles.probability, roles.prediction, *roles.by) if name]
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


def _read_columns(table: Table, names: Sequence[str]) -> pa.Table:
    return table.to_arrow([name for name in dict.fromkeys(names) if name in table.schema.names])


def _split_comparable(
    features: Sequence[str], sides: _ObservedPair
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


def _numbers_rows(name: str, sides: _ObservedPair) -> bool:
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


def _limitation_notes(
    sides: _ObservedPair, roles: ColumnRoles, harm: _PredictionHarm, ask: DriftSettings
) -> list[str]:
    """What the report rests on, where that is less than everything."""
    notes = []
    if sides.old.is_sampled or sides.new.is_sampled:
        most = max(side.sample.num_rows for side in (sides.old, sides.new))
        notes.append(
            "Shares and distances count all rows; what each shift does to the predictions, and "
            f"how rows moved as wholes, rest on samples of {most:,} rows."
        )
    if harm.sides is None:
        notes.append("No probabilities were named, so nothing is said of performance.")
        return notes
    notes += say_checks.too_few_rows_note(harm.outcomes, harm.sides, ask)
    notes += say_checks.unseen_groups_note(harm.sides)
    if not harm.sides.reference.labelled_rows:
        notes.append(
            "The reference has no labels: probabilities were taken as they are, not calibrated."
        )
    if roles.prediction is None:
        notes.append("No decisions were named, so only metrics of the ranking are judged.")
    return notes
