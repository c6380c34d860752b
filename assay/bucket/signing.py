"""Signatures by people: Ed25519 keys, as SSH keeps them, over journal entries and statements.

`ASSAY_SIGNING_KEY` names the file of a private key: the one that `ssh-keygen -t ed25519` makes, or
PKCS #8 in PEM. The passphrase of an encrypted one stands in `ASSAY_SIGNING_PASSPHRASE`. Keys are
named by the fingerprint that `ssh-keygen -l` prints.

What is signed is never the bare bytes but the DSSE pre-authentication encoding, which says what
they are: a signature made for one purpose proves nothing for another.
Source: DSSE v1.0.2 (secure-systems-lab/dsse); RFC 8032 (Ed25519).
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.bucket import canonical_json
from assay.errors import ConfigError, SignatureBad

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

    from assay.bucket.digest import Digest

SIGNING_KEY_VARIABLE = "ASSAY_SIGNING_KEY"
PASSPHRASE_VARIABLE = "ASSAY_SIGNING_PASSPHRASE"


@dataclass(frozen=True)
class PublicKey:
    """Somebody's public key. `name` is whose. With one that was withdrawn, as others may have it,
    nobody signs any more; of what it signed those journal entries hold whose digests are in
    `vouched_entries`.
    """

    name: str
    key: Ed25519PublicKey
    vouched_entries: frozenset[Digest] | None = None

    @classmethod
    def parse(cls, line: str, name: str | None = None) -> PublicKey:
        """A line as in `authorized_keys` or `id_ed25519.pub`. The comment names the key if
        nobody else does. Raises ConfigError.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_ssh_public_key

        words = line.split(None, 2)
        try:
            key = load_ssh_public_key(line.encode())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise ConfigError(
                f"this is no SSH public key: {line[:40]!r} ({error})",
                remedy="Copy the line of a file such as id_ed25519.pub.",
            ) from None
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigError(
                f"this is a key of type {words[0]}; Assay signs with Ed25519",
                remedy="Make one with `ssh-keygen -t ed25519`.",
            )
        return cls(name or (words[2].strip() if len(words) > 2 else key_fingerprint(key)), key)

    @classmethod
    def load(cls, path: Path) -> PublicKey:
        """A file such as id_ed25519.pub. Raises ConfigError."""
        try:
            return cls.parse(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it holds no text"
            raise ConfigError(
                f"no public key can be read here: {why}",
                where=str(path),
                remedy="Name the public half of a key, such as ~/.ssh/id_ed25519.pub.",
            ) from None
        except ConfigError as error:
            error.where = str(path)
            raise

    @property
    def fingerprint(self) -> str:
        return key_fingerprint(self.key)


@dataclass(frozen=True)
class Signer:
    """A person's private key, held in memory only."""

    key: Ed25519PrivateKey

    @classmethod
    def from_environment(cls) -> Signer | None:
        """The key that the environment names; None if it names none. Raises ConfigError."""
        path = os.environ.get(SIGNING_KEY_VARIABLE)
        return cls.load(Path(path).expanduser()) if path else None

    @classmethod
    def load(cls, path: Path) -> Signer:
        """Raises ConfigError for a file that holds no usable key; never shows what it holds."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = _load_private_key(path)
        if not isinstance(key, Ed25519PrivateKey):
            raise _unusable_key_error(path, "it is of another type than Ed25519")
        return cls(key)

    @property
    def public_key(self) -> PublicKey:
        key = self.key.public_key()
        return PublicKey(key_fingerprint(key), key)

    def sign(self, payload_type: str, payload: bytes) -> Signature:
        """Sign bytes for what they are."""
        return Signature(
            self.public_key.fingerprint, self.key.sign(_pre_auth_encoding(payload_type, payload))
        )


@dataclass(frozen=True, slots=True)
class Signature:
    """64 bytes by the key of that fingerprint."""

    key_id: str
    value: bytes

    def as_json(self) -> dict[str, str]:
        return {"keyid": self.key_id, "sig": base64.b64encode(self.value).decode()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Signature:
        """Raises ValueError, KeyError or TypeError for what is none."""
        return cls(str(value["keyid"]), base64.b64decode(value["sig"], validate=True))

    def verify(
        self, payload_type: str, payload: bytes, known_keys: Iterable[PublicKey]
    ) -> PublicKey:
        """The key among `known_keys` that made it. Raises SignatureBad, naming what is wrong."""
        from cryptography.exceptions import InvalidSignature

        signer = next((key for key in known_keys if key.fingerprint == self.key_id), None)
        if signer is None:
            raise SignatureBad(
                f"signed by an unknown key, {self.key_id}",
                remedy="If it is a colleague's, add the public key to the people you trust.",
            )
        try:
            signer.key.verify(self.value, _pre_auth_encoding(payload_type, payload))
        except InvalidSignature:
            raise SignatureBad(
                f"the signature said to be by {signer.name} ({self.key_id}) does not fit",
                remedy="It was altered after it was signed: trust nothing of it.",
            ) from None
        return signer


def make_envelope(payload_type: str, value: Any, signer: Signer | None) -> dict[str, Any]:
    """A JSON value in a DSSE envelope; without a signer, with no signature."""
    payload = canonical_json.dump(value)
    signatures = [signer.sign(payload_type, payload).as_json()] if signer else []
    return {
        "payloadType": payload_type,
        "payload": base64.b64encode(payload).decode(),
        "signatures": signatures,
    }


def open_envelope(
    envelope: Mapping[str, Any], payload_type: str, known_keys: Iterable[PublicKey]
) -> tuple[Any, list[PublicKey]]:
    """What an envelope holds, and who signed it, every signature checked.

    Raises SignatureBad for a signature that does not fit, is by an unknown key, or is of another
    kind of payload.
    """
    if envelope["payloadType"] != payload_type:
        raise SignatureBad(f"the envelope holds {envelope['payloadType']!r}, not {payload_type!r}")
    payload, keys = base64.b64decode(envelope["payload"], validate=True), list(known_keys)
    signatures = [Signature.from_json(one) for one in envelope["signatures"]]
    signers = [signature.verify(payload_type, payload, keys) for signature in signatures]
    return canonical_json.load(payload), signers


def key_fingerprint(key: Ed25519PublicKey) -> str:
    """As `ssh-keygen -l` prints it: SHA-256 of the key in SSH's wire format (RFC 4253)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    wire = base64.b64decode(line.split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(wire).digest()).decode().rstrip("=")


def _pre_auth_encoding(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _load_private_key(path: Path) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_ssh_private_key,
    )

    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unusable_key_error(path, error.strerror or "unreadable") from None
    secret = os.environ.get(PASSPHRASE_VARIABLE, "").encode() or None
    load = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else load_pem_private_key
    try:
        return load(data, secret)
    except TypeError:  # what cryptography raises for a passphrase too few or too many
        raise _unusable_key_error(
            path, f"it asks for a passphrase, to be put in {PASSPHRASE_VARIABLE}"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _unusable_key_error(path, "it cannot be read, or the passphrase is wrong") from None


def _unusable_key_error(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"the signing key cannot be used: {why}",
        where=str(path),
        remedy=f"Name a key made by `ssh-keygen -t ed25519` in {SIGNING_KEY_VARIABLE}.",
    )
