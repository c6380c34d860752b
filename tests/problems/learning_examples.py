"""Small questions of how much and of which of several, with every kind of column."""

from __future__ import annotations

import functools
import json
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

from assay.bucket import canonical_json
from assay.bucket.bucket import Bucket
from assay.config.use_case import UseCase
from assay.learning.timing import measure_timing
from assay.learning.train import TrainedCandidate
from assay.problems.problem_type import ProblemType, StoredSearch
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame

RIDGE = "sklearn.linear_model.Ridge"
LOGISTIC = "sklearn.linear_model.LogisticRegression"
HARM = ["none", "minor", "killed"]


def make_people(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """Hourly pay whose spread grows with the hours, and a harm in three classes."""
    source = np.random.default_rng(seed)
    hours = source.normal(40, 10, rows).round()
    job = source.choice(["clerk", "cook", "judge"], rows)
    sex = source.choice(["Female", "Male"], rows)
    pull = 0.05 * (hours - 40) + (job == "judge") * 1.5 + (sex == "Male") * 0.5
    noise = source.normal(size=rows) * np.exp(0.03 * (hours - 40))
    harm = np.digitize(pull + source.logistic(size=rows), [0.3, 2.0])
    return pd.DataFrame(
        {
            "person": np.arange(rows),
            "sex": sex,
            "hours": np.where(source.random(rows) < 0.1, np.nan, hours),
            "job": pd.Series(job).where(source.random(rows) > 0.05),
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(source.integers(0, 900, rows), "D"),
            "level": pd.Categorical(source.choice(["low", "high"], rows), ["low", "high"]),
            "pay": np.exp(3 + 0.3 * (pull + noise)),
            "harm": np.array(HARM)[harm],
        }
    )


def make_use_case(target: dict[str, Any], *candidates: dict[str, Any], **changes: Any) -> UseCase:
    other = "harm" if target["column"] == "pay" else "pay"
    plain = {
        "name": "people",
        "question": "?",
        "decision": "d",
        "harm": "h",
        "owner": "o",
        "data": {
            "source": "people.csv",
            "target": target,
            "identity": ["person"],
            "sensitive": {"sex": {}},
            "exclude": [other],
            **changes.pop("data", {}),
        },
        "search": {"folds": 3, "jobs": 1, **changes.pop("search", {})},
        "candidates": list(candidates),
        "seed": 7,
        **changes,
    }
    return UseCase.model_validate_json(json.dumps(plain))


def pay_case(*candidates: dict[str, Any], **changes: Any) -> UseCase:
    target = {"column": "pay", "unit": "dollars an hour", **changes.pop("target", {})}
    return make_use_case(target, *(candidates or [{"estimator": RIDGE}]), **changes)


def harm_case(*candidates: dict[str, Any], **changes: Any) -> UseCase:
    target = {"column": "harm", "classes": HARM, "ordered": True, **changes.pop("target", {})}
    return make_use_case(target, *(candidates or [{"estimator": LOGISTIC}]), **changes)


def store_rows(frame: pd.DataFrame) -> Table:
    bucket = Bucket.from_store(MemoryStore())
    return Table.read(bucket, write_frame(bucket, frame, "people"))


def quiet(done: int, total: int, text: str) -> None:
    """Progress that nobody looks at."""


def nowhere(path: tuple[str | int, ...]) -> str:
    """The place of a setting, as a test reads it."""
    return ".".join(map(str, path))


def teach(problem: ProblemType, frame: pd.DataFrame, case: UseCase) -> TrainedCandidate:
    """The first candidate, searched, stored and trained, as the two stages do it."""
    rows, candidate = store_rows(frame), case.candidates[0]
    test = problem.split_rows(rows, case).test
    found = problem.search_candidate(rows, test, candidate, case, say=quiet, locate=nowhere)
    bucket = Bucket.from_store(MemoryStore())
    scores = Table.read(bucket, write_frame(bucket, found.frame(), "scores")).to_pandas()
    tried = canonical_json.load(canonical_json.dump(found.as_json()))
    search = StoredSearch(tried, scores)
    # Measuring takes a second, whatever is measured.
    brief = functools.partial(measure_timing, budget=0.02)
    with mock.patch("assay.problems.hand_over.measure_timing", brief):
        return problem.train_candidate(
            rows, test, candidate, case, search, say=quiet, locate=nowhere
        )
