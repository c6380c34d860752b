import json
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from assay.config.use_case import UseCase


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Fewer sizes and rounds, so that whole reports are quick."""
    # The package names a function like this module.
    monkeypatch.setattr(import_module("assay.evidence.feasibility.learning_curve"), "SIZES", 4)
    monkeypatch.setattr("assay.evidence.feasibility.material.ROUNDS", 25)
    monkeypatch.setattr("assay.evidence.feasibility.material.RATE", 0.2)


def made_people(rows=600, seed=0, strength=1.5):
    """Two numbers and a text that bear on the outcome, one number that does not."""
    rng = np.random.default_rng(seed)
    pull, push = rng.normal(size=(2, rows))
    kind = rng.choice(["a", "b", "c"], rows)
    odds = strength * (pull - push + (kind == "a"))
    return pd.DataFrame(
        {
            "person": [f"p{i}" for i in range(rows)],
            "pull": pull,
            "push": push,
            "kind": pd.Series(kind, dtype="str"),
            "noise": rng.normal(size=rows),
            "sex": pd.Series(rng.choice(["F", "M"], rows), dtype="str"),
            "outcome": np.where(rng.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no"),
        }
    )


def made_use_case(**changes):
    text = {
        "name": "people",
        "question": "q",
        "decision": "d",
        "harm": "h",
        "owner": "o",
        "data": {
            "source": "x.csv",
            "target": {"column": "outcome", "positive": "yes"},
            "identity": ["person"],
            "sensitive": {"sex": {"reference": "M"}},
            **changes.pop("data", {}),
        },
        "candidates": [{"estimator": "some.Estimator"}],
        **changes,
    }
    return UseCase.model_validate_json(json.dumps(text))


@pytest.fixture
def people():
    return made_people


@pytest.fixture
def use_case():
    return made_use_case


@pytest.fixture
def only():
    def of(report, name):
        [check] = [c for c in report.checks if c.name == name]
        return check

    return of
