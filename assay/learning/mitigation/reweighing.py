"""Training on rows weighted so that group and outcome are independent.

Kamiran & Calders, "Data preprocessing techniques for classification without discrimination",
Knowledge and Information Systems 33 (2012): a row of group g with outcome y weighs
P(g) P(y) / P(g, y). The model needs no group afterwards. A strength below one is an exponent: the
weight's logarithm, and with it about the gap that is taken out, shrinks in proportion.

Probabilities are calibrated on the rows without these weights, and so mean what they say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assay.learning import fit
from assay.learning.mitigation.inputs import MitigatedModel, MitigationInputs
from assay.learning.scores import cost_threshold
from assay.learning.search import cross_validate


@dataclass(frozen=True)
class ReweighingWeights:
    """From row numbers to weights, computed from these rows alone."""

    groups: np.ndarray
    truth: np.ndarray
    strength: float
    weights: np.ndarray | None = None
    """How much each row counts before; None where all count alike."""
    outcomes: int = 2
    """How many there are; `truth` holds their codes, from 0."""

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        of_rows = None if self.weights is None else self.weights[rows]
        found = reweighing_weights(
            self.groups[rows], self.truth[rows], self.strength, of_rows, outcomes=self.outcomes
        )
        return found if of_rows is None else found * of_rows


def reweighing_weights(
    groups: np.ndarray,
    truth: np.ndarray,
    strength: float = 1.0,
    weights: np.ndarray | None = None,
    *,
    outcomes: int = 2,
) -> np.ndarray:
    """One float64 a row; at full strength, each of the `outcomes` (codes from 0) is as frequent in
    every group. `weights`: how many rows each stands for.
    """
    codes, names = np.unique(groups.astype(str), return_inverse=True)[::-1]
    cell = np.asarray(codes) * outcomes + truth
    rows = np.bincount(cell, weights, minlength=outcomes * len(names)).reshape(-1, outcomes)
    total = len(truth) if weights is None else weights.sum()
    expected = np.outer(rows.sum(axis=1), rows.sum(axis=0)) / total
    # Cells without rows are nobody's weight.
    found: np.ndarray = (expected / np.where(rows > 0, rows, 1)).ravel()[cell] ** strength
    return found


def mitigate_by_reweighing(material: MitigationInputs) -> MitigatedModel:
    """The same estimator fitted to weighted rows: once for each fold, and once on all rows."""
    problem = material.problem
    names = sorted(set(material.groups))
    if len(names) < 2:
        raise material.groups_error(
            f"all training rows are of one group of {material.by!r}, {names[0]}",
            "Leave the candidate's mitigate out, or add rows of the other groups.",
        )
    weighed = replace(
        problem,
        row_weights=ReweighingWeights(
            material.groups, problem.truth, material.strength, problem.weights
        ),
    )
    found = cross_validate(material.pipeline(), weighed, material.say, material.locate)
    made = fit.fit_plain_model(material.pipeline(), weighed, found.scores)
    held = ~np.isnan(found.probability)
    decision = found.probability >= cost_threshold(problem.use_case.performance.cost)
    return MitigatedModel(made.model, found.probability, decision, held)
