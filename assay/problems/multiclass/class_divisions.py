"""Groups by class: each class against the rest as yes and no, counted once for each division."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from assay.config.data import Sensitive, Target
from assay.errors import DataError, suggest_name
from assay.gates.confusion_cells import ROWS_COLUMN
from assay.gates.fairness.divisions import GroupColumns, GroupDivision, divide_groups
from assay.gates.fairness.tally import PredictionTally, tally_predictions
from assay.gates.statistics.cluster_errors import Clusters
from assay.gates.statistics.intervals import Bools, Floats
from assay.problems.multiclass.answers import (
    Ints,
    read_decisions,
    read_probabilities,
    read_sets,
    read_truth,
)
from assay.problems.multiclass.class_measures import (
    ALL_CLASSES_MEASURES,
    RIGHT_MEASURES,
    class_measures,
    rename_to_coverage,
)

_ALL_CLASSES = ""  # the key of the tally that asks whether decisions are right
_COVERAGE = "|"  # that of the sets; no class is called so


@dataclass(frozen=True, slots=True)
class AuditedAnswers:
    """Answers to be compared across groups; probabilities and sets where there are some."""

    classes: tuple[str, ...]
    truth: Ints
    decision: Ints
    probability: Floats | None
    sets: Bools | None
    groups: pd.DataFrame  # a column of labels for each sensitive column


def read_audited_answers(
    answers: pd.DataFrame, target: Target, sensitive: Sequence[str]
) -> AuditedAnswers:
    """What an audit needs of a frame of answers. Raises DataError."""
    for name in sensitive:
        if name not in answers:
            raise DataError(
                f"the predictions have no column {name!r}",
                remedy=suggest_name(name, map(str, answers.columns)),
            )
        if answers[name].isna().any():
            raise DataError(f"the predictions' column {name!r} holds nulls")
    if not len(answers):
        raise DataError("there are no predictions to audit")
    return AuditedAnswers(
        classes=target.class_labels,
        truth=read_truth(answers, target, "predictions"),
        decision=read_decisions(answers, target, "predictions"),
        probability=read_probabilities(answers, target, "predictions"),
        sets=read_sets(answers, target, "predictions"),
        groups=answers[list(sensitive)].reset_index(drop=True),
    )


@dataclass(slots=True)
class ClassDivisions:
    """The divisions of the answers' people, for each class and for all together."""

    answers: AuditedAnswers
    sensitive: Mapping[str, Sensitive]
    clusters: Clusters | None
    _tallies: dict[str, PredictionTally] = field(default_factory=dict)
    _divisions: dict[tuple[str, GroupColumns], GroupDivision] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.answers.classes

    @property
    def rows(self) -> int:
        return len(self.answers.truth)

    def most_frequent(self, count: int) -> list[str]:
        """So many classes, those with the most rows, in the target's order."""
        rows = np.bincount(self.answers.truth, minlength=len(self.classes))
        chosen = np.argsort(-rows, kind="stable")[:count]
        return [self.classes[code] for code in sorted(map(int, chosen))]

    def of_class(self, label: str, columns: GroupColumns) -> GroupDivision:
        """The groups by one class against the rest."""
        return self._divide(label, columns)

    def of_all_classes(self, columns: GroupColumns) -> GroupDivision:
        """The groups with `accuracy_score`: a decision is yes if it is right."""
        return self._divide(_ALL_CLASSES, columns)

    def coverage_of(self, columns: GroupColumns) -> GroupDivision | None:
        """The groups with `interval_coverage`: yes if the set holds the outcome. None without."""
        return None if self.answers.sets is None else self._divide(_COVERAGE, columns)

    def _divide(self, key: str, columns: GroupColumns) -> GroupDivision:
        if (key, columns) not in self._divisions:
            if key not in self._tallies:
                frame = self._binary_frame(key)
                if self.clusters is not None and self.clusters.weights is not None:
                    frame[ROWS_COLUMN] = self.clusters.weights
                self._tallies[key] = tally_predictions(frame, list(self.sensitive), self.clusters)
            measures = RIGHT_MEASURES if key in (_ALL_CLASSES, _COVERAGE) else class_measures(key)
            found = divide_groups(self._tallies[key], columns, self.sensitive, measures)
            self._divisions[key, columns] = _speak_of(key, found)
        return self._divisions[key, columns]

    def _binary_frame(self, key: str) -> pd.DataFrame:
        """The answers as yes and no, beside the groups."""
        held = self.answers
        if key == _ALL_CLASSES:
            right = held.decision == held.truth
            return held.groups.assign(truth=np.ones(self.rows, bool), decision=right)
        if key == _COVERAGE:
            assert held.sets is not None, "coverage is asked of sets"
            inside = held.sets[np.arange(self.rows), held.truth]
            return held.groups.assign(truth=np.ones(self.rows, bool), decision=inside)
        code = self.classes.index(key)
        frame = held.groups.assign(truth=held.truth == code, decision=held.decision == code)
        if held.probability is not None:
            frame["probability"] = held.probability[:, code]
        return frame


def _speak_of(key: str, division: GroupDivision) -> GroupDivision:
    """The division with the measures and words of what yes stands for."""
    if key == _ALL_CLASSES:
        return replace(division, measures=ALL_CLASSES_MEASURES)
    if key == _COVERAGE:
        return rename_to_coverage(division)
    return replace(division, outcome=key)
