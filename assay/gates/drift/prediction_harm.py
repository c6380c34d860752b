"""What the drift gate asks about predictions: are they harmed? Each problem type answers it.

The gate measures how columns and rows moved; whether that costs performance is asked of an
`EstimatePerformance`. Yes or no has `binary_harm`; others are passed in, from layers above.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from assay.config.gates import DriftSettings
from assay.gates.drift.case_mix import CaseMix
from assay.gates.drift.column_shift import ColumnShift
from assay.gates.drift.display import ShiftEffects
from assay.gates.drift.multivariate_checks import reconstruction_check, separation_check
from assay.gates.drift.realised_lack import RealisedLack
from assay.gates.drift.reconstruction import Reconstruction
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.drift.separation import Separation
from assay.gates.report import Check, Figure, Measurement, Sheet
from assay.tables.profiled_table import ProfiledTable
from assay.tables.table import Table


@dataclass(frozen=True)
class ObservedPair:
    """Both sides: their tables, and what was observed of them."""

    reference: Table
    current: Table
    old: ProfiledTable
    new: ProfiledTable

    def both_have(self, name: str) -> bool:
        return all(name in side.profile.columns for side in (self.old, self.new))


@dataclass(frozen=True)
class RowComparison:
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


@dataclass(frozen=True)
class DriftObservations:
    """All that the gate observed, and what was asked of it.

    `feature_shifts`: the columns that a model sees and both sides hold. `together`: rows as wholes,
    by the same columns without dates. `chunk_rows`: performance is also wanted of each so many
    current rows; None if it is not.
    """

    sides: ObservedPair
    feature_shifts: Sequence[ColumnShift]
    together: RowComparison
    roles: ColumnRoles
    ask: DriftSettings
    seed: int = 0
    chunk_rows: int | None = None


class PredictionHarm(Protocol):
    """What was found of the predictions, ready to be reported."""

    @property
    def lacks(self) -> Sequence[RealisedLack]:
        """How far realised performance lies below the expected, of whatever labels came for."""

    @property
    def effects(self) -> ShiftEffects:
        """What each column's shift alone does to the first metric; empty if that is not known."""

    @property
    def effect_metric(self) -> str | None:
        """The metric of `effects`."""

    @property
    def mix(self) -> CaseMix | None:
        """The mix of rows that explains the shift, if one does."""

    @property
    def is_estimated(self) -> bool:
        """Whether anything is said of performance."""

    def checks(self) -> list[Check]:
        """Expected and realised performance, as checks."""

    def measurements(self, checks: Sequence[Check]) -> tuple[Measurement, ...]:
        """The same for programs. `checks`: all of the report's."""

    def sheets(self) -> list[Sheet]:
        """What people look up."""

    def figures(self) -> list[Figure]:
        """What is drawn before the columns' figures."""

    def summary(
        self, checks: Sequence[Check], features: Sequence[ColumnShift], outputs: Sequence[str]
    ) -> str:
        """One or two sentences. `features`: how these moved; `outputs`: those that moved."""

    def notes(self) -> list[str]:
        """What limits all this."""


EstimatePerformance = Callable[[DriftObservations], PredictionHarm]
