"""Whose entries of the memo count, by the people in force."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assay.errors import SignatureBad

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket
    from assay.bucket.memo import MemoSignatures
    from assay.bucket.signing import PublicKey, Signer
    from assay.registry.recorded_people import RecordedPeople

_PAYLOAD_TYPE: Final = "application/vnd.assay.memo.v1+json"

_FileState = tuple[str, int, int, int] | None


@dataclass(frozen=True)
class RunnersSignatures:
    """Signatures by people who may run use cases today. Withdrawn keys do not count: nobody
    vouches for entries of the memo, because the work can be done again.
    """

    keys: tuple[PublicKey, ...]  # the present user's first
    signer: Signer | None

    @property
    def signers(self) -> Mapping[str, str]:
        return {key.fingerprint: key.name for key in self.keys}

    @property
    def own_key(self) -> str | None:
        own = self.signer.public_key.fingerprint if self.signer else None
        return own if own in self.signers else None

    def sign(self, payload: bytes) -> Mapping[str, str]:
        assert self.signer is not None, "only a key that counts signs"
        return self.signer.sign(_PAYLOAD_TYPE, payload).as_json()

    def fits(self, payload: bytes, proof: Any) -> bool:
        from assay.bucket.signing import Signature

        try:
            Signature.from_json(proof).verify(_PAYLOAD_TYPE, payload, self.keys)
        except (SignatureBad, ValueError, KeyError, TypeError):
            return False
        return True


def memo_signatures(bucket: Bucket) -> MemoSignatures | None:
    """The signatures in force now; None where none is required.

    Files are read again only when they change: a key with a passphrase takes 0.3 s to open.
    Raises PeopleUntrusted, ConfigError.
    """
    from assay.bucket.signing import PASSPHRASE_VARIABLE, SIGNING_KEY_VARIABLE
    from assay.config.people import find_people_file
    from assay.registry.recorded_people import find_recorded_people

    recorded, file = find_recorded_people(bucket), find_people_file()
    if recorded is None and file is None:
        return None
    key, secret = os.environ.get(SIGNING_KEY_VARIABLE), os.environ.get(PASSPHRASE_VARIABLE)
    own = _file_state(Path(key).expanduser()) if key else None
    return _read_signatures(recorded, file, _file_state(file) if file else None, key, own, secret)


def _file_state(path: Path) -> _FileState:
    try:
        found = path.stat()
    except OSError:
        return None  # reading it tells why
    return str(path.absolute()), found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=4)
def _read_signatures(
    recorded: RecordedPeople | None,
    file: Path | None,
    _file: _FileState,
    _key: str | None,
    _own: _FileState,
    _secret: str | None,
) -> RunnersSignatures | None:
    from assay.bucket.signing import Signer
    from assay.config.people import People
    from assay.registry.authority import PERMISSIONS
    from assay.registry.recorded_people import warn_of_difference, weigh_people

    found = weigh_people(recorded, People.read(file) if file else None, file)
    warn_of_difference(found)
    people = found.people
    if people is None or people.signatures == "optional":
        return None
    known, signer = people.trusted_keys(), Signer.from_environment()
    withdrawn = {key.fingerprint for key in known if key.vouched_entries is not None}
    runners = [
        key
        for key in known
        if key.fingerprint not in withdrawn and "run" in PERMISSIONS[people.people[key.name].role]
    ]
    own = signer.public_key.fingerprint if signer else None
    runners.sort(key=lambda key: key.fingerprint != own)
    return RunnersSignatures(tuple(runners), signer)
