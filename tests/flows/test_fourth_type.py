"""A fourth type of question needs one module of a team's own, and no edit elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assay.bucket.artifacts import Artifact
from assay.flows.score import score
from assay.flows.train import train
from assay.registry.open import open_bucket
from assay.registry.registry import Registry
from assay.runs.comparison.model_comparison import compare_models

pytestmark = pytest.mark.slow

# How many: amounts that are whole numbers. What it does not say itself it takes from amounts, to
# which it hands the question in their words.
COUNTS = '''
"""How many: whole numbers."""

import functools

import pyarrow.compute as pc

from assay.config.data import Target
from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.problems.regression.problem import Regression


def in_their_words(value):
    if isinstance(value, Target):
        return Target(column=value.column, unit=str(value.options["unit"]))
    if isinstance(value, UseCase):
        target = in_their_words(value.data.target)
        return value.model_copy(update={"data": value.data.model_copy(update={"target": target})})
    return value


class Counts(Regression):
    name = "my_counts.PROBLEM"
    question = "how many"
    code = {**Regression.code, "target": "my_counts"}

    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        if name.startswith("_") or not callable(found):
            return found

        @functools.wraps(found)
        def translated(*given, **named):
            named = {key: in_their_words(value) for key, value in named.items()}
            return found(*map(in_their_words, given), **named)

        return translated

    def check_target(self, column, target):
        super().check_target(column, target)
        values = column.cast("float64")
        if not pc.all(pc.equal(values, pc.floor(values))).as_py():
            raise DataError(f"{target.column!r} holds parts of {target.unit}", remedy="Count them.")

    def outcome_facts(self, target):
        return {"Counts": ("", target.column, f", in {target.unit}")}


PROBLEM = Counts()
'''
CASE = """\
question: How often will this guest come?
decision: how much is bought
harm: too little is bought, and a guest goes away hungry
owner: the tests
data:
  source: guests.csv
  target: {column: visits, problem: my_counts.PROBLEM, options: {unit: visits}}
  sensitive: {}
  exclude: [parts]
performance: {choose_by: mae}
promotion: {first: automatic}
candidates:
  - estimator: sklearn.linear_model.Ridge
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    source = np.random.default_rng(3)
    age, near = source.integers(18, 80, 1500), source.random(1500)
    visits = source.poisson(np.exp(0.5 + 2 * near))
    frame = pd.DataFrame({"age": age, "near": near, "visits": visits, "parts": visits + 0.5})
    frame.to_csv("guests.csv", index=False)
    frame.drop(columns=["visits", "parts"]).head(20).to_csv("new.csv", index=False)
    Path("my_counts.py").write_text(COUNTS)
    Path("counts.yaml").write_text(CASE)
    yield tmp_path
    sys.modules.pop("my_counts", None)


def test_it_goes_from_rows_to_a_champion_that_scores(home):
    state = train("counts.yaml", "bucket", return_state=True)
    outcome = state.result()
    assert (state.name, outcome.model, outcome.champion) == ("Registered", "counts@1", True)
    bucket = open_bucket("bucket")
    version = Registry(bucket).find_version("counts@1")
    card = bucket.get(Artifact.model_validate(version.entry.body["card"])).decode()
    assert "**Counts.** `visits`, in visits" in card
    assert "visits" in bucket.get_json(outcome.reports["performance"])["summary"]
    same = compare_models(bucket, ["counts@1", "counts"], distance=1.0).pairs[0].paired
    assert (same.finding, same.answers.changed.rule) == (
        "the same",
        "the answer moves by more than 1.000 visits",
    )
    score("counts.yaml", "bucket", files=["new.csv"])
    model = Registry(bucket).load("counts@champion")
    answers = model.predict(pd.read_csv("new.csv"))
    assert list(answers.columns) == ["prediction", "low", "high"]
    assert (answers["low"] <= answers["high"]).all()


def test_its_own_word_decides_what_may_be_learnt(home):
    text = CASE.replace("column: visits", "column: parts").replace("[parts]", "[visits]")
    Path("counts.yaml").write_text(text)
    state = train("counts.yaml", "bucket", return_state=True)
    assert state.is_failed()
    assert "holds parts of visits" in str(state.result(raise_on_failure=False))
