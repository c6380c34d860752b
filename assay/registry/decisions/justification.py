"""What all decisions share: their author and reason, the version, and the journal entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal, JournalEntry
from assay.errors import ConfigError, Ineligible, ReferenceUnknown
from assay.registry import authority
from assay.registry.history import ModelHistory, Version, fold_journal
from assay.registry.registry import Registry
from assay.util import clock

EntryBody = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Justification:
    """The reason for a decision, and the moment that it is about.

    `name` is given without proof, as on the dashboard; None means the present user.
    """

    because: str
    as_of: datetime
    name: str | None = None

    def __post_init__(self) -> None:
        if not self.because.strip():
            raise ConfigError("no reason was given", remedy="Give one with --because TEXT.")
        if self.because.encode(errors="replace").decode() != self.because:
            raise ConfigError("the reason is not UTF-8 text", remedy="Write it again.")

    def authorize(self, bucket: Bucket, act: authority.Action) -> authority.Actor:
        """The decider, if they have the permission. Raises NotAllowed."""
        return (
            authority.authorize_user(bucket, act)
            if self.name is None
            else authority.authorize_name(bucket, self.name, act)
        )

    def body(self) -> EntryBody:
        """The fields of an entry that hold it."""
        via = {} if self.name is None else {"via": "dashboard"}
        return {
            "because": self.because.strip(),
            "as_of": clock.format_timestamp(self.as_of),
            **via,
        }


def append_decision(
    bucket: Bucket,
    model: str,
    decide: Callable[[ModelHistory], tuple[str, EntryBody] | None],
    who: authority.Actor,
) -> JournalEntry | None:
    journal = Journal(bucket, model)
    return journal.append(
        lambda entries: decide(fold_journal(bucket, model, entries)), actor=who.name
    )


def find_version(registry: Registry, reference: str) -> tuple[ModelHistory, Version]:
    """The version of a reference with a number or an alias. Raises ReferenceUnknown."""
    history, version = registry.resolve_reference(reference)
    if "@" not in reference:
        raise ReferenceUnknown(
            f"{reference!r} names no version",
            remedy=f"Write {history.model}@{max(history.versions)}, the newest, or another.",
        )
    return history, version


def overtaken_error(history: ModelHistory, alias: str) -> Ineligible:
    entry = history.alias_entries.get(alias)
    what = (
        f"{history.model}@{history.aliases[alias]} became {alias} meanwhile: {entry.actor} "
        f"decided so (entry {entry.number})"
        if entry
        else f"{history.model} has no {alias} any more"
    )
    return Ineligible(what, remedy=f"See `assay log {history.model}`, then decide again.")
