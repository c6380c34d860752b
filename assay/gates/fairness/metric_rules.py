"""Rules held against counted predictions: every pair of groups that they name, as one family."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import FairnessMetric, FairnessRule
from assay.gates.fairness.divisions import (
    FairnessLimit,
    GroupDivision,
    divide_groups,
    group_columns,
)
from assay.gates.fairness.gaps import ALPHA, judge_pairs
from assay.gates.fairness.tally import tally_predictions


@dataclass(frozen=True, slots=True)
class MetricRule:
    """One metric of a rule, in one division of the people."""

    rule: FairnessRule
    metric: FairnessMetric
    division: GroupDivision


def expand_rules(
    predictions: pd.DataFrame,
    rules: Sequence[FairnessRule],
    sensitive: Mapping[str, Sensitive],
    keep_metric: Callable[[FairnessMetric], bool] = lambda _: True,
) -> list[MetricRule]:
    """What the rules ask of these predictions (see `fairness.audit`), but for metrics that are
    none `keep_metric` those wanted. Raises DataError for a reference group that does not exist.
    """
    wanted = [
        (r, m, group_columns(by)) for r in rules for m in r.metrics if keep_metric(m) for by in r.by
    ]
    if not wanted:
        return []
    names = dict.fromkeys(name for _, _, by in wanted for name in by)
    counted, held = tally_predictions(predictions, list(names)), {}
    for _, _, by in wanted:
        if by not in held:
            held[by] = divide_groups(counted, by, sensitive)
    return [MetricRule(rule, metric, held[by]) for rule, metric, by in wanted]


def judge_rules(metric_rules: Sequence[MetricRule], alpha: float = ALPHA) -> list[FairnessLimit]:
    """All that is asked, in order, with the verdict of every pair."""
    pairs = [
        one.division.pairs(one.rule, one.metric) if one.metric in one.division.by_group else []
        for one in metric_rules
    ]
    verdicts = iter(judge_pairs([pair for own in pairs for pair in own], alpha))
    return [
        FairnessLimit(one.rule, one.metric, one.division, own, [next(verdicts) for _ in own])
        for one, own in zip(metric_rules, pairs, strict=True)
    ]
