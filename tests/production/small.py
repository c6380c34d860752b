"""The smallest model that can serve: fitted in milliseconds, registered and promoted by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from assay.bucket.artifacts import JSON, MODEL, RECORD
from assay.bucket.bucket import Bucket
from assay.config.loaded_use_case import LoadedUseCase, load_use_case, parse_use_case
from assay.learning.mitigation.models import GroupThresholds
from assay.learning.model_codec import dump_model
from assay.learning.signature import describe_inputs, model_signature
from assay.registry.history import CHAMPION, Version
from assay.registry.registry import Registry
from assay.tables.table import Table
from assay.tables.table_writer import write_frame

FEATURES = ["age", "job"]


def people(rows: int = 60, seed: int = 0) -> pd.DataFrame:
    """Rows with an identity, a number, a category, a group, what is only kept, and the target."""
    draw = np.random.default_rng(seed)
    age = draw.integers(18, 80, rows)
    return pd.DataFrame(
        {
            "person": np.arange(rows) + 1000 * seed,
            "age": age,
            "job": draw.choice(["cook", "nurse", "smith"], rows),
            "sex": draw.choice(["f", "m"], rows),
            "note": "kept",
            "hired": (age > 45).astype(int),
        }
    )


def use_case(folder: Path | None = None, **sections: Any) -> LoadedUseCase:
    """The use case, in a file of `folder` if one is given."""
    asked = {
        "name": "jobs",
        "question": "asked in a test",
        "decision": "none",
        "harm": "none",
        "owner": "tests",
        "data": {
            "source": "never-read.csv",
            "target": {"column": "hired", "positive": 1},
            "identity": ["person"],
            "exclude": ["note"],
            "sensitive": {"sex": {}},
        },
        "candidates": [{"estimator": "sklearn.linear_model.LogisticRegression"}],
    }
    asked["data"] |= sections.pop("data", {})
    text = json.dumps(asked | sections)
    if folder is None:
        return parse_use_case({"file": "jobs.yaml", "text": text, "set": []})
    (folder / "jobs.yaml").write_text(text)
    return load_use_case(folder / "jobs.yaml")


def fitted(frame: pd.DataFrame, *, by_group: bool = False, c: float = 1.0) -> Any:
    prepare = make_column_transformer(
        (StandardScaler(), ["age"]), (OneHotEncoder(handle_unknown="ignore"), ["job"])
    )
    model = make_pipeline(prepare, LogisticRegression(C=c))
    rows = frame[FEATURES].astype({"age": float})
    model.fit(rows, frame["hired"])
    rule = (0.0, 0.0, ((1.0, ">=", 0.5),))
    return GroupThresholds(model, ["sex"], {"f": rule, "m": rule}) if by_group else model


def register(bucket: Bucket, written: LoadedUseCase, frame: pd.DataFrame, **how: Any) -> Version:
    """A version that was trained on `frame`, as the train flow would have left it."""
    table = write_frame(bucket, frame.astype({"job": "category"}), "table")
    described = Table.read(bucket, table).description
    chosen = describe_inputs([d for d in described if d["name"] in FEATURES], frame[FEATURES])
    groups = [{"name": "sex", "bins": []}] if how.get("by_group") else None
    made = {
        "model": bucket.put(dump_model(fitted(frame, **how)), MODEL, "m").as_json(),
        "predictions": write_frame(bucket, pd.DataFrame({"row": [0]}), "p").as_json(),
    }
    candidate = written.use_case.candidates[0].model_dump(mode="json")
    step = {
        "name": "train",
        "inputs": {"table": table.as_json()},
        "outputs": made,
        "components": {"settings": {"candidate": candidate}},
    }
    described = model_signature(chosen, written.use_case, groups)
    configuration = written.use_case.model_dump(mode="json")
    record = {"steps": [step], "configuration": configuration}
    body = {
        **made,
        "question": f"sha256:{'0' * 64}",
        "signature": bucket.put_json(described, JSON, "signature").as_json(),
        "run": bucket.put_json(record, RECORD, "run").as_json(),
        "reports": {},
        "against": None,
        "gates": {},
        "reasons": [],
        "candidate": "LogisticRegression",
    }
    return Registry(bucket).register("jobs", "registered", body)


def champion(bucket: Bucket, written: LoadedUseCase, **how: Any) -> Version:
    """A version that is champion."""
    version = register(bucket, written, people(), **how)
    promote(bucket, version)
    return version


def promote(bucket: Bucket, version: Version, alias: str = CHAMPION) -> None:
    registry = Registry(bucket)
    standing = registry.history("jobs").aliases.get(alias)
    assert registry.promote(version, because="a test", expected_version=standing, alias=alias)
