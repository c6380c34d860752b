"""Decided classes of a challenger beside the champion's, in shadow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from assay.config.gates import MulticlassMetric
from assay.config.use_case import UseCase
from assay.gates.report import Check
from assay.problems.answer_comparison import AnswerComparison, AnswerPair
from assay.problems.multiclass.answer_comparison import compare_answers
from assay.problems.multiclass.answers import (
    PROBABILITY_PREFIX,
    ClassAnswers,
    Ints,
    read_answers,
    read_decisions,
    read_truth,
)
from assay.problems.multiclass.comparisons import check_against_rivals
from assay.problems.multiclass.metrics import cost_array
from assay.problems.multiclass.scores import gather_evidence
from assay.problems.shadow_gate import ShadowChanges


@dataclass(frozen=True)
class ShadowClasses:
    """A `ShadowAnswers`: another class is another answer."""

    use_case: UseCase

    @property
    def shift_columns(self) -> Sequence[str]:
        labels = self.use_case.data.target.class_labels
        return [*(PROBABILITY_PREFIX + label for label in labels), "decision"]

    def find_changes(self, pair: AnswerPair) -> ShadowChanges:
        target = self.use_case.data.target
        classes = target.class_labels
        old, new = (
            read_decisions(frame, target, f"answers of the {who}")
            for frame, who in ((pair.first, "champion"), (pair.second, "challenger"))
        )
        changed = old != new
        joint, counts = np.unique(old[changed] * len(classes) + new[changed], return_counts=True)
        order = np.argsort(-counts, kind="stable")
        kinds = [
            (f"{classes[k // len(classes)]} to {classes[k % len(classes)]}", int(count))
            for k, count in zip(joint[order].tolist(), counts[order].tolist(), strict=True)
        ]
        return ShadowChanges(changed, "another class is decided", kinds)

    def too_few(self, pair: AnswerPair) -> str:
        truth, (_, new) = self._read(pair)
        metric = cast(MulticlassMetric, self.use_case.performance.choose_by)
        return gather_evidence(metric, truth, new, None).too_few

    def compare(self, pair: AnswerPair) -> AnswerComparison:
        return compare_answers(pair, self.use_case)

    def check_champion(self, pair: AnswerPair) -> list[Check]:
        truth, (old, new) = self._read(pair)
        asked, labels = self.use_case.performance, self.use_case.data.target.class_labels
        return check_against_rivals(
            truth,
            new,
            {"champion": old},
            asked,
            cast(MulticlassMetric, asked.choose_by),
            costs=cost_array(asked.cost_matrix, labels),
        )

    def _read(self, pair: AnswerPair) -> tuple[Ints, tuple[ClassAnswers, ClassAnswers]]:
        target = self.use_case.data.target
        truth = read_truth(pair.second, target, "labelled rows")
        old, new = (
            read_answers(frame, target, f"answers of the {who}")
            for frame, who in ((pair.first, "champion"), (pair.second, "challenger"))
        )
        return truth, (old, new)
