"""A small question with every kind of column, and the pieces that learning works on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.config.use_case import UseCase
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame

LOGISTIC = "sklearn.linear_model.LogisticRegression"


def made_people(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    sex = rng.choice(["Female", "Male"], rows, p=[0.4, 0.6])
    hours = rng.normal(40, 10, rows).round()
    job = rng.choice(["clerk", "cook", "judge"], rows)
    pull = 0.08 * (hours - 40) + (job == "judge") * 1.5 + (sex == "Male") * 0.8 - 1
    return pd.DataFrame(
        {
            "person": np.arange(rows),
            "sex": sex,
            "hours": np.where(rng.random(rows) < 0.1, np.nan, hours),
            "job": pd.Series(job).where(rng.random(rows) > 0.05),
            "union": rng.random(rows) < 0.3,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), "D"),
            "level": pd.Categorical(rng.choice(["low", "high"], rows), ["low", "high"]),
            "income": np.where(rng.random(rows) < 1 / (1 + np.exp(-pull)), ">50K", "<=50K"),
        }
    )


def made_use_case(*candidates: dict[str, Any], **changes: Any) -> UseCase:
    data = {
        "source": "people.csv",
        "target": {"column": "income", "positive": ">50K"},
        "identity": ["person"],
        "sensitive": {"sex": {}},
    }
    plain = {
        "name": "income",
        "question": "?",
        "decision": "d",
        "harm": "h",
        "owner": "o",
        "data": {**data, **changes.pop("data", {})},
        "search": {"folds": 3, "jobs": 1, **changes.pop("search", {})},
        "candidates": list(candidates) or [{"estimator": LOGISTIC}],
        "seed": 7,
        **changes,
    }
    return UseCase.model_validate_json(json.dumps(plain))


def stored(frame: pd.DataFrame) -> Table:
    bucket = Bucket.from_store(MemoryStore())
    return Table.read(bucket, write_frame(bucket, frame, "people"))


@pytest.fixture
def people() -> Callable[..., pd.DataFrame]:
    return made_people


@pytest.fixture
def use_case() -> Callable[..., UseCase]:
    return made_use_case


@pytest.fixture
def table() -> Callable[[pd.DataFrame], Table]:
    return stored


def quiet(done: int, total: int, text: str) -> None:
    """Progress that nobody looks at."""


@pytest.fixture
def say() -> Callable[[int, int, str], None]:
    return quiet


def taught(rows: Table, test: np.ndarray, case: UseCase, say: Callable[..., None]) -> Any:
    """The first candidate, searched and trained, as the two stages do it."""
    from assay.learning.train import search_candidate, train_candidate

    candidate = case.candidates[0]
    return train_candidate(
        rows, test, candidate, case, search_candidate(rows, test, candidate, case, say=say)
    )


@pytest.fixture
def teach() -> Any:
    return taught
