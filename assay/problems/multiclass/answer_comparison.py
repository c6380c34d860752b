"""Two models that decide among several classes: scores, groups' rates, and which class becomes
which.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from assay.config.gates import FairnessMetric, RateMetric
from assay.config.use_case import UseCase
from assay.gates.confusion_cells import RATE_DEFINITIONS
from assay.gates.performance import metric_titles
from assay.gates.statistics.intervals import Bools
from assay.problems.answer_comparison import (
    AnswerComparison,
    AnswerPair,
    ChangedAnswers,
    ChangeKind,
    PairedScore,
)
from assay.problems.group_changes import (
    GroupMetric,
    compare_groups,
    mean_metric,
    ratio_metric,
    share_metric,
    without_change,
)
from assay.problems.multiclass.answers import ClassAnswers, Ints, read_answers, read_truth
from assay.problems.multiclass.class_measures import CLASS_METRICS, class_measures
from assay.problems.multiclass.metrics import cost_array
from assay.problems.multiclass.performance import available_metrics
from assay.problems.multiclass.scores import estimate_score, score_difference

_MAX_CLASSES = 12  # whose rates are compared by group, the most frequent first


def compare_answers(pair: AnswerPair, use_case: UseCase) -> AnswerComparison:
    """Compare two models' probabilities and decided classes, judged as `use_case` judges.

    Raises DataError for frames that hold no answers of these classes.
    """
    target = use_case.data.target
    truth = read_truth(pair.second, target, "predictions of the second")
    first = read_answers(pair.first, target, "predictions of the first")
    second = read_answers(pair.second, target, "predictions of the second")
    groups = compare_groups(
        pair, use_case.data.sensitive, _group_metrics(pair, use_case, truth, (first, second))
    )
    left = len(target.class_labels) - _MAX_CLASSES
    return AnswerComparison(
        scores=tuple(_compare_scores(pair, use_case, truth, (first, second))),
        groups=tuple(without_change(one) for one in groups)
        if first.agrees_with(second)
        else groups,
        changed=_changed_classes(truth, first, second),
        notes=(f"Rates of the {left:,} least frequent classes are left out.",) if left > 0 else (),
    )


def _compare_scores(
    pair: AnswerPair, use_case: UseCase, truth: Ints, models: tuple[ClassAnswers, ...]
) -> Sequence[PairedScore]:
    asked, clusters = use_case.performance, pair.clusters
    first, second = models
    costs = cost_array(asked.cost_matrix, use_case.data.target.class_labels)
    found = []
    for metric in available_metrics(asked, use_case.data.target):
        both = [estimate_score(metric, truth, one, costs, clusters) for one in models]
        gain = score_difference(metric, truth, second, first, costs, clusters=clusters)
        title = metric_titles.metric_title(metric)
        is_headline = metric == asked.choose_by
        found.append(PairedScore(metric, title, both[0], both[1], gain, headline=is_headline))
    return sorted(found, key=lambda one: not one.headline)


def _changed_classes(truth: Ints, first: ClassAnswers, second: ClassAnswers) -> ChangedAnswers:
    count = len(first.classes)
    moved = first.decision != second.decision
    joint = np.where(moved, first.decision * count + second.decision, -1)
    seen = np.unique(joint[moved])
    codes = np.where(moved, np.searchsorted(seen, joint), -1).astype(np.int64)
    right = (second.decision == truth).astype(np.int64) - (first.decision == truth)
    return ChangedAnswers(
        noun="decision",
        verb="change",
        rule="another class is decided",
        kinds=tuple(
            ChangeKind(first.classes[int(one) // count], first.classes[int(one) % count])
            for one in seen
        ),
        codes=codes,
        sizes=np.abs(second.probability - first.probability).sum(axis=1) / 2,
        repaired=np.where(moved, right, 0).astype(np.int64),
        first_texts=_decision_texts(first),
        second_texts=_decision_texts(second),
        outcomes=[first.classes[code] for code in truth.tolist()],
    )


def _decision_texts(who: ClassAnswers) -> list[str]:
    chance = who.probability[np.arange(len(who.decision)), who.decision]
    return [
        f"{who.classes[code]} ({probability:.3f})"
        for code, probability in zip(who.decision.tolist(), chance.tolist(), strict=True)
    ]


# --- groups -----------------------------------------------------------------------------------


def _group_metrics(
    pair: AnswerPair, use_case: UseCase, truth: Ints, models: tuple[ClassAnswers, ...]
) -> list[GroupMetric]:
    """Whether decisions are right, and each class against the rest: how often it is decided and
    found, and whatever else rules limit.
    """
    right = [one.decision == truth for one in models]
    everyone = np.ones(len(truth), dtype=bool)
    found = [share_metric("accuracy_score", "Accuracy", (right[0], right[1]), everyone, pair)]
    ruled = [metric for rule in use_case.fairness for metric in rule.metrics]
    if "interval_coverage" in ruled and all(one.sets is not None for one in models):
        held = [_covered(truth, one) for one in models]
        title = "Coverage of the sets"
        found.append(share_metric("interval_coverage", title, (held[0], held[1]), everyone, pair))
    wanted = [m for m in ruled if m in CLASS_METRICS]
    metrics = dict.fromkeys((*wanted, "selection_rate", "true_positive_rate"))
    for code in _frequent_classes(truth, models[0].classes):
        found += [_class_metric(metric, code, truth, models, pair) for metric in metrics]
    return found


def _covered(truth: Ints, who: ClassAnswers) -> Bools:
    assert who.sets is not None, "both deliver sets"
    return np.asarray(who.sets[np.arange(len(truth)), truth])


def _frequent_classes(truth: Ints, classes: Sequence[str]) -> list[int]:
    rows = np.bincount(truth, minlength=len(classes))
    return sorted(np.argsort(-rows, kind="stable")[:_MAX_CLASSES].tolist())


def _class_metric(
    metric: FairnessMetric,
    code: int,
    truth: Ints,
    models: tuple[ClassAnswers, ...],
    pair: AnswerPair,
) -> GroupMetric:
    label = models[0].classes[code]
    words = class_measures(label)[metric].words
    name, title = f"{metric}[{label}]", f"{words[:1].upper()}{words[1:]}"
    if metric == "mean_prediction":
        values = [one.probability[:, code] for one in models]
        return mean_metric(name, title, (values[0], values[1]), pair)
    share, is_class = RATE_DEFINITIONS[cast(RateMetric, metric)], truth == code
    decided = [one.decision == code for one in models]
    kinds = [
        np.where(is_class, np.where(one, "tp", "fn"), np.where(one, "fp", "tn")) for one in decided
    ]
    over = [np.isin(kind, share.successes) for kind in kinds]
    under = [np.isin(kind, share.out_of) for kind in kinds]
    if np.array_equal(under[0], under[1]):
        return share_metric(name, title, (over[0], over[1]), under[0], pair)
    return ratio_metric(name, title, (over[0], over[1]), (under[0], under[1]), pair)
