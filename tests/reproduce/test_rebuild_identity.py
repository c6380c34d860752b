"""What a rebuild may sign with, and whom it trusts."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from assay.bucket.bucket import Bucket
from assay.config.people import People
from assay.errors import Unproven
from assay.registry.authority import authorize_training
from assay.registry.open import open_bucket
from assay.reproduce.rebuild import prepare_rebuild
from assay.reproduce.rebuild_identity import make_rebuild_identity
from assay.store.memory import MemoryStore

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"


@pytest.fixture
def people(tmp_path, monkeypatch):
    """Ada is a viewer, and her former key was withdrawn but for what stands in a file beside."""
    (tmp_path / "configs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_PEOPLE", raising=False)
    monkeypatch.delenv("ASSAY_SIGNING_KEY", raising=False)
    lines = [
        Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        .decode()
        for _ in range(2)
    ]
    (tmp_path / "configs/holds.txt").write_text(f"sha256:{'0' * 64}\n")
    (tmp_path / "configs/people.yaml").write_text(
        f"signatures: required\npeople:\n  ada:\n    keys: [{lines[0]}]\n"
        f"    withdrawn: [{{key: '{lines[1]}', holds: holds.txt}}]\n"
    )
    return People.load_configured()


def test_a_rebuild_signs_with_a_key_of_its_own_and_trusts_whom_the_set_up_trusts(
    people, tmp_path, monkeypatch
):
    folder, bucket = tmp_path / "rebuild", Bucket(MemoryStore())
    mine = {key.fingerprint: key.vouched_entries for key in people.trusted_keys()}
    folder.mkdir()
    for name, value in make_rebuild_identity(bucket, folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    authorize_training(bucket)
    there = People.load_configured()
    assert there.signatures == "required"
    assert there.people["ada"].role == "viewer"
    theirs = {key.fingerprint: key.vouched_entries for key in there.trusted_keys()}
    assert len(theirs) == len(mine) + 1
    assert mine.items() <= theirs.items()
    assert (folder / "rebuild-key").stat().st_mode & 0o077 == 0


def test_without_a_people_file_it_signs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_PEOPLE", raising=False)
    assert make_rebuild_identity(Bucket(MemoryStore()), tmp_path) == {}


def test_of_an_unsigned_record_nothing_is_laid_out(people, tmp_path, monkeypatch):
    shutil.copytree(GOLDEN, tmp_path / "bucket")

    def refuse(*_):
        raise AssertionError("its code was laid out")

    monkeypatch.setattr("assay.reproduce.rebuild.lay_out_code", refuse)
    with pytest.raises(Unproven, match="entry 2 of the journal of 'guests' is not signed"):
        prepare_rebuild(open_bucket(str(tmp_path / "bucket")), "guests", tmp_path / "work")
