"""Audits the journals and the recorded people of a bucket: chains, checkpoints, signatures."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime

from assay.bucket import checkpoints
from assay.bucket.bucket import Bucket
from assay.bucket.journal import JOURNAL_PREFIX, Journal, JournalEntry, is_entry_name, list_journals
from assay.bucket.signing import PublicKey
from assay.errors import (
    ChainBroken,
    KeyAbsent,
    PeopleUntrusted,
    ReferenceUnknown,
    SignatureBad,
    suggest_name,
)
from assay.registry.batch_ledger import fold_ledger, is_ledger
from assay.registry.history import ModelHistory, fold_journal
from assay.registry.recorded_people import (
    PEOPLE_JOURNAL,
    PEOPLE_PREFIX,
    find_people,
    fold_people,
    people_journal,
)
from assay.upkeep import pins, references
from assay.upkeep.problems import BucketProblem, ProblemKind
from assay.upkeep.references import ObjectReference
from assay.upkeep.repair import BucketRepair


class JournalAudit:
    """Journals of one bucket: their names, the number of entries, the problems."""

    def __init__(self, bucket: Bucket, mender: BucketRepair | None = None) -> None:
        self._bucket = bucket
        self._mender = mender
        self.names: list[str] = []
        self.entries = 0
        self.problems: list[BucketProblem] = []
        self._known_keys: list[PublicKey] | None = None  # None where signatures are not checked

    def examine_journals(self, reference: str | None) -> list[ObjectReference]:
        """Examine journals, and yield what they refer to: a whole bucket's, a model's (`income` and
        its ledgers), or a version's (`income@3`, only what that version refers to). Raises
        ReferenceUnknown.
        """
        self._known_keys = self._examine_people()
        model, _, version = (reference or "").partition("@")
        known = list_journals(self._bucket.store)
        if reference is None:
            apart = Journal(self._bucket, pins.PINS_JOURNAL).exists()
            self.names = [*known, *([pins.PINS_JOURNAL] if apart else [])]
        elif model not in known:
            raise self._unknown_model(model, known)
        else:
            ledgers = [name for name in known if name.startswith(f"{model}.") and not version]
            self.names = [model, *ledgers]
        return [one for name in self.names for one in self._examine_journal(name, version)]

    def has_key(self, key: str) -> bool:
        """Whether a key is an entry or a checkpoint of one of these journals."""
        if key.startswith(PEOPLE_PREFIX):
            return is_entry_name(key.removeprefix(PEOPLE_PREFIX))
        for prefix in (JOURNAL_PREFIX, checkpoints.CHECKPOINT_PREFIX):
            name, _, last = key.removeprefix(prefix).partition("/")
            if key.startswith(prefix) and name in {*self.names, PEOPLE_JOURNAL}:
                return is_entry_name(
                    last.replace(".jsonl", ".json") if prefix != JOURNAL_PREFIX else last
                )
        return False

    def _examine_journal(self, name: str, version: str) -> Iterator[ObjectReference]:
        journal = Journal(self._bucket, name)
        try:
            entries = journal.read_each_entry()
        except ChainBroken as error:
            self._add_problem("chain", f"{JOURNAL_PREFIX}{name}/", error.what)
            return
        self.entries += len(entries)
        self._check_clocks(journal, entries)
        self._check_signatures(journal, entries)
        self._check_checkpoints(name, entries)
        try:
            if name == pins.PINS_JOURNAL:
                entries = [pin.entry for pin in pins.fold_pins(entries).values()]
            elif is_ledger(name):
                fold_ledger(name, entries)
            else:
                history = fold_journal(self._bucket, name, entries)
                entries = _version_entries(history, version) if version else entries
        except ChainBroken as error:
            self._add_problem("chain", f"{JOURNAL_PREFIX}{name}/", error.what)
        except PeopleUntrusted:
            pass  # a problem of its own
        yield from references.journal_references(name, entries)

    def _examine_people(self) -> list[PublicKey] | None:
        """The keys of the people in force; None without any, or if they cannot be relied on."""
        journal = people_journal(self._bucket)
        try:
            entries = journal.read_each_entry()
        except ChainBroken as error:
            self._add_problem("chain", PEOPLE_PREFIX, error.what)
            return None
        self.entries += len(entries)
        self._check_clocks(journal, entries)
        self._check_checkpoints(PEOPLE_JOURNAL, entries)
        try:
            fold_people(entries)
            people = find_people(self._bucket).people
        except PeopleUntrusted as error:
            self._add_problem("signature", error.where or PEOPLE_PREFIX, error.what)
            return None
        return people.trusted_keys() if people else None

    def _check_clocks(self, journal: Journal, entries: list[JournalEntry]) -> None:
        for before, entry in clock_reversals(entries):
            what = f"entry {entry.number} says {entry.at}, entry {before.number} said {before.at}"
            self._add_problem(
                "clock", journal.entry_key(entry.number), f"a clock was wrong: {what}"
            )

    def _check_signatures(self, journal: Journal, entries: Iterable[JournalEntry]) -> None:
        for entry in entries if self._known_keys is not None else ():
            try:
                entry.find_signer(self._known_keys or ())
            except SignatureBad as error:
                self._add_problem("signature", journal.entry_key(entry.number), error.what)

    def _check_checkpoints(self, name: str, entries: list[JournalEntry]) -> None:
        for last in range(
            checkpoints.CHECKPOINT_INTERVAL, len(entries) + 1, checkpoints.CHECKPOINT_INTERVAL
        ):
            key, upto = (
                checkpoints.checkpoint_key(name, last),
                entries[last - checkpoints.CHECKPOINT_INTERVAL : last],
            )
            with suppress(KeyAbsent):
                if self._bucket.store.get(key) == checkpoints.encode_checkpoint(
                    [e.encode() for e in upto]
                ):
                    continue
                bad = BucketProblem(
                    "stale", key, "it differs from the entries, which are read instead"
                )
                self.problems.append(self._mender.move_aside(key, bad) if self._mender else bad)

    def _unknown_model(self, model: str, model_names: list[str]) -> ReferenceUnknown:
        return ReferenceUnknown(
            f"no model is called {model!r}",
            where=self._bucket.root,
            remedy=suggest_name(model, model_names, "`assay log` lists the models."),
        )

    def _add_problem(self, kind: ProblemKind, key: str, message: str) -> None:
        self.problems.append(BucketProblem(kind, key, message))


def _version_entries(history: ModelHistory, number_or_alias: str) -> list[JournalEntry]:
    """The entry that made a version."""
    number = history.number_of(number_or_alias)
    if number not in history.versions:
        there = ", ".join([*history.aliases, *map(str, history.versions)]) or "none yet"
        raise ReferenceUnknown(
            f"{history.model!r} has no version {number_or_alias!r}", remedy=f"There: {there}."
        )
    return [history.versions[number].entry]


def clock_reversals(
    entries: Iterable[JournalEntry],
) -> Iterator[tuple[JournalEntry, JournalEntry]]:
    """Neighbouring entries of which the later claims an earlier time: a clock was wrong."""
    for before, entry in itertools.pairwise(entries):
        # What another tool wrote may hold no time, or one without a zone: nothing to compare.
        with suppress(ValueError, TypeError):
            if datetime.fromisoformat(entry.at) < datetime.fromisoformat(before.at):
                yield before, entry
