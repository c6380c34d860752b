"""How a look at a champion compares groups in estimated amounts whose true amounts have come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import FairnessRule
from assay.gates.confusion_cells import ROWS_COLUMN
from assay.gates.fairness import figures
from assay.gates.fairness.divisions import FairnessLimit, group_columns
from assay.gates.fairness.metric_rules import MetricRule
from assay.gates.monitoring.group_comparison import distinct_divisions
from assay.gates.report import Check, Figure, Sheet
from assay.problems.regression.answers import read_amounts
from assay.problems.regression.fairness import (
    check_metrics,
    describe_limit,
    group_sheet,
)
from assay.problems.regression.group_measures import GroupAnswers, amount_measures, divide_answers

_AMOUNTS = ("truth", "prediction")
_NO_INTERVALS = (
    "The answers hold no intervals",
    "Limit mean_error or mean_absolute_error instead.",
)


@dataclass(frozen=True)
class AmountComparison:
    """Compares estimated amounts with true ones. `columns`: what truth, prediction, low and high
    are called in a table; without the last two, nothing is said of intervals.
    """

    columns: Mapping[str, str]
    unit: str

    def answer_columns(self, rules: Sequence[FairnessRule]) -> Mapping[str, str]:
        return self.columns if _of_intervals(rules) else {k: self.columns[k] for k in _AMOUNTS}

    def reduce_rows(
        self,
        answers: pd.DataFrame,
        rules: Sequence[FairnessRule],  # noqa: ARG002 - every metric needs every row
        groups: Sequence[str],  # noqa: ARG002
    ) -> pd.DataFrame:
        return answers

    def expand_rules(
        self,
        answers: pd.DataFrame,
        rules: Sequence[FairnessRule],
        sensitive: Mapping[str, Sensitive],
    ) -> list[MetricRule]:
        """See `GroupComparison`. Raises DataError as `audit_fairness` does."""
        truth, prediction = (
            read_amounts(answers, name, "rows") for name in ("truth", "prediction")
        )
        negative = bool((prediction < 0).any())
        measures = amount_measures(self.unit, negative_predictions=negative)
        check_metrics(rules, list(measures), negative_predictions=negative)
        weights = answers[ROWS_COLUMN].to_numpy(float) if ROWS_COLUMN in answers else None
        names = list(dict.fromkeys(name for rule in rules for name in rule.sensitive_columns()))
        covered = None
        if {"low", "high"} <= {*answers}:
            low, high = (read_amounts(answers, name, "rows") for name in ("low", "high"))
            covered = ((low <= truth) & (truth <= high)).astype(float)
        held = GroupAnswers(
            prediction, prediction - truth, covered, answers[names], weights=weights
        )
        divisions = {
            by: divide_answers(held, by, sensitive, measures)
            for by in dict.fromkeys(group_columns(one) for rule in rules for one in rule.by)
        }
        return [
            MetricRule(rule, metric, divisions[group_columns(by)])
            for rule in rules
            for metric in rule.metrics
            for by in rule.by
        ]

    def limit_checks(self, limit: FairnessLimit) -> list[Check]:
        return describe_limit(limit, self.unit, absent=_NO_INTERVALS)

    def group_sheets(self, limits: Sequence[FairnessLimit]) -> list[Sheet]:
        return [group_sheet(division, self.unit) for division in distinct_divisions(limits)]

    def limit_figures(self, limits: Sequence[FairnessLimit]) -> list[Figure]:
        return [figures.limit_figure(limit) for limit in limits if limit.pairs]

    def describe_worst(self, limits: Sequence[FairnessLimit]) -> str:  # noqa: ARG002 - few gaps
        return ""


def _of_intervals(rules: Sequence[FairnessRule]) -> bool:
    return any("interval_coverage" in rule.metrics for rule in rules)
