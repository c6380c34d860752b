"""Rules held against counted predictions: every pair of groups that they name, as one family."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import Fairness, Metric
from assay.evidence.fairness.divisions import Division, Limit, columns_of, divide
from assay.evidence.fairness.gaps import ALPHA, judge
from assay.evidence.fairness.tally import tally


@dataclass(frozen=True, slots=True)
class Asked:
    """One metric of a rule, in one division of the people."""

    rule: Fairness
    metric: Metric
    division: Division


def asked(
    predictions: pd.DataFrame,
    rules: Sequence[Fairness],
    sensitive: Mapping[str, Sensitive],
    of: Callable[[Metric], bool] = lambda _: True,
) -> list[Asked]:
    """What the rules ask of these predictions (see `fairness.audit`), but for metrics that are
    none `of` those wanted. Raises DataError for a reference group that does not exist.
    """
    wanted = [(r, m, columns_of(by)) for r in rules for m in r.metrics if of(m) for by in r.by]
    if not wanted:
        return []
    names = dict.fromkeys(name for _, _, by in wanted for name in by)
    counted, held = tally(predictions, list(names)), {}
    for _, _, by in wanted:
        if by not in held:
            held[by] = divide(counted, by, sensitive)
    return [Asked(rule, metric, held[by]) for rule, metric, by in wanted]


def judged(asked: Sequence[Asked], alpha: float = ALPHA) -> list[Limit]:
    """All that is asked, in order, with the verdict of every pair."""
    pairs = [
        one.division.pairs(one.rule, one.metric) if one.metric in one.division.by_group else []
        for one in asked
    ]
    verdicts = iter(judge([pair for own in pairs for pair in own], alpha))
    return [
        Limit(one.rule, one.metric, one.division, own, [next(verdicts) for _ in own])
        for one, own in zip(asked, pairs, strict=True)
    ]
