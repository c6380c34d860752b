"""The use cases that the feasibility gate is asked about."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from assay.config.loaded_use_case import load_use_case, parse_use_case
from assay.config.use_case import UseCase
from benchmarks.calibration.people import INCOME


@cache
def income(reach: float | None) -> UseCase:
    """The income example, with a ROC AUC to reach or without."""
    goal = f"feasibility.reach={{roc_auc: {reach}}}" if reach else "feasibility.reach={}"
    return load_use_case(INCOME, [goal]).use_case


@cache
def made(**sections: Any) -> UseCase:
    """The least use case whose question is column `y`."""
    least: dict[str, Any] = dict.fromkeys(("question", "decision", "harm", "owner"), "made")
    least |= {
        "name": "made",
        "data": {"source": "made", "target": {"column": "y", "positive": "yes"}},
        "candidates": [{"estimator": "sklearn.dummy.DummyClassifier"}],
    }
    for name, held in sections.items():
        least[name] = {**least.get(name, {}), **json.loads(held)}
    return parse_use_case({"file": "made", "text": json.dumps(least), "set": []}).use_case
