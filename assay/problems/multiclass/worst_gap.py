"""Of many limits, the class and group that are worst off."""

from __future__ import annotations

from collections.abc import Sequence

from assay.gates.fairness.divisions import FairnessLimit
from assay.gates.fairness.gaps import GapVerdict, GroupPair
from assay.gates.fairness.metrics import metric_words
from assay.gates.report import Verdict

Rank = tuple[bool, int, float]


def rank_limit(limit: FairnessLimit) -> Rank:
    """How bad a limit's worst pair is: more is worse. Pairs that can be judged come before others,
    then the verdict counts, then the gap in units of what is allowed.
    """
    ranks = (_rank(pair, v) for pair, v in zip(limit.pairs, limit.verdicts, strict=True))
    return max(ranks, default=(False, 0, 0.0))


def _rank(pair: GroupPair, gap_verdict: GapVerdict) -> Rank:
    if not pair.judgeable:
        return False, 0, 0.0
    least, most = pair.allowed_gap
    beyond = _share_of_limit(pair.gap, least, most, pair.ratio)
    return True, int(gap_verdict.verdict is Verdict.FAIL), beyond


def _share_of_limit(gap: float, least: float, most: float, ratio: float | None) -> float:
    """The gap as a share of the allowed one: 1 at the limit."""
    alike = 0.0 if ratio is None else 1.0
    side = most if gap > alike else least
    return (gap - alike) / (side - alike)


def describe_worst_gap(limits: Sequence[FairnessLimit]) -> str:
    """A sentence that names the worst metric, class and group; empty if no pair can be judged."""
    judged = [limit for limit in limits if rank_limit(limit)[0]]
    if not judged:
        return ""
    worst = max(judged, key=rank_limit)
    pair, _ = max(zip(worst.pairs, worst.verdicts, strict=True), key=lambda held: _rank(*held))
    division, measure = worst.division, pair.measure
    return (
        f"Furthest apart: {measure.words or metric_words(worst.metric)} {pair.value:.3f} for "
        f"{division.group_name(pair.group)}, {pair.reference_value:.3f} for "
        f"{division.group_name(pair.reference)}."
    )
