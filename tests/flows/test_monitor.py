"""The monitor flow: labels first, one entry a look, the event once for its evidence."""

import json

import numpy as np
import pandas as pd
import pytest

import assay.flows.monitor
from assay.bucket.artifacts import Artifact
from assay.bucket.journal import Journal
from assay.flows.monitor import monitor
from assay.gates.report import get_report
from assay.production.retraining.policy import RetrainingRequest, close_retraining, open_retraining
from assay.registry.history import MONITORED
from assay.registry.open import open_bucket
from tests.production.made import Living, day, written

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
    (tmp_path / "loans.yaml").write_text(case.document["text"])
    (tmp_path / "labels").mkdir()
    bucket = open_bucket(str(tmp_path / "bucket"))
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
    found = Journal(living.bucket, "loans").entries()
    return [entry.body for entry in found if entry.kind == MONITORED]


@pytest.mark.slow
def test_the_years_of_a_model_from_healthy_to_retrain(living, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("assay.tasks.monitoring.emit_event", lambda **event: told.append(event))

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
    seen, required = outcome.reasons[0].split(". Required: ")
    assert seen.startswith("ROC AUC is 0.")
    assert required.startswith("Realised ROC AUC lies no more than 0.05 below")
    (event,) = told
    assert event["event"] == "assay.retrain.wanted"
    assert event["resource"]["prefect.resource.id"] == "assay.model.loans"
    assert event["payload"]["evidence"] == str(outcome.report.digest)
    assert json.dumps(event["payload"])

    run(tmp_path, 6)
    assert len(told) == 2, "nobody heard of it"
    assert told[0]["id"] != told[1]["id"], "a server passes over what it has seen"
    trained_anew(living, 6, evidence=outcome.report.digest)
    run(tmp_path, 9)
    assert len(told) == 2  # once for its evidence
    assert len(entries(living)) == 2


def trained_anew(living, when, evidence=None):
    asked = RetrainingRequest("monitor", "a test", day(when), 0, evidence)
    begun = open_retraining(living.bucket, "loans", asked, living.case.retrain)
    close_retraining(living.bucket, "loans", begun, "rejected")


def looked_away(living):
    """Another look finds something else, on other rows."""
    body = entries(living)[-1]
    more = {"look": body["look"] + 1, "verdict": "watch"}
    Journal(living.bucket, "loans").append(lambda _: (MONITORED, body | more))


def test_what_came_in_the_cooldown_is_asked_again_after_it(living, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("assay.tasks.monitoring.emit_event", lambda **event: told.append(event))
    trained_anew(living, 0)
    living.serve(loans(range(500), 1, wrong=True), 0.1, with_labels=True)
    run(tmp_path, 0.2)
    assert len(told) == 1, "whoever listens hears of it, and why nothing begins"
    looked_away(living)
    run(tmp_path, 0.9)
    assert len(told) == 1, "it would be declined again"
    run(tmp_path, 1.1)
    assert len(told) == 2
    assert told[0]["payload"] == told[1]["payload"]


def test_what_a_killed_monitor_did_not_tell_is_told_whatever_is_seen_next(
    living, tmp_path, monkeypatch
):
    told = []
    monkeypatch.setattr("assay.tasks.monitoring.emit_event", lambda **event: told.append(event))
    living.serve(loans(range(500), 1, wrong=True), 1, with_labels=True)
    with monkeypatch.context() as patched:
        patched.setattr(assay.flows.monitor, "request_retraining", lambda *_: None)
        run(tmp_path, 2)
    looked_away(living)
    assert not told
    run(tmp_path, 3)
    assert len(told) == 1


def test_a_look_that_another_took_meanwhile_is_not_counted(living, tmp_path, monkeypatch):
    living.serve(loans(range(400), 1), 1)
    monkeypatch.setattr("assay.tasks.monitoring.append_look", lambda *_: None)
    state, outcome = run(tmp_path, 2)
    assert state.name == "Nothing new"
    assert "was taken by another monitor" in outcome.why


@pytest.mark.parametrize("step", ["run_monitoring_gate", "record_look", "request_retraining"])
def test_an_interrupted_look_is_taken_by_the_next_run_and_counted_once(
    living, tmp_path, monkeypatch, step
):
    told = []
    monkeypatch.setattr("assay.tasks.monitoring.emit_event", lambda **event: told.append(event))
    living.serve(loans(range(500), 1, wrong=True), 1, with_labels=True)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(assay.flows.monitor, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, 2)
    run(tmp_path, 2)
    assert [entry["look"] for entry in entries(living)] == [1]
    assert len(told) == 1


def test_a_challenger_in_shadow_is_compared_once_its_batches_suffice(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(
        "assay.tasks.stage.create_markdown_artifact", lambda _, key, __: told.append(key)
    )
    case = written("loans", DATA, monitor={"rows": 100}, promotion={"shadow": 2})
    (tmp_path / "loans.yaml").write_text(case.document["text"])
    living = Living.begin(
        case, loans(range(9000, 10_000)), np.ones(1000, bool), open_bucket(f"{tmp_path}/bucket")
    )
    living.register(loans(range(8000, 9000)), np.ones(1000, bool))
    living.promote(2, alias="challenger")
    for number, when in enumerate((1, 2)):
        rows = loans(range(1000 * number, 1000 * number + 500), number)
        living.serve(rows, when, version=2, role="shadow", with_labels=True)
        living.serve(rows, when, with_labels=True)
        state, outcome = run(tmp_path, when)
        assert (outcome.shadow is None) == (number == 0)
    assert (outcome.shadow.model, outcome.shadow.against) == ("loans@2", "loans@1")
    assert outcome.shadow.entry
    assert "loans@2 in shadow: " in state.message
    assert [e.kind for e in Journal(living.bucket, "loans").entries()][-1] == "shadowed"
    assert "loans-shadow" in told, "operators see it"
    _, again = run(tmp_path, 3)
    assert (again.shadow.entry, again.shadow.report) == (None, outcome.shadow.report)
