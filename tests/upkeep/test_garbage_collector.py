"""Garbage collection: nothing that anything leads to is ever lost, and the rest does go."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assay.bucket import artifacts
from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, list_journals
from assay.bucket.objects import object_key, trash_prefix
from assay.errors import ObjectCorrupt, ObjectMissing
from assay.registry.recorded_people import people_journal
from assay.store.local import LocalStore
from assay.upkeep.garbage_collector import CollectionResult, GarbageCollector

NONE = timedelta(0)
DAY = timedelta(days=1)


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket.from_store(LocalStore(tmp_path)).prepare()


def read_whole(bucket: Bucket, digest: Digest) -> bytes:
    with bucket.objects.open(digest) as reader:
        return reader.read()


def register(bucket: Bucket, model: str, *parts: bytes) -> list[Artifact]:
    """A journal entry that leads to a record, a table and its parts."""
    held = [bucket.put(part, artifacts.PARQUET, "part") for part in parts]
    listed = {"parts": [part.as_json() for part in held]}
    table = bucket.put_json(listed, artifacts.TABLE, "rows")
    record = bucket.put_json({"outputs": {"table": table.as_json()}}, artifacts.RECORD, "run")
    Journal(bucket, model).append(lambda _: ("registered", {"run": record.as_json()}))
    return [record, table, *held]


def age(bucket: Bucket, key: str, by: timedelta) -> None:
    path = Path(bucket.store.url(key))
    when = path.stat().st_mtime - by.total_seconds()
    os.utime(path, (when, when))


def collect(bucket: Bucket, **limits: timedelta) -> CollectionResult:
    return GarbageCollector(bucket, **{"grace": NONE, **limits}).collect()


def test_what_a_journal_leads_to_stays_through_any_number_of_passes(bucket: Bucket) -> None:
    held = register(bucket, "income", b"one", b"two")
    for _ in range(3):
        time.sleep(0.01)
        assert collect(bucket).kept == len(held)
    assert not bucket.objects.find_missing(artifact.digest for artifact in held)


def test_what_nothing_refers_to_is_moved_by_one_pass_and_deleted_by_the_next(
    bucket: Bucket,
) -> None:
    loose = bucket.objects.put(b"loose")
    time.sleep(0.01)
    first = collect(bucket)
    assert (first.moved, first.moved_size, first.deleted) == (1, 5, 0)
    assert not bucket.objects.has(loose)
    time.sleep(0.01)
    second = collect(bucket)
    assert (second.moved, second.deleted, second.deleted_size) == (0, 1, 5)
    with pytest.raises(ObjectMissing):
        bucket.objects.get(loose)


def test_what_is_young_stays(bucket: Bucket) -> None:
    loose = bucket.objects.put(b"loose")
    assert collect(bucket, grace=DAY).young == 1
    assert bucket.objects.has(loose)


def test_what_lies_in_the_trash_is_handed_out_to_whoever_asks(bucket: Bucket) -> None:
    for reading in (
        bucket.objects.get,
        lambda digest: read_whole(bucket, digest),
    ):
        loose = bucket.objects.put(b"wanted after all")
        bucket.objects.move_to_trash(loose)
        assert not bucket.objects.has(loose)
        assert reading(loose) == b"wanted after all"
        assert bucket.objects.has(loose)


def test_a_copy_of_what_was_taken_out_of_the_trash_is_deleted_once_it_is_old(
    bucket: Bucket,
) -> None:
    held = register(bucket, "income", b"one")[2].digest
    bucket.objects.move_to_trash(held)
    assert bucket.objects.get(held) == b"one"
    [copy] = bucket.objects.trash_keys(held)
    assert collect(bucket, grace=DAY).deleted == 0
    age(bucket, copy, 3 * DAY)
    assert collect(bucket, grace=DAY).deleted == 1
    assert bucket.objects.get(held) == b"one"


def test_nothing_is_lost_to_a_collector_that_is_between_copying_and_deleting(
    bucket: Bucket,
) -> None:
    loose = bucket.objects.put(b"wanted after all")
    bucket.objects.move_to_trash(loose)
    assert bucket.objects.restore(loose)
    # Another collector had it on its list, has copied it, and is about to delete it.
    bucket.store.put_if_absent(f"{trash_prefix(loose)}second", b"wanted after all")
    assert bucket.objects.restore(loose)
    bucket.store.delete(object_key(loose))
    assert bucket.objects.get(loose) == b"wanted after all"


def test_a_look_takes_out_of_the_trash_what_a_run_is_about_to_name(bucket: Bucket) -> None:
    loose = bucket.objects.put(b"wanted after all")
    bucket.objects.move_to_trash(loose)
    assert bucket.objects.find_missing([loose]) == []
    assert bucket.objects.has(loose)


def test_what_was_named_after_it_was_moved_is_put_back_by_the_next_pass(bucket: Bucket) -> None:
    held = register(bucket, "income", b"one")
    bucket.objects.move_to_trash(held[2].digest)  # as if the look had come just before the move
    time.sleep(0.01)
    assert collect(bucket).restored == 1
    assert bucket.objects.get(held[2].digest) == b"one"


def test_one_collector_does_not_take_away_what_another_has_just_moved(bucket: Bucket) -> None:
    loose = bucket.objects.put(b"loose")
    bucket.objects.move_to_trash(loose)
    bucket.objects.move_to_trash(loose)  # by one that had listed it before
    assert bucket.objects.get(loose) == b"loose"


def test_time_in_the_trash_counts_for_each_move(bucket: Bucket) -> None:
    loose = bucket.objects.put(b"loose")
    bucket.store.put_if_absent(f"{trash_prefix(loose)}old", b"loose")
    age(bucket, f"{trash_prefix(loose)}old", 3 * DAY)
    bucket.objects.move_to_trash(loose)
    assert collect(bucket, grace=DAY).deleted == 1
    assert bucket.objects.get(loose) == b"loose"


def test_a_young_memo_keeps_its_outputs_and_an_old_one_is_forgotten(bucket: Bucket) -> None:
    report = bucket.put_json({"verdict": "pass"}, artifacts.REPORT, "report")
    entry = {"outputs": {"report": report.as_json()}, "needs": [str(report.digest)]}
    bucket.memo.remember("validate", Digest.of_bytes(b"key"), entry)
    time.sleep(0.01)
    assert collect(bucket).memos == 0
    assert bucket.objects.has(report.digest)
    gone = collect(bucket, memo=NONE)
    assert (gone.memos, gone.moved) == (1, 1)
    assert bucket.memo.find("validate", Digest.of_bytes(b"key")) is None


def test_nothing_is_touched_while_it_is_unknown_what_refers_to_what(bucket: Bucket) -> None:
    record, *_ = register(bucket, "income", b"one")
    loose = bucket.objects.put(b"loose")
    path = Path(bucket.objects.url(record.digest))
    path.chmod(0o644)
    path.write_bytes(b"{}")
    time.sleep(0.01)
    with pytest.raises(ObjectCorrupt):
        collect(bucket)
    path.unlink()
    with pytest.raises(ObjectMissing):
        collect(bucket)
    assert bucket.objects.has(loose)


def test_a_dry_run_tells_the_same_and_changes_nothing(bucket: Bucket) -> None:
    bucket.objects.put(b"loose")
    time.sleep(0.01)
    before = [*bucket.store.list()]
    told = GarbageCollector(bucket, grace=NONE).collect(dry_run=True)
    assert (told.moved, told.moved_size) == (1, 5)
    assert [*bucket.store.list()] == before


def test_what_is_not_named_like_an_object_is_left_alone(bucket: Bucket) -> None:
    bucket.store.put_if_absent("objects/notes.txt", b"mine")
    bucket.store.put_if_absent("trash/notes.txt", b"mine")
    time.sleep(0.01)
    collect(bucket)
    assert bucket.store.get("objects/notes.txt") == bucket.store.get("trash/notes.txt") == b"mine"


def test_recorded_people_stay(bucket: Bucket) -> None:
    people_journal(bucket).append(lambda _: ("recorded", {"people": {}}))
    age(bucket, "people/0000000001.json", 90 * DAY)
    for _ in range(2):
        collect(bucket, memo=NONE)
    assert people_journal(bucket).exists()


def test_what_a_writer_that_died_left_behind_goes_once_it_is_old(
    bucket: Bucket, tmp_path: Path
) -> None:
    left = tmp_path / ".tmp" / "half"
    left.write_bytes(b"half")
    assert collect(bucket, grace=DAY).leftovers == 0
    when = (datetime.now(UTC) - 2 * DAY).timestamp()
    os.utime(left, (when, when))
    assert collect(bucket, grace=DAY).leftovers == 1
    assert not left.exists()


def test_why_names_everything_from_the_journal_down_to_the_object(bucket: Bucket) -> None:
    record, table, part = register(bucket, "income", b"one")
    chain = GarbageCollector(bucket).reference_path(part.digest)
    assert chain == [
        "entry 1 of the journal of income",
        *(str(artifact.digest) for artifact in (record, table, part)),
    ]


def test_why_of_a_loose_object_is_nothing_and_of_none_an_error(bucket: Bucket) -> None:
    assert GarbageCollector(bucket).reference_path(bucket.objects.put(b"loose")) == []
    with pytest.raises(ObjectMissing):
        GarbageCollector(bucket).reference_path(Digest.of_bytes(b"never stored"))


def test_how_long_a_pass_takes_makes_nothing_older(bucket: Bucket, monkeypatch) -> None:
    """Else what lay in the trash for moments would go, though it was named during the marking."""
    loose = bucket.put(b"wanted", artifacts.PARQUET, "part")
    bucket.objects.move_to_trash(loose.digest)
    mark = GarbageCollector._mark

    def slowly(collector, memos):
        marked = mark(collector, memos)
        Journal(bucket, "income").append(lambda _: ("registered", {"part": loose.as_json()}))
        time.sleep(0.3)
        return marked

    monkeypatch.setattr(GarbageCollector, "_mark", slowly)
    assert collect(bucket, grace=timedelta(seconds=0.2)).deleted == 0
    assert bucket.get(loose) == b"wanted"


# Every part lies about as old garbage for a moment before its writer comes to need it, so that it
# may be moved before the writer stores it, between that and the look, or after the look.
WRITER = textwrap.dedent(
    """
    import os, random, sys, time
    from datetime import timedelta
    from assay.bucket import artifacts
    from assay.bucket.bucket import Bucket
    from assay.bucket.journal import Journal
    from assay.store.local import LocalStore

    bucket = Bucket.from_store(LocalStore(sys.argv[1]))
    model, chance = f"m{sys.argv[2]}", random.Random(int(sys.argv[2]))
    for turn in range(int(sys.argv[3])):
        data = b"part %d of %s" % (turn, model.encode())
        os.utime(bucket.objects.url(bucket.objects.put(data)), (0, 0))
        time.sleep(chance.random() / 50)
        part = bucket.put(data, artifacts.PARQUET, "part")
        time.sleep(chance.random() / 50)
        body = {"outputs": {"part": part.as_json()}, "turn": turn}
        record = bucket.put_json(body, artifacts.RECORD, "run")
        # What `put_run_record` does before it lets a record be named.
        assert not bucket.objects.find_missing([part.digest, record.digest])
        Journal(bucket, model).append(lambda _: ("registered", {"run": record.as_json()}))
    """
)

COLLECTOR = textwrap.dedent(
    """
    import sys, time
    from datetime import timedelta
    from assay.bucket.bucket import Bucket
    from assay.upkeep.garbage_collector import GarbageCollector
    from assay.store.local import LocalStore

    bucket, end = Bucket.from_store(LocalStore(sys.argv[1])), time.monotonic() + float(sys.argv[2])
    moved = 0
    while time.monotonic() < end:
        # Far below what is sound for people, so that all is at stake. Not zero: a writer must
        # not stand still for longer between its look and its entry.
        moved += GarbageCollector(bucket, grace=timedelta(seconds=1)).collect().moved
    print(moved)
    """
)


def test_collectors_beside_writers_lose_nothing_that_a_journal_leads_to(tmp_path: Path) -> None:
    bucket = Bucket.from_store(LocalStore(tmp_path)).prepare()

    def started(script: str, *words: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", script, str(tmp_path), *map(str, words)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    collectors = [started(COLLECTOR, 4) for _ in range(2)]
    writers = [started(WRITER, seed, 40) for seed in range(3)]
    said = [process.communicate(timeout=120) for process in (*writers, *collectors)]
    assert [errors for _, errors in said] == [""] * 5
    assert sum(int(moved) for moved, _ in said[3:]) > 0, "nothing was ever at stake"
    records = [
        Artifact.model_validate(entry.body["run"])
        for model in list_journals(bucket.store)
        for entry in Journal(bucket, model).entries()
    ]
    assert len(records) == 3 * 40
    for record in records:
        part = Artifact.model_validate(bucket.get_json(record)["outputs"]["part"])
        assert bucket.get(part).startswith(b"part ")
