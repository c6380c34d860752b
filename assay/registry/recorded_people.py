"""Whose people count for a bucket: those recorded in it, else those of the people file.

`assay people record` appends the people file's content to the bucket, at
`people/<n, ten digits>.json`: a hash chain like a journal. The first entry counts if an engineer
whom it lists signed it, each later one if an engineer of the entry before did. So another working
folder, or another file in ASSAY_PEOPLE, holds nobody to other rules.

The first list is trusted on first use. Against one that somebody planted, the file decides: it must
list whoever signed the newest entry as an engineer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import NON_MODEL_PREFIX, Journal, JournalEntry
from assay.bucket.signing import PublicKey
from assay.config.people import DEFAULT_PEOPLE_FILE, People, find_people_file, people_differences
from assay.errors import ChainBroken, ConfigError, PeopleUntrusted, SignatureBad

PEOPLE_PREFIX: Final = "people/"
PEOPLE_JOURNAL: Final = f"{NON_MODEL_PREFIX}people"
RECORDED: Final = "recorded"
LOOK_SECONDS: Final = 5.0  # how long one look at the bucket serves a process

_LOOKS: WeakKeyDictionary[Bucket, _PeopleLook] = WeakKeyDictionary()
_TOLD_DIFFERENCES: set[str] = set()


@dataclass(frozen=True)
class RecordedPeople:
    """The people of one entry, and the key that signed it. Equal if the entry is the same."""

    digest: Digest
    people: People = field(compare=False)
    entry: JournalEntry = field(compare=False)
    signer: PublicKey = field(compare=False)

    @property
    def origin(self) -> str:
        """Where they are recorded, by whom and when, in words."""
        number, who = self.entry.number, self.entry.actor
        return f"entry {number} of the people recorded in the bucket, by {who} at {self.entry.at}"


@dataclass(frozen=True)
class PeopleInForce:
    """The people that count for a bucket. Without any, everyone may do everything."""

    people: People | None
    recorded: RecordedPeople | None
    file: Path | None
    differences: tuple[str, ...] = ()
    """How the file differs from the recorded people, who then count."""

    @property
    def origin(self) -> str:
        """Where they come from, in words."""
        if self.recorded:
            return self.recorded.origin
        return str(self.file) if self.file else f"nobody: there is no {DEFAULT_PEOPLE_FILE}"

    @property
    def place(self) -> str:
        """Where to add somebody."""
        record = ", and have it recorded (`assay people record`)" if self.recorded else ""
        return f"{DEFAULT_PEOPLE_FILE}{record}"

    @property
    def difference(self) -> str | None:
        """How the file differs from what counts, in one sentence."""
        if not self.differences or self.recorded is None:
            return None
        return (
            f"{self.file} differs from entry {self.recorded.entry.number} of the people recorded "
            f"in the bucket, which count: {'; '.join(self.differences)}."
        )

    def as_json(self) -> dict[str, Any]:
        entry = self.recorded.entry if self.recorded else None
        return {
            "origin": self.origin,
            "source": "bucket" if entry else "file" if self.file else None,
            "entry": entry and entry.number,
            "by": entry and entry.actor,
            "at": entry and entry.at,
            "file": self.file and str(self.file),
            "differences": list(self.differences),
        }


def people_in_force(bucket: Bucket) -> PeopleInForce:
    """As `find_people`; warns once a process where the file differs from the recorded people."""
    found = find_people(bucket)
    warn_of_difference(found)
    return found


def warn_of_difference(found: PeopleInForce) -> None:
    """Log how the file differs from the recorded people, once a process."""
    if (text := found.difference) and text not in _TOLD_DIFFERENCES:
        _TOLD_DIFFERENCES.add(text)
        logging.getLogger(__name__).warning("%s", text)


def find_people(bucket: Bucket) -> PeopleInForce:
    """The people that count for a bucket: those recorded in it, else those of the people file.

    Raises PeopleUntrusted if the recorded ones do not hold, or the file does not list whoever
    signed the newest entry as an engineer; ConfigError for an unreadable file.
    """
    path = find_people_file()
    return weigh_people(find_recorded_people(bucket), People.read(path) if path else None, path)


def weigh_people(
    recorded: RecordedPeople | None, file: People | None, path: Path | None
) -> PeopleInForce:
    """As `find_people`, of what was recorded and what the file at `path` says."""
    if recorded is None:
        return PeopleInForce(file, None, path)
    if file is None:
        return PeopleInForce(recorded.people, recorded, None)
    if not vouches_for(file, recorded):
        raise _unknown_recorder_error(recorded, path)
    differences = people_differences(recorded.people, file)
    return PeopleInForce(recorded.people, recorded, path, tuple(differences))


def vouches_for(file: People, recorded: RecordedPeople) -> bool:
    """Whether people list as an engineer who signed the newest entry."""
    with suppress(SignatureBad):
        signer = recorded.entry.find_signer(file.trusted_keys())
        return signer is not None and file.people[signer.name].role == "engineer"
    return False


def find_recorded_people(bucket: Bucket) -> RecordedPeople | None:
    """The newest people recorded in a bucket; None without any. Raises PeopleUntrusted.

    The bucket is asked once in `LOOK_SECONDS` at most.
    """
    return _LOOKS.setdefault(bucket, _PeopleLook(people_journal(bucket))).find()


def forget_recorded_people(bucket: Bucket) -> None:
    """Let the next look ask the bucket again."""
    _LOOKS.pop(bucket, None)


def people_journal(bucket: Bucket) -> Journal:
    """The entries that hold a bucket's people."""
    return Journal(bucket, PEOPLE_JOURNAL, prefix=PEOPLE_PREFIX)


class _PeopleLook:
    """The recorded people of one bucket, as this process last saw them."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._until = 0.0
        self._found: RecordedPeople | None = None

    def find(self) -> RecordedPeople | None:
        with self._lock:
            if time.monotonic() >= self._until:
                self._found = self._read()
                self._until = time.monotonic() + LOOK_SECONDS
            return self._found

    def _read(self) -> RecordedPeople | None:
        try:
            return fold_people(self._journal.read_on())
        except ChainBroken as error:
            raise PeopleUntrusted(error.what, where=error.where, remedy=error.remedy) from error


def fold_people(entries: Iterable[JournalEntry]) -> RecordedPeople | None:
    """The people of the newest entry; None without any.

    Raises PeopleUntrusted for an entry that no engineer signed who was listed before it, or that
    cannot be understood.
    """
    newest: RecordedPeople | None = None
    for entry in entries:
        people = _read_people(entry)
        signer = _require_engineer(entry, newest.people if newest else people)
        newest = RecordedPeople(entry.digest, people, entry, signer)
    return newest


def _read_people(entry: JournalEntry) -> People:
    try:
        if entry.kind != RECORDED:
            raise ValueError(f"its kind is {entry.kind!r}")
        return People.from_document(entry.body["people"], f"entry {entry.number}")
    except (ConfigError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise _rejected_entry_error(entry, f"cannot be understood ({error})") from error


def _require_engineer(entry: JournalEntry, judges: People) -> PublicKey:
    """The key of an engineer of `judges` that signed an entry. Raises PeopleUntrusted."""
    listed = "itself" if entry.number == 1 else f"entry {entry.number - 1}"
    try:
        signer = entry.find_signer(judges.trusted_keys())
    except SignatureBad as error:
        raise _rejected_entry_error(entry, f"is {error.what}, by {listed}") from error
    if signer is None:
        raise _rejected_entry_error(entry, "is not signed")
    if (role := judges.people[signer.name].role) != "engineer":
        raise _rejected_entry_error(
            entry, f"is signed by {signer.name}, who is {role} and no engineer in {listed}"
        )
    return signer


def _rejected_entry_error(entry: JournalEntry, why: str) -> PeopleUntrusted:
    return PeopleUntrusted(
        f"entry {entry.number} of the people recorded in this bucket {why}",
        where=f"{PEOPLE_PREFIX}{entry.number:010d}.json",
        remedy="Nothing is loaded or decided until somebody who may delete in this bucket moves "
        "this entry and all later ones away, as evidence.",
    )


def _unknown_recorder_error(recorded: RecordedPeople, path: Path | None) -> PeopleUntrusted:
    entry, key = recorded.entry, recorded.signer
    return PeopleUntrusted(
        f"entry {entry.number} of the people recorded in this bucket is signed by {key.name} with "
        f"{key.fingerprint}, which {path} does not list as an engineer's key",
        where=f"{PEOPLE_PREFIX}{entry.number:010d}.json",
        remedy="If your team recorded it, list this key in the file, or have an engineer whom both "
        "list run `assay people record`. If not, somebody planted it: have whoever may delete in "
        "this bucket move it away.",
    )
