"""The memo: the outputs of each step, by its key. Safe to delete at any time.

A memo entry is not content-addressed by what it holds but named by its key, so it lies outside
`objects/`. Two writers of one key agree by construction; if they do not (a stage that is not a
function of its inputs) the first stands, and `assay run --always` will show it.

Where signatures are required, an entry is signed by whoever did the work, and only such an entry
is found. What is signed holds stage and key, so an entry copied elsewhere proves nothing. A signed
entry's name holds the fingerprint of its key, so nobody's entry stands in the way of another's.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from assay.bucket import canonical_json
from assay.bucket.digest import Digest
from assay.errors import KeyAbsent, StoreDenied
from assay.store.base import Store

MEMO_PREFIX = "memo/"


class MemoSignatures(Protocol):
    """The keys whose entries count, named by fingerprint as `ssh-keygen -l` prints it."""

    @property
    def signers(self) -> Mapping[str, str]:
        """The owner of each such key. The present user's key comes first."""

    @property
    def own_key(self) -> str | None:
        """The present user's key; None if it does not count, or there is none."""

    def sign(self, payload: bytes) -> Mapping[str, str]:
        """A signature by the present user's key, as JSON."""

    def fits(self, payload: bytes, proof: Any) -> bool:
        """Whether `proof` is a signature of these bytes by a key that counts."""


class Memo:
    """The memo of one store. `signatures` gives the rules in force: None asks for none."""

    def __init__(
        self, store: Store, signatures: Callable[[], MemoSignatures | None] = lambda: None
    ) -> None:
        self._store = store
        self._signatures = signatures

    def find(self, stage: str, key: Digest) -> dict[str, Any] | None:
        """The entry for `key`, or None. An unreadable entry counts as none and is removed.

        Where signatures are required, only an entry whose signature fits counts. The others stay:
        other readers may count them.
        """
        signatures = self._signatures()
        if signatures is None:
            try:
                return self._read(_memo_key(stage, key))
            except ValueError:
                self.forget(stage, key)
                return None
        # One look for each person who may leave entries: others cannot slow this down.
        for fingerprint in signatures.signers:
            if entry := self._read_signed(signatures, stage, key, fingerprint):
                return entry
        return None

    def signer_of(self, entry: Mapping[str, Any]) -> str | None:
        """The key that signed an entry that `find` returned; None where none is required."""
        return str(entry["proof"]["keyid"]) if self._signatures() else None

    def explain_refusal(self, stage: str, key: Digest) -> str | None:
        """Why what lies here for `key` does not count; None if nothing lies here, or it counts."""
        signatures = self._signatures()
        if signatures is None or self.find(stage, key):
            return None
        reasons = [
            self._refusal(signatures, stage, key, found.key) or ""
            for found in self._store.list(f"{MEMO_PREFIX}{stage}/{key.hex}.")
        ]
        return "; ".join(dict.fromkeys(filter(None, reasons))) or None

    def explain_name_refusal(self, name: str) -> str | None:
        """Why the entry that the store has under this name does not count; None if it does, or
        signatures are not required.
        """
        signatures = self._signatures()
        if signatures is None:
            return None
        stage, _, last = name.removeprefix(MEMO_PREFIX).rpartition("/")
        try:
            key = Digest(last.partition(".")[0])
        except ValueError:
            return "it is not named like an entry"
        return self._refusal(signatures, stage, key, name)

    def _refusal(
        self, signatures: MemoSignatures, stage: str, key: Digest, name: str
    ) -> str | None:
        """Why the entry of this name does not count for a key; None if it does."""
        if name == _memo_key(stage, key):
            return "it is not signed"
        for fingerprint, owner in signatures.signers.items():
            if name == _memo_key(stage, key, fingerprint):
                if self._read_signed(signatures, stage, key, fingerprint):
                    return None
                return f"its signature, said to be by {owner}, does not fit"
        return "its key is unknown, withdrawn, or of somebody who may not run use cases"

    def remember(self, stage: str, key: Digest, entry: dict[str, Any]) -> None:
        """Keep `entry` for `key`. Where signatures are required, only with a key that counts."""
        signatures = self._signatures()
        if signatures is None:
            self._store.put_if_absent(_memo_key(stage, key), canonical_json.dump(entry))
            return
        own_key = signatures.own_key
        if own_key is None:
            return
        proof = dict(signatures.sign(_payload(stage, key, entry)))
        name, data = _memo_key(stage, key, own_key), canonical_json.dump({**entry, "proof": proof})
        if self._store.put_if_absent(name, data):
            return
        if self._read_signed(signatures, stage, key, own_key) is None:
            # Somebody else wrote it under this key's name.
            with suppress(StoreDenied):
                self._store.delete(name)
                self._store.put_if_absent(name, data)

    def forget(self, stage: str, key: Digest) -> None:
        """Delete the entry for `key`, because an object that it names is missing or corrupt.

        Without the right to delete, the entry stays and is ignored again next time.
        """
        signatures = self._signatures()
        names = [_memo_key(stage, key)]
        if signatures is not None:
            names = [
                _memo_key(stage, key, fingerprint)
                for fingerprint in signatures.signers
                if self._read_signed(signatures, stage, key, fingerprint)
            ]
        with suppress(StoreDenied):
            for name in names:
                self._store.delete(name)

    def _read(self, name: str) -> dict[str, Any] | None:
        """The entry of this name; None if there is none. Raises ValueError for what is no entry."""
        try:
            entry = canonical_json.load(self._store.get(name))
            _ = required_objects(entry)
        except KeyAbsent:
            return None
        except (TypeError, KeyError) as error:
            raise ValueError("it is no memo entry") from error
        return dict(entry)

    def _read_signed(
        self, signatures: MemoSignatures, stage: str, key: Digest, fingerprint: str
    ) -> dict[str, Any] | None:
        """The entry by this key, if its signature fits."""
        try:
            entry = self._read(_memo_key(stage, key, fingerprint))
        except (ValueError, RecursionError):
            return None
        if entry is None:
            return None
        unsigned = {name: value for name, value in entry.items() if name != "proof"}
        fits = signatures.fits(_payload(stage, key, unsigned), entry.get("proof"))
        return entry if fits else None


def required_objects(entry: Any) -> list[Digest]:
    """The objects that an entry needs. Raises ValueError, TypeError or KeyError for what is no
    entry.
    """
    return [Digest.parse(str(text)) for text in entry["needs"]]


def _payload(stage: str, key: Digest, entry: Mapping[str, Any]) -> bytes:
    """What a signature is made over."""
    return canonical_json.dump({"stage": stage, "key": str(key), "entry": entry})


def _memo_key(stage: str, key: Digest, fingerprint: str | None = None) -> str:
    signer = f".{_fingerprint_hex(fingerprint)}" if fingerprint else ""
    return f"{MEMO_PREFIX}{stage}/{key.hex}{signer}.json"


def _fingerprint_hex(fingerprint: str) -> str:
    """`SHA256:...` in hexadecimal digits: its base64 may hold a slash."""
    return base64.b64decode(fingerprint.partition(":")[2] + "=").hex()
