"""Lessons about a model by cause, recalled when the same cause comes again.

Stops, rejections, failures in shadow, alarms, false alarms and rollbacks are lessons by themselves,
read from their journal entries. People add their own.

A cause is a key such as "gate:fairness:selection_rate[sex=Female]" or "drift:RELP". A shorter key
covers every key that begins with it: a lesson of "gate:fairness" is recalled for either sex.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Any

from assay.bucket.digest import Digest
from assay.bucket.journal import JournalEntry, entry_timestamp
from assay.registry.history import (
    FALSE_ALARM,
    LESSON,
    MONITORED,
    REJECTED,
    ROLLED_BACK,
    SHADOWED,
    STOPPED,
)
from assay.util import clock

ALARM_VERDICT = "retrain"  # the verdict of a look that raises an alarm


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one entry teaches about one cause.

    `kind`: stopped, rejected, alarm, false_alarm, rolled_back, shadowed or lesson. `number` is that
    of the entry itself, `of` that of the entry it is about.
    """

    cause: str
    kind: str
    text: str
    as_of: str
    actor: str
    number: int
    of: int
    about: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def collect_lessons(entries: Iterable[JournalEntry]) -> list[Lesson]:
    """All lessons of a journal, newest first. A false alarm appears only as a false alarm."""
    known = list(entries)
    found = [lesson for entry in known for lesson in _entry_lessons(entry, known)]
    false = {lesson.of for lesson in found if lesson.kind == FALSE_ALARM}
    return [one for one in reversed(found) if not (one.kind == "alarm" and one.of in false)]


def find_lessons(
    entries: Iterable[JournalEntry], causes: Iterable[str], *, question: Digest | None = None
) -> list[Lesson]:
    """The lessons about these causes, newest first, without those of runs of `question` itself."""
    wanted = list(causes)
    others = [e for e in entries if question is None or e.body.get("question") != str(question)]
    return [
        one
        for one in collect_lessons(others)
        if any(cause_covers(one.cause, cause) for cause in wanted)
    ]


def entry_causes(entry: JournalEntry) -> list[str]:
    """The causes that an entry names; of older entries that name none, the failed gates."""
    if named := entry.body.get("causes"):
        return list(named)
    gates = entry.body.get("gates")
    failed = gates.items() if isinstance(gates, dict) else ()
    return [f"gate:{gate}" for gate, verdict in failed if verdict == "fail"]


def cause_covers(general: str, cause: str) -> bool:
    """Whether `general` covers `cause`: it is the same key, or a beginning of it."""
    rest = cause.removeprefix(general)
    return cause.startswith(general) and (not rest or rest[0] in ":[")


def describe_lessons(lessons: Sequence[Lesson]) -> list[str]:
    """One line for each cause and kind, newest first: the last lesson, and how often before."""
    order = list(dict.fromkeys((one.cause, one.kind) for one in lessons))
    by_kind = sorted(lessons, key=lambda one: order.index((one.cause, one.kind)))
    lines = []
    for (cause, kind), group in groupby(by_kind, key=lambda one: (one.cause, one.kind)):
        last, *earlier = group
        often = f", {len(earlier)} times before" if len(earlier) > 1 else ", once before"
        lines.append(
            f"{cause}: seen {last.as_of[:10]} (entry {last.number}): {_KIND_NAMES[kind]}"
            f"{often if earlier else ''}: {last.text}"
        )
    return lines


_KIND_NAMES = {
    STOPPED: "stopped",
    REJECTED: "rejected",
    "alarm": "an alarm",
    FALSE_ALARM: "a false alarm",
    ROLLED_BACK: "rolled back",
    SHADOWED: "failed in shadow",
    LESSON: "learnt",
}


# For looks and rollbacks that name no cause.
_NO_CAUSE = {"alarm": "monitoring", FALSE_ALARM: "monitoring", ROLLED_BACK: "rollback"}


def _entry_lessons(entry: JournalEntry, entries: Sequence[JournalEntry]) -> Iterator[Lesson]:
    """The lessons of one entry, if it has any."""
    body = entry.body
    if entry.kind in {STOPPED, REJECTED}:
        yield from _lesson_per_cause(entry, entry.kind, entry)
    elif entry.kind == MONITORED and body["verdict"] == ALARM_VERDICT:
        yield from _lesson_per_cause(entry, "alarm", entry)
    elif entry.kind == SHADOWED and body["verdict"] == "fail":
        yield from _lesson_per_cause(entry, SHADOWED, entry)
    elif entry.kind == FALSE_ALARM:
        alarm = _find_entry(entries, body["entry"])
        yield from _lesson_per_cause(entry, FALSE_ALARM, alarm, body["because"])
    elif entry.kind == ROLLED_BACK:
        alarm = _last_alarm(entries, entry)
        yield from _lesson_per_cause(entry, ROLLED_BACK, alarm, body["because"])
    elif entry.kind == LESSON:
        yield _make_lesson(entry, LESSON, body["cause"], body["text"], about=body.get("about"))


def _lesson_per_cause(
    entry: JournalEntry, kind: str, of: JournalEntry | None, text: str | None = None
) -> Iterator[Lesson]:
    """One lesson for each cause of the entry `of`. Without `text`, that entry's reasons are it."""
    number = of.number if of else entry.number
    reasons = (of.body.get("reasons") or []) if of else []
    causes = (entry_causes(of) if of else []) or [_NO_CAUSE.get(kind, kind)]
    for cause, reason in zip_longest(causes, reasons):
        if cause:
            yield _make_lesson(
                entry, kind, cause, text or reason or "no reason was recorded", of=number
            )


def _make_lesson(
    entry: JournalEntry,
    kind: str,
    cause: str,
    text: str,
    *,
    of: int = 0,
    about: str | None = None,
) -> Lesson:
    return Lesson(
        cause=cause,
        kind=kind,
        text=text,
        as_of=clock.format_timestamp(entry_timestamp(entry)),
        actor=entry.actor,
        number=entry.number,
        of=of or entry.number,
        about=about,
    )


def _find_entry(entries: Sequence[JournalEntry], number: int) -> JournalEntry | None:
    return next((entry for entry in entries if entry.number == number), None)


def _last_alarm(entries: Sequence[JournalEntry], rollback: JournalEntry) -> JournalEntry | None:
    """The last alarm before a rollback, about the version that it withdrew."""
    looks = (e for e in reversed(entries) if e.kind == MONITORED and e.number < rollback.number)
    of_version = (e for e in looks if e.body["version"] == rollback.body["previous"])
    return next((e for e in of_version if e.body["verdict"] == ALARM_VERDICT), None)
