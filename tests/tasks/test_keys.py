"""What a stage reads of the use case is in its key: planned, not run."""

import importlib

import pandas as pd
import pytest
from prefect.logging import disable_run_logger

from assay.bucket.artifacts import JSON
from assay.bucket.digest import Digest
from assay.config.loaded_use_case import parse_use_case
from assay.registry.open import open_bucket
from assay.runs.run import Run
from assay.steps import plan
from assay.steps.plan import RunPlan
from assay.steps.step import Step
from assay.tables.table_writer import write_frame
from assay.tasks.stage import Stage

WORDS = """\
name: {name}
question: q
decision: d
harm: h
owner: o
data:
  source: a.csv
  target: {{column: y, positive: "1"}}
  sensitive: {{{sensitive}}}
split: {{{split}}}
feasibility: {{reach: {{{reach}}}}}
candidates: [{{estimator: sklearn.linear_model.LogisticRegression}}]
fairness: [{{metric: selection_rate, by: [sex], tolerance: 0.1, because: x}}]
"""
USUAL = {
    "name": "income",
    "sensitive": "sex: {}, town: {}",
    "split": "test: 0.2",
    "reach": "roc_auc: 0.8, accuracy: 0.7",
}


def stage_task(stage):
    """The Prefect task of a stage, by its stored name."""
    module = importlib.import_module(f"assay.tasks.{stage}")
    [task] = [t for t in vars(module).values() if isinstance(t, Stage) and t.name == stage]
    return task


@pytest.fixture
def key(tmp_path):
    """The key of a stage's step for a use case of other words."""
    bucket = open_bucket(str(tmp_path / "bucket")).prepare()
    rows = pd.DataFrame({"y": [0, 1], "sex": ["a", "b"], "town": ["s", "t"], "g": ["x", None]})
    table = write_frame(bucket, rows, "rows")
    made = {name: bucket.put_json({}, JSON, name) for name in ("held_out", "about")}
    trained = Step(
        name="train", key=Digest.of_bytes(b"k"), components={}, inputs={}, outputs=made,
        cached=True, seconds=0.0,
    )  # fmt: skip
    inputs = {"rank": ({"LogisticRegression": trained},), "validate": (table, None)}

    def key(stage, **words):
        told = {"file": "u.yaml", "text": WORDS.format(**(USUAL | words)), "set": []}
        task = stage_task(stage)
        with disable_run_logger(), plan.use_plan(RunPlan({})):
            run = Run.begin(parse_use_case(told), bucket.root, "source", always=False)
            return task.fn(run, *inputs.get(stage, (table,))).key

    return key


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("rank", {"name": "housing"}),  # the report's subject
        ("rank", {"sensitive": "town: {}, sex: {}"}),  # the order in which groups are told
        ("weigh", {"reach": "accuracy: 0.7, roc_auc: 0.8"}),
        ("validate", {"split": "test: 0.2, by: group, column: g"}),  # then no feature
    ],
)
def test_what_changes_the_outcome_changes_the_key(key, stage, words):
    assert key(stage, **words) != key(stage)


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("rank", {"reach": "roc_auc: 0.9"}),
        ("weigh", {"name": "housing"}),
        ("validate", {"reach": "roc_auc: 0.9"}),
    ],
)
def test_what_a_stage_does_not_read_does_not(key, stage, words):
    assert key(stage, **words) == key(stage)
