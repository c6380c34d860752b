"""What a bucket knows of one use case: its question, its champion, what was decided and learnt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry, entry_timestamp
from assay.errors import IntegrityError
from assay.registry.authority import describe_author
from assay.registry.history import (
    APPROVED,
    CHAMPION,
    LESSON,
    MONITORED,
    PROMOTED,
    RETIRED,
    ROLLED_BACK,
    STOPPED,
    WAIVED,
    ModelHistory,
    Version,
)
from assay.registry.lessons import collect_lessons, describe_lessons
from assay.registry.registry import Registry
from assay.render.journal_text import JournalEvent, journal_events
from assay.runs.lineage import ingested_table

_DECISIONS = frozenset({PROMOTED, APPROVED, ROLLED_BACK, RETIRED, WAIVED})
_REFUSAL = "promotion:"  # what the cause of a lesson begins with that refuses a promotion


@dataclass(frozen=True)
class TableUse:
    """A run that read a table: when, what came of it, and why it stopped if it did.

    `result` is "income@2 registered", or the gate that stopped the run. `gathered`: a retraining
    made the table from several.
    """

    use_case: str
    table: Artifact
    at: datetime
    result: str
    reasons: tuple[str, ...]
    too_weak: bool
    gathered: bool
    version: str = ""


@dataclass(frozen=True)
class UseCaseFacts:
    """One use case. `asked` is the configuration of its newest run; empty if its record is lost."""

    name: str
    history: ModelHistory
    asked: Mapping[str, Any]
    uses: tuple[TableUse, ...]
    events: tuple[JournalEvent, ...]
    decisions: tuple[JournalEvent, ...]
    lessons: tuple[str, ...]

    @property
    def question(self) -> str:
        return str(self.asked.get("question", ""))

    @property
    def shown_version(self) -> Version | None:
        """The champion, else the newest version."""
        newest = next(reversed(self.history.versions.values()), None)
        return self.history.champion or newest

    @property
    def champion_choice(self) -> JournalEvent | None:
        """Who made the present champion, when and why."""
        entry = self.history.alias_entries.get(CHAMPION)
        return self._event(entry) if entry else None

    @property
    def looks(self) -> list[JournalEntry]:
        return [entry for entry in self.history.entries if entry.kind == MONITORED]

    def _event(self, entry: JournalEntry) -> JournalEvent:
        actor = partial(describe_author, self.history.bucket)
        (event,) = journal_events(self.name, [entry], actor_of=actor, every_entry=True)
        return event


def read_use_case(bucket: Bucket, name: str) -> UseCaseFacts:
    """The facts of a use case. Raises ChainBroken; lost records leave gaps."""
    history = Registry(bucket).history(name)
    entries, actor = history.entries, partial(describe_author, bucket)
    decided = [entry for entry in entries if entry.kind in _DECISIONS or _is_refusal(entry)]
    return UseCaseFacts(
        name=name,
        history=history,
        asked=_newest_configuration(bucket, entries),
        uses=tuple(_find_uses(bucket, name, entries)),
        events=tuple(journal_events(name, entries, actor_of=actor, every_entry=False)),
        decisions=tuple(journal_events(name, decided, actor_of=actor, every_entry=True)),
        lessons=tuple(describe_lessons(collect_lessons(entries))),
    )


def _is_refusal(entry: JournalEntry) -> bool:
    return entry.kind == LESSON and str(entry.body["cause"]).startswith(_REFUSAL)


def _newest_configuration(bucket: Bucket, entries: list[JournalEntry]) -> Mapping[str, Any]:
    for entry in reversed(entries):
        if "run" in entry.body:
            try:
                record = bucket.get_json(Artifact.model_validate(entry.body["run"]))
            except IntegrityError:
                continue
            found: Mapping[str, Any] = record["configuration"]
            return found
    return {}


def _find_uses(bucket: Bucket, name: str, entries: list[JournalEntry]) -> Iterator[TableUse]:
    for entry in entries:
        body = entry.body
        if "run" not in body:
            continue
        try:
            table = ingested_table(bucket, Artifact.model_validate(body["run"]))
        except IntegrityError:
            continue
        if table is None:
            continue
        stopped, gate = entry.kind == STOPPED, body.get("gate", "")
        number = body.get("version")
        version = f"{name}@{number}" if number else ""
        yield TableUse(
            use_case=name,
            table=table,
            at=entry_timestamp(entry),
            result=f"stopped at {gate}" if stopped else f"{version} {entry.kind}",
            reasons=tuple(body.get("reasons") or ()) if stopped else (),
            too_weak=stopped and gate == "feasibility",
            gathered="retraining" in body,
            version=version,
        )
