"""How a look at a champion compares groups in decided classes whose true classes have come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from assay.config.data import Sensitive, Target
from assay.config.gates import FairnessRule
from assay.errors import DataError
from assay.gates.confusion_cells import ROWS_COLUMN, count_cells
from assay.gates.fairness.divisions import FairnessLimit
from assay.gates.fairness.metric_rules import MetricRule
from assay.gates.report import Check, Figure, Sheet
from assay.problems.multiclass.answers import PROBABILITY_PREFIX
from assay.problems.multiclass.class_divisions import ClassDivisions, read_audited_answers
from assay.problems.multiclass.fairness import (
    MAX_LISTED_CLASSES,
    describe_limit,
    expand_rules,
    worst_class_figures,
)
from assay.problems.multiclass.fairness_sheets import class_group_sheet, group_sheet
from assay.problems.multiclass.worst_gap import describe_worst_gap
from assay.problems.problem_type import listed

_DECISIONS = ("truth", "decision")
_NO_SETS = ("The answers hold no sets of classes", "Limit accuracy_score instead.")


@dataclass(frozen=True)
class ClassComparison:
    """Compares decided classes with true ones, each class against the rest. `columns`: what truth,
    decision, set and the probabilities by class are called in a table.
    """

    columns: Mapping[str, str]
    target: Target

    def answer_columns(self, rules: Sequence[FairnessRule]) -> Mapping[str, str]:
        probabilities = [PROBABILITY_PREFIX + label for label in self.target.class_labels]
        wanted = [
            *_DECISIONS,
            *(probabilities if _limits("mean_prediction", rules) else ()),
            *(["set"] if _limits("interval_coverage", rules) else ()),
        ]
        return {name: self.columns[name] for name in wanted if name in self.columns}

    def reduce_rows(
        self, answers: pd.DataFrame, rules: Sequence[FairnessRule], groups: Sequence[str]
    ) -> pd.DataFrame:
        """Counted cells, unless a rule needs more than decisions."""
        only = [*self.answer_columns(rules)] == [*_DECISIONS]
        return count_cells(answers, groups) if only else answers

    def expand_rules(
        self,
        answers: pd.DataFrame,
        rules: Sequence[FairnessRule],
        sensitive: Mapping[str, Sensitive],
    ) -> list[MetricRule]:
        """See `GroupComparison`. Raises DataError as `audit_fairness` does, also for classes that
        are not declared.
        """
        names = list(dict.fromkeys(name for rule in rules for name in rule.sensitive_columns()))
        self._require_declared(answers)
        held = read_audited_answers(answers, self.target, names)
        if ROWS_COLUMN in answers:
            counts = answers[ROWS_COLUMN].to_numpy()
            held = replace(held, groups=held.groups.assign(**{ROWS_COLUMN: counts}))
        divisions = ClassDivisions(held, {name: sensitive[name] for name in names}, None)
        return expand_rules(rules, divisions)

    def limit_checks(self, limit: FairnessLimit) -> list[Check]:
        return describe_limit(limit, _NO_SETS)

    def group_sheets(self, limits: Sequence[FairnessLimit]) -> list[Sheet]:
        """Of each division what rules ask of all classes together, and its classes."""
        found = []
        for by in dict.fromkeys(limit.division.by for limit in limits):
            here = [one.division for one in limits if one.division.by == by]
            together = [one for one in here if not one.outcome]
            sets = next((one for one in together if "interval_coverage" in one.by_group), None)
            right = next((one for one in together if "accuracy_score" in one.by_group), None)
            if right is not None:
                found.append(group_sheet(right, sets))
            held = {one.outcome: one for one in here if one.outcome}
            if held:
                first = dict(list(held.items())[:MAX_LISTED_CLASSES])
                found.append(class_group_sheet(first))
        return found

    def limit_figures(self, limits: Sequence[FairnessLimit]) -> list[Figure]:
        return worst_class_figures(limits)

    def describe_worst(self, limits: Sequence[FairnessLimit]) -> str:
        return describe_worst_gap(limits)

    def _require_declared(self, answers: pd.DataFrame) -> None:
        """Raise DataError for a class that is not declared, with how many rows hold it: here a row
        may stand for several.
        """
        classes = self.target.class_labels
        for column in ("truth", "decision"):
            held = answers[column].astype(str)
            odd = held[~held.isin(classes)]
            if not len(odd):
                continue
            rows = answers.loc[odd.index, ROWS_COLUMN].sum() if ROWS_COLUMN in answers else len(odd)
            raise DataError(
                f"{int(rows):,} rows hold the {column} {odd.iloc[0]!r}, and no such class is"
                " declared",
                remedy=f"The classes are {listed(classes)}. A new one is declared under"
                " data.target.classes, and learnt by training again.",
            )


def _limits(metric: str, rules: Sequence[FairnessRule]) -> bool:
    return any(metric in rule.metrics for rule in rules)
