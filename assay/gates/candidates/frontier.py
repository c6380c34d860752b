"""Which candidate first: what each costs and how far groups are apart, before the test is seen.

All rests on the training rows, answered by models that were not fitted to them, so that choosing
leaves the locked test rows alone. A candidate comes before another

1. if a better verdict on the fairness rules is foreseen: the fairness gate judges its answers out
   of fold, and what four of five tests of as many rows would confirm is foreseen;
2. then by `performance.choose_by`, cross-validated;
3. then, because probabilities are the same whatever is decided by them, by what its decisions cost;
4. then by its place in the use case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.config.gates import LOWER_IS_BETTER, PerformanceMetric
from assay.config.use_case import UseCase
from assay.gates.candidates import display as display
from assay.gates.candidates.assessment import (
    AssessedCandidate,
    OutOfFoldPredictions,
    assess_candidate,
)
from assay.gates.report import Report


@dataclass(frozen=True)
class CandidateFrontier:
    """The report, and the candidates in the order in which they are to be tried, as JSON: `title`,
    `foreseen_verdict`, `because`.
    """

    report: Report
    order: list[dict[str, Any]]


def rank_candidates(
    predictions: Sequence[OutOfFoldPredictions], use_case: UseCase
) -> CandidateFrontier:
    """Put the candidates in order. `predictions` in the use case's own order."""
    known = [assess_candidate(one, use_case) for one in predictions]
    by, sign = use_case.performance.choose_by, _sign(use_case.performance.choose_by)
    order = sorted(
        known,
        key=lambda c: (c.foreseen_verdict.severity, sign * c.cross_validation_score, c.cost.value),
    )
    order = [_with_dominators(one, order) for one in order]
    words = [display.explain_place(order, place, by) for place in range(len(order))]
    return CandidateFrontier(
        report=display.candidates_report(order, words, use_case),
        order=[
            {"title": c.title, "likely": str(c.foreseen_verdict), "because": because}
            for c, because in zip(order, words, strict=True)
        ],
    )


def _sign(metric: PerformanceMetric) -> int:
    return 1 if metric in LOWER_IS_BETTER else -1


def _with_dominators(
    one: AssessedCandidate, everyone: Sequence[AssessedCandidate]
) -> AssessedCandidate:
    better = tuple(other.title for other in everyone if _dominates(other, one))
    return replace(one, dominated_by=better)


def _dominates(one: AssessedCandidate, other: AssessedCandidate) -> bool:
    """Whether it costs no more and no group is farther off, and one of them is less."""
    if not one.distances or one.distances.keys() != other.distances.keys():
        return False
    pairs = [(one.cost.value, other.cost.value)]
    pairs += [(d.value, other.distances[rule].value) for rule, d in one.distances.items()]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)
