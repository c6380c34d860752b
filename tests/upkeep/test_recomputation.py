"""What is lost is made again by the run that made it, if that run can still be had."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.bucket.objects import object_key
from assay.config.loaded_use_case import parse_use_case
from assay.registry.registry import Registry
from assay.store.local import LocalStore
from assay.upkeep import recomputation
from assay.upkeep.problems import BucketFindings, BucketProblem
from assay.upkeep.recomputation import mark_recomputed, rerunnable_use_cases
from assay.upkeep.verification import verify_bucket

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    shutil.copytree(GOLDEN, tmp_path / "bucket")
    return Bucket.from_store(LocalStore(tmp_path / "bucket"))


@pytest.fixture
def lost(bucket: Bucket) -> Digest:
    """The fairness report of a version, which is gone."""
    digest = Registry(bucket).find_version("guests@2").reports["fairness"].digest
    bucket.store.delete(object_key(digest))
    return digest


def same(monkeypatch: pytest.MonkeyPatch, bucket: Bucket) -> None:
    """As if the code and the source were what they were then."""
    question = Registry(bucket).find_version("guests@2").entry.body["question"]
    monkeypatch.setattr(recomputation, "fingerprint", lambda _: "sha256:then")
    monkeypatch.setattr(recomputation, "question_key", lambda *_: Digest.parse(question))


def test_the_use_case_that_made_it_is_named_if_it_asks_the_same(bucket, lost, monkeypatch) -> None:
    same(monkeypatch, bucket)
    (words,) = rerunnable_use_cases(bucket, verify_bucket(bucket))
    assert parse_use_case(words).use_case.name == "guests"


def test_nothing_is_run_that_would_ask_another_question(bucket, lost, monkeypatch) -> None:
    """The source is not here, and the code is another: a run might register a version."""
    assert rerunnable_use_cases(bucket, verify_bucket(bucket)) == []
    monkeypatch.setattr(recomputation, "fingerprint", lambda _: "sha256:now")
    assert rerunnable_use_cases(bucket, verify_bucket(bucket)) == []


def test_nothing_is_run_for_what_it_did_not_make(bucket, monkeypatch) -> None:
    same(monkeypatch, bucket)
    assert rerunnable_use_cases(bucket, verify_bucket(bucket)) == []
    digest = Digest.of_bytes(b"loose")
    bucket.store.put_if_absent(object_key(digest), b"rotten")
    findings = verify_bucket(bucket)
    assert [p.kind for p in findings.problems] == ["corrupt"]
    assert rerunnable_use_cases(bucket, findings) == []


def test_nothing_is_run_without_the_record(bucket, lost, monkeypatch) -> None:
    same(monkeypatch, bucket)
    for entry in Journal(bucket, "guests").entries():
        if "run" in entry.body:
            bucket.store.delete(object_key(Digest.parse(entry.body["run"]["digest"])))
    assert rerunnable_use_cases(bucket, verify_bucket(bucket)) == []


def test_what_is_there_again_and_sound_is_told_as_mended(bucket, lost) -> None:
    findings = verify_bucket(bucket)
    assert mark_recomputed(bucket, findings) == findings
    bucket.store.put_if_absent(object_key(lost), b"not it")
    assert not mark_recomputed(bucket, findings).intact
    bucket.store.delete(object_key(lost))
    bucket.store.put_if_absent(object_key(lost), (GOLDEN / object_key(lost)).read_bytes())
    after = mark_recomputed(bucket, findings)
    assert [(p.kind, p.key) for p in after.problems] == [("mended", object_key(lost))]
    assert after.intact


def test_other_problems_stay_what_they_are(bucket) -> None:
    problem = BucketProblem("chain", "journals/guests/", "broken")
    findings = BucketFindings(0, 0, 0, None, 1, 0, 0, 0, (problem,))
    assert mark_recomputed(bucket, findings) == findings
