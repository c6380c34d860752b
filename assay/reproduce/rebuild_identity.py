"""The key that signs a rebuild: made for it alone, and trusted by it alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assay.bucket.bucket import Bucket
from assay.bucket.signing import SIGNING_KEY_VARIABLE
from assay.config.people import PEOPLE_VARIABLE
from assay.registry.recorded_people import people_in_force

_NAME = "assay reproduce"


def make_rebuild_identity(bucket: Bucket, folder: Path) -> dict[str, str]:
    """Environment variables that name a key below `folder`, and a people file that also trusts it.

    The people in force for the bucket stay, because a champion is loaded only if their signatures
    prove it. But whoever reproduces may be a viewer, and their own key must not reach recorded
    code. Empty where nobody is listed. Raises PeopleUntrusted, ConfigError.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    people = people_in_force(bucket).people
    if people is None:
        return {}
    key = Ed25519PrivateKey.generate()
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    document = people.as_document()
    document["people"][_NAME] = {"role": "scientist", "keys": [line]}
    key_file, people_file = folder / "rebuild-key", folder / "rebuild-people.yaml"
    key_file.touch(0o600)
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _move_entries_to_files(document, folder)
    people_file.write_text(json.dumps(document), encoding="utf-8")
    return {
        SIGNING_KEY_VARIABLE: str(key_file.absolute()),
        PEOPLE_VARIABLE: str(people_file.absolute()),
    }


def _move_entries_to_files(document: dict[str, Any], folder: Path) -> None:
    """Put the entries of withdrawn keys into files: recorded code may be of an Assay that does not
    read them in the people file itself.
    """
    withdrawn = (key for one in document["people"].values() for key in one.get("withdrawn", ()))
    for number, key in enumerate(withdrawn):
        if entries := key.get("holds"):
            file = (folder / f"rebuild-holds-{number}.txt").absolute()
            file.write_text("".join(f"{digest}\n" for digest in entries))
            key["holds"] = str(file)
