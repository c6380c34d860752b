"""Whether shifts harm predictions, by what an estimator of the question's type expects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from assay.config.gates import DriftSettings
from assay.gates.drift import subset_checks, subset_display
from assay.gates.drift.case_mix import CaseMix
from assay.gates.drift.column_shift import ColumnShift
from assay.gates.drift.display import ShiftEffects
from assay.gates.drift.prediction_harm import DriftObservations
from assay.gates.drift.realised_lack import RealisedLack
from assay.gates.drift.scored_rows import GroupCodes, group_codes
from assay.gates.drift.subset_performance import PerformanceEstimator, SubsetPerformance
from assay.gates.report import Check, Figure, Measurement, Sheet
from assay.gates.statistics.intervals import Bools, Floats

_FEWEST_EFFECTIVE = 50.0  # reference rows that must stand behind a column's effect


@dataclass(frozen=True)
class EstimatedHarm:
    """A `PredictionHarm`: of all current rows, of groups, and of chunks of neighbouring rows.

    `missing`: why nothing is said of performance; then all else is empty.
    """

    ask: DriftSettings
    subsets: Sequence[SubsetPerformance] = ()
    chunks: Sequence[SubsetPerformance] = ()
    effects: ShiftEffects = field(default_factory=dict)
    assumption: str = ""
    features_shifted: bool = True
    group_checks: Sequence[Check] = ()
    missing: str = ""
    mix: CaseMix | None = None

    @property
    def effect_metric(self) -> str | None:
        return self.subsets[0].metrics[0].metric if self.subsets else None

    @property
    def is_estimated(self) -> bool:
        return bool(self.subsets)

    @property
    def lacks(self) -> list[RealisedLack]:
        """Of subsets with labels enough to be judged."""
        return [
            RealisedLack(
                subset_checks.check_name("realised", subset, one), *one.lacks, is_share=one.is_error
            )
            for subset in self.subsets
            for one in subset.metrics
            if one.lacks is not None and subset.labelled_rows >= self.ask.rows
        ]

    def checks(self) -> list[Check]:
        words = subset_checks.Wording(self.ask, self.assumption, self.features_shifted)
        found = [check for subset in self.subsets for check in words.checks(subset)]
        of_chunks = [subset_checks.chunk_check(self.chunks, self.ask.margin)] if self.chunks else []
        return [*found, *of_chunks, *self.group_checks]

    def measurements(self, checks: Sequence[Check]) -> tuple[Measurement, ...]:
        return tuple(subset_checks.measurements(self.subsets, checks))

    def sheets(self) -> list[Sheet]:
        found = [subset_display.performance_sheet(self.subsets)] if self.subsets else []
        if self.chunks:
            found.append(subset_display.chunk_sheet(self.chunks, self.ask.margin))
        return found

    def figures(self) -> list[Figure]:
        return subset_display.figures(self.subsets, self.chunks, self.ask)

    def summary(
        self, checks: Sequence[Check], features: Sequence[ColumnShift], outputs: Sequence[str]
    ) -> str:
        return subset_display.summary(checks, features, self.subsets, self.assumption, outputs)

    def notes(self) -> list[str]:
        if self.missing:
            return [self.missing]
        return (
            [f"Expected performance holds {self.assumption}. If that changes, only labels show it."]
            if self.subsets
            else []
        )


def estimate_harm(seen: DriftObservations, estimator: PerformanceEstimator) -> EstimatedHarm:
    """Ask the estimator of all current rows, each group and each chunk."""
    divisions, undivided = _find_divisions(seen, estimator.reference_rows)
    level = 1 - (1 - seen.ask.confidence) / (len(divisions) * len(seen.ask.metrics))
    sample = seen.sides.new.sample
    subsets = [
        estimator.estimate(
            sample if new is None else sample.filter(pa.array(new)), level, label=label, among=old
        )
        for label, old, new in divisions
    ]
    return EstimatedHarm(
        ask=seen.ask,
        subsets=subsets,
        chunks=list(_estimate_chunks(seen, estimator)),
        effects=_column_effects(seen.feature_shifts, estimator),
        assumption=estimator.assumption,
        features_shifted=seen.together.has_shifted(seen.ask),
        group_checks=undivided,
    )


def _estimate_chunks(
    seen: DriftObservations, estimator: PerformanceEstimator
) -> Iterator[SubsetPerformance]:
    """Of each run of so many rows, in the table's order; a shorter rest at the end too."""
    if seen.chunk_rows is None:
        return
    names = [shift.name for shift in seen.feature_shifts]
    held = seen.sides.current
    rows = held.to_arrow([n for n in (*names, *seen.roles.outputs) if n in held.schema.names])
    for start in range(0, rows.num_rows, seen.chunk_rows):
        chunk = rows.slice(start, seen.chunk_rows)
        label = f"{start + 1:,} to {start + chunk.num_rows:,}"
        if chunk.num_rows >= seen.ask.rows:
            yield estimator.estimate(chunk, seen.ask.confidence, label=label)


_Division = tuple[str | None, Bools | None, Bools | None]  # label, reference rows, current rows


def _find_divisions(
    seen: DriftObservations, reference: pa.Table
) -> tuple[list[_Division], list[Check]]:
    """All rows, then the groups that both sides hold with rows enough."""
    from assay.gates.drift.checks import incomparable_groups_check

    found: list[_Division] = [(None, None, None)]
    undivided = []
    for name in seen.roles.by:
        old, new = (
            group_codes(side.column(name), name, seen.roles)
            for side in (reference, seen.sides.new.sample)
        )
        check = incomparable_groups_check(name, old, new, seen.ask)
        if check is not None:
            undivided.append(check)
            continue
        for label in old[1]:
            before, after = (_in_group(side, label) for side in (old, new))
            if min(before.sum(), after.sum()) >= seen.ask.rows:
                found.append((f"{name}={label}", before, after))
    return found, undivided


def _in_group(groups: GroupCodes, label: str) -> Bools:
    codes, labels = groups
    found: Bools = codes == (labels.index(label) if label in labels else -1)
    return found


def _column_effects(
    shifts: Sequence[ColumnShift], estimator: PerformanceEstimator
) -> dict[str, float | None]:
    """By column, the change in the first metric that its shift alone would bring: reference rows,
    weighted to the current shares of its cells. None where too few of them stand behind that.
    """
    rows = estimator.reference_rows
    plain = estimator.reference_value(np.ones(rows.num_rows))
    found: dict[str, float | None] = {}
    for shift in shifts:
        weights = _cell_weights(shift, rows)
        squares = float((weights**2).sum())
        enough = squares > 0 and weights.sum() ** 2 / squares >= _FEWEST_EFFECTIVE
        change = estimator.reference_value(weights) - plain if enough else np.nan
        found[shift.name] = float(change) if np.isfinite(change) else None
    return found


def _cell_weights(shift: ColumnShift, rows: pa.Table) -> Floats:
    codes = shift.grid.codes(rows.column(shift.name))
    here = np.bincount(codes, minlength=len(shift.current)).astype(np.float64)
    ratio: Floats = np.divide(shift.current, here, out=np.zeros_like(here), where=here > 0)
    return ratio[codes]
