"""Made rows with amounts and classes, and the use cases that ask for them."""

import json
from typing import Any

import numpy as np
import pandas as pd

from assay.config.use_case import UseCase


def question_use_case(target: dict[str, Any], **changes: Any) -> UseCase:
    text = {
        "name": "made",
        "question": "q",
        "decision": "d",
        "harm": "h",
        "owner": "o",
        "data": {"source": "x.csv", "target": target, **changes.pop("data", {})},
        "candidates": [{"estimator": "some.Estimator"}],
        **changes,
    }
    return UseCase.model_validate_json(json.dumps(text))


def amount_use_case(*, log: bool = False, **changes: Any) -> UseCase:
    return question_use_case({"column": "pay", "unit": "dollars", "log": log}, **changes)


def class_use_case(classes: tuple[Any, ...] = ("a", "b", "c", "d"), **changes: Any) -> UseCase:
    return question_use_case({"column": "kind", "classes": list(classes)}, **changes)


def made_features(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "one": rng.normal(size=rows),
            "two": rng.normal(size=rows),
            "place": pd.Series(rng.choice(["x", "y", "z"], rows), dtype="str"),
            "sex": pd.Series(rng.choice(["F", "M"], rows, p=[0.3, 0.7]), dtype="str"),
        }
    )


def made_amounts(rows: int = 400, seed: int = 0, strength: float = 1.0) -> pd.DataFrame:
    """A number and a text that bear on `pay`, one number that does not; noise of deviation 2."""
    frame = made_features(rows, seed)
    noise = np.random.default_rng(seed + 1000).normal(size=rows)
    signal = 2 * frame["one"] + 2 * (frame["place"] == "x")
    return frame.assign(pay=20 + strength * signal + 2 * noise)


def made_classes(rows: int = 600, seed: int = 0, strength: float = 1.0) -> pd.DataFrame:
    """`kind` of a, b, c, d by two numbers and chance."""
    frame = made_features(rows, seed)
    rng = np.random.default_rng(seed + 1000)
    scores = np.column_stack([frame["one"], -frame["one"], frame["two"], -frame["two"]])
    chosen = (strength * scores + rng.gumbel(size=(rows, 4))).argmax(axis=1)
    return frame.assign(kind=pd.Series(np.array(list("abcd"))[chosen], dtype="str"))
