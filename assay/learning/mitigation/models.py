"""The mitigated models themselves: what a registered model's pickle names, so keep the names.

A method may leave a decision to chance: between two thresholds, or between several classifiers.
Fairlearn draws anew on each call, so that asking twice may turn a "no" into a "yes". Here the draw
is a stable hash of the row's features: the shares are the method's, and a person's answer depends
neither on the batch nor on luck.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.model_selection import FixedThresholdClassifier

from assay.tables.rowhash import row_hashes

SALT: Final = 0x6C6F7474657279  # unrelated to the hash that splits off the test rows

ThresholdRule = tuple[float, float, tuple[tuple[float, str, float], ...]]
"""Share decided by a constant, that constant, and (share, operator, threshold) for the rest."""


class GroupThresholds:
    """A fitted classifier whose decision threshold depends on a row's group.

    `model` is a plain scikit-learn classifier with probabilities and a threshold of its own,
    which decides about groups that have no rule: those that training never saw, or saw with one
    outcome only. Kept small and plain, because registered models hold its pickle.
    """

    def __init__(self, model: Any, by: Any, rules: dict[str, ThresholdRule]) -> None:
        self.model = model
        self.by = by
        self.rules = rules

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        """Calibrated probabilities, shape (rows, 2). They do not depend on the group."""
        found: np.ndarray = self.model.predict_proba(rows)
        return found

    def predict(self, rows: pd.DataFrame, groups: np.ndarray) -> np.ndarray:
        """Decisions, int64 0 or 1 a row. `groups` holds the text labels of the rows' groups."""
        plain = np.asarray(self.model.predict(rows)) == 1
        probability = self.predict_proba(rows)[:, 1]
        return apply_rules(self.rules, probability, plain, groups, row_draws(rows)).astype(np.int64)


class Lottery:
    """A classifier whose decision is that of one among several, drawn by their shares.

    `model` is the plain classifier, whose calibrated probability stands; `prepare` turns rows into
    what the `parts` take, each a share and a classifier of 0 or 1. No group needs to be known.
    """

    def __init__(self, model: Any, prepare: Any, parts: list[tuple[float, Any]]) -> None:
        self.model = model
        self.prepare = prepare
        self.parts = parts

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        """Calibrated probabilities of the plain classifier, shape (rows, 2)."""
        found: np.ndarray = self.model.predict_proba(rows)
        return found

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Decisions, int64 0 or 1 a row."""
        share = lottery_yes_share(self.parts, self.prepare.transform(rows))
        return (row_draws(rows) < share).astype(np.int64)


def needs_groups(model: Any) -> bool:
    """Whether a fitted model must be told each row's group."""
    return isinstance(model, GroupThresholds)


def probability_and_decision(
    model: Any, rows: pd.DataFrame, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What `predict_proba` and `predict` say, from one look at the rows: the probability of a yes
    (float64) and the decision (bool), one a row. `groups` as `needs_groups` says.
    """
    if isinstance(model, GroupThresholds):
        assert groups is not None, "such a model is told the groups"
        probability, plain = probability_and_decision(model.model, rows)
        return probability, apply_rules(model.rules, probability, plain, groups, row_draws(rows))
    if isinstance(model, Lottery):
        return model.predict_proba(rows)[:, 1], model.predict(rows) == 1
    probability = np.asarray(model.predict_proba(rows)[:, 1], dtype=np.float64)
    if isinstance(model, FixedThresholdClassifier) and model.response_method == "predict_proba":
        return probability, probability >= model.threshold
    return probability, np.asarray(model.predict(rows)) == 1


def row_draws(rows: pd.DataFrame) -> np.ndarray:
    """A number in [0, 1) for each row, from its values alone: float64, uniform over rows."""
    hashes = row_hashes(pa.Table.from_pandas(rows, preserve_index=False), salt=SALT)
    # 53 bits are what a float64 holds exactly.
    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53


_OPERATORS: Final = {">": operator.gt, ">=": operator.ge, "<": operator.lt}


def yes_share(probability: np.ndarray, rule: ThresholdRule) -> np.ndarray:
    """How often a rule says yes at each probability: float64 in [0, 1]."""
    constant_share, constant, parts = rule
    share = np.zeros(len(probability))
    for weight, sign, limit in parts:
        share += weight * _OPERATORS[sign](probability, limit)
    return constant_share * constant + (1.0 - constant_share) * share


def apply_rules(
    rules: dict[str, ThresholdRule],
    probability: np.ndarray,
    plain: np.ndarray,
    groups: np.ndarray,
    draws: np.ndarray,
) -> np.ndarray:
    """Decisions by each group's rule, bool a row; `plain` ones where there is none."""
    decision = plain.copy()
    for group, rule in rules.items():
        here = groups == group
        decision[here] = draws[here] < yes_share(probability[here], rule)
    return decision


def lottery_yes_share(parts: Sequence[tuple[float, Any]], matrix: Any) -> np.ndarray:
    """How often the `parts` together say yes of each row: float64 in [0, 1]."""
    found: np.ndarray = sum(
        share * (np.asarray(part.predict(matrix)).reshape(-1) == 1) for share, part in parts
    )
    return found
