"""What is lost is made again by the run that made it, if that run can still be had."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assay.bucket import Bucket
from assay.config.read import read_words
from assay.digest import Digest
from assay.objects import key_of
from assay.registry import Registry
from assay.store.local import LocalStore
from assay.upkeep import recompute
from assay.upkeep.problems import Findings, Problem
from assay.upkeep.recompute import askable, made_again
from assay.upkeep.verify import verify

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    shutil.copytree(GOLDEN, tmp_path / "bucket")
    return Bucket.on(LocalStore(tmp_path / "bucket"))


@pytest.fixture
def lost(bucket: Bucket) -> Digest:
    """The fairness report of a version, which is gone."""
    digest = Registry(bucket).find("guests@2").reports["fairness"].digest
    bucket.store.delete(key_of(digest))
    return digest


def same(monkeypatch: pytest.MonkeyPatch, bucket: Bucket) -> None:
    """As if the code and the source were what they were then."""
    question = Registry(bucket).find("guests@2").entry.body["question"]
    monkeypatch.setattr(recompute, "fingerprint", lambda _: "sha256:then")
    monkeypatch.setattr(recompute, "question_key", lambda *_: Digest.parse(question))


def test_the_use_case_that_made_it_is_named_if_it_asks_the_same(bucket, lost, monkeypatch) -> None:
    same(monkeypatch, bucket)
    (words,) = askable(bucket, verify(bucket))
    assert read_words(words).use_case.name == "guests"


def test_nothing_is_run_that_would_ask_another_question(bucket, lost, monkeypatch) -> None:
    """The source is not here, and the code is another: a run might register a version."""
    assert askable(bucket, verify(bucket)) == []
    monkeypatch.setattr(recompute, "fingerprint", lambda _: "sha256:now")
    assert askable(bucket, verify(bucket)) == []


def test_nothing_is_run_for_what_it_did_not_make(bucket, monkeypatch) -> None:
    same(monkeypatch, bucket)
    assert askable(bucket, verify(bucket)) == []
    digest = Digest.of(b"loose")
    bucket.store.put_if_absent(key_of(digest), b"rotten")
    findings = verify(bucket)
    assert [p.kind for p in findings.problems] == ["corrupt"]
    assert askable(bucket, findings) == []


def test_nothing_is_run_without_the_record(bucket, lost, monkeypatch) -> None:
    same(monkeypatch, bucket)
    for entry in bucket.journal("guests").entries():
        if "run" in entry.body:
            bucket.store.delete(key_of(Digest.parse(entry.body["run"]["digest"])))
    assert askable(bucket, verify(bucket)) == []


def test_what_is_there_again_and_sound_is_told_as_mended(bucket, lost) -> None:
    findings = verify(bucket)
    assert made_again(bucket, findings) == findings
    bucket.store.put_if_absent(key_of(lost), b"not it")
    assert not made_again(bucket, findings).intact
    bucket.store.delete(key_of(lost))
    bucket.store.put_if_absent(key_of(lost), (GOLDEN / key_of(lost)).read_bytes())
    after = made_again(bucket, findings)
    assert [(p.kind, p.key) for p in after.problems] == [("mended", key_of(lost))]
    assert after.intact


def test_other_problems_stay_what_they_are(bucket) -> None:
    problem = Problem("chain", "journals/guests/", "broken")
    findings = Findings(0, 0, 0, None, 1, 0, 0, 0, (problem,))
    assert made_again(bucket, findings) == findings
