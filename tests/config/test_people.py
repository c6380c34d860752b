from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from assay.bucket.digest import Digest
from assay.config.people import PEOPLE_VARIABLE, People
from assay.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(PEOPLE_VARIABLE, str(tmp_path / "people.yaml"))
    return tmp_path / "people.yaml"


def line() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_people_are_known_by_their_keys(file: Path) -> None:
    file.write_text(f"people:\n  ada: {{role: engineer, keys: ['{line()}', '{line()}']}}\n")
    people = People.load_configured()
    assert people is not None
    assert people.people["ada"].role == "engineer"
    assert [key.name for key in people.trusted_keys()] == ["ada", "ada"]
    assert people.signatures == "optional"


def test_without_a_file_nobody_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(PEOPLE_VARIABLE, raising=False)
    assert People.load_configured() is None


def test_a_file_that_was_named_must_be_there(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"people\.yaml"):
        People.load_configured()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("people: {ada: {role: king}}", "people.ada.role"),
        ("people: {ada: {keys: [rubbish]}}", "no SSH public key"),
        ("people: {ada: {withdrawn: [{key: rubbish}]}}", "no SSH public key"),
        ("signatures: maybe", "signatures"),
    ],
)
def test_what_is_wrong_in_it_is_named(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        People.load_configured()


def withdrawn(file: Path, holds: str) -> None:
    key = line()
    lost = f"withdrawn: [{{key: '{key}', holds: holds.txt}}]"
    file.write_text(f"people: {{ada: {{role: engineer, keys: ['{key}'], {lost}}}}}\n")
    (file.parent / "holds.txt").write_text(holds)


def test_a_key_that_was_withdrawn_is_not_sound_for_being_listed_twice(file: Path) -> None:
    digest = Digest.of_bytes(b"entry")
    withdrawn(file, f"# hers\n\n{digest}  # m 1 registered\n")
    people = People.load_configured()
    assert people is not None
    assert people.trusted_keys()[0].vouched_entries == {digest}


def test_a_line_that_is_no_entry_is_named(file: Path) -> None:
    withdrawn(file, f"{Digest.of_bytes(b'entry')}\nm 2 promoted\n")
    with pytest.raises(ConfigError, match=r"holds\.txt, line 2: no line of an entry: 'm 2"):
        People.load_configured()


def test_a_list_of_entries_that_is_not_there_is_named(file: Path) -> None:
    withdrawn(file, "")
    (file.parent / "holds.txt").unlink()
    with pytest.raises(ConfigError, match=r"holds\.txt.*cannot be read"):
        People.load_configured()
