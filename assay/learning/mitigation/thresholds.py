"""Fairlearn's ThresholdOptimizer: a decision rule of its own for each group.

The optimiser (Hardt, Price and Srebro, "Equality of opportunity in supervised learning", NIPS
2016) gives each group a threshold, or a lottery between two thresholds where no single one
satisfies the constraint. It saves what the use case says that errors cost.

A strength below one leaves some of the gap: the optimiser is given the remainder as its tolerance.
Fairlearn knows no tolerance for equalized odds; there, that share of the people is decided about
by the group's rule, and the rest as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.config.candidates import Mitigation
from assay.config.gates import ErrorCosts
from assay.errors import DataError
from assay.learning.folds import fold_of_row
from assay.learning.mitigation.inputs import MitigatedModel, MitigationInputs
from assay.learning.mitigation.models import GroupThresholds, ThresholdRule, apply_rules, row_draws
from assay.learning.scores import cost_threshold


@dataclass(frozen=True)
class GroupRules:
    """The rules by group, and the groups for which none could be learnt."""

    rules: dict[str, ThresholdRule]
    without_rule: list[str]


def mitigate_by_thresholds(material: MitigationInputs) -> MitigatedModel:
    """The plain model with the rules learnt from its out-of-fold probabilities.

    For the answers out of fold, the rules that decide about one half of the folds are learnt from
    the other half: what a group's rule comes to on its own rows would flatter it.
    """
    asked, problem, found = material.mitigation, material.problem, material.outcome
    held = ~np.isnan(found.probability)
    outcome = _learn_rules(material, held)
    model = GroupThresholds(material.plain_model.model, list(asked.by), outcome.rules)
    half = fold_of_row(problem.folds, len(held)) % 2 == 0
    plain, drawn = material.unmitigated_decisions, row_draws(problem.rows)
    decision = plain.copy()
    for learning, deciding in ((held & half, held & ~half), (held & ~half, held & half)):
        rules = _learn_rules(material, learning).rules
        decision[deciding] = apply_rules(
            rules,
            found.probability[deciding],
            plain[deciding],
            material.groups[deciding],
            drawn[deciding],
        )
    about = {"groups_without_rule": outcome.without_rule}
    return MitigatedModel(model, found.probability, decision, held, about)


def _learn_rules(material: MitigationInputs, rows: np.ndarray) -> GroupRules:
    try:
        return learn_group_rules(
            material.mitigation,
            material.outcome.probability[rows],
            material.problem.truth[rows],
            material.groups[rows],
            material.problem.use_case.performance.cost,
        )
    except DataError as error:
        raise material.groups_error(error.what, str(error.remedy)) from None


def learn_group_rules(
    mitigation: Mitigation,
    probability: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    cost: ErrorCosts,
) -> GroupRules:
    """Learn the rules from out-of-fold calibrated probabilities, labels and group labels.

    On rows that the classifier was fitted to, the rules would fit its overconfidence. Raises
    DataError when fewer than two groups have both outcomes.
    """
    names = sorted(set(groups))
    usable = [name for name in names if len(np.unique(truth[groups == name])) == 2]
    if len(usable) < 2:
        raise DataError(
            f"fewer than two groups of {' & '.join(mitigation.by)!r} have both outcomes in "
            "training",
            remedy="Leave the candidate's mitigate out, or add rows of the other groups.",
        )
    known = np.isin(groups, usable)
    probability, truth, groups = probability[known], truth[known], groups[known]
    (strength,) = mitigation.strength
    mixes = mitigation.constraint == "equalized_odds"
    decision = probability >= cost_threshold(cost)
    gap = 0.0 if mixes else _rate_range(str(mitigation.constraint), decision, truth, groups)
    optimiser = fit_optimiser(
        mitigation, probability, truth, groups, cost, tolerance=(1 - strength) * gap
    )
    found = optimiser.interpolated_thresholder_.interpolation_dict
    rules = {str(group): _plain_rule(found[group]) for group in sorted(found)}
    if mixes and strength < 1:
        rules = {
            name: _mix_rule(rule, strength, cost_threshold(cost)) for name, rule in rules.items()
        }
    return GroupRules(rules, [name for name in names if name not in usable])


def fit_optimiser(
    mitigation: Mitigation,
    probability: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    cost: ErrorCosts,
    *,
    tolerance: float = 0.0,
) -> Any:
    """Fairlearn's ThresholdOptimizer, fitted on probabilities that are given to it as data."""
    from fairlearn.postprocessing import ThresholdOptimizer

    from assay.learning.calibration import Given

    rows = probability.reshape(-1, 1)
    with _cost_objective(cost) as objective:
        optimiser = ThresholdOptimizer(
            estimator=Given().fit(rows, truth),
            constraints=mitigation.constraint,
            objective=objective,
            prefit=True,
            predict_method="decision_function",
            tol=tolerance or None,
        )
        return optimiser.fit(rows, truth.astype(np.int64), sensitive_features=groups)


@contextmanager
def _cost_objective(cost: ErrorCosts) -> Iterator[str]:
    """The name of Fairlearn's objective that saves `cost`.

    With errors of one price it is the accuracy. Fairlearn has none for other prices, and takes
    none: its tables of objectives are lent one while the optimiser is fitted. Any mean over rows
    that is linear in the four counts, as this is, keeps its method exact.
    """
    from fairlearn.postprocessing import _threshold_optimizer as theirs

    if cost.false_positive == cost.false_negative:
        yield "accuracy_score"
        return
    name = "assay_cost"
    tables = (theirs.OBJECTIVES_FOR_SIMPLE_CONSTRAINTS, theirs.OBJECTIVES_FOR_EQUALIZED_ODDS)
    theirs.METRIC_DICT[name] = lambda counts: (
        -(
            cost.false_positive * counts.false_positives
            + cost.false_negative * counts.false_negatives
        )
        / counts.n
    )
    for table in tables:
        table.add(name)
    try:
        yield name
    finally:
        del theirs.METRIC_DICT[name]
        for table in tables:
            table.discard(name)


def _rate_range(
    constraint: str, decision: np.ndarray, truth: np.ndarray, groups: np.ndarray
) -> float:
    """The range over groups of the rate that the constraint equalises."""
    conditions = {
        "true_positive_rate_parity": truth,
        "false_negative_rate_parity": truth,
        "false_positive_rate_parity": ~truth,
        "true_negative_rate_parity": ~truth,
    }
    within = conditions.get(constraint, np.ones_like(truth))
    rates = [decision[within & (groups == name)].mean() for name in sorted(set(groups))]
    return float(max(rates) - min(rates))


def _plain_rule(interpolation: Any) -> ThresholdRule:
    """Plain floats and text, so that no class of Fairlearn's is in the model's pickle."""
    parts = tuple(
        (float(interpolation[f"p{i}"]), str(operation.operator), float(operation.threshold))
        for i, operation in enumerate((interpolation["operation0"], interpolation["operation1"]))
    )
    ignored = float(interpolation.get("p_ignore", 0.0))
    return ignored, float(interpolation.get("prediction_constant", 0.0)), parts


def _mix_rule(rule: ThresholdRule, strength: float, plain: float) -> ThresholdRule:
    """The rule for a share `strength` of the people, the threshold `plain` for the rest."""
    ignored, constant, parts = rule
    kept = strength * ignored  # of everyone, decided by the constant
    weight = strength * (1 - ignored) / (1 - kept)
    mixed = tuple((weight * share, sign, limit) for share, sign, limit in parts)
    return kept, constant, (*mixed, (1 - weight, ">=", plain))
