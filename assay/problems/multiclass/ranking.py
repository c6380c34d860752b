"""Which candidate of several classes first, and what fairness costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.config.use_case import UseCase
from assay.gates.candidates.frontier import CandidateFrontier
from assay.problems.multiclass.answers import read_decisions, read_truth
from assay.problems.multiclass.metrics import cost_array
from assay.problems.problem_type import HeldOutAnswers, ProblemType
from assay.problems.ranking import rank_candidates
from assay.problems.weighted_rows import take_weights


def rank_class_candidates(
    problem: ProblemType, answers: Sequence[HeldOutAnswers], use_case: UseCase
) -> CandidateFrontier:
    """Put the candidates in order, as `rank_candidates` says."""

    def decision_cost(one: HeldOutAnswers) -> float:
        """What the decisions out of fold cost a row on average, by the use case's prices."""
        held, target = take_weights(one.held_out, use_case), use_case.data.target
        costs = cost_array(use_case.performance.cost_matrix, target.class_labels)
        truth = read_truth(held.answers, target, one.title)
        of_row = costs[truth, read_decisions(held.answers, target, one.title)]
        return float(np.average(of_row, weights=held.weights))

    by_cost = trade_off_metric(use_case) == "cost"
    return rank_candidates(problem, answers, use_case, decision_cost if by_cost else None)


def trade_off_metric(use_case: UseCase) -> str:
    """What is set against gaps. Thresholds change decisions and no probability, so that scores of
    probabilities cannot tell what a mitigation costs.
    """
    mitigated = any(one.mitigate for one in use_case.candidates)
    return "cost" if mitigated else use_case.performance.choose_by
