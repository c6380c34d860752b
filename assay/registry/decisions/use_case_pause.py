"""Pauses of a use case: nothing of it begins by itself until it is resumed, or the pause ends.

The journal holds them, so a pause outlives the server, its database and an upgrade. Whatever starts
flows by itself follows the journal: see `assay.deployments.pauses`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from assay.bucket.bucket import Bucket
from assay.bucket.journal import (
    Journal,
    JournalEntry,
    entry_timestamp,
    list_journals,
    malformed_entry_error,
)
from assay.errors import ConfigError, IntegrityError, ReferenceUnknown, nearest_name
from assay.registry import authority
from assay.registry.batch_ledger import is_ledger
from assay.registry.decisions.justification import EntryBody, Justification, append_decision
from assay.registry.history import ModelHistory
from assay.util import clock

PAUSED, RESUMED = "paused", "resumed"  # kinds of entries
NO_REASON: Final = "no reason was given"


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause in force: since when, by whom, why, and when it ends by itself (None: never)."""

    use_case: str
    since: datetime
    by: str
    because: str
    until: datetime | None
    entry: int

    def describe(self) -> str:
        """In words: "paused by ada since 2026-03-01 12:00, until 2026-03-04 06:00: a reason"."""
        end = f", until {clock.display_timestamp(self.until)}" if self.until else ""
        since = clock.display_timestamp(self.since)
        return f"paused by {self.by} since {since}{end}: {self.because}"


def find_pause(
    bucket: Bucket, use_case: str, entries: Iterable[JournalEntry], as_of: datetime
) -> Pause | None:
    """The pause of a use case that is in force at a moment, by the entries of its journal.

    Where signatures are required, only entries of people who may pause count. Raises ChainBroken
    for a pause whose moments are none.
    """
    decisions = [
        e
        for e in entries
        if e.kind in {PAUSED, RESUMED} and authority.has_effect(bucket, e, "pause")
    ]
    if not decisions or decisions[-1].kind == RESUMED:
        return None
    last = decisions[-1]
    ends = last.body.get("until")
    try:
        until = clock.parse_timestamp(ends) if ends else None
        since = entry_timestamp(last)
    except (ConfigError, AttributeError) as error:
        raise malformed_entry_error(use_case, last, error) from error
    if until is not None and until <= as_of:
        return None
    because = str(last.body.get("because", NO_REASON))
    return Pause(use_case, since, last.actor, because, until, last.number)


@dataclass(frozen=True, slots=True)
class Pauses:
    """The pauses in force, by use case; and the use cases of which nobody can tell, because their
    journals cannot be read: what is paused of them stays so.
    """

    in_force: Mapping[str, Pause] = field(default_factory=dict)
    unknown: Collection[str] = ()


def read_pauses(bucket: Bucket, use_cases: Iterable[str], as_of: datetime) -> Pauses:
    """The pauses of these use cases in a bucket. Raises StoreError."""
    known = set(list_journals(bucket.store))
    found, unknown = {}, []
    for name in known.intersection(use_cases):
        try:
            pause = find_pause(bucket, name, Journal(bucket, name).entries(), as_of)
        except IntegrityError:
            unknown.append(name)
            continue
        if pause is not None:
            found[name] = pause
    return Pauses(found, unknown)


def pause_use_case(
    bucket: Bucket, use_case: str, justification: Justification, until: datetime | None = None
) -> JournalEntry | None:
    """Record a pause. None if the same one is in force.

    Another reason or another end replaces the pause that is in force. Raises NotAllowed,
    ConfigError for an end that is not after the moment of the decision.
    """
    who = justification.authorize(bucket, "pause")
    if until is not None and until <= justification.as_of:
        raise ConfigError(
            f"the pause would have ended at {clock.display_timestamp(until)}, before it begins",
            where="--until",
            remedy="Name a moment that is still to come, in UTC: 2026-03-31, or 2026-03-31T06:00.",
        )
    ends = {} if until is None else {"until": clock.format_timestamp(until)}

    def decide(history: ModelHistory) -> tuple[str, EntryBody] | None:
        found = find_pause(bucket, use_case, history.entries, justification.as_of)
        same = found and (found.because, found.until) == (justification.because.strip(), until)
        return None if same else (PAUSED, {**justification.body(), **ends})

    return append_decision(bucket, use_case, decide, who)


def resume_use_case(
    bucket: Bucket, use_case: str, justification: Justification
) -> JournalEntry | None:
    """Record that a use case goes on. None if it is not paused. Raises NotAllowed."""
    who = justification.authorize(bucket, "pause")

    def decide(history: ModelHistory) -> tuple[str, EntryBody] | None:
        found = find_pause(bucket, use_case, history.entries, justification.as_of)
        return (RESUMED, justification.body()) if found else None

    return append_decision(bucket, use_case, decide, who)


def require_use_case(bucket: Bucket, name: str, configured: Sequence[str]) -> None:
    """Raise ReferenceUnknown for a name that is neither a model of the bucket nor one of the
    `configured` use cases: a slip of the pen must not begin a journal.
    """
    models = [journal for journal in list_journals(bucket.store) if not is_ledger(journal)]
    known = sorted({*models, *configured})
    if name in known:
        return
    near = nearest_name(name, known)
    listed = f"Use cases here: {', '.join(known) or 'none yet'}."
    raise ReferenceUnknown(
        f"no use case is called {name!r}",
        where=bucket.root,
        remedy=f"Did you mean {near!r}?" if near else listed,
    )
