"""The monitor flow: labels first, one entry a look, the event once for its evidence."""

import json

import numpy as np
import pandas as pd
import pytest

from assay.artifacts import Artifact
from assay.bucket import Bucket
from assay.evidence.report import get_report
from assay.living.looks import MONITORED
from flows.monitor import monitor
from tests.living.made import Living, day, written

DATA = {"source": "-", "target": {"column": "paid", "positive": 1}, "identity": ["loan"]}


def loans(numbers, seed=0, wrong=False):
    count, rng = len(numbers), np.random.default_rng(seed)
    probability = rng.random(count)
    truth = rng.random(count) < probability
    return pd.DataFrame(
        {
            "loan": list(numbers),
            "amount": rng.normal(size=count),
            "paid": (~truth if wrong else truth).astype(int),
            "said_probability": probability,
            "said_decision": probability > 0.5,
        }
    )


@pytest.fixture
def living(tmp_path):
    labels = {"source": f"{tmp_path}/labels/*.csv"}
    case = written("loans", DATA, monitor={"rows": 100}, labels=labels)
    (tmp_path / "loans.yaml").write_text(case.words["text"])
    (tmp_path / "labels").mkdir()
    bucket = Bucket.open(str(tmp_path / "bucket"))
    return Living.begin(case, loans(range(10_000, 14_000)), np.ones(4000, bool), bucket)


def run(tmp_path, when):
    state = monitor(
        str(tmp_path / "loans.yaml"),
        str(tmp_path / "bucket"),
        day(when).isoformat(),
        return_state=True,
    )
    return state, state.result(raise_on_failure=False)


def entries(living):
    found = living.bucket.journal("loans").entries()
    return [entry.body for entry in found if entry.kind == MONITORED]


def test_the_years_of_a_model_from_healthy_to_retrain(living, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("tasks.want.emit_event", lambda **event: told.append(event))

    state, outcome = run(tmp_path, 0)
    assert (state.name, outcome.why) == ("Nothing new", "nothing is new")
    assert entries(living) == []

    rows = loans(range(3000), 1)
    living.serve(rows, 1)
    rows[["loan", "paid"]].to_csv(tmp_path / "labels/first.csv", index=False)
    (tmp_path / "labels/bad.csv").write_text("nonsense\n1\n")
    state, outcome = run(tmp_path, 2)
    assert (state.name, outcome.model, outcome.look) == ("Healthy", "loans@1", 1)
    assert list(outcome.labels.values()) == ["3,000 labels"]
    assert "no column 'loan'" in next(iter(outcome.refused.values()))
    (entry,) = entries(living)
    report = get_report(living.bucket, Artifact.model_validate(entry["report"]))
    assert (report.gate, report.verdict) == ("monitoring", "pass")
    assert (entry["upto"], entry["judged"]) == (2, {"rows": 2, "labels": 2})
    assert {step["name"] for step in entry["steps"]} == {"reference", "window", "monitoring"}

    (tmp_path / "labels/bad.csv").unlink()
    state, outcome = run(tmp_path, 3)
    assert (state.name, outcome.why) == ("Nothing new", "nothing is new since look 1")

    worse = loans(range(4000, 5000), 2, wrong=True)
    living.serve(worse, 4, with_labels=True)
    state, outcome = run(tmp_path, 5)
    assert (state.name, outcome.verdict) == ("Retrain", "retrain")
    assert outcome.reasons[0].startswith("Realised ROC AUC lies no more than 0.05 below")
    (event,) = told
    assert event["event"] == "assay.retrain.wanted"
    assert event["resource"]["prefect.resource.id"] == "assay.model.loans"
    assert event["payload"]["evidence"] == str(outcome.report.digest)
    assert json.dumps(event["payload"])

    run(tmp_path, 6)
    assert len(told) == 1  # once for its evidence
    assert len(entries(living)) == 2


def test_a_look_that_another_took_meanwhile_is_not_counted(living, tmp_path, monkeypatch):
    living.serve(loans(range(400), 1), 1)
    monkeypatch.setattr("tasks.enter_look.record", lambda *_: None)
    state, outcome = run(tmp_path, 2)
    assert state.name == "Nothing new"
    assert "was taken by another monitor" in outcome.why
