"""People with an outcome to learn, and the use case that asks for it."""

import json

import numpy as np
import pandas as pd

from assay.config.use_case import UseCase


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
