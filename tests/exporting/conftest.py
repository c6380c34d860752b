"""Versions of every kind in one bucket on disk, trained by the problem types' own code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from assay.bucket.artifacts import ENVIRONMENT, JSON, MARKDOWN, MODEL, RECORD, REPORT
from assay.bucket.bucket import Bucket
from assay.learning.scoring_model import ScoringModel
from assay.problems.lookup import problem_type
from assay.registry.history import Version
from assay.registry.registry import Registry
from assay.steps.environment import describe_environment
from assay.store.local import LocalStore
from assay.tables.table_writer import write_frame
from tests.learning.conftest import made_people, made_use_case
from tests.problems.learning_examples import harm_case, make_people, pay_case, teach

BOOSTED = "sklearn.ensemble.HistGradientBoosting"
FOREST = {
    "estimator": "sklearn.ensemble.RandomForestClassifier",
    "params": {"n_estimators": 5, "max_depth": 3},
}
MITIGATED = {
    "estimator": "sklearn.linear_model.LogisticRegression",
    "mitigate": {
        "method": "fairlearn.postprocessing.ThresholdOptimizer",
        "by": "sex",
        "constraint": "demographic_parity",
    },
}
DRAWN = MITIGATED | {
    "mitigate": MITIGATED["mitigate"] | {"method": "fairlearn.reductions.ExponentiatedGradient"}
}
FEW = {"max_iter": 5}
CASES = {
    "linear": made_use_case,
    "boosted": lambda: made_use_case(
        {"estimator": f"{BOOSTED}Classifier", "params": FEW, "calibrate": "isotonic"}
    ),
    "forest": lambda: made_use_case(FOREST),
    "thresholds": lambda: made_use_case(MITIGATED),
    "drawn": lambda: made_use_case(DRAWN),
    "classes": lambda: harm_case({"estimator": f"{BOOSTED}Classifier", "params": FEW}),
    "group_classes": lambda: harm_case(
        MITIGATED | {"mitigate": {"method": "assay.class_thresholds", "by": "sex"}}
    ),
    "abstaining": lambda: made_use_case(performance={"abstain": {"coverage": 0.9}}),
    "amounts": lambda: pay_case({"estimator": f"{BOOSTED}Regressor", "params": FEW}),
    "logs": lambda: pay_case(target={"log": True}),
}
YES_NO = ("linear", "boosted", "forest", "thresholds", "drawn", "abstaining")


@dataclass(frozen=True)
class Shelf:
    """A bucket, and the versions in it by what they are."""

    folder: Path
    bucket: Bucket
    versions: dict[str, Version]

    def model(self, kind: str) -> ScoringModel:
        return Registry(self.bucket).load(self.versions[kind].name)

    def rows(self, kind: str) -> pd.DataFrame:
        """The rows that the version was trained and tested on."""
        return frame_of(kind)


def frame_of(kind: str) -> pd.DataFrame:
    return made_people() if kind in YES_NO else make_people()


def register(bucket: Bucket, kind: str, status: str = "registered", **changes: Any) -> Version:
    """Train a case, and register it as the train flow would have left it."""
    case, frame = CASES[kind](), frame_of(kind)
    made = teach(problem_type(case.data.target), frame, case)
    table = write_frame(bucket, frame, "table")
    answers = (
        made.predictions
        if isinstance(made.predictions, pa.Table)
        else pa.Table.from_pandas(made.predictions)
    )
    predictions = write_frame(bucket, answers.select(["row"]).to_pandas(), "predictions")
    outputs = {
        "model": bucket.put(made.model, MODEL, "model").as_json(),
        "predictions": predictions.as_json(),
    }
    step = {"inputs": {"table": table.as_json()}, "outputs": outputs}
    environment = describe_environment()
    environment["distributions"] |= changes.pop("distributions", {})
    record = {
        "configuration": case.model_dump(mode="json"),
        "steps": [step],
        "environment": bucket.put_json(environment, ENVIRONMENT, "environment").as_json(),
    }
    body = {
        **outputs,
        "question": str(changes.pop("question", table.digest)),
        "signature": bucket.put_json(made.signature, JSON, "signature").as_json(),
        "run": bucket.put_json(record, RECORD, "run").as_json(),
        "card": bucket.put(b"# A card\n", MARKDOWN, "card").as_json(),
        "reports": {"fairness": bucket.put_json({"gate": "fairness"}, REPORT, "r").as_json()},
        "gates": {"fairness": "pass"},
        "against": None,
        "reasons": [],
    }
    return Registry(bucket).register(kind, status, json.loads(json.dumps(body)))


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf") / "bucket"
    bucket = Bucket.from_store(LocalStore(folder)).prepare()
    return Shelf(folder, bucket, {kind: register(bucket, kind) for kind in CASES})
