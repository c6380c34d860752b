"""Two versions of a small model whose answers a test writes itself."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.config.loaded_use_case import parse_use_case
from assay.gates.report import Interval, Measurement, Report, Verdict, put_report
from assay.registry.history import Version
from assay.registry.registry import Registry
from assay.store.memory import MemoryStore
from assay.tables.table_writer import write_frame

TARGETS: dict[str, dict[str, Any]] = {
    "binary": {"column": "outcome", "positive": "yes"},
    "multiclass": {"column": "outcome", "classes": ["none", "minor", "killed"]},
    "regression": {"column": "outcome", "unit": "dollars"},
}
METRICS = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "mae"}


class Workshop:
    """A bucket that takes versions as they are told."""

    def __init__(self) -> None:
        self.bucket = Bucket.from_store(MemoryStore()).prepare()
        self.registry = Registry(self.bucket)

    def version(
        self,
        table: pd.DataFrame,
        answers: pd.DataFrame,
        *,
        problem: str = "binary",
        model: str = "m",
        settings: dict[str, Any] | None = None,
        commit: str = "c0ffee",
        modules: dict[str, str] | None = None,
        against: int | None = None,
    ) -> Version:
        """Register a version that learnt from `table` and gave `answers` to some of its rows."""
        number = len(self.registry.history(model).versions) + 1
        data = {
            "source": "people.csv",
            "target": TARGETS[problem],
            "identity": ["person"],
            "sensitive": {"sex": {}},
        }
        asked = {
            "name": model,
            "question": "Will they?",
            "decision": "who is asked",
            "harm": "none",
            "owner": "tests",
            "data": data,
            "candidates": [{"estimator": "sklearn.linear_model.LogisticRegression"}],
            "performance": {"choose_by": METRICS[problem]},
        }
        for key, value in (settings or {}).items():
            asked[key] = {**asked.get(key, {}), **value}  # type: ignore[dict-item]
        document = {"file": f"{model}.yaml", "text": json.dumps(asked, indent=1), "set": []}
        loaded = parse_use_case(document)
        bucket = self.bucket
        rows = write_frame(bucket, table, "table")
        made = bucket.put(b"model %d of %s" % (number, model.encode()), artifacts.MODEL, "m")
        predictions = write_frame(bucket, answers, "predictions")
        timing = {"bytes": made.size, "fit": 1.5, "row": [0.01, 0.02], "batch": None}
        step = {
            "name": "train it",
            "components": {
                "stage": "train",
                "code": modules or {"assay.x": "sha256:1"},
                "settings": {"candidate": {"estimator": "sklearn.linear_model.LogisticRegression"}},
            },
            "inputs": {"table": rows.as_json()},
            "outputs": {"model": made.as_json(), "predictions": predictions.as_json()},
            "seconds": 2.0,
            "memory": 1000,
        }
        record = {
            "question": str(Digest.of_bytes(b"%d" % number)),
            "use_case": bucket.put_json(document, artifacts.USE_CASE, model).as_json(),
            "configuration": loaded.use_case.model_dump(mode="json"),
            "code": {"commit": commit, "diff": None},
            "environment": bucket.put_json(
                {"python": "3.11", "distributions": {"numpy": "2.4"}}, artifacts.ENVIRONMENT, "e"
            ).as_json(),
            "steps": [step],
        }
        score = Measurement(
            kind="score",
            metric=METRICS[problem],
            value=0.7,
            interval=Interval(low=0.6, high=0.8),
            headline=True,
        )
        report = Report(
            gate="performance",
            subject="m",
            verdict=Verdict.PASS,
            summary="seen",
            checks=(),
            measurements=(score,),
        )
        body = {
            "question": record["question"],
            "model": made.as_json(),
            "run": bucket.put_json(record, artifacts.RECORD, "run").as_json(),
            "predictions": predictions.as_json(),
            "timing": bucket.put_json(timing, artifacts.JSON, "timing").as_json(),
            "about": bucket.put_json({"params": {"C": number}}, artifacts.JSON, "about").as_json(),
            "reports": {"performance": put_report(bucket, report).as_json()},
            "gates": {"performance": "pass"},
            "candidate": "LogisticRegression",
            "causes": [],
            "reasons": [],
            "against": against,
        }
        return self.registry.register(model, "registered", body)


def people(rows: int = 900, *, first: int = 0) -> pd.DataFrame:
    """A table: who, a number and a group; the outcome depends on the number."""
    draw = np.random.default_rng(5)
    frame = pd.DataFrame({"person": np.arange(rows + first), "age": draw.normal(size=rows + first)})
    frame["sex"] = draw.choice(["f", "m"], rows + first)
    frame["outcome"] = np.where(frame["age"] + draw.normal(size=len(frame)) > 0, "yes", "no")
    return frame.iloc[first:].reset_index(drop=True)


def yes_no_answers(table: pd.DataFrame, noise: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Probabilities that follow the age with some noise, for every second row."""
    rows = np.arange(0, len(table), 2)
    held = table.iloc[rows]
    # By person, so that a person is answered alike wherever its row stands.
    draw = np.random.default_rng(seed).normal(size=100_000)[held["person"]]
    probability = 1 / (1 + np.exp(-2 * (held["age"].to_numpy() + noise * draw)))
    return pd.DataFrame(
        {
            "row": rows,
            "truth": (held["outcome"] == "yes").to_numpy(),
            "probability": probability,
            "decision": probability > 0.5,
            "sex": held["sex"].to_numpy(),
        }
    )
