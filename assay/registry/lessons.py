"""What was learnt of a model, by cause, and recalled when the same cause comes again.

Nobody has to write a lesson down for it to be there: stops, rejections, failures in shadow, alarms,
false alarms and rollbacks are lessons, folded from the entries that tell of them. People add
their own.

A cause is a key such as "gate:fairness:selection_rate[sex=Female]" or "drift:RELP". A shorter one
speaks of all that it begins: what was learnt of "gate:fairness" is recalled for either sex.
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

ALARM_VERDICT = "retrain"  # the verdict of a look that raises one


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one entry taught of one cause. `kind`: stopped, rejected, alarm, false_alarm,
    rolled_back, shadowed or lesson; `number`: of the entry that says so; `of`: of the one that it
    speaks of.
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
    """All lessons of a journal, the last first. An alarm that was none is told as such alone."""
    held = list(entries)
    found = [lesson for entry in held for lesson in _entry_lessons(entry, held)]
    false = {lesson.of for lesson in found if lesson.kind == FALSE_ALARM}
    return [one for one in reversed(found) if not (one.kind == "alarm" and one.of in false)]


def find_lessons(
    entries: Iterable[JournalEntry], causes: Iterable[str], *, question: Digest | None = None
) -> list[Lesson]:
    """What was learnt of these causes, the last first; but for what the answers to `question`
    itself taught, which are no news to it.
    """
    wanted = list(causes)
    before = [e for e in entries if question is None or e.body.get("question") != str(question)]
    return [
        one
        for one in collect_lessons(before)
        if any(cause_covers(one.cause, cause) for cause in wanted)
    ]


def entry_causes(entry: JournalEntry) -> list[str]:
    """What stood in the way by an entry that says so; of those that name no causes, the gates
    that said no.
    """
    if named := entry.body.get("causes"):
        return list(named)
    gates = entry.body.get("gates")
    failed = gates.items() if isinstance(gates, dict) else ()
    return [f"gate:{gate}" for gate, verdict in failed if verdict == "fail"]


def cause_covers(general: str, cause: str) -> bool:
    """Whether what is said of `general` is said of `cause`: the same, or the beginning of it."""
    rest = cause.removeprefix(general)
    return cause.startswith(general) and (not rest or rest[0] in ":[")


def describe_lessons(lessons: Sequence[Lesson]) -> list[str]:
    """One line a cause and kind, the last first: what it came to last, and how often before."""
    order = list(dict.fromkeys((one.cause, one.kind) for one in lessons))
    by_kind = sorted(lessons, key=lambda one: order.index((one.cause, one.kind)))
    lines = []
    for (cause, kind), group in groupby(by_kind, key=lambda one: (one.cause, one.kind)):
        last, *earlier = group
        often = f", and {len(earlier)} times before" if len(earlier) > 1 else ", and once before"
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


# Of looks and rollbacks that name no cause.
_NO_CAUSE = {"alarm": "monitoring", FALSE_ALARM: "monitoring", ROLLED_BACK: "rollback"}


def _entry_lessons(entry: JournalEntry, held: Sequence[JournalEntry]) -> Iterator[Lesson]:
    """What an entry teaches, if anything."""
    body = entry.body
    if entry.kind in {STOPPED, REJECTED}:
        yield from _lesson_per_cause(entry, entry.kind, entry)
    elif entry.kind == MONITORED and body["verdict"] == ALARM_VERDICT:
        yield from _lesson_per_cause(entry, "alarm", entry)
    elif entry.kind == SHADOWED and body["verdict"] == "fail":
        yield from _lesson_per_cause(entry, SHADOWED, entry)
    elif entry.kind == FALSE_ALARM:
        alarm = _find_entry(held, body["entry"])
        yield from _lesson_per_cause(entry, FALSE_ALARM, alarm, body["because"])
    elif entry.kind == ROLLED_BACK:
        alarm = _last_alarm(held, entry)
        yield from _lesson_per_cause(entry, ROLLED_BACK, alarm, body["because"])
    elif entry.kind == LESSON:
        yield _make_lesson(entry, LESSON, body["cause"], body["text"], about=body.get("about"))


def _lesson_per_cause(
    entry: JournalEntry, kind: str, of: JournalEntry | None, text: str | None = None
) -> Iterator[Lesson]:
    """One lesson for each cause of the entry that it is about; its own reasons are the text, if
    nobody said more.
    """
    number = of.number if of else entry.number
    reasons = (of.body.get("reasons") or []) if of else []
    causes = (entry_causes(of) if of else []) or [_NO_CAUSE.get(kind, kind)]
    for cause, reason in zip_longest(causes, reasons):
        if cause:
            yield _make_lesson(
                entry, kind, cause, text or reason or "no reason was kept", of=number
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


def _find_entry(held: Sequence[JournalEntry], number: int) -> JournalEntry | None:
    return next((entry for entry in held if entry.number == number), None)


def _last_alarm(held: Sequence[JournalEntry], back: JournalEntry) -> JournalEntry | None:
    """The last alarm about the version that was rolled back, before it was."""
    looks = (e for e in reversed(held) if e.kind == MONITORED and e.number < back.number)
    mine = (e for e in looks if e.body["version"] == back.body["previous"])
    return next((e for e in mine if e.body["verdict"] == ALARM_VERDICT), None)
