"""A model's life in one play: trained, scored, harmed, trained anew, approved, rolled back."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from assay.bucket.journal import Journal
from assay.errors import DataError
from assay.flows.monitor import monitor
from assay.flows.retrain import retrain
from assay.flows.score import score
from assay.flows.train import train
from assay.gates.report import get_report
from assay.production.retraining.policy import DeclinedRetraining
from assay.registry.batch_ledger import BatchLedger, RefusedBatch
from assay.registry.decisions import promotion, withdrawal
from assay.registry.decisions.justification import Justification
from assay.registry.open import open_bucket
from assay.registry.registry import Registry
from assay.tables.table import Table
from assay.upkeep.verification import verify_bucket

START = datetime(2016, 1, 1, tzinfo=UTC)
USE_CASE = """
name: jobs
question: Does this person have a job?
decision: who is called
harm: people are not called
owner: the tests
data:
  source: {folder}/first.csv
  target: {{column: works, positive: 1}}
  identity: [person]
  sensitive: {{sex: {{reference: m}}}}
feasibility: {{within: 5s}}
candidates:
  - estimator: sklearn.linear_model.LogisticRegression
fairness:
  - {{metric: selection_rate, by: [sex], tolerance: 0.4, because: agreed with the tests}}
score: {{source: "{folder}/arrivals/*.csv"}}
labels: {{source: "{folder}/labels/*.csv"}}
monitor: {{rows: 300}}
drift: {{margin: 0.15}}
retrain: {{window: change, cooldown: 1d}}
promotion: {{first: automatic, later: approval}}
seed: 3
"""


def people(numbers, seed, *, turned=False):
    """Who is older mostly works; where it has turned, mostly the young do."""
    rng, count = np.random.default_rng(seed), len(numbers)
    age = rng.normal(40, 12, count)
    likely = 1 / (1 + np.exp(-(age - 40) / 4))
    works = rng.random(count) < (1 - likely if turned else likely)
    sex = rng.choice(["f", "m"], count)
    return pd.DataFrame(
        {"person": list(numbers), "age": age.round(2), "sex": sex, "works": works.astype(int)}
    )


class Life:
    def __init__(self, folder):
        self.folder = folder
        (folder / "arrivals").mkdir()
        (folder / "labels").mkdir()
        people(range(1500), 1).to_csv(folder / "first.csv", index=False)
        (folder / "jobs.yaml").write_text(USE_CASE.format(folder=folder))
        self.bucket = open_bucket(str(folder / "bucket"))

    def run(self, flow, day=None, **more):
        moment = {} if day is None else {"as_of": (START + timedelta(days=day)).isoformat()}
        config, store = str(self.folder / "jobs.yaml"), str(self.folder / "bucket")
        state = flow(config, store, **moment, **more, return_state=True)
        return state, state.result(raise_on_failure=False)

    def comes(self, name, rows, *, labels=True):
        rows.drop(columns="works").to_csv(self.folder / f"arrivals/{name}.csv", index=False)
        if labels:
            rows[["person", "works"]].to_csv(self.folder / f"labels/{name}.csv", index=False)

    @property
    def history(self):
        return Registry(self.bucket).history("jobs")

    @property
    def kinds(self):
        return [entry.kind for entry in Journal(self.bucket, "jobs").entries()]


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    return Life(tmp_path_factory.mktemp("life"))


@pytest.mark.slow
def test_from_the_first_champion_to_the_rollback(life, monkeypatch):
    monkeypatch.setattr("assay.tasks.monitoring.emit_event", lambda **_: None)
    monkeypatch.setattr("assay.tasks.scoring.emit_event", lambda **_: None)
    state, first = life.run(train)
    assert (state.name, first.model, first.champion) == ("Registered", "jobs@1", True)

    life.comes("a", people(range(2000, 2800), 2))
    assert life.run(score, 1)[0].name == "Scored"
    assert life.run(monitor, 1)[0].name == "Healthy"

    turned = people(range(3000, 4500), 3, turned=True)
    life.comes("b", turned)
    life.run(score, 2)
    state, looked = life.run(monitor, 2)
    assert state.name == "Retrain"

    asked = {"because": looked.reasons[0], "by": "monitor", "evidence": str(looked.report.digest)}
    with monkeypatch.context() as patched:
        patched.setattr("assay.runs.conclusion._promote_automatically", _killed)
        with pytest.raises(KeyboardInterrupt):
            life.run(retrain, 2, **asked)
    assert (life.kinds[-1], life.history.aliases) == ("registered", {"champion": 1})

    state, again = life.run(retrain, 3, **asked)
    assert (state.name, again.model, again.champion) == ("Challenger", "jobs@2", False)
    assert life.history.aliases == {"champion": 1, "challenger": 2}
    _learnt_from_the_change(life, turned)
    _beat_the_champion_on_the_newest_rows(life, again)

    state, declined = life.run(retrain, 9, **asked)
    assert (state.name, type(declined)) == ("Declined", DeclinedRetraining)

    said = Justification("it fits who comes now", START + timedelta(days=3))
    promotion.approve_version(life.bucket, "jobs@2", said)
    promotion.promote_version(life.bucket, "jobs@2", said)
    assert life.history.champion.name == "jobs@2"

    life.comes("c", people(range(5000, 5800), 4, turned=True))
    _, scored = life.run(score, 4)
    assert scored.model == "jobs@2"
    assert life.run(monitor, 4)[0].name == "Healthy"

    said = Justification("the office wants to look into it", START + timedelta(days=5))
    withdrawal.roll_back_alias(life.bucket, "jobs", said)
    assert life.history.champion.name == "jobs@1"
    told = ["registered", "promoted", "monitored", "monitored", "retraining"]
    told += ["registered", "promoted", "retrained", "approved", "promoted", "monitored"]
    told += ["rolled_back"]
    assert life.kinds == told
    assert not verify_bucket(life.bucket).problems


def _killed(*_):
    raise KeyboardInterrupt


def _learnt_from_the_change(life, turned):
    """By the window `change`: rows of the look that first saw the harm, and no older ones."""
    entry = life.history.versions[2].entry
    begun = Journal(life.bucket, "jobs").entries()[entry.body["retraining"] - 1]
    assert (begun.kind, begun.body["by"], begun.body["attempt"]) == ("retraining", "monitor", 1)
    record = life.bucket.get_json(life.history.versions[2].artifact("run"))
    step = next(step for step in record["steps"] if step["name"] == "gather")
    from assay.bucket.artifacts import Artifact

    rows = Table.read(life.bucket, Artifact.model_validate(step["outputs"]["table"])).to_pandas()
    assert sorted(rows["person"]) == sorted(turned["person"])
    known = dict(zip(turned["person"], turned["works"], strict=True))
    assert [known[p] for p in rows["person"]] == rows["works"].tolist()
    assert entry.body["upto"] == BatchLedger(life.bucket, "jobs").read().length


def _beat_the_champion_on_the_newest_rows(life, again):
    report = get_report(life.bucket, again.reports["performance"])
    check = next(check for check in report.checks if check.name == "beats_champion")
    assert (check.verdict, again.against) == ("pass", 1)
    assert "that came since" in check.claim
    fairness = get_report(life.bucket, again.reports["fairness"])
    assert any(check.name.startswith("newest selection_rate") for check in fairness.checks)


def test_rows_that_cannot_be_learnt_from_end_a_retraining(tmp_path, monkeypatch):
    """Asked again, it takes what came since, and not for ever the same rows."""
    life, tried = Life(tmp_path), []
    (tmp_path / "first.csv").write_text("person,age,sex,works\n1,40,m,1\n2,30,f,0\n")

    def gather(_run, _first, begun):
        tried.append(begun.upto)
        raise DataError("no labelled rows are left to train on")

    monkeypatch.setattr("assay.flows.retrain.build_training_table", gather)
    for _ in range(2):
        state, error = life.run(retrain, 1, by="person", because="because")
        assert (state.name, type(error)) == ("Failed", DataError)
        refused = RefusedBatch(name="a", source=f"{len(tried)}", as_of="2016-01-01", why="a test")
        BatchLedger(life.bucket, "jobs").add_refusal(refused)
    assert tried == [0, 1]
    assert life.kinds == ["retraining", "retrained"] * 2
    assert life.history.entries[-1].body["because"] == "no labelled rows are left to train on"
