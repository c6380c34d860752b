"""Whether shifts harm the predictions of a yes or no: by CBPE, and by labels where they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from assay.config.gates import DriftSettings
from assay.gates.drift import checks as say_checks
from assay.gates.drift import display
from assay.gates.drift.case_mix import CaseMix, ReferenceSample, find_case_mix, shift_effects
from assay.gates.drift.cbpe import ProbabilityBins
from assay.gates.drift.column_shift import ColumnShift
from assay.gates.drift.importance_weights import (
    WeightedCalibration,
    calibrate_at_current_features,
)
from assay.gates.drift.performance_drop import (
    DropInputs,
    PerformanceDrop,
    credible_mix,
    measure_drops,
)
from assay.gates.drift.prediction_harm import DriftObservations
from assay.gates.drift.realised_lack import RealisedLack
from assay.gates.drift.scored_rows import ColumnRoles, read_scored_rows
from assay.gates.report import Check, Figure, Measurement, Sheet
from assay.tables.table import Table


@dataclass(frozen=True)
class BinaryHarm:
    """What the predictions' part came to; empty without probabilities."""

    roles: ColumnRoles
    ask: DriftSettings
    drops: Sequence[PerformanceDrop] = ()
    effects: display.ShiftEffects = field(default_factory=dict)
    sides: DropInputs | None = None
    group_checks: Sequence[Check] = ()

    @property
    def effect_metric(self) -> str | None:
        return self.drops[0].metric if self.drops else None

    @property
    def lacks(self) -> list[RealisedLack]:
        return [
            RealisedLack(
                say_checks.realised_check_name(drop), drop.reference_lack, drop.current_lack
            )
            for drop in self.drops
            if drop.reference_lack is not None and drop.current_lack is not None
        ]

    @property
    def mix(self) -> CaseMix | None:
        return self.sides.mix if self.sides else None

    @property
    def is_estimated(self) -> bool:
        return self.sides is not None

    def checks(self) -> list[Check]:
        if self.sides is None:
            return []
        told = (
            check
            for drop in self.drops
            for check in say_checks.performance_checks(drop, self.sides, self.ask)
        )
        return [*told, *self.group_checks]

    def measurements(self, checks: Sequence[Check]) -> tuple[Measurement, ...]:
        """Performance of all rows and of each group, and the drops that `checks` judged."""
        values = (one for drop in self.drops for one in say_checks.performance_values(drop))
        return (*values, *say_checks.drop_measurements(checks))

    def sheets(self) -> list[Sheet]:
        return [display.performance_sheet(self.drops)] if self.drops else []

    def figures(self) -> list[Figure]:
        figure = display.performance_figure(self.drops, self.ask)
        return [figure] if figure else []

    def summary(
        self, checks: Sequence[Check], features: Sequence[ColumnShift], outputs: Sequence[str]
    ) -> str:
        return display.drift_summary(checks, features, self.drops, self.sides, outputs)

    def notes(self) -> list[str]:
        """What is missing, where that is less than everything."""
        if self.sides is None:
            return ["No probabilities were named, so nothing is said of performance."]
        notes = say_checks.too_few_rows_note(self.drops, self.sides, self.ask)
        notes += say_checks.unseen_groups_note(self.sides)
        if not self.sides.reference.labelled_rows:
            notes.append(
                "The reference has no labels: probabilities were taken as they are, not calibrated."
            )
        if self.roles.prediction is None:
            notes.append("No decisions were named, so only metrics of the ranking are judged.")
        return notes


def estimate_binary_performance(seen: DriftObservations) -> BinaryHarm:
    """Judge expected and realised performance.

    Raises DataError for columns that hold no probabilities or no decisions.
    """
    sides, roles, ask = seen.sides, seen.roles, seen.ask
    feature_shifts = seen.feature_shifts
    if roles.probability is None:
        return BinaryHarm(roles, ask)
    wanted = [*roles.outputs, *roles.by]
    old = read_scored_rows(_read_columns(sides.reference, wanted), roles, "reference")
    new = read_scored_rows(_read_columns(sides.current, wanted), roles, "current")
    sample = read_scored_rows(sides.old.sample, roles, "reference")
    if old is None or new is None or sample is None:
        return BinaryHarm(roles, ask)
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
        weighted = _weigh_reference(seen, ladder)
    material = DropInputs(
        old, new, ladder, rows, found, unseen, divided, weighted, seen.together.has_shifted(ask)
    )
    usable = [m for m in ask.metrics if m == "roc_auc" or new.decision is not None]
    by_column = shift_effects(rows, feature_shifts, ladder, usable[0]) if usable else {}
    undivided = [check for check in whole.values() if check is not None]
    return BinaryHarm(roles, ask, measure_drops(material, ask), by_column, material, undivided)


def _weigh_reference(
    seen: DriftObservations, ladder: ProbabilityBins
) -> WeightedCalibration | None:
    """None where features did not move, or the reference has no labels to calibrate on."""
    if not ladder.is_calibrated or not seen.together.has_moved(seen.ask):
        return None
    samples = (seen.sides.old.sample, seen.sides.new.sample)
    return calibrate_at_current_features(samples, seen.together.columns, seen.roles, ladder)


def _read_columns(table: Table, names: Sequence[str]) -> pa.Table:
    return table.to_arrow([name for name in dict.fromkeys(names) if name in table.schema.names])
