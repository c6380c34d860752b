"""Thresholds by class and group that make decisions alike: demographic parity of several classes.

A row is decided as the class k with the largest u_k - t_gk: u_k is what deciding so is worth (minus
its expected cost), t_gk the threshold of class k in the row's group g. Of all rules that decide the
same share of each group's rows as each class, one of this form costs least.

Source: Denis, Elie, Hebiri and Hu, "Fairness guarantees in multi-class classification with
demographic parity", JMLR 25 (2024), theorem 5. They move the worth by a penalty for all groups at
once; here each group is brought to the shares of all rows, which is the same for full parity, and a
strength s < 1 brings it the part s of the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

MIN_ROWS: Final = 50
"""Of a group with fewer, the share of a class is known to 14 points or worse: no thresholds."""
_TEMPERATURES: Final = (0.1, 0.01, 0.001)  # of the smoothed maximum, as parts of the dearest error
_DIGITS: Final = 9  # of a threshold: what rounding in another order of sums changes lies below


@dataclass(frozen=True)
class ClassThresholds:
    """Thresholds by group, a float64 a class, and the groups that have too few rows for any."""

    by_group: dict[str, np.ndarray]
    without: list[str]

    def decide(self, probability: np.ndarray, costs: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """The decided class codes, int64; of groups without thresholds, those of least cost."""
        return decide_with_thresholds(self.by_group, probability, costs, groups)


def decide_with_thresholds(
    by_group: dict[str, np.ndarray], probability: np.ndarray, costs: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    """For each row the class of least expected cost plus threshold, int64; of equal ones the first.

    `probability` is (rows, classes), `costs` what `metrics.cost_array` gives, `groups` text labels.
    """
    charged = probability @ costs
    for group, thresholds in by_group.items():
        charged[groups == group] += thresholds
    found: np.ndarray = charged.argmin(axis=1).astype(np.int64)
    return found


def learn_class_thresholds(
    probability: np.ndarray,
    costs: np.ndarray,
    groups: np.ndarray,
    *,
    strength: float,
    weights: np.ndarray | None = None,
) -> ClassThresholds:
    """Learn the thresholds from calibrated probabilities out of fold.

    At full strength the share of each class among a group's decisions is that among all decisions
    of least cost; at strength s it is s of the way from the group's own. Rows count by `weights`.
    """
    charged = probability @ costs
    plain = charged.argmin(axis=1)
    counted = np.ones(len(plain)) if weights is None else weights
    classes = probability.shape[1]
    of_all = _shares(plain, counted, classes)
    found, without = {}, []
    for group in sorted(set(groups)):
        here = groups == group
        if here.sum() < MIN_ROWS or not counted[here].sum() > 0:
            without.append(str(group))
            continue
        own = _shares(plain[here], counted[here], classes)
        wanted = (1 - strength) * own + strength * of_all
        found[str(group)] = _match_shares(charged[here], counted[here], wanted)
    return ClassThresholds(found, without)


def _shares(decided: np.ndarray, weights: np.ndarray, classes: int) -> np.ndarray:
    found: np.ndarray = np.bincount(decided, weights, minlength=classes) / weights.sum()
    return found


def _match_shares(charged: np.ndarray, weights: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The thresholds with which the classes of least charge have the shares that are wanted.

    They minimise the mean of max_k(-c_k - t_k) + wanted . t, a convex function whose slope is the
    difference of the shares. The maximum is smoothed (a temperature times logsumexp), ever less.
    """
    scale = float(charged.max() - charged.min()) or 1.0
    worth, share = -charged / scale, weights / weights.sum()
    found = np.zeros(charged.shape[1])
    for temperature in _TEMPERATURES:

        def excess(
            thresholds: np.ndarray, temperature: float = temperature
        ) -> tuple[float, np.ndarray]:
            raised = (worth - thresholds) / temperature
            value = temperature * float(share @ logsumexp(raised, axis=1)) + wanted @ thresholds
            return value, wanted - share @ softmax(raised, axis=1)

        # Beyond the range of the worth a class is always decided, or never.
        bounds = [(-1.0, 1.0)] * len(found)
        found = minimize(excess, found, jac=True, method="L-BFGS-B", bounds=bounds).x
    return np.asarray(np.round((found - found.mean()) * scale, _DIGITS) + 0.0)
