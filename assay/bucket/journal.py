"""The append-only, hash-chained history of one model.

Entry n lies at `journals/<model>/<n, ten digits>.json` and names the digest of entry n-1, so
that no entry before the last can be altered, left out or put in unnoticed. (An altered last
entry has nothing after it that would tell, but its signature tells; a tail cut off leaves no
trace.) Appending is `put_if_absent` of the next number: the store's own compare-and-swap. The
loser of a race reads the winner's entry and decides again.

Long journals are read by way of checkpoints: see `assay.bucket.checkpoints`.
"""

from __future__ import annotations

import itertools
import os
import pwd
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from assay.bucket import canonical_json, checkpoints
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.signing import PublicKey, Signature, Signer
from assay.errors import ChainBroken, KeyAbsent, SignatureBad
from assay.store.base import Store
from assay.util.clock import parse_timestamp

JOURNAL_PREFIX = "journals/"
ENTRY_PAYLOAD_TYPE = "application/vnd.assay.journal-entry.v1+json"
NON_MODEL_PREFIX = "@"  # begins the name of a journal that is no model's, as no model's does
_ENTRY_NAME = re.compile(r"[0-9]{10}\.json")
_READERS = 16
_ENTRIES_PER_PREFIX = 100  # entries whose keys begin alike


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One thing that happened to a model. `at` is RFC 3339 in UTC; `body` depends on `kind`.

    `journal` is the name of the journal that it was written to, `bucket` the id of the bucket; None
    in entries of early versions, and of buckets that have no id.
    """

    number: int
    previous: Digest | None
    kind: str
    at: str
    actor: str
    body: dict[str, Any]
    signature: Signature | None = None  # of all the rest
    journal: str | None = None
    bucket: str | None = None

    def encode(self) -> bytes:
        return canonical_json.dump(self._unsigned_fields() | self._signature_field())

    def sign(self, signer: Signer) -> JournalEntry:
        """The entry with a signature."""
        return replace(
            self,
            signature=signer.sign(ENTRY_PAYLOAD_TYPE, canonical_json.dump(self._unsigned_fields())),
        )

    def find_signer(self, known_keys: Iterable[PublicKey]) -> PublicKey | None:
        """Who signed it, of those known; None if nobody did. Raises SignatureBad."""
        if self.signature is None:
            return None
        key = self.signature.verify(
            ENTRY_PAYLOAD_TYPE, canonical_json.dump(self._unsigned_fields()), known_keys
        )
        if key.vouched_entries is not None and self.digest not in key.vouched_entries:
            raise SignatureBad(
                f"signed with a key of {key.name} that was withdrawn, {key.fingerprint}, and "
                "nobody has vouched for this entry",
                remedy="If it is known to be theirs, add the line that `assay vouch` prints of it.",
            )
        return key

    @property
    def digest(self) -> Digest:
        """The digest by which the next entry names this one."""
        return Digest.of_bytes(self.encode())

    def _unsigned_fields(self) -> dict[str, Any]:
        place = {"journal": self.journal, "bucket": self.bucket}
        return {name: value for name, value in place.items() if value is not None} | {
            "number": self.number,
            "previous": str(self.previous) if self.previous else None,
            "kind": self.kind,
            "at": self.at,
            "actor": self.actor,
            "body": self.body,
        }

    def _signature_field(self) -> dict[str, Any]:
        return {"signature": self.signature.as_json()} if self.signature else {}

    @classmethod
    def decode(cls, data: bytes) -> JournalEntry:
        """Raises ValueError, KeyError or TypeError for bytes that are no entry."""
        held = canonical_json.load(data)
        if not isinstance(held["body"], dict):
            raise TypeError("its body is no object")
        previous = held["previous"]
        texts = [held["kind"], held["at"], held["actor"], *([previous] if previous else [])]
        texts += [held[name] for name in ("journal", "bucket") if name in held]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("its kind, time, actor, journal, bucket or previous digest is no text")
        return cls(
            number=held["number"],
            previous=Digest.parse(previous) if previous else None,
            kind=held["kind"],
            at=held["at"],
            actor=held["actor"],
            body=held["body"],
            signature=Signature.from_json(held["signature"]) if "signature" in held else None,
            journal=held.get("journal"),
            bucket=held.get("bucket"),
        )


# Given all entries so far, what to append next (kind and body), or None to leave it.
Decision = Callable[[list[JournalEntry]], tuple[str, dict[str, Any]] | None]

# An entry and the digest of its bytes.
Link = tuple[JournalEntry, Digest]


class Journal:
    """The journal of one model in one bucket.

    With `reuse_chain`, an append begins with the chain that the last one of this instance left, and
    verifies what came since; what was verified is not read again, so what somebody does to it
    meanwhile is found out by the next reader, not by the next append.

    `prefix` is where the entries lie, if not where those of models do.
    """

    def __init__(
        self, bucket: Bucket, model: str, *, reuse_chain: bool = False, prefix: str | None = None
    ) -> None:
        self._store, self._mark = bucket.store, bucket.mark
        self.model = model
        self._prefix = prefix or f"{JOURNAL_PREFIX}{model}/"
        self._reuse_chain = reuse_chain
        self._last_chain: list[Link] = []

    def entries(self) -> list[JournalEntry]:
        """All entries in order, the chain verified. Raises ChainBroken."""
        return [entry for entry, _ in self._read_chain()[0]]

    def read_each_entry(self) -> list[JournalEntry]:
        """As `entries`, each read from its own key, without checkpoints."""
        return [entry for entry, _ in self._verify_chain(self._count_entries(), {})]

    def read_on(self) -> list[JournalEntry]:
        """As `entries`; what this instance read before is verified, and but for the last entry not
        read again.
        """
        self._last_chain, _ = self._continue_chain() or self._read_chain()
        return [entry for entry, _ in self._last_chain]

    def exists(self) -> bool:
        """Whether there is any entry."""
        return bool(self._entry_numbers())

    def append(self, decide: Decision, *, actor: str | None = None) -> JournalEntry | None:
        """Append what `decide` makes of the entries so far; None if it declines.

        `decide` must be pure: it is called again, on the longer history, whenever another
        writer was faster. The entry is signed if the environment names a key.
        """
        signer = Signer.from_environment()
        while True:
            chain, missed = self._continue_chain() or self._read_chain()
            decision = decide([entry for entry, _ in chain])
            if decision is None:
                return None
            kind, body = decision
            entry = JournalEntry(
                number=len(chain) + 1,
                previous=chain[-1][1] if chain else None,
                kind=kind,
                at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                actor=actor or current_user(),
                body=body,
                journal=self.model,
                bucket=self._mark.id,
            )
            entry = entry.sign(signer) if signer else entry
            if self._store.put_if_absent(self.entry_key(entry.number), entry.encode()):
                self._write_checkpoints(chain, missed)
                if self._reuse_chain:
                    self._last_chain = [*chain, (entry, entry.digest)]
                return entry

    def entry_key(self, number: int) -> str:
        """The key of an entry."""
        return f"{self._prefix}{number:010d}.json"

    def _read_chain(self) -> tuple[list[Link], list[int]]:
        """All entries, and the checkpoints that would have helped to read them."""
        count, lasts = self._count_entries(), []
        held: dict[int, Link] = {}
        with ThreadPoolExecutor(_READERS) as pool:
            for last, links in pool.map(self._load_links, checkpoints.checkpoint_numbers(count)):
                held |= links
                lasts += [] if links else [last]
        try:
            return self._verify_chain(count, held), lasts
        except ChainBroken:
            if not held:
                raise
        return self._verify_chain(
            count, {}
        ), []  # the checkpoints are at fault, or this tells what is

    def _continue_chain(self) -> tuple[list[Link], list[int]] | None:
        """As `_read_chain`, from what the last append left; None if that does not lead on."""
        left = self._last_chain
        if not left:
            return None
        count = self._count_from(len(left))
        if not len(left) <= count <= len(left) + checkpoints.CHECKPOINT_INTERVAL:
            return None
        try:
            chain = self._verify_chain(count, {link[0].number: link for link in left[:-1]})
        except ChainBroken:
            return None  # to read all tells where
        return chain, [
            last for last in checkpoints.checkpoint_numbers(count) if last >= len(left) - 1
        ]

    def _count_from(self, known_count: int) -> int:
        """How many entries there are, of which so many were seen: of these the last hundred at
        most is listed. 0 if one is missing.
        """
        numbers: list[int] = []
        for hundred in itertools.count(known_count // _ENTRIES_PER_PREFIX):
            found = self._entry_numbers(f"{hundred:08d}")
            numbers += found
            if not found or (found[-1] + 1) % _ENTRIES_PER_PREFIX:
                break
        first = max(known_count - known_count % _ENTRIES_PER_PREFIX, 1)
        whole = numbers == [*range(first, first + len(numbers))]
        return numbers[-1] if numbers and whole else 0

    def _count_entries(self) -> int:
        """How many entries there are. Raises ChainBroken if one between is missing."""
        numbers = self._entry_numbers()
        for expected, number in enumerate(numbers, 1):
            if number != expected:
                raise self._chain_error(expected, "it is missing, though later entries exist")
        return len(numbers)

    def _verify_chain(self, count: int, links: dict[int, Link]) -> list[Link]:
        """The chain of the first `count` entries, verified; those not `exists` are read."""
        wanted = [number for number in range(1, count + 1) if number not in links]
        with ThreadPoolExecutor(_READERS) as pool:
            links = links | dict(zip(wanted, pool.map(self._read_link, wanted), strict=True))
        chain = [links[number] for number in range(1, count + 1)]
        previous: Digest | None = None
        for entry, digest in chain:
            if entry.previous != previous:
                raise self._chain_error(entry.number, "it does not follow from the entry before it")
            previous = digest
        return chain

    def _load_links(self, last: int) -> tuple[int, dict[int, Link]]:
        """The entries of a checkpoint; none if it is not there, or not what it should be."""
        lines = checkpoints.load_checkpoint(self._store, self.model, last) or []
        numbers = range(last - len(lines) + 1, last + 1)
        with suppress(ChainBroken):
            return last, {
                n: self.decode_link(n, line) for n, line in zip(numbers, lines, strict=True)
            }
        return last, {}

    def _write_checkpoints(self, chain: list[Link], lasts: Iterable[int]) -> None:
        """Write the checkpoints that were missed."""
        for last in lasts:
            links = chain[last - checkpoints.CHECKPOINT_INTERVAL : last]
            lines = [entry.encode() for entry, _ in links]
            # An entry that somebody wrote in other than canonical form is not told again.
            if all(
                Digest.of_bytes(line) == digest
                for line, (_, digest) in zip(lines, links, strict=True)
            ):
                checkpoints.write_checkpoint(self._store, self.model, last, lines)

    def _entry_numbers(self, beginning: str = "") -> list[int]:
        found = self._store.list(f"{self._prefix}{beginning}")
        names = (e.key.removeprefix(self._prefix) for e in found)
        return [int(name[:10]) for name in names if is_entry_name(name)]

    def _read_link(self, number: int) -> Link:
        try:
            return self.decode_link(number, self._store.get(self.entry_key(number)))
        except KeyAbsent as error:
            raise self._chain_error(number, f"it cannot be read ({error.what})") from error

    def decode_link(self, number: int, data: bytes) -> Link:
        """The entry of this number in its bytes, and their digest. Raises ChainBroken for what is
        none, or was written as another, to another journal or in another bucket.
        """
        try:
            entry = JournalEntry.decode(data)
        except (ValueError, KeyError, TypeError) as error:
            raise self._chain_error(number, f"it cannot be read ({error})") from error
        if entry.number != number:
            raise self._chain_error(number, f"it says that it is entry {entry.number}")
        if entry.journal not in {None, self.model}:
            raise self._chain_error(number, f"it was written to the journal of {entry.journal!r}")
        if entry.bucket not in {None, self._mark.id}:
            raise self._chain_error(number, f"it was written in another bucket, {entry.bucket}")
        return entry, Digest.of_bytes(data)

    def _chain_error(self, number: int, why: str) -> ChainBroken:
        lost = (
            "nothing that rests on it holds"
            if self.model.startswith(NON_MODEL_PREFIX)
            else "no version of this model is trusted"
        )
        return ChainBroken(
            f"the journal of {self.model!r} is broken at entry {number}: {why}",
            where=self._store.url(self.entry_key(number)),
            remedy="Restore this entry from a backup or another copy of the bucket; until then "
            f"{lost}.",
        )


def list_journals(store: Store) -> list[str]:
    """Names of the models that have a journal, in order."""
    names: dict[str, None] = {}
    for entry in store.list(JOURNAL_PREFIX):
        model, _, name = entry.key.removeprefix(JOURNAL_PREFIX).partition("/")
        if is_entry_name(name) and not model.startswith(NON_MODEL_PREFIX):
            names[model] = None
    return list(names)


def malformed_entry_error(journal: str, entry: JournalEntry, error: Exception) -> ChainBroken:
    """The error of an entry that cannot be understood as what it says it is."""
    return ChainBroken(
        f"entry {entry.number} of the journal of {journal!r}, {entry.kind}, is malformed "
        f"({error!r})",
        remedy="Assay did not write it so. Restore it from a backup; until then no version "
        "of this model is trusted.",
    )


def is_entry_name(name: str) -> bool:
    """Whether a key below a journal's folder is named like an entry."""
    return _ENTRY_NAME.fullmatch(name) is not None


def current_user() -> str:
    """The owner of this process, as the operating system knows them. No variable of the
    environment, such as LOGNAME, makes it somebody else. A signature proves more.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without a name
        return "unknown"


def entry_timestamp(entry: JournalEntry) -> datetime:
    """The moment that an entry concerns (`as_of`); without one, when it was written."""
    return parse_timestamp(entry.body.get("as_of") or entry.at)
