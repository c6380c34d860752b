"""The fairness rules on the rows that both versions answered: is anyone treated worse than now?

Rules about the share of yes need no labels and are held against all rows; the others against
those whose labels have come. A gap fails where it is surely beyond what people accept, unless the
champion's on the same rows is so too and the challenger's is not surely larger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast, get_args

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import FairnessMetric, FairnessRule, RateMetric
from assay.dataset.groups import intersect_groups
from assay.errors import DataError
from assay.gates.confusion_cells import RATE_DEFINITIONS, ROWS_COLUMN
from assay.gates.fairness.checks import limit_checks
from assay.gates.fairness.divisions import FairnessLimit
from assay.gates.fairness.gaps import GroupPair
from assay.gates.fairness.metric_rules import MetricRule, expand_rules, judge_rules
from assay.gates.fairness.metrics import PROBABILITY_METRICS
from assay.gates.report import Check, Verdict
from assay.gates.shadow.rows import (
    CHAMPION_DECISION,
    CHAMPION_PREFIX,
    DECISION,
    PROBABILITY,
    TRUTH,
    DecisionCells,
)
from assay.gates.statistics.mover import difference_limits
from assay.gates.statistics.paired_shares import paired_limits

_LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class ShadowFairnessRules:
    """What the use case asks of groups that these rows name."""

    rules: Sequence[FairnessRule]
    sensitive: Mapping[str, Sensitive]

    @property
    def of_probabilities(self) -> bool:
        return any(m in PROBABILITY_METRICS for rule in self.rules for m in rule.metrics)


def check_fairness(
    decision_cells: DecisionCells, rows: pd.DataFrame | None, rules: ShadowFairnessRules
) -> list[Check]:
    """One check a group and rule. `rows` are those with a label, where a rule is about
    probabilities; without labels, such rules and those about outcomes are left out.

    Rules that cannot be held against these rows are unknown, which holds nobody.
    """
    absent = sorted(
        {n for r in rules.rules for n in r.sensitive_columns()} - set(decision_cells.by)
    )
    if absent:
        held = [rule for rule in rules.rules if not set(rule.sensitive_columns()) & set(absent)]
        what = f"the batches lack {', '.join(absent)}, so nobody's group is known"
        lost = DataError(what, remedy="Send these columns too; the model need not see them.")
        return [
            *check_fairness(decision_cells, rows, ShadowFairnessRules(held, rules.sensitive)),
            unjudged_check(lost),
        ]
    try:
        mine, theirs = (
            _judge_rules(decision_cells, rows, rules, who) for who in (DECISION, CHAMPION_DECISION)
        )
    except DataError as error:
        return [unjudged_check(error)]
    return [
        check
        for limit, other in zip(mine, theirs, strict=True)
        for check in _limit_checks(limit, other, decision_cells)
    ]


def _judge_rules(
    decision_cells: DecisionCells, rows: pd.DataFrame | None, rules: ShadowFairnessRules, who: str
) -> Sequence[FairnessLimit]:
    """Every rule on one version's answers, as one family."""
    wanted: list[MetricRule] = []
    frames: list[tuple[pd.DataFrame, Callable[[FairnessMetric], bool]]]
    frames = [(decision_cells.of(who), _needs_decisions_only)]
    if len(decision_cells.with_labels.cells):
        frames.append((decision_cells.with_labels.of(who), _needs_outcomes))
    if rows is not None and len(rows):
        named = {who: DECISION, _probability_column(who): PROBABILITY}
        held = [TRUTH, *named, *decision_cells.by]
        frames.append((rows[held].rename(columns=named), _needs_probabilities))
    for frame, of in frames:
        wanted += expand_rules(frame, rules.rules, rules.sensitive, of)
    return judge_rules(wanted)


def _probability_column(who: str) -> str:
    return PROBABILITY if who == DECISION else CHAMPION_PREFIX + PROBABILITY


def _needs_decisions_only(metric: FairnessMetric) -> bool:
    return metric == "selection_rate"


def _needs_outcomes(metric: FairnessMetric) -> bool:
    return metric != "selection_rate" and metric not in PROBABILITY_METRICS


def _needs_probabilities(metric: FairnessMetric) -> bool:
    return metric in PROBABILITY_METRICS


def _limit_checks(
    mine: FairnessLimit, theirs: FairnessLimit, decision_cells: DecisionCells
) -> list[Check]:
    other = {
        theirs.division.group_name(pair.group): (pair, verdict)
        for pair, verdict in zip(theirs.pairs, theirs.verdicts, strict=True)
    }
    own = {mine.division.group_name(pair.group): pair for pair in mine.pairs}

    def weighed(check: Check) -> Check:
        if check.verdict is Verdict.UNKNOWN:
            return check.model_copy(update={"accepted": check.accepted or within_limit(check)})
        if check.verdict is Verdict.FAIL and check.group in own:
            rival, judged = other[check.group]
            if judged.verdict is Verdict.FAIL and not _is_worse(
                own[check.group], rival, decision_cells
            ):
                return _ease_check(check, rival)
        return check

    return [weighed(check) for check in limit_checks(mine)]


def within_limit(check: Check) -> bool:
    """Whether what cannot be told does not look wrong: small groups hold nobody by being small."""
    if check.estimate is None or check.threshold is None:
        return True
    if check.statistic.endswith("over reference"):
        least = min(check.threshold, 1 / check.threshold)
        return least <= check.estimate <= 1 / least
    return abs(check.estimate) <= check.threshold


def _ease_check(check: Check, rival: GroupPair) -> Check:
    why = f"{check.why}; the champion's on the same rows is {rival.gap:.3f}, beyond it too"
    return check.model_copy(update={"why": why, "verdict": Verdict.CAUTION})


def _is_worse(mine: GroupPair, rival: GroupPair, decision_cells: DecisionCells) -> bool:
    """Whether the challenger's gap is surely larger than the champion's, to the same side; where
    no paired interval is known, whether it is larger at all.
    """
    if mine.ratio is not None or mine.metric not in _PAIRED_METRICS:
        far, near = (abs(np.log(p.gap)) if p.ratio else abs(p.gap) for p in (mine, rival))
        return bool(far > near)
    own, base = (
        _paired_difference(mine, group, decision_cells) for group in (mine.group, mine.reference)
    )
    side = 1.0 if mine.gap > 0 else -1.0
    low, high = difference_limits(own[0], own[1], base[0], base[1])
    return bool(low > 0) if side > 0 else bool(high < 0)


# Shares of the same rows, whoever decides; of those whom a version selects they are not.
_PAIRED_METRICS: Final = frozenset(get_args(RateMetric)) - {"precision_score"}


def _paired_difference(
    pair: GroupPair, group: str, decision_cells: DecisionCells
) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
    """By how much a group's rate is the challenger's more than the champion's, with limits."""
    cells = (
        decision_cells.cells
        if pair.metric == "selection_rate"
        else decision_cells.with_labels.cells
    )
    cells = cells[(intersect_groups([cells[name] for name in pair.by]) == group).to_numpy()]
    truth = cells[TRUTH].to_numpy() == 1
    share = RATE_DEFINITIONS[cast(RateMetric, pair.metric)]
    rows = cells[ROWS_COLUMN].to_numpy()
    kinds = [
        _confusion_kinds(truth, cells[who].to_numpy(bool)) for who in (DECISION, CHAMPION_DECISION)
    ]
    inside = np.isin(kinds[0], share.out_of)
    new, old = (np.isin(kind, share.successes) for kind in kinds)
    gained, lost = (int(rows[inside & mask].sum()) for mask in (new & ~old, old & ~new))
    total = int(rows[inside].sum())
    return (gained - lost) / max(total, 1), paired_limits(gained, lost, total, _LEVEL)


def _confusion_kinds(truth: np.ndarray, decision: np.ndarray) -> np.ndarray:
    return np.where(truth, np.where(decision, "tp", "fn"), np.where(decision, "fp", "tn"))


def unjudged_check(error: DataError) -> Check:
    return Check(
        name="fairness",
        claim="The fairness rules hold for these rows",
        verdict=Verdict.UNKNOWN,
        why=error.what,
        remedy=error.remedy or "",
        accepted=True,
    )
