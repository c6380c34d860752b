"""ROC AUC of each class against the rest, of which the largest decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.gates.feasibility.single_columns import score_single_columns
from assay.gates.report import Interval
from assay.gates.statistics.auc import roc_auc
from assay.gates.statistics.intervals import Estimate, Floats
from assay.problems.multiclass.class_rows import ClassRows


@dataclass(frozen=True, slots=True)
class ClassArea:
    """How well one class is told from the rest."""

    name: str
    code: int
    area: Estimate

    @property
    def low(self) -> float:
        return self.area.interval.low or 0.0

    @property
    def text(self) -> str:
        """The ROC AUC with its interval."""
        interval: Interval = self.area.interval
        return f"{self.area.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


@dataclass(frozen=True, slots=True)
class ColumnAreas:
    """How well one column alone tells each class from the rest."""

    name: str
    classes: tuple[ClassArea, ...]

    @property
    def largest(self) -> ClassArea:
        return max(self.classes, key=lambda one: one.area.value)


def class_areas(data: ClassRows, answers: Floats) -> list[ClassArea]:
    """One for each class that has rows, by its probability in `answers` (rows, classes).

    Intervals are Bonferroni's over the classes, as the largest will be picked.
    """
    codes = [int(code) for code in np.unique(data.labels)]
    level = 1 - 0.05 / len(codes)
    return [
        ClassArea(
            data.classes[code],
            code,
            roc_auc(data.labels == code, answers[:, code], level, units=data.clusters),
        )
        for code in codes
    ]


def score_columns(data: ClassRows) -> list[ColumnAreas]:
    """Each feature alone, the one with the largest area of any class first."""
    by_column: dict[str, list[ClassArea]] = {}
    for code in map(int, np.unique(data.labels)):
        for one in score_single_columns(data, data.labels == code):
            found = ClassArea(data.classes[code], code, Estimate(one.auc, one.interval))
            by_column.setdefault(one.name, []).append(found)
    made = [ColumnAreas(name, tuple(areas)) for name, areas in by_column.items()]
    return sorted(made, key=lambda one: (-one.largest.area.value, one.name))
