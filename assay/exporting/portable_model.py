"""A served model taken apart: plain scikit-learn parts, and the rule that decides, as JSON.

A registered model's pickle may name classes of Assay's, such as thresholds by group. The parts name
none, so that other tools load them. Of a kind of model that is not known here nothing is exported:
half of a decision is worse than none.
"""

from __future__ import annotations

import pickle
import pickletools
from dataclasses import dataclass
from typing import Any

from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier

from assay.errors import Ineligible
from assay.exporting.date_steps import take_dates_as_days
from assay.learning.mitigation.models import GroupThresholds, Lottery
from assay.learning.scoring_model import ScoringModel
from assay.problems.multiclass.served_model import ServedClasses, ServedGroupClasses
from assay.problems.regression.served_model import ServedAmounts


@dataclass(frozen=True)
class PortableModel:
    """`parts`: fitted estimators by name, which take dates as days since 1970. `rule`: how their
    answers become the model's (see `scoring`). `modules`: what unpickling the parts imports.
    """

    parts: dict[str, Any]
    rule: dict[str, Any]
    modules: tuple[str, ...]

    @classmethod
    def take_apart(cls, model: ScoringModel) -> PortableModel:
        """Raises Ineligible, which names the class, for what cannot be told without Assay."""
        parts, rule = _parts_and_rule(model.fitted)
        if (abstain := model.signature.get("abstain")) is not None:
            rule |= {"abstain": {key: abstain[key] for key in ("yes_from", "no_to")}}
        parts = take_dates_as_days(parts)
        named = sorted(_pickled_names(parts))
        if own := [name for name in named if name.partition(".")[0] == "assay"]:
            raise _unknown_error(", ".join(own))
        return cls(parts, rule, tuple(sorted({name.rpartition(".")[0] for name in named})))


def _parts_and_rule(fitted: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    # By exact class: a subclass may decide in another way.
    kind = type(fitted)
    if kind in {ServedClasses, ServedGroupClasses}:
        by_group = getattr(fitted, "thresholds", {}).items()
        return {"classifier": fitted.classifier}, {
            "kind": "classes",
            "labels": list(fitted.labels),
            "costs": fitted.costs.tolist(),
            "limits": fitted.limits.tolist(),
            **({"groups": {g: limits.tolist() for g, limits in by_group}} if by_group else {}),
        }
    if kind is ServedAmounts:
        return _amount_parts(fitted)
    if kind is GroupThresholds:
        parts, rule = _yes_no_parts(fitted.model)
        return parts, rule | {"groups": {name: _as_json(r) for name, r in fitted.rules.items()}}
    if kind is Lottery:
        parts, rule = _yes_no_parts(fitted.model)
        drawn = {f"part_{number}": part for number, (_, part) in enumerate(fitted.parts)}
        shares = [[float(share), f"part_{n}"] for n, (share, _) in enumerate(fitted.parts)]
        return {**parts, "prepare": fitted.prepare, **drawn}, rule | {"lottery": shares}
    if hasattr(fitted, "answer"):
        raise _unknown_error(f"{kind.__module__}.{kind.__qualname__}")
    return _yes_no_parts(fitted)


def _yes_no_parts(model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    if isinstance(model, FixedThresholdClassifier) and model.response_method == "predict_proba":
        inner = model.estimator_
        while isinstance(inner, FrozenEstimator):
            inner = inner.estimator
        return {"classifier": inner}, {"kind": "yes_no", "threshold": float(model.threshold)}
    return {"classifier": model}, {"kind": "yes_no", "threshold": None}


def _amount_parts(fitted: ServedAmounts) -> tuple[dict[str, Any], dict[str, Any]]:
    rule = fitted.rule
    parts = {
        "pipeline": fitted.pipeline,
        "encoder": fitted.features.encoder,
        "spread_model": fitted.spread_model,
    }
    return {name: part for name, part in parts.items() if part is not None}, {
        "kind": "amounts",
        "low": float(rule.low),
        "high": float(rule.high),
        "centre": None if rule.centre is None else float(rule.centre),
        "smearing": float(rule.smearing),
        "log": bool(rule.log),
    }


def _as_json(rule: Any) -> list[Any]:
    share, constant, limits = rule
    return [float(share), float(constant), [[float(w), sign, float(at)] for w, sign, at in limits]]


def _pickled_names(value: Any) -> set[str]:
    """The dotted names of all classes and functions that a pickle of `value` refers to."""
    # Protocol 2 writes each such name as one operation.
    operations = pickletools.genops(pickle.dumps(value, protocol=2))
    return {str(name).replace(" ", ".", 1) for kind, name, _ in operations if kind.name == "GLOBAL"}


def _unknown_error(name: str) -> Ineligible:
    return Ineligible(
        f"this model decides by {name}, which other tools cannot load",
        remedy="Serve it by `assay score`, or from Python by assay.open(...).model(...).",
    )
