"""An interrupted verification goes on where it stopped, and claims no more than it read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.objects import Objects, object_key
from assay.store.local import LocalStore
from assay.upkeep.problems import BucketFindings
from assay.upkeep.verification import verify_bucket
from assay.upkeep.verified_objects import VerifiedObjects

OBJECTS = 40


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "assay" / "verify"


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    bucket = Bucket.from_store(LocalStore(tmp_path / "bucket")).prepare()
    for number in range(OBJECTS):
        bucket.objects.put(b"object %d" % number)
    return bucket


def run(bucket: Bucket, *, resume: bool, model: str = "") -> BucketFindings:
    with VerifiedObjects.begin(f"{bucket.root} {model}", resume=resume) as verified:
        return verify_bucket(bucket, verified=verified)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Digest]:
    """The objects that are read from now on."""
    seen: list[Digest] = []
    get = Objects.get
    monkeypatch.setattr(Objects, "get", lambda o, digest: (seen.append(digest), get(o, digest))[1])
    return seen


def interrupt(bucket: Bucket, after: int) -> None:
    """Verify in a process of its own, which is killed once so many objects were counted."""
    script = textwrap.dedent(
        """
        import os, signal, sys
        from assay.bucket.bucket import Bucket
        from assay.store.local import LocalStore
        from assay.upkeep.verified_objects import VerifiedObjects
        from assay.upkeep.verification import verify_bucket

        def progress(hashed):
            if hashed.objects == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)

        bucket = Bucket.from_store(LocalStore(sys.argv[1]))
        with VerifiedObjects.begin(f"{bucket.root} ", resume=False) as verified:
            verify_bucket(bucket, verified=verified, progress=progress)
        """
    )
    done = subprocess.run([sys.executable, "-c", script, bucket.root, str(after)], check=False)
    assert done.returncode == -signal.SIGKILL


def test_a_killed_verification_goes_on_where_it_stopped(bucket, reads) -> None:
    interrupt(bucket, after=25)
    findings = run(bucket, resume=True)
    assert findings.resumed >= 25
    assert len(set(reads)) == OBJECTS - findings.resumed
    assert (findings.objects, findings.intact) == (OBJECTS, True)
    assert findings.since is not None
    assert findings.as_json()["resumed"] == findings.resumed


def test_without_being_asked_to_it_starts_anew(bucket, reads) -> None:
    interrupt(bucket, after=25)
    findings = run(bucket, resume=False)
    assert (findings.resumed, findings.since) == (0, None)
    assert len(set(reads)) == OBJECTS


def test_a_finished_verification_leaves_nothing_to_resume(bucket, cache, reads) -> None:
    interrupt(bucket, after=25)
    run(bucket, resume=True)
    assert not [*cache.iterdir()]
    reads.clear()
    assert run(bucket, resume=True).resumed == 0
    assert len(set(reads)) == OBJECTS


def test_what_was_written_since_is_read_again(bucket) -> None:
    interrupt(bucket, after=OBJECTS)
    digest = Digest.of_bytes(b"object 3")
    path = Path(bucket.objects.url(digest))
    path.chmod(0o644)
    path.write_bytes(b"objekt 3")  # as long as it was
    findings = run(bucket, resume=True)
    assert [(p.kind, p.key) for p in findings.problems] == [("corrupt", object_key(digest))]


def test_what_was_found_bad_is_read_again_and_told_again(bucket) -> None:
    digest = Digest.of_bytes(b"object 3")
    path = Path(bucket.objects.url(digest))
    path.chmod(0o644)
    path.write_bytes(b"objekt 3")
    interrupt(bucket, after=OBJECTS)
    assert not run(bucket, resume=True).intact


def test_after_a_day_everything_is_read_again(bucket, cache) -> None:
    interrupt(bucket, after=25)
    (left,) = cache.iterdir()
    lines = left.read_text().split("\n")
    for age, resumed in ((timedelta(hours=25), 0), (-timedelta(hours=1), 0)):
        lines[0] = (datetime.now(UTC) - age).isoformat()
        left.write_text("\n".join(lines))
        assert run(bucket, resume=True).resumed == resumed


@pytest.mark.parametrize("left", ["", "\n", "no time\nabc", "2026-01-01\n", "\ud800"])
def test_a_spoilt_note_is_no_note(bucket, cache, left: str) -> None:
    interrupt(bucket, after=5)
    (file,) = cache.iterdir()
    file.write_bytes(left.encode("utf-8", "surrogatepass"))
    assert run(bucket, resume=True).resumed == 0


def test_a_line_that_was_cut_off_vouches_for_nothing(bucket, cache) -> None:
    interrupt(bucket, after=25)
    (file,) = cache.iterdir()
    whole = file.read_text()
    file.write_text(whole[:-9])
    known = len(whole.splitlines()) - 1
    with VerifiedObjects.begin(f"{bucket.root} ", resume=True) as verified:
        verified.add(next(iter(bucket.objects.list_entries())))
        assert verify_bucket(bucket, verified=verified).resumed == known - 1


def test_buckets_and_models_are_kept_apart(bucket, tmp_path) -> None:
    interrupt(bucket, after=25)
    other = Bucket.from_store(LocalStore(tmp_path / "other")).prepare()
    other.objects.put(b"object 1")
    assert run(other, resume=True).resumed == 0
    assert run(bucket, resume=True, model="income").resumed == 0
    assert run(bucket, resume=True).resumed >= 25


def test_a_user_without_a_home_can_verify_all_the_same(bucket, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert run(bucket, resume=True).objects == OBJECTS


def test_nothing_is_written_into_the_bucket(bucket) -> None:
    before = [*bucket.store.list()]
    interrupt(bucket, after=25)
    run(bucket, resume=True)
    assert [*bucket.store.list()] == before
    assert not os.listdir(Path(bucket.root) / ".tmp")
