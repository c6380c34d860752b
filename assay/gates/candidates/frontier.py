"""Which candidate first: what each costs and how far groups are apart, before the test is seen.

All rests on the training rows, answered by models that were not fitted to them, so that choosing
leaves the locked test rows alone. A candidate comes before another

1. if a better verdict on the fairness rules is foreseen: the fairness gate judges its answers out
   of fold, and what four of five tests of as many rows would confirm is foreseen;
2. then, among those that are not foreseen to pass, if its gaps are likelier to lie within their
   limits: the cheapest would be the least mitigated, whose gap often lies beyond. Those that are
   at least nine tenths as likely as the likeliest count as alike;
3. then by `performance.choose_by`, cross-validated;
4. then, because probabilities are the same whatever is decided by them, by what its decisions cost;
5. then by its place in the use case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.config.gates import LOWER_IS_BETTER, PerformanceMetric
from assay.config.use_case import UseCase
from assay.gates.candidates import display
from assay.gates.candidates.assessment import (
    AssessedCandidate,
    OutOfFoldPredictions,
    assess_candidate,
)
from assay.gates.report import Report, Verdict

ALIKE = 0.9  # of the likeliest's chance, from which another counts as likely


@dataclass(frozen=True)
class CandidateFrontier:
    """The report, and the candidates in the order in which they are to be tried, as JSON: `title`,
    `likely` (the foreseen verdict), `because`.
    """

    report: Report
    order: list[dict[str, Any]]


def rank_candidates(
    predictions: Sequence[OutOfFoldPredictions], use_case: UseCase
) -> CandidateFrontier:
    """Put the candidates in order. `predictions` in the use case's own order."""
    known = [assess_candidate(one, use_case) for one in predictions]
    by, sign = use_case.performance.choose_by, _sign(use_case.performance.choose_by)
    tiers = _chance_tiers(known)
    order = sorted(
        known,
        key=lambda c: (
            c.foreseen_verdict.severity,
            tiers[c.title],
            sign * c.cross_validation_score,
            c.cost.value,
        ),
    )
    order = [_with_dominators(one, order) for one in order]
    words = [display.explain_place(order, place, by, tiers) for place in range(len(order))]
    return CandidateFrontier(
        report=display.candidates_report(order, words, use_case),
        order=[
            {"title": c.title, "likely": str(c.foreseen_verdict), "because": because}
            for c, because in zip(order, words, strict=True)
        ],
    )


def _chance_tiers(candidates: Sequence[AssessedCandidate]) -> dict[str, int]:
    """By title, how many times less likely than others a candidate is to keep its limits, in steps
    of a tenth; 0 for all that are foreseen to pass."""
    tiers = {c.title: 0 for c in candidates}
    for verdict in (Verdict.UNKNOWN, Verdict.FAIL):
        best, tier = float("inf"), 0
        alike = [c for c in candidates if c.foreseen_verdict is verdict]
        for one in sorted(alike, key=lambda c: -c.chance_within):
            if one.chance_within < ALIKE * best:
                best, tier = one.chance_within, tier + 1
            tiers[one.title] = tier
    return tiers


def _sign(metric: PerformanceMetric) -> int:
    return 1 if metric in LOWER_IS_BETTER else -1


def _with_dominators(
    candidate: AssessedCandidate, everyone: Sequence[AssessedCandidate]
) -> AssessedCandidate:
    better = tuple(other.title for other in everyone if _dominates(other, candidate))
    return replace(candidate, dominated_by=better)


def _dominates(candidate: AssessedCandidate, other: AssessedCandidate) -> bool:
    """Whether it costs no more and no group is farther off, and one of them is less."""
    if not candidate.distances or candidate.distances.keys() != other.distances.keys():
        return False
    pairs = [(candidate.cost.value, other.cost.value)]
    pairs += [(d.value, other.distances[rule].value) for rule, d in candidate.distances.items()]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)
