"""A promotion that pauses with a form, answered as the dashboard would."""

import re
import shutil
import threading
import time
from pathlib import Path

import pytest

from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.config.production import PromotionPolicy
from assay.errors import Ineligible, NotAllowed
from assay.registry.decisions import promotion, withdrawal
from assay.registry.decisions.justification import Justification
from assay.registry.registry import Registry
from assay.util.clock import parse_timestamp

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    from assay.registry.open import open_bucket

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_PEOPLE", raising=False)
    monkeypatch.delenv("ASSAY_SIGNING_KEY", raising=False)
    monkeypatch.setattr("assay.flows.promote._POLL_INTERVAL", 0.1)
    shutil.copytree(GOLDEN, tmp_path / "b")
    return open_bucket(str(tmp_path / "b"))


def run_of(reference, bucket, *answers):
    """Run the flow, and give it the answers one after the other: its state, the forms' texts. An
    answer may be a function, which does something first.
    """
    from prefect.client.orchestration import get_client
    from prefect.flow_runs import resume_flow_run
    from prefect.input.actions import read_flow_run_input

    from assay.flows.promote import promote

    texts = []

    def reply():
        seen = set()
        with get_client(sync_client=True) as client:
            for answer in answers:
                run = None
                while run is None:
                    time.sleep(0.05)
                    paused = (r for r in client.read_flow_runs() if r.state.is_paused())
                    run = next((r for r in paused if r.state.id not in seen), None)
                keys = run.state.state_details.run_input_keyset
                texts.append(read_flow_run_input(key=keys["description"], flow_run_id=run.id))
                seen.add(run.state.id)
                resume_flow_run(run.id, run_input=answer() if callable(answer) else answer)

    helper = threading.Thread(target=reply, daemon=True)
    helper.start()
    state = promote(reference, bucket.root, patience=30, return_state=True)
    helper.join(timeout=5)
    return state, texts


def form(name, because="I looked at it", answer="approve"):
    return {"your_name": name, "because": because, "answer": answer}


def test_a_name_that_may_not_is_asked_again_and_one_that_may_is_done(bucket, tmp_path, monkeypatch):
    (tmp_path / "people.yaml").write_text("people: {ada: {role: engineer}, sam: {role: viewer}}")
    monkeypatch.setenv("ASSAY_PEOPLE", str(tmp_path / "people.yaml"))
    answers = [form("sam"), form("ada", because=" "), form("ada", "not yet", answer="refuse")]
    state, texts = run_of("guests@2", bucket, *answers)
    assert (state.name, state.is_failed()) == ("Promotion refused", True)
    assert "guests@2 is champion already." in str(texts[0])
    assert "a viewer may not" in str(texts[1])
    assert "no reason was given" in str(texts[2])
    assert "What you typed is below" in str(texts[2])
    entry = Journal(bucket, "guests").entries()[-1]
    assert (entry.kind, entry.actor, entry.body["via"]) == ("lesson", "ada", "dashboard")


def test_a_yes_is_a_promotion_by_the_person_who_gave_it(bucket):
    registry = Registry(bucket)
    body = registry.history("guests").versions[2].entry.body
    registry.register(
        "guests", "registered", {**body, "question": str(Digest.of_bytes(b"another"))}
    )
    state, _ = run_of("guests@3", bucket, form("ada"))
    assert state.name == "Promoted"
    entry = registry.history("guests").alias_entries["champion"]
    assert (entry.actor, entry.body["version"], entry.body["via"]) == ("ada", 3, "dashboard")


def test_who_trained_it_is_asked_for_somebody_else(bucket, tmp_path, monkeypatch):
    (tmp_path / "people.yaml").write_text("people: {ada: {role: engineer}, eve: {role: engineer}}")
    monkeypatch.setenv("ASSAY_PEOPLE", str(tmp_path / "people.yaml"))
    another = PromotionPolicy(by="another engineer")
    monkeypatch.setattr(Registry, "promotion_policy", lambda *_: another)
    state, texts = run_of("guests@2", bucket, form("ada"), form("eve", "not yet", answer="refuse"))
    assert state.name == "Promotion refused"
    assert "ada trained guests@2" in str(texts[1])


def test_a_yes_to_what_has_changed_is_asked_again(bucket):
    registry = Registry(bucket)
    body = registry.history("guests").versions[2].entry.body
    for number in (3, 4):
        question = str(Digest.of_bytes(b"question %d" % number))
        registry.register("guests", "registered", {**body, "question": question})

    def late():
        promotion.promote_version(
            bucket, "guests@4", Justification("I was faster", parse_timestamp("2026-11-23"))
        )
        return form("ada")

    state, texts = run_of("guests@3", bucket, late, form("ada"))
    assert "in place of guests@2?" in str(texts[0])
    assert "has changed meanwhile" in str(texts[1])
    assert "in place of guests@4?" in str(texts[1])
    assert state.name == "Promoted"


def test_what_no_answer_can_mend_any_more_is_not_asked_again(bucket):
    def late():
        withdrawal.retire_version(
            bucket, "guests@2", Justification("it leaks", parse_timestamp("2026-11-23"))
        )
        return form("ada")

    state, texts = run_of("guests@2", bucket, late)
    error = state.result(raise_on_failure=False)
    assert isinstance(error, Ineligible)
    assert "it leaks" in error.what
    assert len(texts) == 1


def test_what_no_answer_could_mend_is_not_asked(bucket, tmp_path, monkeypatch):
    state, texts = run_of("guests@1", bucket)
    assert isinstance(state.result(raise_on_failure=False), Ineligible)
    (tmp_path / "people.yaml").write_text("signatures: required\npeople: {ada: {role: engineer}}")
    monkeypatch.setenv("ASSAY_PEOPLE", str(tmp_path / "people.yaml"))
    state, texts = run_of("guests@2", bucket)
    assert isinstance(state.result(raise_on_failure=False), NotAllowed)
    assert "the dashboard cannot sign" in state.message
    assert texts == []


def test_the_answer_is_a_word_without_a_default_and_what_was_typed_stays():
    from assay.flows.promote import PromotionForm, make_form

    first = make_form("Shall it?").model_json_schema()
    assert first["required"] == ["answer", "your_name", "because"]
    word = re.compile(first["properties"]["answer"]["pattern"])
    for said, good in {"approve": True, "refuse": True, "yes": False, "": False}.items():
        assert bool(word.match(said)) == good
    assert not any("default" in one for one in first["properties"].values())
    typed = PromotionForm(answer="refuse", your_name="sam", because="it leaks")
    again = make_form("Shall it?", typed).model_json_schema()
    assert again["required"] == first["required"]
    assert "default" not in again["properties"]["answer"]
    held = {name: again["properties"][name]["default"] for name in ("your_name", "because")}
    assert held == {"your_name": "sam", "because": "it leaks"}
