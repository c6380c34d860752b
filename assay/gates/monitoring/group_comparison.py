"""How a look compares groups in answers whose outcomes are known: each problem type has its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import FairnessRule
from assay.gates.confusion_cells import count_cells
from assay.gates.fairness import checks, figures, sheets
from assay.gates.fairness.divisions import FairnessLimit, GroupDivision
from assay.gates.fairness.metric_rules import MetricRule, expand_rules
from assay.gates.fairness.metrics import PROBABILITY_METRICS
from assay.gates.report import Check, Figure, Sheet


class GroupComparison(Protocol):
    """What the fairness gate of a problem type does, for a look."""

    def answer_columns(self, rules: Sequence[FairnessRule]) -> Mapping[str, str]:
        """The table's columns that these rules need, by the names that frames have for them."""

    def reduce_rows(
        self, answers: pd.DataFrame, rules: Sequence[FairnessRule], groups: Sequence[str]
    ) -> pd.DataFrame:
        """As little as these rules need to know of the rows. Reducing parts of a frame, and then
        all of them together, comes to the same as reducing the frame.
        """

    def expand_rules(
        self,
        answers: pd.DataFrame,
        rules: Sequence[FairnessRule],
        sensitive: Mapping[str, Sensitive],
    ) -> list[MetricRule]:
        """What the rules ask of answers beside group labels. A column "(rows)" says how many rows
        each row stands for. Raises DataError for a reference group that does not exist.
        """

    def limit_checks(self, limit: FairnessLimit) -> list[Check]:
        """One check a pair of groups; where there is none, one that says why."""

    def group_sheets(self, limits: Sequence[FairnessLimit]) -> list[Sheet]:
        """The metrics by group, to be read."""

    def limit_figures(self, limits: Sequence[FairnessLimit]) -> list[Figure]:
        """The gaps beside their limits."""

    def describe_worst(self, limits: Sequence[FairnessLimit]) -> str:
        """A sentence on the worst of very many gaps; empty where all can be read."""


@dataclass(frozen=True)
class DecisionComparison:
    """Compares decisions of yes or no, and their probabilities. The fields name columns."""

    truth: str
    decision: str
    probability: str

    def answer_columns(self, rules: Sequence[FairnessRule]) -> Mapping[str, str]:
        named = {"truth": self.truth, "decision": self.decision}
        return {**named, "probability": self.probability} if _of_probabilities(rules) else named

    def reduce_rows(
        self, answers: pd.DataFrame, rules: Sequence[FairnessRule], groups: Sequence[str]
    ) -> pd.DataFrame:
        """Counted cells, unless a rule needs probabilities."""
        return answers if _of_probabilities(rules) else count_cells(answers, groups)

    def expand_rules(
        self,
        answers: pd.DataFrame,
        rules: Sequence[FairnessRule],
        sensitive: Mapping[str, Sensitive],
    ) -> list[MetricRule]:
        return expand_rules(answers, rules, sensitive)

    def limit_checks(self, limit: FairnessLimit) -> list[Check]:
        return checks.limit_checks(limit)

    def group_sheets(self, limits: Sequence[FairnessLimit]) -> list[Sheet]:
        return [sheets.group_sheet(division) for division in distinct_divisions(limits)]

    def limit_figures(self, limits: Sequence[FairnessLimit]) -> list[Figure]:
        return [figures.limit_figure(limit) for limit in limits if limit.pairs]

    def describe_worst(self, limits: Sequence[FairnessLimit]) -> str:  # noqa: ARG002 - few gaps
        return ""


def distinct_divisions(limits: Sequence[FairnessLimit]) -> list[GroupDivision]:
    """The divisions of the limits, one for each set of columns."""
    return list({limit.division.by: limit.division for limit in limits}.values())


def _of_probabilities(rules: Sequence[FairnessRule]) -> bool:
    return any(m in PROBABILITY_METRICS for rule in rules for m in rule.metrics)
