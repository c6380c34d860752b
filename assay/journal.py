"""The append-only, hash-chained history of one model.

Entry n lies at `journals/<model>/<n, ten digits>.json` and names the digest of entry n-1, so
that no entry before the last can be altered, left out or put in unnoticed. (An altered last
entry has nothing after it that would tell, but its signature tells; a tail cut off leaves no
trace.) Appending is `put_if_absent` of the next number: the store's own compare-and-swap. The
loser of a race reads the winner's entry and decides again.
"""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from assay import canonical
from assay.digest import Digest
from assay.errors import ChainBroken, KeyAbsent
from assay.signing import PublicKey, Signature, Signer
from assay.store.base import Store

PREFIX = "journals/"
SIGNED = "application/vnd.assay.journal-entry.v1+json"
_NUMBER = re.compile(r"[0-9]{10}\.json")
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One thing that happened to a model. `at` is RFC 3339 in UTC; `body` depends on `kind`."""

    number: int
    previous: Digest | None
    kind: str
    at: str
    actor: str
    body: dict[str, Any]
    signature: Signature | None = None  # of all the rest

    def encode(self) -> bytes:
        return canonical.dump(self._told() | self._signed())

    def signed_by(self, signer: Signer) -> JournalEntry:
        """The same, signed."""
        return replace(self, signature=signer.sign(SIGNED, canonical.dump(self._told())))

    def signer(self, known: Iterable[PublicKey]) -> PublicKey | None:
        """Who signed it, of those known; None if nobody did. Raises SignatureBad."""
        if self.signature is None:
            return None
        return self.signature.check(SIGNED, canonical.dump(self._told()), known)

    def _told(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "previous": str(self.previous) if self.previous else None,
            "kind": self.kind,
            "at": self.at,
            "actor": self.actor,
            "body": self.body,
        }

    def _signed(self) -> dict[str, Any]:
        return {"signature": self.signature.as_json()} if self.signature else {}

    @classmethod
    def decode(cls, data: bytes) -> JournalEntry:
        """Raises ValueError, KeyError or TypeError for bytes that are no entry."""
        held = canonical.load(data)
        if not isinstance(held["body"], dict):
            raise TypeError("its body is no object")
        previous = held["previous"]
        texts = [held["kind"], held["at"], held["actor"], *([previous] if previous else [])]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("its kind, time, actor or previous digest is no text")
        return cls(
            number=held["number"],
            previous=Digest.parse(previous) if previous else None,
            kind=held["kind"],
            at=held["at"],
            actor=held["actor"],
            body=held["body"],
            signature=Signature.from_json(held["signature"]) if "signature" in held else None,
        )


# Given all entries so far, what to append next (kind and body), or None to leave it.
Decision = Callable[[list[JournalEntry]], tuple[str, dict[str, Any]] | None]


class Journal:
    """The journal of one model in one store."""

    def __init__(self, store: Store, model: str) -> None:
        self._store = store
        self.model = model
        self._prefix = f"{PREFIX}{model}/"

    def entries(self) -> list[JournalEntry]:
        """All entries in order, the chain verified. Raises ChainBroken."""
        return [entry for entry, _ in self._chain()]

    def append(self, decide: Decision, *, actor: str | None = None) -> JournalEntry | None:
        """Append what `decide` makes of the entries so far; None if it declines.

        `decide` must be pure: it is called again, on the longer history, whenever another
        writer was faster. The entry is signed if the environment names a key.
        """
        signer = Signer.configured()
        while True:
            chain = self._chain()
            decision = decide([entry for entry, _ in chain])
            if decision is None:
                return None
            kind, body = decision
            entry = JournalEntry(
                number=len(chain) + 1,
                previous=chain[-1][1] if chain else None,
                kind=kind,
                at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                actor=actor or whoever(),
                body=body,
            )
            entry = entry.signed_by(signer) if signer else entry
            if self._store.put_if_absent(self._key(entry.number), entry.encode()):
                return entry

    def _chain(self) -> list[tuple[JournalEntry, Digest]]:
        numbers = self._numbers()
        for expected, number in enumerate(numbers, 1):
            if number != expected:
                raise self._broken(expected, "it is missing, though later entries exist")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            chain = list(pool.map(self._read, numbers))
        previous: Digest | None = None
        for entry, digest in chain:
            if entry.previous != previous:
                raise self._broken(entry.number, "it does not follow from the entry before it")
            previous = digest
        return chain

    def _numbers(self) -> list[int]:
        names = (e.key.removeprefix(self._prefix) for e in self._store.list(self._prefix))
        return [int(name[:10]) for name in names if is_entry(name)]

    def _read(self, number: int) -> tuple[JournalEntry, Digest]:
        try:
            data = self._store.get(self._key(number))
            entry = JournalEntry.decode(data)
        except KeyAbsent as error:
            raise self._broken(number, "it vanished while being read") from error
        except (ValueError, KeyError, TypeError) as error:
            raise self._broken(number, f"it cannot be read ({error})") from error
        if entry.number != number:
            raise self._broken(number, f"it says that it is entry {entry.number}")
        return entry, Digest.of(data)

    def _key(self, number: int) -> str:
        return f"{self._prefix}{number:010d}.json"

    def _broken(self, number: int, why: str) -> ChainBroken:
        return ChainBroken(
            f"the journal of {self.model!r} is broken at entry {number}: {why}",
            where=self._store.url(self._key(number)),
            remedy="Restore this entry from a backup or another copy of the bucket; until then "
            "no version of this model is trusted.",
        )


def journals(store: Store) -> Iterator[str]:
    """Names of the models that have a journal, in order."""
    seen = None
    for entry in store.list(PREFIX):
        model = entry.key.removeprefix(PREFIX).partition("/")[0]
        if model != seen:
            seen = model
            yield model


def is_entry(name: str) -> bool:
    """Whether a key below a journal's folder is named like an entry."""
    return _NUMBER.fullmatch(name) is not None


def whoever() -> str:
    """The person at the keyboard, as the operating system knows them. A signature proves more."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
