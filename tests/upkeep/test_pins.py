"""Pins: what people ask to be kept stays through any collection, until they take the pin away."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from assay.bucket import artifacts
from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, list_journals
from assay.bucket.objects import object_key
from assay.errors import ObjectMissing, ReferenceUnknown
from assay.store.local import LocalStore
from assay.upkeep.garbage_collector import GarbageCollector
from assay.upkeep.pins import Pins
from assay.upkeep.verification import verify_bucket

NONE = timedelta(0)


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket.from_store(LocalStore(tmp_path)).prepare()


@pytest.fixture
def table(bucket: Bucket) -> list[Artifact]:
    """A table of two parts that nothing leads to."""
    parts = [bucket.put(b"part %d" % n, artifacts.PARQUET, "part") for n in range(2)]
    listed = {"parts": [part.as_json() for part in parts]}
    return [bucket.put_json(listed, artifacts.TABLE, "rows"), *parts]


def collect_twice(bucket: Bucket) -> None:
    for _ in range(2):
        time.sleep(0.01)
        GarbageCollector(bucket, grace=NONE, memo=NONE).collect()


def test_a_pinned_table_stays_with_its_parts_until_it_is_unpinned(bucket, table) -> None:
    assert Pins(bucket).pin(table[0].digest, "the auditors asked for it")
    collect_twice(bucket)
    assert all(bucket.objects.has(artifact.digest) for artifact in table)
    Pins(bucket).unpin(table[0].digest, "they are done")
    collect_twice(bucket)
    assert not any(bucket.objects.has(artifact.digest) for artifact in table)


def test_why_names_the_pin_and_its_reason(bucket, table) -> None:
    Pins(bucket).pin(table[0].digest, "the auditors asked for it", actor="ada")
    chain = GarbageCollector(bucket).reference_path(table[1].digest)
    assert chain == [
        "pinned by ada: the auditors asked for it", str(table[0].digest), str(table[1].digest),
    ]  # fmt: skip


def test_bytes_that_are_no_json_are_pinned_alone(bucket) -> None:
    digest = bucket.objects.put(b"\x00 no json")
    Pins(bucket).pin(digest, "kept")
    collect_twice(bucket)
    assert bucket.objects.get(digest) == b"\x00 no json"


def test_pinning_takes_out_of_the_trash(bucket, table) -> None:
    for artifact in table:
        bucket.objects.move_to_trash(artifact.digest)
    Pins(bucket).pin(table[0].digest, "wanted after all")
    assert all(bucket.objects.has(artifact.digest) for artifact in table)


def test_what_is_not_whole_cannot_be_pinned(bucket, table) -> None:
    bucket.store.delete(object_key(table[2].digest))
    with pytest.raises(ObjectMissing, match=str(table[2].digest)):
        Pins(bucket).pin(table[0].digest, "too late")
    with pytest.raises(ObjectMissing):
        Pins(bucket).pin(Digest.of_bytes(b"never stored"), "too late")
    assert Pins(bucket).active_pins() == []


def test_a_second_pin_adds_no_entry_and_an_unpin_of_none_is_an_error(bucket, table) -> None:
    digest = table[0].digest
    assert Pins(bucket).pin(digest, "one")
    assert not Pins(bucket).pin(digest, "two")
    (pin,) = Pins(bucket).active_pins()
    assert (pin.as_json()["because"], pin.artifact.digest) == ("one", digest)
    Pins(bucket).unpin(digest, "done")
    with pytest.raises(ReferenceUnknown, match="not pinned"):
        Pins(bucket).unpin(digest, "done")
    assert Pins(bucket).pin(digest, "again")


def test_pins_are_no_model_and_yet_verified(bucket, table) -> None:
    Pins(bucket).pin(table[0].digest, "kept")
    assert list_journals(bucket.store) == []
    assert (verify_bucket(bucket).problems, verify_bucket(bucket).entries) == ((), 1)
    key = object_key(table[1].digest)
    bucket.store.delete(key)
    assert [(p.kind, p.key) for p in verify_bucket(bucket).problems] == [("dangling", key)]
    Pins(bucket).unpin(table[0].digest, "gone anyhow")
    assert verify_bucket(bucket).problems == ()


def test_an_assay_that_knows_no_pins_keeps_what_they_lead_to(bucket, table) -> None:
    """It follows every journal below `journals/`, this one too."""
    Pins(bucket).pin(table[0].digest, "kept")
    (entry,) = Journal(bucket, "@pins").entries()
    (found,) = artifacts.find_descriptors(entry.body)
    assert found["digest"] == str(table[0].digest)
    assert found["media_type"].endswith("json")
