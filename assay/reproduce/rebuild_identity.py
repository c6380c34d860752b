"""The key that signs a rebuild: made for it alone, and trusted by it alone."""

from __future__ import annotations

import json
from pathlib import Path

from assay.bucket.signing import SIGNING_KEY_VARIABLE
from assay.config.people import PEOPLE_VARIABLE, People

_NAME = "assay reproduce"


def make_rebuild_identity(folder: Path) -> dict[str, str]:
    """Environment variables that name a key below `folder`, and a people file that also trusts it.

    The people of this set-up stay, because a champion is loaded only if their signatures prove it.
    But whoever reproduces may be a viewer, and their own key must not reach recorded code. Empty
    without a people file. Raises ConfigError.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    people = People.load_configured()
    if people is None:
        return {}
    key = Ed25519PrivateKey.generate()
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    document = people.as_document()
    document["people"][_NAME] = {"role": "scientist", "keys": [line]}
    key_file, people_file = folder / "rebuild-key", folder / "rebuild-people.yaml"
    key_file.touch(0o600)
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    people_file.write_text(json.dumps(document), encoding="utf-8")
    return {
        SIGNING_KEY_VARIABLE: str(key_file.absolute()),
        PEOPLE_VARIABLE: str(people_file.absolute()),
    }
