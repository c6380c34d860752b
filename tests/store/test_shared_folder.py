"""A bucket in a folder that two users of one group share, by processes of either."""

from __future__ import annotations

import os
import pickle
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from assay.bucket import artifacts
from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.errors import StoreDenied
from assay.gates.report import Verdict
from assay.store.local import LocalStore
from assay.upkeep.doctor import diagnose_sharing
from assay.upkeep.garbage_collector import CollectionResult, GarbageCollector
from assay.upkeep.verification import verify_bucket

R = TypeVar("R")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may act for other users")
ANA, BEN, TEAM = 12001, 12002, 12100  # users, and a group of both; the system need not know them
KEY = Digest.of_bytes(b"the key of a step")
"".encode("utf-16be")  # canonical JSON needs this codec, and other users may not import it here


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user reaches, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="assay-shared-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def shared(folder: Path) -> Path:
    return make_bucket_folder(folder, 0o2770)


def make_bucket_folder(folder: Path, mode: int) -> Path:
    (folder / "bucket").mkdir()
    os.chown(folder / "bucket", ANA, TEAM)
    (folder / "bucket").chmod(mode)
    return folder / "bucket"


def by(user: int, umask: int, act: Callable[[], R]) -> R:
    """What `act` returns, or raises, in a process of that user."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setgroups([TEAM])
            os.setgid(user)  # a group of one's own, as most systems make it
            os.setuid(user)
            os.umask(umask)
            try:
                came: object = act()
            except BaseException as error:  # noqa: BLE001 - the parent raises it
                came = error
            os.write(writing, pickle.dumps(came))
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        result = pickle.loads(pipe.read())
    os.waitpid(child, 0)
    if isinstance(result, BaseException):
        raise result
    return result


def register(folder: Path, model: str, content: bytes) -> Artifact:
    bucket = Bucket.from_store(LocalStore(folder)).prepare()
    part = bucket.put(content, artifacts.PARQUET, "part")
    record = bucket.put_json({"part": part.as_json()}, artifacts.RECORD, "run")
    Journal(bucket, model).append(lambda _: ("noted", {"run": record.as_json()}))
    bucket.memo.remember("train", KEY, {"needs": [str(part.digest)]})
    return part


def read(folder: Path, model: str, part: Artifact) -> tuple[bytes, int, object]:
    bucket = Bucket.from_store(LocalStore(folder))
    entries = Journal(bucket, model).entries()
    return bucket.get(part), len(entries), bucket.find_memo_entry("train", KEY)


def collect(folder: Path) -> CollectionResult:
    bucket = Bucket.from_store(LocalStore(folder))
    none = timedelta(0)
    return GarbageCollector(bucket, grace=none, memo=none).collect()


@pytest.mark.parametrize("umask", [0o077, 0o022])
def test_either_user_reads_writes_and_collects_what_the_other_made(
    shared: Path, umask: int
) -> None:
    part = by(ANA, umask, partial(register, shared, "income", b"rows"))
    other = by(BEN, umask, partial(register, shared, "income", b"more rows"))
    for user in (ANA, BEN):
        assert by(user, umask, partial(read, shared, "income", part)) == (
            b"rows", 2, {"needs": [str(part.digest)]},
        )  # fmt: skip
        assert by(user, umask, partial(read, shared, "income", other))[0] == b"more rows"
    loose = by(ANA, umask, lambda: Bucket.from_store(LocalStore(shared)).objects.put(b"loose"))
    assert by(BEN, umask, partial(collect, shared)).moved == 1
    assert by(ANA, umask, partial(collect, shared)).deleted == 1
    bucket = Bucket.from_store(LocalStore(shared))
    assert not bucket.objects.has(loose)
    problems = by(BEN, umask, lambda: verify_bucket(Bucket.from_store(LocalStore(shared))).problems)
    assert problems == ()
    for path in shared.rglob("*"):
        assert path.stat().st_gid == TEAM, path
        assert not path.stat().st_mode & umask & stat.S_IRWXO, path
    assert diagnose_sharing(LocalStore(shared)).verdict is Verdict.PASS


def test_a_private_bucket_stays_private(folder: Path) -> None:
    private = make_bucket_folder(folder, 0o700)
    part = by(ANA, 0o022, partial(register, private, "income", b"rows"))
    with pytest.raises(StoreDenied, match="refuses"):
        by(BEN, 0o022, partial(read, private, "income", part))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in private.rglob("*")}
    assert modes == {0o755, 0o444}  # the umask's, behind a folder that nobody else enters


def test_what_is_closed_to_the_group_is_named_with_the_command_that_opens_it(shared: Path) -> None:
    shared.chmod(0o700)  # how it was before somebody shared it
    part = by(ANA, 0o077, partial(register, shared, "income", b"rows"))
    shared.chmod(0o2770)
    os.chown(shared, ANA, TEAM)
    shared.chmod(0o2770)
    with pytest.raises(StoreDenied) as caught:
        by(BEN, 0o022, partial(read, shared, "income", part))
    assert "assay doctor" in (caught.value.remedy or "")
    finding = by(ANA, 0o022, lambda: diagnose_sharing(LocalStore(shared)))
    assert finding.verdict is Verdict.CAUTION
    closed = [path for path in shared.rglob("*") if path.stat().st_gid != TEAM]
    assert f"{len(closed)} of " in finding.what
    assert str(min(closed)) in finding.what
    assert (
        by(ANA, 0o022, partial(os.system, finding.remedy.partition("`")[2].partition("`")[0])) == 0
    )
    assert by(BEN, 0o022, partial(read, shared, "income", part))[0] == b"rows"
    assert by(BEN, 0o022, lambda: diagnose_sharing(LocalStore(shared))).verdict is Verdict.PASS


def test_who_may_not_see_into_a_folder_is_told_of_it(shared: Path) -> None:
    by(ANA, 0o077, partial(register, shared, "income", b"rows"))
    (shared / "objects").chmod(0o700)
    finding = by(BEN, 0o022, lambda: diagnose_sharing(LocalStore(shared)))
    assert finding.verdict is Verdict.CAUTION
    assert str(shared / "objects") in finding.what


def test_a_folder_whose_group_may_write_without_setgid_is_told_how_to_share(folder: Path) -> None:
    made = make_bucket_folder(folder, 0o770)
    finding = diagnose_sharing(LocalStore(made))
    assert finding.verdict is Verdict.PASS
    assert f"chmod g+s {made}" in finding.what


def test_many_processes_of_both_users_begin_a_shared_bucket_at_once(shared: Path) -> None:
    children = []
    for number in range(12):
        if (child := os.fork()) == 0:
            code = 1
            try:
                by((ANA, BEN)[number % 2], 0o077, partial(put_many, shared, number))
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 12
    assert len([*LocalStore(shared).list()]) == 12 * 20
    assert diagnose_sharing(LocalStore(shared)).verdict is Verdict.PASS
    folders = [path for path in shared.rglob("*") if path.is_dir()]
    assert [path for path in folders if not any(path.iterdir())] == [shared / ".tmp"]


def put_many(folder: Path, number: int) -> None:
    for key in range(20):
        LocalStore(folder).put_if_absent(f"{key}/deep/{number}", b"x")
