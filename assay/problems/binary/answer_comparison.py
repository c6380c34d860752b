"""Two models that answer yes or no: scores, groups' rates, and decisions that flip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast, get_args

import numpy as np

from assay.config.gates import BinaryMetric, FairnessMetric, RateMetric
from assay.config.use_case import UseCase
from assay.gates.confusion_cells import RATE_DEFINITIONS
from assay.gates.fairness.metrics import metric_title
from assay.gates.performance import comparisons, metric_titles
from assay.gates.performance.point_scores import ModelPredictions, row_values
from assay.gates.performance.scores import estimate_score, score_difference
from assay.gates.statistics.intervals import Bools, Estimate
from assay.problems.answer_comparison import (
    UNKNOWN_INTERVAL,
    AnswerComparison,
    AnswerPair,
    ChangedAnswers,
    ChangeKind,
    PairedScore,
)
from assay.problems.group_changes import (
    GroupMetric,
    MeasuredChange,
    compare_groups,
    mean_metric,
    ratio_metric,
    share_metric,
    without_change,
)

KINDS: Final = (ChangeKind("no", "yes"), ChangeKind("yes", "no"))
_ALWAYS: Final[tuple[FairnessMetric, ...]] = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "accuracy_score",
)
_SCORES_OF_GROUPS: Final[dict[FairnessMetric, BinaryMetric]] = {
    "balanced_accuracy_score": "balanced_accuracy",
    "f1_score": "f1",
    "roc_auc_score": "roc_auc",
}


def compare_answers(pair: AnswerPair, use_case: UseCase) -> AnswerComparison:
    """Compare two models' probabilities and decisions, judged as `use_case` judges.

    Raises DataError for frames that hold no answers, and for rows of one class alone.
    """
    first, truth = comparisons.read_predictions(pair.first, "predictions of the first")
    second = comparisons.read_predictions(pair.second, "predictions of the second")[0]
    comparisons.require_both_classes(truth)
    metrics = _GroupMetrics(pair, use_case, truth, (first, second)).collect()
    groups = compare_groups(pair, use_case.data.sensitive, metrics)
    same = np.array_equal(first.probability, second.probability) and np.array_equal(
        first.decision, second.decision
    )
    return AnswerComparison(
        scores=tuple(_compare_scores(pair, use_case, truth, (first, second))),
        groups=tuple(without_change(one) for one in groups) if same else groups,
        changed=_changed_decisions(truth, first, second),
    )


def _compare_scores(
    pair: AnswerPair, use_case: UseCase, truth: Bools, models: tuple[ModelPredictions, ...]
) -> Sequence[PairedScore]:
    asked, clusters = use_case.performance, pair.clusters
    first, second = models
    found = []
    for metric in cast(tuple[BinaryMetric, ...], get_args(BinaryMetric)):
        both = [
            estimate_score(metric, truth, one, asked.cost, seed=use_case.seed, clusters=clusters)
            for one in models
        ]
        gain = score_difference(
            metric, truth, second, first, asked.cost, seed=use_case.seed, clusters=clusters
        )
        title = metric_titles.metric_title(metric)
        is_headline = metric == asked.choose_by
        found.append(PairedScore(metric, title, both[0], both[1], gain, headline=is_headline))
    return sorted(found, key=lambda one: not one.headline)


def _changed_decisions(
    truth: Bools, first: ModelPredictions, second: ModelPredictions
) -> ChangedAnswers:
    flipped = first.decision != second.decision
    codes = np.where(flipped, np.where(second.decision, 0, 1), -1).astype(np.int64)
    right = np.where(second.decision == truth, 1, -1)
    return ChangedAnswers(
        noun="decision",
        verb="flip",
        rule="the decision is another",
        kinds=KINDS,
        codes=codes,
        sizes=np.abs(second.probability - first.probability),
        repaired=np.where(flipped, right, 0).astype(np.int64),
        first_texts=_decision_texts(first),
        second_texts=_decision_texts(second),
        outcomes=["yes" if one else "no" for one in truth.tolist()],
    )


def _decision_texts(who: ModelPredictions) -> list[str]:
    return [
        f"{'yes' if yes else 'no'} ({probability:.3f})"
        for yes, probability in zip(who.decision.tolist(), who.probability.tolist(), strict=True)
    ]


# --- groups -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _GroupMetrics:
    """The metrics of groups that two models' answers have."""

    pair: AnswerPair
    use_case: UseCase
    truth: Bools
    models: tuple[ModelPredictions, ...]

    def collect(self) -> list[GroupMetric]:
        """Those that rules limit, then those that people ask for first."""
        ruled = [metric for rule in self.use_case.fairness for metric in rule.metrics]
        found = (self._find(metric) for metric in dict.fromkeys((*ruled, *_ALWAYS)))
        return [one for one in found if one is not None]

    def _find(self, metric: FairnessMetric) -> GroupMetric | None:
        if metric in get_args(RateMetric):
            return self._rate(cast(RateMetric, metric))
        if metric in _SCORES_OF_GROUPS:
            return self._score(metric)
        cost, truth = self.use_case.performance.cost, self.truth
        errors = [one.probability - truth for one in self.models]
        values = {
            "mean_prediction": [one.probability for one in self.models],
            "calibration_error": errors,
            "mean_absolute_error": [np.abs(error) for error in errors],
            "mean_squared_error": [error**2 for error in errors],
            "log_loss": [row_values("log_loss", truth, one, cost) for one in self.models],
        }.get(metric)
        if values is None:
            return None
        return mean_metric(metric, metric_title(metric), (values[0], values[1]), self.pair)

    def _rate(self, metric: RateMetric) -> GroupMetric:
        share, title = RATE_DEFINITIONS[metric], metric_title(metric)
        kinds = [
            np.where(self.truth, np.where(m.decision, "tp", "fn"), np.where(m.decision, "fp", "tn"))
            for m in self.models
        ]
        over = [np.isin(kind, share.successes) for kind in kinds]
        under = [np.isin(kind, share.out_of) for kind in kinds]
        if np.array_equal(under[0], under[1]):
            return share_metric(metric, title, (over[0], over[1]), under[0], self.pair)
        return ratio_metric(metric, title, (over[0], over[1]), (under[0], under[1]), self.pair)

    def _score(self, metric: FairnessMetric) -> GroupMetric:
        """A performance metric on a group's rows; unknown where they are of one class alone."""
        score, clusters = _SCORES_OF_GROUPS[metric], self.pair.clusters
        cost, seed = self.use_case.performance.cost, self.use_case.seed

        def measure(rows: Bools) -> MeasuredChange:
            inside = self.truth[rows]
            if not len(inside) or inside.all() or not inside.any():
                return MeasuredChange(None, None, Estimate(0.0, UNKNOWN_INTERVAL))
            of = clusters.of(rows) if clusters else None
            first, second = (model.of(rows) for model in self.models)
            values = [
                estimate_score(score, inside, one, cost, seed=seed, clusters=of).value
                for one in (first, second)
            ]
            change = score_difference(score, inside, second, first, cost, seed=seed, clusters=of)
            return MeasuredChange(values[0], values[1], change)

        return GroupMetric(metric, metric_title(metric), measure)
