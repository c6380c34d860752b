"""Signatures: made by keys as SSH keeps them, checked by others' tools, refused by name."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from assay.bucket.signing import (
    PASSPHRASE_VARIABLE,
    SIGNING_KEY_VARIABLE,
    PublicKey,
    Signature,
    Signer,
    make_envelope,
    open_envelope,
)
from assay.errors import ConfigError, SignatureBad

# RFC 8032, section 7.1, test 1: an Ed25519 key, and its signature of no bytes.
SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


@pytest.fixture
def signer() -> Signer:
    return Signer(Ed25519PrivateKey.generate())


def named(signer: Signer, name: str = "ada") -> PublicKey:
    return PublicKey(name, signer.public_key.key)


def test_the_bytes_signed_are_those_of_the_dsse_specification() -> None:
    """The example of protocol.md in secure-systems-lab/dsse: payload and its encoding."""
    signer = Signer(Ed25519PrivateKey.from_private_bytes(SECRET))
    made = signer.sign("http://example.com/HelloWorld", b"hello world")
    encoded = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    Ed25519PublicKey.from_public_bytes(PUBLIC).verify(made.value, encoded)


@pytest.mark.parametrize("kind", ["ssh", "ssh with passphrase", "pem", "pem with passphrase"])
def test_a_key_is_read_as_ssh_and_pem_keep_it(
    kind: str, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = PrivateFormat.OpenSSH if kind.startswith("ssh") else PrivateFormat.PKCS8
    locked = "passphrase" in kind
    lock = BestAvailableEncryption(b"open sesame") if locked else NoEncryption()
    (tmp_path / "key").write_bytes(signer.key.private_bytes(Encoding.PEM, form, lock))
    monkeypatch.setenv(SIGNING_KEY_VARIABLE, str(tmp_path / "key"))
    if locked:
        with pytest.raises(ConfigError, match="passphrase"):
            Signer.from_environment()
        monkeypatch.setenv(PASSPHRASE_VARIABLE, "wrong")
        with pytest.raises(ConfigError, match="wrong"):
            Signer.from_environment()
        monkeypatch.setenv(PASSPHRASE_VARIABLE, "open sesame")
    found = Signer.from_environment()
    assert found is not None
    assert found.public_key.fingerprint == signer.public_key.fingerprint


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no OpenSSH here")
def test_keys_and_fingerprints_are_those_of_ssh_keygen(tmp_path: Path) -> None:
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada@home", "-f", tmp_path / "k"]
    subprocess.run(words, check=True)
    told = subprocess.run(
        ["ssh-keygen", "-l", "-f", tmp_path / "k.pub"], check=True, capture_output=True, text=True
    ).stdout
    public = PublicKey.parse((tmp_path / "k.pub").read_text())
    assert (
        public.fingerprint == Signer.load(tmp_path / "k").public_key.fingerprint == told.split()[1]
    )
    assert public.name == "ada@home"


def test_without_a_key_in_the_environment_nobody_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SIGNING_KEY_VARIABLE, raising=False)
    assert Signer.from_environment() is None


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"not a key", "cannot be read"), (None, "No such file")],
)
def test_a_key_that_cannot_be_used_is_named_and_not_shown(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=said) as error:
        Signer.load(path)
    assert error.value.where == str(path)
    assert "not a key" not in str(error.value)


def test_a_key_of_another_type_is_refused(tmp_path: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    private = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(private)
    with pytest.raises(ConfigError, match="another type"):
        Signer.load(tmp_path / "key")
    line = other.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    with pytest.raises(ConfigError, match="Ed25519"):
        PublicKey.parse(line)


def test_a_line_that_is_no_public_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="no SSH public key"):
        PublicKey.parse("ssh-ed25519 rubbish")


def test_what_was_altered_is_refused(signer: Signer) -> None:
    made, known = signer.sign("a/b", b"payload"), [named(signer)]
    assert made.verify("a/b", b"payload", known).name == "ada"
    with pytest.raises(SignatureBad, match=r"by ada .* does not fit"):
        made.verify("a/b", b"Payload", known)
    with pytest.raises(SignatureBad, match="does not fit"):
        made.verify("a/c", b"payload", known)
    flipped = Signature(made.key_id, bytes([made.value[0] ^ 1]) + made.value[1:])
    with pytest.raises(SignatureBad, match="does not fit"):
        flipped.verify("a/b", b"payload", known)


def test_a_signature_by_an_unknown_key_is_refused_by_its_fingerprint(signer: Signer) -> None:
    stranger = Signer(Ed25519PrivateKey.generate())
    with pytest.raises(SignatureBad, match="unknown key") as error:
        stranger.sign("a/b", b"payload").verify("a/b", b"payload", [named(signer)])
    assert stranger.public_key.fingerprint in error.value.what


def test_an_envelope_gives_back_what_it_holds_and_who_signed_it(signer: Signer) -> None:
    held = make_envelope("a/b", {"x": [1, "ä"]}, signer)
    value, signers = open_envelope(held, "a/b", [named(signer)])
    assert value == {"x": [1, "ä"]}
    assert [key.name for key in signers] == ["ada"]
    with pytest.raises(SignatureBad, match="not 'a/c'"):
        open_envelope(held, "a/c", [named(signer)])
    other = base64.b64encode(b'{"x":2}').decode()
    with pytest.raises(SignatureBad, match="does not fit"):
        open_envelope(held | {"payload": other}, "a/b", [named(signer)])


def test_an_envelope_that_nobody_signed_says_so(signer: Signer) -> None:
    assert open_envelope(make_envelope("a/b", 1, None), "a/b", [named(signer)]) == (1, [])
