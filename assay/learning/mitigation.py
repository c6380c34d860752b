"""Fairlearn's ThresholdOptimizer, made to decide the same about the same person every time.

The optimiser (Hardt, Price and Srebro, "Equality of opportunity in supervised learning", NIPS
2016) gives each group its own rule: a threshold, or a lottery between two thresholds where no
single one satisfies the constraint. Fairlearn draws that lottery anew on each call, so that
asking twice may turn a "no" into a "yes". Here the draw is a stable hash of the row's features:
the shares are the optimiser's, and a person's answer depends neither on the batch nor on luck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.config.candidates import Mitigation
from assay.errors import DataError
from assay.tables import row_hashes

SALT: Final = 0x6C6F7474657279  # unrelated to the hash that splits off the test rows

Rule = tuple[float, float, tuple[tuple[float, str, float], ...]]
"""Share decided by a constant, that constant, and (share, operator, threshold) for the rest."""


class GroupThresholds:
    """A fitted classifier whose decision threshold depends on a row's group.

    `model` is a plain scikit-learn classifier with probabilities and a threshold of its own,
    which decides about groups that have no rule: those that training never saw, or saw with one
    outcome only. Kept small and plain, because registered models hold its pickle.
    """

    def __init__(self, model: Any, by: str, rules: dict[str, Rule]) -> None:
        self.model = model
        self.by = by
        self.rules = rules

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        """Calibrated probabilities, shape (rows, 2). They do not depend on the group."""
        found: np.ndarray = self.model.predict_proba(rows)
        return found

    def predict(self, rows: pd.DataFrame, groups: np.ndarray) -> np.ndarray:
        """Decisions, int64 0 or 1 a row. `groups` holds the text labels of the rows' groups."""
        probability = self.predict_proba(rows)[:, 1]
        decided = np.asarray(self.model.predict(rows)).astype(np.int64)
        drawn = draws(rows)
        for group, rule in self.rules.items():
            here = groups == group
            decided[here] = drawn[here] < yes_share(probability[here], rule)
        return decided


@dataclass(frozen=True)
class Outcome:
    """The rules by group, and the groups for which none could be learnt."""

    rules: dict[str, Rule]
    without_rule: list[str]


def yes_share(probability: np.ndarray, rule: Rule) -> np.ndarray:
    """How often a rule says yes at each probability: float64 in [0, 1]."""
    constant_share, constant, parts = rule
    share = np.zeros(len(probability))
    for weight, operator, limit in parts:
        share += weight * (probability > limit if operator == ">" else probability < limit)
    return constant_share * constant + (1.0 - constant_share) * share


def draws(rows: pd.DataFrame) -> np.ndarray:
    """A number in [0, 1) for each row, from its values alone: float64, uniform over rows."""
    hashes = row_hashes(pa.Table.from_pandas(rows, preserve_index=False), salt=SALT)
    # 53 bits are what a float64 holds exactly.
    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53


def optimise(
    mitigation: Mitigation, probability: np.ndarray, truth: np.ndarray, groups: np.ndarray
) -> Outcome:
    """Learn the rules from out-of-fold calibrated probabilities, labels and group labels.

    On rows that the classifier was fitted to, the rules would fit its overconfidence. Rows with
    a NaN probability take no part. Raises DataError when fewer than two groups have both
    outcomes.
    """
    held = ~np.isnan(probability)
    probability, truth, groups = probability[held], truth[held], groups[held]
    names = sorted(set(groups))
    usable = [name for name in names if len(np.unique(truth[groups == name])) == 2]
    if len(usable) < 2:
        raise DataError(
            f"fewer than two groups of {mitigation.by!r} have both outcomes in training",
            remedy="Leave the candidate's mitigate out, or add rows of the other groups.",
        )
    known = np.isin(groups, usable)
    rules = _rules(mitigation, probability[known], truth[known], groups[known])
    return Outcome(rules, [name for name in names if name not in usable])


def _rules(
    mitigation: Mitigation, probability: np.ndarray, truth: np.ndarray, groups: np.ndarray
) -> dict[str, Rule]:
    optimiser = fitted_optimiser(mitigation, probability, truth, groups)
    found = optimiser.interpolated_thresholder_.interpolation_dict
    return {str(group): _rule(found[group]) for group in sorted(found)}


def fitted_optimiser(
    mitigation: Mitigation, probability: np.ndarray, truth: np.ndarray, groups: np.ndarray
) -> Any:
    """Fairlearn's ThresholdOptimizer, fitted on probabilities that are given to it as data."""
    from fairlearn.postprocessing import ThresholdOptimizer

    from assay.learning.calibration import Given

    rows = probability.reshape(-1, 1)
    optimiser = ThresholdOptimizer(
        estimator=Given().fit(rows, truth),
        constraints=mitigation.constraint,
        objective=mitigation.objective,
        prefit=True,
        predict_method="decision_function",
    )
    return optimiser.fit(rows, truth.astype(np.int64), sensitive_features=groups)


def _rule(found: Any) -> Rule:
    """Plain floats and text, so that no class of Fairlearn's is in the model's pickle."""
    parts = tuple(
        (float(found[f"p{i}"]), str(operation.operator), float(operation.threshold))
        for i, operation in enumerate((found["operation0"], found["operation1"]))
    )
    ignored = float(found.get("p_ignore", 0.0))
    return ignored, float(found.get("prediction_constant", 0.0)), parts
