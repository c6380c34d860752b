"""Batches from their files to the ledger, whatever comes, and whenever it is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from prefect.client.schemas.objects import StateType
from sqlalchemy import create_engine, text

import assay.flows.score
from assay.bucket.journal import Journal
from assay.errors import ConfigError, NoChampion, ReferenceUnknown
from assay.flows.monitor import monitor
from assay.flows.score import score
from assay.registry.batch_ledger import BatchLedger
from assay.registry.open import open_bucket
from assay.sources.source_lines import SourceLines
from assay.tables.table import Table
from tests.production.small import champion, people, promote, register, use_case

ROOT = Path(__file__).parents[2]


class Place:
    """A folder with a use case, a bucket with its champion, and files that come in."""

    def __init__(self, folder, **sections):
        self.folder, self.store = folder, str(folder / "bucket")
        (folder / "in").mkdir()
        source, to = f"{folder}/in/*.csv", f"{folder}/out/{{batch}}.csv"
        self.sections = {"score": {"source": source, "to": to}} | sections
        self.written = use_case(folder, **self.sections)
        self.bucket = open_bucket(self.store).prepare()
        self.version = champion(self.bucket, self.written)

    def come(self, name, rows=12, seed=1, **changed):
        frame = people(rows, seed).drop(columns="hired").assign(**changed)
        frame.to_csv(self.folder / "in" / name, index=False)
        return str(self.folder / "in" / name)

    def score(self, **how):
        config = str(self.folder / "jobs.yaml")
        state = score(config=config, store=self.store, return_state=True, **how)
        return state, state.result(raise_on_failure=False)

    def fates(self, **how):
        _, outcome = self.score(**how)
        return {Path(b.name).name: b.fate for b in outcome.batches}

    @property
    def ledger(self):
        return BatchLedger(self.bucket, "jobs").read()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_each_batch_is_scored_delivered_and_recorded_once(place):
    place.come("a.csv", seed=1)
    place.come("b.csv", seed=2)
    place.come("twin.csv", seed=1)
    state, outcome = place.score(as_of="2016-03-01")
    assert (state.name, outcome.model, outcome.rows) == ("Scored", "jobs@1", 24)
    assert [b.fate for b in outcome.batches] == ["scored", "scored", "known"]
    one, two = place.ledger.scored_batches
    assert (one.as_of, one.rows, one.role, one.version) == (
        "2016-03-01T00:00:00+00:00",
        12,
        "served",
        1,
    )
    assert one.model == place.version.digest
    said = Table.read(place.bucket, two.predictions).to_pandas()
    delivered = pd.read_csv(place.folder / "out" / "b.csv")
    assert (delivered["probability"] == said["probability"]).all()
    assert set(place.fates().values()) == {"known"}
    assert len(place.ledger.scored_batches) == 2


def test_what_cannot_be_scored_is_refused_and_the_others_go_on(place):
    place.come("a-empty.csv", rows=0)
    place.come("b-lacking.csv").replace("x", "x")
    frame = pd.read_csv(place.folder / "in/b-lacking.csv").rename(columns={"age": "ages"})
    frame.to_csv(place.folder / "in/b-lacking.csv", index=False)
    (place.folder / "in/c-binary.csv").write_bytes(b"\xff\xfe\x00")
    place.come("d-good.csv", seed=2)
    state, outcome = place.score()
    assert (state.name, state.is_failed()) == ("Refused", True)
    assert [b.fate for b in outcome.batches] == ["refused"] * 3 + ["scored"]
    assert "no column 'age'" in outcome.batches[1].why
    refused = place.ledger.refused_batches
    assert [Path(r.name).name[0] for r in refused] == ["a", "b", "c"]
    assert refused[1].remedy.startswith("Did you mean 'ages'")
    place.score()
    assert len(place.ledger.refused_batches) == 3


def test_a_sink_that_cannot_be_written_leaves_the_batch_for_the_next_run(place):
    place.come("a.csv")
    (place.folder / "out").write_text("in the way")
    state, outcome = place.score()
    assert (state.name, outcome.batches[0].fate) == ("Failed", "failed")
    assert place.ledger.scored_batches == ()
    (place.folder / "out").unlink()
    assert place.fates() == {"a.csv": "scored"}


@pytest.mark.parametrize("step", ["predict_batch", "claim_batch", "deliver_batch", "record_batch"])
def test_an_interruption_loses_nothing_and_the_next_run_goes_on(place, monkeypatch, step):
    place.come("a.csv")
    place.come("b.csv", seed=2)
    was, seen = getattr(assay.flows.score, step), []

    def interrupted(*args, **more):
        seen.append(step)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return was(*args, **more)

    monkeypatch.setattr(assay.flows.score, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        place.score()
    assert [Path(s.name).name for s in place.ledger.scored_batches] == ["a.csv"]
    monkeypatch.setattr(assay.flows.score, step, was)
    assert place.fates() == {"a.csv": "known", "b.csv": "scored"}
    assert len(pd.read_csv(place.folder / "out" / "b.csv")) == 12
    assert len(place.ledger.scored_batches) == 2


def interrupt(monkeypatch, step, then=lambda: None):
    """Whoever comes to this step first is interrupted there, once."""
    was = getattr(assay.flows.score, step)

    def interrupted(*args, **more):
        monkeypatch.setattr(assay.flows.score, step, was)
        then()
        raise KeyboardInterrupt

    monkeypatch.setattr(assay.flows.score, step, interrupted)


def promote_another(place, c=0.01):
    promote(place.bucket, register(place.bucket, place.written, people(), c=c))


@pytest.mark.parametrize("step", ["deliver_batch", "record_batch"])
def test_what_was_begun_is_finished_with_the_same_answers_whoever_is_champion(
    place, monkeypatch, step
):
    place.come("a.csv")
    interrupt(monkeypatch, step)
    with pytest.raises(KeyboardInterrupt):
        place.score()
    promote_another(place)
    _, outcome = place.score()
    assert (outcome.model, outcome.batches[0].model) == ("jobs@2", "jobs@1")
    assert "a.csv by jobs@1, which had begun it" in outcome.sentence
    (entry,) = place.ledger.scored_batches
    delivered = pd.read_csv(place.folder / "out" / "a.csv")
    said = Table.read(place.bucket, entry.predictions).to_pandas()
    assert (delivered["probability"] == said["probability"]).all()
    assert set(delivered["model"]) == {str(place.version.digest)} == {str(entry.model)}
    assert place.fates() == {"a.csv": "known"}


def test_what_a_retired_version_began_with_is_begun_anew(place, monkeypatch):
    place.come("a.csv")
    interrupt(monkeypatch, "deliver_batch")
    with pytest.raises(KeyboardInterrupt):
        place.score()
    promote_another(place)
    said = {"version": 1, "because": "it errs", "as_of": "2026-01-01T00:00:00+00:00"}
    Journal(place.bucket, "jobs").append(lambda _: ("retired", said))
    assert place.fates() == {"a.csv": "scored"}
    assert [s.version for s in place.ledger.scored_batches] == [2]


def test_of_two_scorers_with_a_promotion_between_one_has_the_say(place, monkeypatch):
    place.come("a.csv")
    was, seen = assay.flows.score.deliver_batch, []

    def late(*args, **more):
        if not seen:
            seen.append(True)
            promote_another(place)
            assert place.fates() == {"a.csv": "scored"}
        return was(*args, **more)

    monkeypatch.setattr(assay.flows.score, "deliver_batch", late)
    assert place.fates() == {"a.csv": "known"}
    assert [s.version for s in place.ledger.scored_batches] == [1]
    delivered = pd.read_csv(place.folder / "out" / "a.csv")
    assert set(delivered["model"]) == {str(place.version.digest)}


def test_answers_wanted_elsewhere_are_those_that_were_given(place):
    file = place.come("a.csv")
    place.score()
    promote_another(place)
    to = str(place.folder / "elsewhere.parquet")
    assert place.fates(files=(file,), to=to) == {"a.csv": "known"}
    assert set(pd.read_parquet(to)["model"]) == {str(place.version.digest)}


def test_a_promotion_serves_no_batch_again_unless_the_version_is_named(place):
    file = place.come("a.csv")
    place.score()
    promote(place.bucket, register(place.bucket, place.written, people(), c=0.01))
    assert place.fates() == {"a.csv": "known"}
    assert place.fates(files=(file,)) == {"a.csv": "known"}
    to = f"{place.folder}/again/{{batch}}.parquet"
    assert place.fates(files=(file,), model="champion", to=to) == {"a.csv": "scored"}
    assert [s.version for s in place.ledger.scored_batches] == [1, 2]


def test_answers_that_are_wanted_elsewhere_are_delivered_though_they_are_known(place):
    file = place.come("a.csv")
    place.score()
    to = str(place.folder / "elsewhere.parquet")
    assert place.fates(files=(file,), to=to) == {"a.csv": "known"}
    assert len(pd.read_parquet(to)) == 12
    assert len(place.ledger.scored_batches) == 1


def test_the_challenger_answers_unseen_and_its_faults_harm_nobody(tmp_path):
    place = Place(tmp_path, promotion={"shadow": 2})
    rival = register(place.bucket, place.written, people(), c=0.01)
    promote(place.bucket, rival, "challenger")
    place.come("a.csv")
    _, outcome = place.score()
    assert outcome.batches[0].shadow == "jobs@2"
    unseen, served = place.ledger.scored_batches
    assert (unseen.role, unseen.version, served.role, served.version) == ("shadow", 2, "served", 1)
    assert unseen.batch_digest == served.batch_digest
    assert (unseen.beside, served.beside) == (None, 2)
    lines = SourceLines.from_table(Table.read(place.bucket, served.lines)).lines(
        np.arange(served.rows)
    )
    assert lines.tolist() == [*range(2, 14)]
    delivered = pd.read_csv(place.folder / "out" / "a.csv")
    assert set(delivered["model"]) == {str(place.version.digest)}
    wider = people().assign(extra=1)
    broken = register(place.bucket, place.written, wider, c=0.1)
    promote(place.bucket, broken, "challenger")
    place.come("b.csv", seed=2)
    _, outcome = place.score()
    assert [(b.fate, b.shadow) for b in outcome.batches] == [("known", None), ("scored", None)]
    hexadecimal = str(broken.digest).removeprefix("sha256:")
    (Path(place.store) / "objects" / "sha256" / hexadecimal[:2] / hexadecimal).unlink()
    place.come("c.csv", seed=3)
    place.score()
    last = [(s.version, s.beside) for s in place.ledger.scored_batches][-2:]
    assert last == [(1, 3), (1, 3)], "it was to score, and could not; nor could it be loaded"


def test_a_missing_champion_ends_the_run_with_what_to_do(tmp_path):
    place = Place(tmp_path)
    place.come("a.csv")
    said = {"version": 1, "because": "it errs", "as_of": "2026-01-01T00:00:00+00:00"}
    Journal(place.bucket, "jobs").append(lambda _: ("retired", said))
    state, error = place.score()
    assert state.name == "Failed", "whoever is told of failures is told"
    assert isinstance(error, ReferenceUnknown)
    assert "assay promote" in error.remedy


@pytest.mark.parametrize("flow", [score, monitor])
def test_before_anything_was_promoted_nobody_is_alarmed(place, flow):
    empty, config = str(place.folder / "empty"), str(place.folder / "jobs.yaml")
    open_bucket(empty).prepare()
    state = flow(config=config, store=empty, return_state=True)
    assert (state.type, state.name) == (StateType.FAILED, "No champion")
    error = state.result(raise_on_failure=False)
    assert isinstance(error, NoChampion)
    assert "jobs" in state.message


def test_every_recorded_batch_is_told_and_the_monitor_may_look_at_once(place, monkeypatch):
    from prefect import flow
    from prefect.states import Completed

    import assay.flows.monitor

    told, looked = [], []
    monkeypatch.setattr("assay.tasks.scoring.emit_event", lambda **event: told.append(event))

    @flow
    def monitor(config: str, store: str, as_of: str, overrides: tuple = ()):
        looked.append(as_of)
        return Completed(name="Healthy")

    monkeypatch.setattr(assay.flows.monitor, "monitor", monitor)
    place.come("a.csv")
    _, outcome = place.score(as_of="2016-03-01", then_monitor=True)
    (event,) = told
    assert event["event"] == "assay.batch.scored"
    assert event["resource"]["prefect.resource.id"] == "assay.model.jobs"
    assert event["payload"] == {
        "batch": str(place.ledger.scored_batches[0].batch_digest),
        "rows": 12,
        "version": 1,
    }
    assert (looked, outcome.monitored) == (["2016-03-01"], "Healthy")
    place.score(then_monitor=True)
    assert (len(told), len(looked)) == (1, 1)


def test_a_stretch_of_a_stream_counts_once_and_is_named_by_its_lines(place, tmp_path):
    file = tmp_path / "stretch.jsonl"
    people(8, 3).drop(columns="hired").to_json(file, orient="records", lines=True)
    for _ in range(2):
        _, outcome = place.score(files=(str(file),), stream="stream from line 1", form="jsonl")
    assert outcome.batches[0].fate == "known"
    (entry,) = place.ledger.scored_batches
    assert (entry.name, entry.source, entry.rows) == ("stream from line 1", None, 8)
    assert (place.folder / "out" / f"stream-{entry.batch_digest.short}.csv").exists()


def test_a_stretch_that_was_claimed_is_delivered_though_its_rows_are_gone(
    place, tmp_path, monkeypatch
):
    file = tmp_path / "stretch.jsonl"
    people(8, 3).drop(columns="hired").to_json(file, orient="records", lines=True)
    interrupt(monkeypatch, "deliver_batch")
    with pytest.raises(KeyboardInterrupt):
        place.score(files=(str(file),), stream="stream from line 1", form="jsonl")
    file.unlink()
    assert place.fates() == {"stream from line 1": "scored"}
    (entry,) = place.ledger.scored_batches
    assert len(pd.read_csv(place.folder / "out" / f"stream-{entry.batch_digest.short}.csv")) == 8
    assert place.fates() == {}


DYING = """
import os, sys, signal
import assay.flows.score, assay.tasks.scoring
from assay.registry.batch_ledger import BatchLedger
def die(*a, **k):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "before the delivery":
    assay.tasks.scoring.write_delivery = die
elif sys.argv[1] == "before the entry":
    BatchLedger.add_scored = die
else:
    assay.tasks.scoring.emit_event = die
assay.flows.score.score(config=sys.argv[2], store=sys.argv[3])
"""


@pytest.mark.parametrize("when", ["before the delivery", "before the entry", "after the entry"])
@pytest.mark.slow
def test_killed_anywhere_the_next_run_ends_with_one_entry_and_every_row_once(tmp_path, when):
    sink = {"table": "answers", "connection": f"sqlite:///{tmp_path / 'answers.db'}"}
    place = Place(tmp_path, score={"source": f"{tmp_path}/in/*.csv", "to": sink})
    place.come("a.csv")
    words = [sys.executable, "-c", DYING, when, str(tmp_path / "jobs.yaml"), place.store]
    from prefect.settings import get_current_settings

    environment = os.environ | get_current_settings().to_environment_variables()
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]
    assert len(place.ledger.scored_batches) == int(when == "after the entry")
    promote(place.bucket, register(place.bucket, place.written, people(), c=0.01))
    place.score()
    place.score()
    assert len(place.ledger.scored_batches) == 1
    with create_engine(sink["connection"]).connect() as connection:
        rows = connection.execute(text("SELECT line, model FROM answers")).all()
    assert {row.model for row in rows} == {str(place.version.digest)}
    assert sorted(row.line for row in rows) == list(range(2, 14))


def test_reasons_and_what_would_be_yes_are_stored_and_delivered(tmp_path):
    place = Place(tmp_path)
    asked = place.sections["score"] | {"reasons": 2, "would_be": True}
    use_case(tmp_path, score=asked, data={"actionable": ["age"]})
    place.come("a.csv")
    state, outcome = place.score()
    assert (state.name, outcome.rows) == ("Scored", 12)
    (batch,) = place.ledger.scored_batches
    said = Table.read(place.bucket, batch.predictions).to_pandas()
    delivered = pd.read_csv(place.folder / "out" / "a.csv")
    told = ["reason_1", "reason_2", "reason_column", "would_be"]
    assert list(delivered) == ["line", "person", "probability", "decision", *told, "model"]
    assert delivered["reason_1"].tolist() == said["reason_1"].tolist()
    assert set(said["reason_column"]) <= {"age", "job"}
    no = ~said["decision"]
    assert said["would_be"].notna().equals(no.rename("would_be"))
    assert said.loc[no, "would_be"].str.startswith("would be yes if age were ").any()


def test_reasons_that_the_model_has_no_columns_for_are_refused_before_any_batch(tmp_path):
    place = Place(tmp_path)
    use_case(tmp_path, score=place.sections["score"] | {"reasons": 5})
    place.come("a.csv")
    with pytest.raises(ConfigError, match=r"score\.reasons is 5, and the model has 2 columns"):
        score(config=str(tmp_path / "jobs.yaml"), store=place.store)
    assert place.ledger.scored_batches == ()
