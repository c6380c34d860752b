"""`verify_bucket`: whatever does not fit in a bucket is named, and nothing else."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from assay.bucket import artifacts, canonical_json
from assay.bucket.artifacts import Artifact, find_descriptors
from assay.bucket.bucket import MARKER_KEY, Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.bucket.objects import Objects, object_key, trash_prefix
from assay.errors import ReferenceUnknown, StoreError, StoreUnreachable
from assay.registry.decisions.justification import Justification
from assay.store.local import LocalStore
from assay.store.memory import MemoryStore
from assay.upkeep.problems import BucketFindings
from assay.upkeep.verification import HashingProgress, verify_bucket
from tests.registry.decisions.conftest import NOON
from tests.registry.team import Team
from tests.store.test_local import place_irregular

GONE = Artifact(
    media_type=artifacts.PARQUET, digest=Digest.of_bytes(b"never stored"), size=12, name="part 7"
)


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    """Two models. The first's record names a table of two parts; the memo names a report."""
    bucket = Bucket.from_store(LocalStore(tmp_path)).prepare()
    parts = [bucket.put(b"part %d" % i, artifacts.PARQUET, f"part {i}") for i in range(2)]
    _register(bucket, "income", parts)
    _register(bucket, "credit", [bucket.put(b"other part", artifacts.PARQUET, "part 0")])
    report = bucket.put_json({"verdict": "pass"}, artifacts.REPORT, "validation")
    bucket.memo.remember(
        "validate", Digest.of_bytes(b"key"), {"outputs": {"report": report.as_json()}}
    )
    return bucket


def _register(bucket: Bucket, model: str, parts: list[Artifact]) -> None:
    table = {"parts": [part.as_json() for part in parts]}
    steps = [{"outputs": {"table": bucket.put_json(table, artifacts.TABLE, "rows").as_json()}}]
    record = bucket.put_json({"steps": steps, "of": model}, artifacts.RECORD, "run")
    Journal(bucket, model).append(lambda _: ("registered", {"version": 1, "run": record.as_json()}))
    Journal(bucket, model).append(lambda _: ("promoted", {"alias": "champion", "version": 1}))


def spoil(bucket: Bucket, digest: Digest, data: bytes = b"rotten") -> str:
    path = Path(bucket.objects.url(digest))
    path.chmod(0o644)
    path.write_bytes(data)
    return object_key(digest)


def remove(bucket: Bucket, digest: Digest) -> str:
    bucket.store.delete(object_key(digest))
    return object_key(digest)


def seen(findings: BucketFindings) -> list[tuple[str, str]]:
    return [(problem.kind, problem.key) for problem in findings.problems]


def test_a_sound_bucket_is_intact_and_everything_was_looked_at(bucket: Bucket) -> None:
    findings = verify_bucket(bucket)
    assert findings.problems == ()
    assert findings.intact
    assert findings.objects == len(list(bucket.objects.list_entries())) == 8
    assert findings.size == sum(entry.size for entry in bucket.objects.list_entries())
    assert (findings.journals, findings.entries) == (2, 4)
    assert findings.references == 2 * 2 + 3 + 1  # records and tables, parts, the memo's report


def test_an_empty_bucket_is_intact(tmp_path: Path) -> None:
    assert verify_bucket(Bucket.from_store(LocalStore(tmp_path))).intact


@pytest.mark.parametrize("bad", [b"part 1!", b"", b"part 0"])
def test_a_corrupt_object_is_named(bucket: Bucket, bad: bytes) -> None:
    key = spoil(bucket, Digest.of_bytes(b"part 1"), bad)
    findings = verify_bucket(bucket)
    assert seen(findings) == [("corrupt", key)]
    assert not findings.intact
    assert Path(bucket.store.url(key)).read_bytes() == bad


def test_a_large_corrupt_object_is_named(bucket: Bucket) -> None:
    digest = bucket.objects.put(bytes(9 << 20))
    key = spoil(bucket, digest, bytes(9 << 20)[:-1] + b"x")
    assert seen(verify_bucket(bucket)) == [("corrupt", key)]


def test_repair_moves_a_corrupt_object_aside_so_that_it_can_be_put_again(bucket: Bucket) -> None:
    digest = Digest.of_bytes(b"part 1")
    spoil(bucket, digest)
    findings = verify_bucket(bucket, repair=True)
    assert findings.repaired == 1
    assert not findings.intact
    (aside,) = bucket.store.list("quarantine/")
    assert bucket.store.get(aside.key) == b"rotten"
    assert aside.key in findings.problems[0].what
    assert seen(verify_bucket(bucket)) == [("dangling", object_key(digest))]
    bucket.objects.put(b"part 1")
    assert verify_bucket(bucket).intact


def test_without_repair_nothing_is_touched(bucket: Bucket) -> None:
    spoil(bucket, Digest.of_bytes(b"part 1"))
    remove(bucket, Digest.of_bytes(b"part 0"))
    before = list(bucket.store.list())
    verify_bucket(bucket)
    assert list(bucket.store.list()) == before


def test_a_missing_part_is_named_with_the_table_that_lists_it(bucket: Bucket) -> None:
    key = remove(bucket, Digest.of_bytes(b"part 1"))
    findings = verify_bucket(bucket)
    assert seen(findings) == [("dangling", key)]
    assert "part 1" in findings.problems[0].what
    assert artifacts.PARQUET in findings.problems[0].what
    assert not findings.intact


def test_what_a_collector_moved_meanwhile_is_there(bucket: Bucket) -> None:
    held = Digest.of_bytes(b"part 1")
    bucket.objects.move_to_trash(held)
    before = list(bucket.store.list())
    findings = verify_bucket(bucket)
    assert seen(findings) == [("trash", object_key(held))]
    assert findings.intact
    assert list(bucket.store.list()) == before


def test_what_a_record_in_the_trash_leads_to_is_looked_for(bucket: Bucket) -> None:
    entry = Journal(bucket, "income").entries()[0]
    bucket.objects.move_to_trash(Digest.parse(entry.body["run"]["digest"]))
    key = remove(bucket, Digest.of_bytes(b"part 1"))
    assert ("dangling", key) in seen(verify_bucket(bucket))


def test_repair_takes_what_is_wanted_out_of_the_trash(bucket: Bucket) -> None:
    held = Digest.of_bytes(b"part 1")
    bucket.objects.move_to_trash(held)
    assert seen(verify_bucket(bucket, repair=True)) == [("mended", object_key(held))]
    assert bucket.objects.has(held)
    assert verify_bucket(bucket).problems == ()


def test_a_copy_in_the_trash_that_is_deleted_meanwhile_is_none(bucket: Bucket, monkeypatch) -> None:
    held = Digest.of_bytes(b"part 1")
    key = remove(bucket, held)
    gone = f"{trash_prefix(held)}gone"
    monkeypatch.setattr(Objects, "trash_keys", lambda self, d: [gone] if d == held else [])
    assert seen(verify_bucket(bucket)) == [("dangling", key)]


def test_other_bytes_in_the_trash_are_not_what_is_missing(bucket: Bucket) -> None:
    key = remove(bucket, Digest.of_bytes(b"part 1"))
    bucket.store.put_if_absent(f"{trash_prefix(Digest.of_bytes(b'part 1'))}planted", b"rotten")
    assert seen(verify_bucket(bucket, repair=True)) == [("dangling", key)]


def test_a_missing_record_is_named_with_the_journal_entry(bucket: Bucket) -> None:
    record = Journal(bucket, "income").entries()[0].body["run"]
    remove(bucket, Digest.parse(record["digest"]))
    (problem,) = verify_bucket(bucket).problems
    assert problem.kind == "dangling"
    assert "entry 1 of the journal of income" in problem.what


def test_what_a_corrupt_record_may_have_named_is_not_guessed(bucket: Bucket) -> None:
    record = Journal(bucket, "income").entries()[0].body["run"]
    key = spoil(bucket, Digest.parse(record["digest"]), b'{"digest": "' + b"0" * 64 + b'"}')
    assert seen(verify_bucket(bucket)) == [("corrupt", key)]


def test_what_calls_itself_json_and_is_not_is_named(bucket: Bucket) -> None:
    artifact = bucket.put(b"no json", artifacts.JSON, "notes")
    Journal(bucket, "income").append(lambda _: ("noted", {"notes": artifact.as_json()}))
    assert seen(verify_bucket(bucket)) == [("unreadable", object_key(artifact.digest))]


def test_a_memo_entry_whose_output_is_gone_harms_nothing(bucket: Bucket) -> None:
    report = Digest.of_bytes(canonical_json.dump({"verdict": "pass"}))
    remove(bucket, report)
    findings = verify_bucket(bucket)
    assert seen(findings) == [("stale", object_key(report))]
    assert "memo entry memo/validate/" in findings.problems[0].what
    assert findings.intact


def test_an_unreadable_memo_entry_harms_nothing(bucket: Bucket) -> None:
    bucket.store.put_if_absent("memo/train/bad.json", b"{")
    findings = verify_bucket(bucket)
    assert seen(findings) == [("stale", "memo/train/bad.json")]
    assert findings.intact


def test_foreign_keys_are_named_and_harm_nothing(bucket: Bucket) -> None:
    hexadecimal = Digest.of_bytes(b"part 1").hex
    foreign = [
        "journals/income/notes.txt",
        "objects/sha256/.DS_Store",
        "objects/sha256/zz/" + hexadecimal,
        f"objects/{hexadecimal}",
        "journals/notes.txt",
        "journals/income/0000000001.json.bak",
        "journals/nobody/notes.txt",
        "checkpoints/nobody/0000000100.jsonl",
        "memos.txt",
        "assay.json.orig/x",
    ]
    for key in foreign:
        bucket.store.put_if_absent(key, b"part 1")
    findings = verify_bucket(bucket)
    assert sorted(seen(findings)) == sorted(("foreign", key) for key in foreign)
    assert findings.intact


def test_a_broken_chain_is_named_and_the_rest_still_examined(bucket: Bucket) -> None:
    bucket.store.delete("journals/income/0000000001.json")
    key = spoil(bucket, Digest.of_bytes(b"other part"))
    findings = verify_bucket(bucket)
    assert seen(findings) == [("chain", "journals/income/"), ("corrupt", key)]
    assert "entry 1" in findings.problems[0].what


def test_one_model_is_examined_alone(bucket: Bucket) -> None:
    spoil(bucket, Digest.of_bytes(b"other part"))
    findings = verify_bucket(bucket, model="income")
    assert findings.intact
    assert (findings.journals, findings.entries, findings.objects) == (1, 2, 4)
    assert not verify_bucket(bucket, model="credit").intact


def test_an_unknown_model_is_named_with_the_nearest(bucket: Bucket) -> None:
    with pytest.raises(ReferenceUnknown, match="incmoe") as caught:
        verify_bucket(bucket, model="incmoe")
    assert "'income'" in (caught.value.remedy or "")


def test_progress_goes_up_to_all_objects_and_all_bytes(bucket: Bucket) -> None:
    bucket.objects.put(bytes(5 << 20))
    seen: list[HashingProgress] = []
    findings = verify_bucket(bucket, progress=seen.append)
    assert (seen[-1].objects, seen[-1].size) == (seen[-1].of_objects, seen[-1].of_size)
    assert (seen[-1].objects, seen[-1].size) == (findings.objects, findings.size)
    assert all(a.objects <= b.objects and a.size <= b.size for a, b in itertools.pairwise(seen))
    # A large object is told of while it is read, not only at its end.
    assert len({hashed.size for hashed in seen if hashed.objects == 0}) >= 5


def test_one_bad_sector_does_not_hide_what_else_is_wrong(bucket: Bucket, monkeypatch) -> None:
    bad, get = object_key(Digest.of_bytes(b"part 0")), LocalStore.get

    def fail(store, key):
        if key == bad:
            raise StoreError("the bucket's folder failed (Input/output error)")
        return get(store, key)

    monkeypatch.setattr(LocalStore, "get", fail)
    other = spoil(bucket, Digest.of_bytes(b"part 1"))
    assert sorted(seen(verify_bucket(bucket))) == [("corrupt", other), ("unreadable", bad)]


def test_a_store_that_is_gone_is_an_error_not_a_finding(bucket: Bucket, monkeypatch) -> None:
    def fail(*_):
        raise StoreUnreachable("no answer")

    monkeypatch.setattr(LocalStore, "get", fail)
    with pytest.raises(StoreUnreachable):
        verify_bucket(bucket)


def test_findings_are_json(bucket: Bucket) -> None:
    remove(bucket, Digest.of_bytes(b"part 1"))
    told = canonical_json.load(canonical_json.dump(verify_bucket(bucket).as_json()))
    assert told["intact"] is False
    assert told["problems"][0]["kind"] == "dangling"


def test_descriptors_are_found_at_any_depth() -> None:
    inner = GONE.as_json()
    outer = {
        "media_type": "text/plain",
        "digest": str(Digest.of_bytes(b"x")),
        "c": {"digest": "md5:1"},
    }
    value = {**outer, "a": [1, {"b": inner}]}
    assert list(find_descriptors(value)) == [value, inner]
    source = {"path": "rows.csv", "digest": str(Digest.of_bytes(b"the source's own"))}
    for nothing in (None, 1, "sha256:" + "0" * 64, [], {"digest": 5}, {"digest": None}, source):
        assert list(find_descriptors(nothing)) == []


def test_one_version_is_examined_with_what_it_leads_to_and_no_other(bucket: Bucket) -> None:
    journal = Journal(bucket, "votes")
    for number in (1, 2):
        model = bucket.put(b"model %d" % number, artifacts.MODEL, "model")
        body = {"version": number, "model": model.as_json()}
        journal.append(lambda _, body=body: ("registered", body))
    journal.append(lambda _: ("promoted", {"alias": "champion", "version": 1}))
    key = spoil(bucket, Digest.of_bytes(b"model 2"))
    assert verify_bucket(bucket, model="votes@1").intact
    assert verify_bucket(bucket, model="votes@champion").objects == 1
    assert seen(verify_bucket(bucket, model="votes@2")) == [("corrupt", key)]
    assert seen(verify_bucket(bucket, model="votes")) == [("corrupt", key)]
    with pytest.raises(ReferenceUnknown, match="no version '3'") as caught:
        verify_bucket(bucket, model="votes@3")
    assert "champion, 1, 2" in (caught.value.remedy or "")


def test_a_ledger_beside_a_model_is_examined_with_it(bucket: Bucket) -> None:
    rows = bucket.put(b"scored", artifacts.PARQUET, "rows")
    labels = {"name": "a", "source": None, "as_of": "2026-01-01", "unfit": None}
    body = {**labels, "table": rows.as_json(), "rows": 1, "unfit_rows": 0}
    Journal(bucket, "income.batches").append(lambda _: ("labelled", body))
    key = remove(bucket, rows.digest)
    assert seen(verify_bucket(bucket, model="income")) == [("dangling", key)]
    assert verify_bucket(bucket, model="credit").intact


def test_a_clock_that_went_back_is_told_and_harms_nothing(bucket: Bucket) -> None:
    last = Journal(bucket, "credit").entries()[-1]
    entry = replace(
        last, number=3, previous=Digest.of_bytes(last.encode()), at="2001-01-01T00:00:00Z"
    )
    bucket.store.put_if_absent("journals/credit/0000000003.json", entry.encode())
    findings = verify_bucket(bucket)
    assert seen(findings) == [("clock", "journals/credit/0000000003.json")]
    assert "2001-01-01" in findings.problems[0].what
    assert findings.intact
    Journal(bucket, "credit").append(lambda _: ("noted", {}))
    assert len(Journal(bucket, "credit").entries()) == 4


def test_entries_signed_by_nobody_known_are_named(bucket: Bucket, monkeypatch, tmp_path) -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(pem)
    (tmp_path / "people.yaml").write_text("people: {}\n")
    with monkeypatch.context() as signing:
        signing.setenv("ASSAY_SIGNING_KEY", str(tmp_path / "key"))
        Journal(bucket, "credit").append(lambda _: ("noted", {}))
    monkeypatch.setenv("ASSAY_PEOPLE", str(tmp_path / "people.yaml"))
    (problem,) = (p for p in verify_bucket(bucket).problems if p.kind != "foreign")
    assert (problem.kind, problem.key) == ("signature", "journals/credit/0000000003.json")
    assert "unknown key" in problem.what


@pytest.fixture
def recorded(bucket: Bucket, monkeypatch, tmp_path_factory) -> Team:
    """People who are recorded in the bucket twice."""
    team = Team(tmp_path_factory.mktemp("team"), monkeypatch)
    team.bucket = bucket
    for name in ("ada", "eve"):
        team.write(vic="viewer" if name == "ada" else "operator")
        team.record(name, lambda because: Justification(because, NOON))
    return team


def test_recorded_people_are_no_foreign_keys_and_are_counted(bucket, recorded) -> None:
    findings = verify_bucket(bucket)
    assert seen(findings) == []
    assert findings.entries == verify_without_people(bucket).entries + 2
    bucket.store.put_if_absent("people/notes.txt", b"x")
    assert seen(verify_bucket(bucket)) == [("foreign", "people/notes.txt")]


def verify_without_people(bucket: Bucket) -> BucketFindings:
    other = Bucket(MemoryStore())
    for entry in bucket.store.list():
        if not entry.key.startswith("people/"):
            other.store.put_if_absent(entry.key, bucket.store.get(entry.key))
    return verify_bucket(other)


@pytest.mark.parametrize(
    ("number", "kind", "key"),
    [(1, "chain", "people/"), (2, "signature", "people/0000000002.json")],
)
def test_altered_people_are_named_and_the_rest_is_verified(
    bucket, recorded, number, kind, key
) -> None:
    gone = remove(bucket, Digest.of_bytes(b"part 1"))
    entry = canonical_json.load(bucket.store.get(f"people/{number:010d}.json"))
    entry["body"]["people"]["people"]["sam"]["role"] = "engineer"
    recorded.put(number, canonical_json.dump(entry))
    assert sorted(seen(verify_bucket(bucket))) == sorted([("dangling", gone), (kind, key)])


def test_people_by_nobody_entitled_are_named(bucket, recorded) -> None:
    recorded.plant("sam", recorded.document(sam="engineer"))
    assert seen(verify_bucket(bucket)) == [("signature", "people/0000000003.json")]
    assert not verify_bucket(bucket).intact


def test_what_a_memo_entry_needs_is_looked_for_too(bucket: Bucket) -> None:
    entry = {"outputs": {}, "needs": [str(GONE.digest)]}
    bucket.memo.remember("train", Digest.of_bytes(b"other key"), entry)
    findings = verify_bucket(bucket)
    assert seen(findings) == [("stale", object_key(GONE.digest))]


# --- with another copy of the bucket ----------------------------------------------------------


@pytest.fixture
def copy(bucket: Bucket, tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    folder = tmp_path_factory.mktemp("copy") / "bucket"
    shutil.copytree(bucket.root, folder)
    return Bucket.from_store(LocalStore(folder))


def test_what_is_corrupt_or_gone_is_copied_from_the_other_bucket(
    bucket: Bucket, copy: Bucket
) -> None:
    spoilt = spoil(bucket, Digest.of_bytes(b"part 0"))
    record = Artifact.model_validate(Journal(bucket, "income").entries()[0].body["run"])
    gone = remove(bucket, record.digest)
    lost = remove(bucket, Digest.of_bytes(b"part 1"))
    findings = verify_bucket(bucket, repair=True, other=copy)
    assert sorted(seen(findings)) == sorted(("mended", key) for key in (spoilt, gone, lost))
    assert findings.intact
    assert seen(verify_bucket(bucket)) == []
    assert [*bucket.store.list("quarantine/")]


def test_what_the_other_bucket_lacks_or_has_spoilt_is_still_told(
    bucket: Bucket, copy: Bucket
) -> None:
    for one in (bucket, copy):
        spoilt, gone = (
            spoil(one, Digest.of_bytes(b"part 0")),
            remove(one, Digest.of_bytes(b"part 1")),
        )
    findings = verify_bucket(bucket, repair=True, other=copy)
    assert sorted(seen(findings)) == sorted([("corrupt", spoilt), ("dangling", gone)])
    assert not findings.intact


def test_without_repair_nothing_is_copied(bucket: Bucket, copy: Bucket) -> None:
    gone = remove(bucket, Digest.of_bytes(b"part 1"))
    assert seen(verify_bucket(bucket, other=copy)) == [("dangling", gone)]


def test_a_lost_format_file_is_a_problem_that_repair_mends(bucket: Bucket) -> None:
    bucket.store.delete(MARKER_KEY)
    assert seen(verify_bucket(bucket)) == [("format", MARKER_KEY)]
    assert not verify_bucket(bucket).intact
    assert seen(verify_bucket(bucket, repair=True)) == [("mended", MARKER_KEY)]
    assert verify_bucket(bucket).intact


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("registered", {"version": "1"}),
        ("promoted", {"alias": "champion", "version": [1]}),
        ("promoted", {"alias": "champion", "version": 9}),
    ],
)
def test_an_entry_that_no_command_understands_is_named(bucket, kind, body):
    Journal(bucket, "income").append(lambda _: (kind, body))
    (problem,) = verify_bucket(bucket).problems
    assert (problem.kind, problem.key) == ("chain", "journals/income/")
    assert "entry 3" in problem.what
    assert "malformed" in problem.what


@pytest.mark.parametrize("journal", ["income.batches", "@pins"])
def test_a_malformed_entry_of_a_ledger_or_of_the_pins_is_named(bucket, journal):
    kind = "pinned" if journal == "@pins" else "scored"
    Journal(bucket, journal).append(lambda _: (kind, {"object": 5}))
    (problem,) = verify_bucket(bucket).problems
    assert (problem.kind, problem.key) == ("chain", f"journals/{journal}/")


@pytest.mark.parametrize("data", [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b"9" * 5_000])
def test_entries_that_are_nested_deep_or_hold_long_numbers_are_named(bucket, tmp_path, data):
    (tmp_path / "journals/income/0000000003.json").write_bytes(data)
    (tmp_path / "memo/validate/deep.json").write_bytes(data)
    chain, stale = verify_bucket(bucket).problems
    assert (chain.kind, chain.key) == ("chain", "journals/income/")
    assert "entry 3" in chain.what
    assert (stale.kind, stale.key) == ("stale", "memo/validate/deep.json")


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "link to nothing"])
@pytest.mark.parametrize("number", [2, 3])
def test_what_lies_in_place_of_an_entry_is_named_at_once(bucket, tmp_path, kind, number):
    entries = tmp_path / "journals/income"
    path = entries / f"000000000{number}.json"
    path.unlink(missing_ok=True)
    place_irregular(path, kind, entries / "0000000001.json")
    (problem,) = verify_bucket(bucket).problems
    assert (problem.kind, problem.key) == ("chain", "journals/income/")
    assert f"entry {number}" in problem.what
    assert "no regular file" in problem.what


@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
def test_what_lies_in_place_of_an_object_is_named_at_once(bucket, tmp_path, kind):
    part = Digest.of_bytes(b"part 1")
    path = Path(bucket.objects.url(part))
    path.unlink()
    place_irregular(path, kind, tmp_path / MARKER_KEY)
    (problem,) = verify_bucket(bucket).problems
    assert (problem.key, problem.harmless) == (object_key(part), False)
