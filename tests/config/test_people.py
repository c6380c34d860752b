from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from assay.config.people import VARIABLE, People
from assay.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "people.yaml"))
    return tmp_path / "people.yaml"


def line() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_people_are_known_by_their_keys(file: Path) -> None:
    file.write_text(f"people:\n  ada: {{role: engineer, keys: ['{line()}', '{line()}']}}\n")
    people = People.configured()
    assert people is not None
    assert people.people["ada"].role == "engineer"
    assert [key.name for key in people.trusted()] == ["ada", "ada"]
    assert people.signatures == "optional"


def test_without_a_file_nobody_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    assert People.configured() is None


def test_a_file_that_was_named_must_be_there(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"people\.yaml"):
        People.configured()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("people: {ada: {role: king}}", "people.ada.role"),
        ("people: {ada: {keys: [rubbish]}}", "no SSH public key"),
        ("signatures: maybe", "signatures"),
    ],
)
def test_what_is_wrong_in_it_is_named(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        People.configured()
