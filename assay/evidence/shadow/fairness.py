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
from assay.config.gates import Fairness, Metric, Rate
from assay.errors import DataError
from assay.evidence.cells import ROWS, SHARES
from assay.evidence.fairness.checks import checks_of
from assay.evidence.fairness.divisions import Limit
from assay.evidence.fairness.gaps import Pair
from assay.evidence.fairness.limits import Asked, asked, judged
from assay.evidence.fairness.metrics import OF_PROBABILITIES
from assay.evidence.groups import intersect
from assay.evidence.report import Check, Verdict
from assay.evidence.shadow.rows import CHAMPIONS, DECISION, OTHER, PROBABILITY, TRUTH, Counted
from assay.evidence.statistics.independent import difference_limits
from assay.evidence.statistics.paired import paired_limits

_LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Rules:
    """What the use case asks of groups that these rows name."""

    rules: Sequence[Fairness]
    sensitive: Mapping[str, Sensitive]

    @property
    def of_probabilities(self) -> bool:
        return any(m in OF_PROBABILITIES for rule in self.rules for m in rule.metrics)


def checks(counted: Counted, rows: pd.DataFrame | None, rules: Rules) -> list[Check]:
    """One check a group and rule. `rows` are those with a label, where a rule is about
    probabilities; without labels, such rules and those about outcomes are left out.

    Rules that cannot be held against these rows are unknown, which holds nobody.
    """
    absent = sorted({n for r in rules.rules for n in r.columns()} - set(counted.by))
    if absent:
        held = [rule for rule in rules.rules if not set(rule.columns()) & set(absent)]
        what = f"the batches lack {', '.join(absent)}, so nobody's group is known"
        lost = DataError(what, remedy="Send these columns too; the model need not see them.")
        return [*checks(counted, rows, Rules(held, rules.sensitive)), _untold(lost)]
    try:
        mine, theirs = (_judged(counted, rows, rules, who) for who in (DECISION, OTHER))
    except DataError as error:
        return [_untold(error)]
    return [
        check
        for limit, other in zip(mine, theirs, strict=True)
        for check in _checks(limit, other, counted)
    ]


def _judged(counted: Counted, rows: pd.DataFrame | None, rules: Rules, who: str) -> Sequence[Limit]:
    """Every rule on one version's answers, as one family."""
    wanted: list[Asked] = []
    frames: list[tuple[pd.DataFrame, Callable[[Metric], bool]]]
    frames = [(counted.of(who), _of_decisions_alone)]
    if len(counted.labelled.cells):
        frames.append((counted.labelled.of(who), _of_outcomes))
    if rows is not None and len(rows):
        named = {who: DECISION, _probability(who): PROBABILITY}
        held = [TRUTH, *named, *counted.by]
        frames.append((rows[held].rename(columns=named), _of_probabilities))
    for frame, of in frames:
        wanted += asked(frame, rules.rules, rules.sensitive, of)
    return judged(wanted)


def _probability(who: str) -> str:
    return PROBABILITY if who == DECISION else CHAMPIONS + PROBABILITY


def _of_decisions_alone(metric: Metric) -> bool:
    return metric == "selection_rate"


def _of_outcomes(metric: Metric) -> bool:
    return metric != "selection_rate" and metric not in OF_PROBABILITIES


def _of_probabilities(metric: Metric) -> bool:
    return metric in OF_PROBABILITIES


def _checks(mine: Limit, theirs: Limit, counted: Counted) -> list[Check]:
    other = {
        theirs.division.named(pair.group): (pair, verdict)
        for pair, verdict in zip(theirs.pairs, theirs.judged, strict=True)
    }
    own = {mine.division.named(pair.group): pair for pair in mine.pairs}

    def weighed(check: Check) -> Check:
        if check.verdict is Verdict.UNKNOWN:
            return check.model_copy(update={"accepted": check.accepted or _looks_well(check)})
        if check.verdict is Verdict.FAIL and check.group in own:
            rival, judged = other[check.group]
            if judged.verdict is Verdict.FAIL and not _worse(own[check.group], rival, counted):
                return _eased(check, rival)
        return check

    return [weighed(check) for check in checks_of(mine)]


def _looks_well(check: Check) -> bool:
    """Whether what cannot be told does not look wrong: small groups hold nobody by being small."""
    if check.estimate is None or check.threshold is None:
        return True
    if check.statistic.endswith("over reference"):
        least = min(check.threshold, 1 / check.threshold)
        return least <= check.estimate <= 1 / least
    return abs(check.estimate) <= check.threshold


def _eased(check: Check, rival: Pair) -> Check:
    why = f"{check.why}; the champion's on the same rows is {rival.gap:.3f}, beyond it too"
    return check.model_copy(update={"why": why, "verdict": Verdict.CAUTION})


def _worse(mine: Pair, rival: Pair, counted: Counted) -> bool:
    """Whether the challenger's gap is surely larger than the champion's, to the same side; where
    no paired interval is known, whether it is larger at all.
    """
    if mine.ratio is not None or mine.metric not in _PAIRED:
        far, near = (abs(np.log(p.gap)) if p.ratio else abs(p.gap) for p in (mine, rival))
        return bool(far > near)
    own, base = (_paired(mine, group, counted) for group in (mine.group, mine.reference))
    side = 1.0 if mine.gap > 0 else -1.0
    low, high = difference_limits(own[0], own[1], base[0], base[1])
    return bool(low > 0) if side > 0 else bool(high < 0)


# Shares of the same rows, whoever decides; of those whom a version selects they are not.
_PAIRED: Final = frozenset(get_args(Rate)) - {"precision_score"}


def _paired(
    pair: Pair, group: str, counted: Counted
) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
    """By how much a group's rate is the challenger's more than the champion's, with limits."""
    cells = counted.cells if pair.metric == "selection_rate" else counted.labelled.cells
    cells = cells[(intersect([cells[name] for name in pair.by]) == group).to_numpy()]
    truth = cells[TRUTH].to_numpy() == 1
    share = SHARES[cast(Rate, pair.metric)]
    rows = cells[ROWS].to_numpy()
    kinds = [_kinds(truth, cells[who].to_numpy(bool)) for who in (DECISION, OTHER)]
    inside = np.isin(kinds[0], share.out_of)
    new, old = (np.isin(kind, share.successes) for kind in kinds)
    gained, lost = (int(rows[inside & mask].sum()) for mask in (new & ~old, old & ~new))
    total = int(rows[inside].sum())
    return (gained - lost) / max(total, 1), paired_limits(gained, lost, total, _LEVEL)


def _kinds(truth: np.ndarray, decision: np.ndarray) -> np.ndarray:
    return np.where(truth, np.where(decision, "tp", "fn"), np.where(decision, "fp", "tn"))


def _untold(error: DataError) -> Check:
    return Check(
        name="fairness",
        claim="The fairness rules hold for these rows",
        verdict=Verdict.UNKNOWN,
        why=error.what,
        remedy=error.remedy or "",
        accepted=True,
    )
