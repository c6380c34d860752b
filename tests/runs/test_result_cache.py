"""A standing answer counts only while the bucket still proves it."""

import pytest

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.objects import object_key
from assay.errors import ChainBroken
from assay.registry.history import REGISTERED
from assay.registry.registry import Registry
from assay.runs.outcome import RunOutcome
from assay.runs.result_cache import find_question_outcome, remember_outcome
from assay.steps import code_version, module_source
from assay.steps.step import Step
from assay.store.memory import MemoryStore

ONE, TWO = Digest.of_bytes(b"question 1"), Digest.of_bytes(b"question 2")


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


def put(bucket, text):
    return bucket.put(text.encode(), artifacts.JSON, text)


def trained(bucket, model):
    """The record of a run in which a user's own estimator, of the module `mine`, became a model."""
    step = {
        "outputs": {"model": model.as_json()},
        "components": {"settings": {"candidate": {"estimator": "mine.Mine"}}},
    }
    return bucket.put_json({"steps": [step]}, artifacts.RECORD, "run")


def answered(bucket, question=ONE, against=None, model="the model", page="page"):
    """Register a version and remember it as the answer to a question."""
    made = put(bucket, model)
    body = {
        "question": str(question), "model": made.as_json(), "reports": {}, "against": against,
        "run": trained(bucket, made).as_json(),
    }  # fmt: skip
    version = Registry(bucket).register("m", REGISTERED, body)
    record, page = put(bucket, "record"), put(bucket, page)
    outcome = RunOutcome(
        use_case="m", question=question, run=record.digest, outcome="registered",
        model=version.name, digest=made.digest, champion=False, against=against,
        gates={"fairness": "pass", "validation": "pass"}, reports={}, page=page, reasons=[],
        judged=[], steps=[{"name": "train", "cached": False, "seconds": 9.0}],
    )  # fmt: skip
    step = Step(
        name="train", key=ONE, components={}, inputs={}, outputs={"model": made},
        cached=False, seconds=9.0,
    )  # fmt: skip
    remember_outcome(bucket, outcome, [step])
    return version


def test_an_answer_stands_and_nothing_was_done_for_it(bucket):
    answered(bucket)
    found = find_question_outcome(bucket, "m", ONE)
    assert found.model == "m@1"
    assert [(s.cached, s.seconds) for s in found.steps] == [(True, 0.0)]
    assert list(found.gates) == ["validation", "fairness"]
    assert find_question_outcome(bucket, "m", TWO) is None


def test_it_tells_the_champion_of_today(bucket):
    version = answered(bucket)
    assert not find_question_outcome(bucket, "m", ONE).champion
    Registry(bucket).promote(version, because="first", expected_version=None)
    assert find_question_outcome(bucket, "m", ONE).champion


def test_it_does_not_stand_once_it_would_be_judged_against_another_champion(bucket):
    answered(bucket)
    other = answered(bucket, TWO, model="another")
    Registry(bucket).promote(other, because="better", expected_version=None)
    assert find_question_outcome(bucket, "m", ONE) is None
    assert find_question_outcome(bucket, "m", TWO).model == "m@2"


def test_it_does_not_stand_once_the_champions_own_code_has_changed(bucket, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = tmp_path / "mine.py"
    mine.write_text("class Mine: pass\n")
    forget()
    champion = answered(bucket)
    Registry(bucket).promote(champion, because="first", expected_version=None)
    answered(bucket, TWO, against=champion.number, model="another")
    assert find_question_outcome(bucket, "m", TWO).model == "m@2"
    mine.write_text("class Mine: answer = 42\n")
    forget()
    assert find_question_outcome(bucket, "m", TWO) is None


def forget():
    """As a process that begins."""
    for cached in (
        module_source._read_imports,
        module_source._read_source,
        code_version._source_of,
        code_version._first_party_path,
    ):
        cached.cache_clear()


@pytest.mark.parametrize("lost", ["the model", "record", "page"])
def test_it_does_not_stand_when_something_it_rests_on_is_gone(bucket, lost):
    answered(bucket)
    bucket.store.delete(object_key(Digest.of_bytes(lost.encode())))
    assert find_question_outcome(bucket, "m", ONE) is None


def test_it_does_not_stand_when_the_journal_lacks_it_or_is_broken(bucket):
    answered(bucket)
    answered(bucket, TWO, model="another")
    bucket.store.delete("journals/m/0000000001.json")
    with pytest.raises(ChainBroken):
        find_question_outcome(bucket, "m", ONE)
    bucket.store.delete("journals/m/0000000002.json")
    assert find_question_outcome(bucket, "m", ONE) is None
