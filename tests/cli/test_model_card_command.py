"""A card whose words changed; its question, and so every step, stays the same."""

import json
from pathlib import Path

import pytest

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.cli.model_card import card_gap_text, print_card, renew_changed_card
from assay.config.loaded_use_case import load_use_case
from assay.gates.report import Report, Verdict, put_report
from assay.registry.registry import Registry
from assay.runs.run import question_key
from assay.store.memory import MemoryStore

INCOME = Path(__file__).parents[2] / "configs/income.yaml"


def income(*overrides):
    return load_use_case(str(INCOME), overrides)


@pytest.fixture
def registered(monkeypatch, tmp_path):
    """A bucket with a version of the income example, and its registry."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_PEOPLE", raising=False)
    bucket = Bucket.from_store(MemoryStore()).prepare()
    use_case = income().use_case
    record = {"configuration": json.loads(use_case.model_dump_json()), "steps": []}
    report = Report(gate="fairness", subject="m", verdict=Verdict.PASS, summary="Alike.", checks=())
    body = {
        "question": str(Digest.of_bytes(b"question")),
        "model": bucket.put(b"model", artifacts.MODEL, "m").as_json(),
        "card": bucket.put(b"# first\n", artifacts.MARKDOWN, "card").as_json(),
        "run": bucket.put_json(record, artifacts.RECORD, "run").as_json(),
        "reports": {"fairness": put_report(bucket, report).as_json()},
        "candidate": "LogisticRegression",
        "gates": {"fairness": "pass"},
        "reasons": [],
        "causes": [],
        "against": None,
    }
    registry = Registry(bucket)
    registry.register("income", "registered", body, actor="ada")
    return bucket, registry


def test_the_words_of_a_card_are_no_part_of_the_question():
    others = income("card.intended_use=invitations", "card.contact=benefits@example.org")
    assert others.use_case.card.contact == "benefits@example.org"
    assert question_key(others, "source") == question_key(income(), "source")


def test_new_words_renew_the_card_and_nothing_else(registered, capsys):
    bucket, registry = registered
    renew_changed_card(bucket, income("card.contact=benefits@example.org").use_case, "income@1")
    assert "income@1 has a new model card (entry 2)" in capsys.readouterr().err
    history, version = registry.resolve_reference("income@1")
    assert list(history.versions) == [1]
    print_card(bucket, history, version)
    text = capsys.readouterr().out
    assert "- **Contact.** benefits@example.org" in text
    assert "Alike." in text


def test_the_same_words_write_nothing(registered, capsys):
    bucket, registry = registered
    renew_changed_card(bucket, income().use_case, "income@1")
    assert capsys.readouterr().err == ""
    assert len(registry.history("income").entries) == 1


def test_who_may_not_train_is_told_that_the_words_do_not_count(registered, capsys, monkeypatch):
    bucket, registry = registered
    people = Path("people.yaml")
    people.write_text("signatures: optional\npeople:\n  vic: {role: viewer}\n")
    monkeypatch.setenv("ASSAY_PEOPLE", str(people.absolute()))
    monkeypatch.setattr("assay.registry.authority.current_user", lambda: "vic")
    renew_changed_card(bucket, income("card.contact=me").use_case, "income@1")
    assert "were not recorded: vic is a viewer" in capsys.readouterr().err
    assert len(registry.history("income").entries) == 1


def test_a_card_ends_with_who_decided_what(registered, capsys):
    bucket, registry = registered
    history, version = registry.resolve_reference("income@1")
    print_card(bucket, history, version)
    text = capsys.readouterr().out
    assert text.startswith("# first\n\n## Decisions\n\n- ")
    assert "income@1 registered (by ada, unsigned)" in text
    assert "- Nobody has approved or promoted it." in text
    registry.promote(version, because="it is better", expected_version=None, actor="eve")
    print_card(bucket, *registry.resolve_reference("income@1"))
    text = capsys.readouterr().out
    assert "income@1 promoted to champion: it is better (by eve, unsigned)" in text
    assert "Nobody" not in text


def test_a_run_names_the_gaps_of_its_card(registered):
    bucket, _ = registered
    assert card_gap_text(bucket, "income@1").startswith("the model card does not say: intended use")
