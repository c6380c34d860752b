"""The history of a model, read from its journal: its versions, and where each alias points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import JournalEntry, malformed_entry_error
from assay.gates.catalog import NONDETERMINISTIC_GATES, sort_by_gate
from assay.registry import authority
from assay.util import clock

CHAMPION, CHALLENGER = "champion", "challenger"
REGISTERED, REJECTED, STOPPED, PROMOTED = "registered", "rejected", "stopped", "promoted"
APPROVED, WAIVED, ROLLED_BACK, RETIRED = "approved", "waived", "rolled_back", "retired"
MONITORED, FALSE_ALARM, LESSON = "monitored", "false_alarm", "lesson"
DESCRIBED = "described"  # a version got another model card
RETRAINING, RETRAINED, ASKED, SHADOWED = "retraining", "retrained", "asked", "shadowed"


@dataclass(frozen=True)
class Version:
    """One version of a model. `status` is registered or rejected."""

    model: str
    number: int
    status: str
    entry: JournalEntry

    @property
    def name(self) -> str:
        return f"{self.model}@{self.number}"

    def artifact(self, name: str) -> Artifact:
        """A part of the version: model, signature, card, run, ..."""
        return Artifact.model_validate(self.entry.body[name])

    @property
    def reports(self) -> dict[str, Artifact]:
        """The gates' reports, in reading order."""
        reports = sort_by_gate(self.entry.body["reports"])
        return {gate: Artifact.model_validate(report) for gate, report in reports.items()}

    @property
    def digest(self) -> Digest:
        return self.artifact("model").digest


@dataclass(frozen=True)
class ModelHistory:
    """The content of one journal: versions by number, and where each alias points."""

    bucket: Bucket
    model: str
    entries: list[JournalEntry]
    versions: dict[int, Version] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    alias_entries: dict[str, JournalEntry] = field(default_factory=dict)
    """By alias, the entry that moved it last: promoted or rolled_back."""
    promotion_trails: dict[str, list[JournalEntry]] = field(default_factory=dict)
    """By alias, the promotions up to where it points, or last pointed. A rollback removes those
    after its target."""
    retirements: dict[int, JournalEntry] = field(default_factory=dict)

    @property
    def champion(self) -> Version | None:
        number = self.aliases.get(CHAMPION)
        return self.versions[number] if number else None

    def champion_to_beat(self, question: Digest) -> Version | None:
        """The champion that candidates of `question` (a run's key) are compared with.

        If this same question produced the champion, that is the champion it was compared with
        then, so that a repeated run changes nothing.
        """
        champion = self.champion
        if champion is None or champion.entry.body["question"] != str(question):
            return champion
        against = champion.entry.body["against"]
        return self.versions[against] if against else None

    def challenger_number(self, champion: Version, question: Digest) -> int:
        """The how many-eth question it is whose answers are compared with a champion.

        Each may promote by chance, so each spends of an error budget. A question that is asked
        again keeps its number.
        """
        earlier: set[str] = set()
        for version in self.versions.values():
            body = version.entry.body
            if body["against"] != champion.number:
                continue
            if body["question"] == str(question):
                break
            earlier.add(body["question"])
        return len(earlier) + 1

    def number_of(self, number_or_alias: str) -> int | None:
        """The number that a reference's second part gives; None for an alias that is not set."""
        if not number_or_alias.isdecimal():
            return self.aliases.get(number_or_alias)
        # No version has more digits, and int() refuses a text of thousands.
        return int(number_or_alias) if len(number_or_alias) < 10 else None

    def find_identical(self, status: str, body: Mapping[str, Any]) -> Version | None:
        """The version with the same question, model bytes and reports, if its entry counts."""
        same = (
            version
            for version in self.versions.values()
            if version.status == status
            and _version_identity(version.entry.body) == _version_identity(body)
            and authority.has_effect(self.bucket, version.entry, "run")
        )
        return next(same, None)

    def previous_versions(self, alias: str) -> list[int]:
        """The versions that an alias pointed to before, newest first.

        Versions that were rolled back are not among them.
        """
        return [
            entry.body["version"] for entry in reversed(self.promotion_trails.get(alias, [])[:-1])
        ]

    def current_promotion(self, alias: str) -> JournalEntry | None:
        """The promotion that the alias rests on, also after a rollback to it."""
        return self.promotion_trails[alias][-1] if alias in self.aliases else None

    def find_waiver(self, promotion: JournalEntry) -> JournalEntry | None:
        """The waiver that a promotion rests on, if it needed one."""
        number = promotion.body.get("waiver")
        return self.entries[number - 1] if number else None

    def retraining_entry(self, version: Version) -> JournalEntry | None:
        """The entry that began the retraining which made a version, if one did."""
        number = version.entry.body.get("retraining")
        return self.entries[number - 1] if number else None

    def last_shadow_comparison(
        self, version: Version, against: Version | None = None
    ) -> JournalEntry | None:
        """The last shadow comparison of a version, with `against` if that is given; else None."""
        comparisons = (e for e in reversed(self.entries) if e.kind == SHADOWED)
        of_version = (e for e in comparisons if e.body["version"] == version.number)
        return next(
            (e for e in of_version if against in (None, self.versions[e.body["against"]])), None
        )

    def describe_retirement(self, version: Version) -> str:
        """Who retired a version and why, in words."""
        entry = self.retirements[version.number]
        return (
            f"{version.name} was retired by {entry.actor} (entry {entry.number}): "
            f"{entry.body['because']}"
        )

    @property
    def served_versions(self) -> set[int]:
        """The versions that are or were champion."""
        points = (e for e in self.entries if e.kind == PROMOTED and e.body["alias"] == CHAMPION)
        return {entry.body["version"] for entry in points}

    @property
    def pending_challenger(self) -> JournalEntry | None:
        """The entry that made the present challenger, while a decision about it is pending.

        Since then it was never champion, and nobody withdrew or declined it.
        """
        number = self.aliases.get(CHALLENGER)
        if number in {None, self.aliases.get(CHAMPION)} or self.was_withdrawn(number):
            return None
        entry = self.alias_entries[CHALLENGER]
        if self.last_refusal(number, after=entry):
            return None
        champions = (
            e.body["version"]
            for e in self.entries[entry.number :]
            if e.body.get("alias") == CHAMPION
        )
        return None if number in champions else entry

    def last_refusal(self, number: int, after: JournalEntry | None = None) -> JournalEntry | None:
        """The last entry by which a person refused to promote a version, since its own entry or
        since `after`.
        """
        later = self.entries[(after or self.versions[number].entry).number :]
        cause = f"promotion:{self.model}@{number}"
        lessons = (e for e in reversed(later) if e.kind == LESSON and e.body["cause"] == cause)
        return next((e for e in lessons if authority.has_effect(self.bucket, e, "lesson")), None)

    def was_withdrawn(self, number: int) -> bool:
        """Whether a person retired a version or rolled it back. Only a person brings it back."""
        rollbacks = (e for e in self.entries if e.kind == ROLLED_BACK)
        of_version = (e for e in rollbacks if e.body["previous"] == number)
        return number in self.retirements or any(
            authority.has_effect(self.bucket, entry, "rollback") for entry in of_version
        )


def fold_journal(bucket: Bucket, model: str, entries: Iterable[JournalEntry]) -> ModelHistory:
    """The history that a journal's entries give. Unknown kinds of entries change nothing.

    Where signatures are required, nor does a retirement by nobody who may retire. Versions and
    promotions stand as written; whoever loads or promotes one asks who signed it.

    Raises ChainBroken for an entry without its kind's fields, which Assay never writes.
    """
    history = ModelHistory(bucket, model, list(entries))
    for entry in history.entries:
        try:
            _FOLD_BY_KIND.get(entry.kind, _fold_nothing)(history, entry)
        except (KeyError, ValueError, TypeError) as error:
            raise malformed_entry_error(model, entry, error) from error
    return history


def _fold_nothing(_history: ModelHistory, _entry: JournalEntry) -> None:
    pass


def _fold_version(history: ModelHistory, entry: JournalEntry) -> None:
    number = entry.body["version"]
    if type(number) is not int:
        raise TypeError(f"{number!r} is no number of a version")
    history.versions[number] = Version(history.model, number, entry.kind, entry)


def _fold_promotion(history: ModelHistory, entry: JournalEntry) -> None:
    alias, version = entry.body["alias"], entry.body["version"]
    waiver = entry.body.get("waiver")
    if waiver is not None and not 0 < waiver < entry.number:
        raise ValueError(f"there is no entry {waiver} before it, which is to be its waiver")
    trail = history.promotion_trails.setdefault(alias, [])
    if trail and trail[-1].body["version"] == version:
        trail.pop()  # a renewal, such as under another waiver, is no step to roll back
    trail.append(entry)
    _point_alias(history, entry)


def _fold_rollback(history: ModelHistory, entry: JournalEntry) -> None:
    """Go back to the last promotion of that version before the present one."""
    alias, version = entry.body["alias"], entry.body["version"]
    steps = history.previous_versions(alias).index(version) + 1
    del history.promotion_trails[alias][-steps:]
    _point_alias(history, entry)


def _fold_retirement(history: ModelHistory, entry: JournalEntry) -> None:
    number = entry.body["version"]
    if not authority.has_effect(history.bucket, entry, "retire"):
        return
    history.retirements[number] = entry
    for alias in [alias for alias, at in history.aliases.items() if at == number]:
        del history.aliases[alias], history.alias_entries[alias]


def _point_alias(history: ModelHistory, entry: JournalEntry) -> None:
    if entry.body["version"] not in history.versions:
        raise ValueError(f"there is no version {entry.body['version']}")
    history.aliases[entry.body["alias"]] = entry.body["version"]
    history.alias_entries[entry.body["alias"]] = entry


_FOLD_BY_KIND = {
    REGISTERED: _fold_version,
    REJECTED: _fold_version,
    PROMOTED: _fold_promotion,
    ROLLED_BACK: _fold_rollback,
    RETIRED: _fold_retirement,
}


def _version_identity(body: Mapping[str, Any]) -> tuple[Any, ...]:
    reports = {
        gate: report
        for gate, report in body["reports"].items()
        if gate not in NONDETERMINISTIC_GATES
    }
    return body["question"], body["model"], reports


def false_alarms(bucket: Bucket, entries: Iterable[JournalEntry]) -> set[int]:
    """The numbers of the looks' entries that somebody who may do so marked as false alarms."""
    marks = (entry for entry in entries if entry.kind == FALSE_ALARM)
    return {
        mark.body["entry"] for mark in marks if authority.has_effect(bucket, mark, "false alarm")
    }


def is_waiver_in_force(waiver: JournalEntry, as_of: datetime) -> bool:
    """Whether a waiver is valid at a moment: signed, and not expired."""
    return waiver.signature is not None and as_of < clock.parse_timestamp(waiver.body["expires"])
