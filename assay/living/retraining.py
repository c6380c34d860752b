"""When a model is trained anew: for evidence, not too often, and not for ever without success.

A retraining is begun by an entry in the model's journal, so that of two events that ask for the
same one begins, and ended by another, after all that came of it: one without was killed, or an
error ended it. Moments are those that the entries are about (`as_of`), not those of the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from assay import moments
from assay.bucket import Bucket
from assay.config.living import Retrain
from assay.digest import Digest
from assay.journal import JournalEntry
from assay.living.looks import Past, looks_at
from assay.registry import Registry
from assay.versions import (
    ASKED,
    CHAMPION,
    FALSE_ALARM,
    MONITORED,
    PROMOTED,
    RETRAINED,
    RETRAINING,
)

RETRAIN: Final = "retrain"
FAILED: Final = "failed"  # what a retraining came to whose rows could not be learnt from
_BUDGET_OF: Final = timedelta(days=30)

# Who wants it: a look that saw harm, the clock of a schedule, or a person.
Wanted = Literal["monitor", "schedule", "person"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What asks for a retraining. `evidence`: the digest of a monitoring report, or None. `upto`:
    the length of the ledger, which says what may be learnt from.
    """

    by: Wanted
    because: str
    as_of: datetime
    upto: int
    evidence: Digest | None = None


class Begun(BaseModel):
    """A retraining that may go on: the entry that began it, which one it is in a row, what it may
    learn from, and since when (an entry of the ledger) there is harm.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int
    attempt: int
    upto: int
    since: int | None
    as_of: datetime

    @classmethod
    def of(cls, entry: JournalEntry) -> Begun:
        return cls.model_validate({**entry.body, "number": entry.number})


@dataclass(frozen=True, slots=True)
class Declined:
    """Why a retraining does not begin. `asks`: a person is needed now."""

    why: str
    asks: bool = False


def begin(
    bucket: Bucket, model: str, asked: Asked, ask: Retrain, waits: str | None = None
) -> Begun | Declined:
    """Begin a retraining in the journal, or go on with one that was killed, or say why not.

    A person may always have one. `waits`: what it has to wait for where no person asks. Where
    `attempts` in a row brought no champion, the journal notes once that a person is asked, with
    the evidence. Raises ChainBroken.
    """
    journal = bucket.journal(model)
    known: Begun | Declined | None = None

    def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
        nonlocal known
        known = _unfinished(entries, asked, ask) or declined(entries, asked, ask, waits)
        if known is None:
            return RETRAINING, _body(entries, asked, ask)
        if isinstance(known, Declined) and known.asks and not _is_asked(entries):
            return ASKED, {**_because(asked), "because": known.why}
        return None

    entry = journal.append(decide)
    if known is not None:
        return known
    assert entry is not None, "what is not declined is begun"
    return Begun.of(entry)


def end(
    bucket: Bucket,
    model: str,
    begun: Begun,
    outcome: str,
    *,
    version: int | None = None,
    because: str | None = None,
) -> JournalEntry | None:
    """Write down, last of all, what a retraining came to: registered, rejected, stopped (`version`:
    the one that was chosen), or failed. None if that is known. Raises ChainBroken.
    """
    told = {"version": version, "because": because}
    body = {
        "retraining": begun.number,
        "outcome": outcome,
        **{name: value for name, value in told.items() if value is not None},
        "as_of": moments.written(begun.as_of),
    }

    def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
        return None if begun.number in _ended(entries) else (RETRAINED, body)

    return bucket.journal(model).append(decide)


def _ended(entries: Sequence[JournalEntry]) -> dict[int, str]:
    """What retrainings came to, by the entries that began them."""
    found: dict[int, str] = {}
    for entry in entries:
        number = entry.body.get("retraining")
        if number is None:
            continue
        if entry.kind == RETRAINED:
            found[number] = entry.body["outcome"]
        elif "ends" not in entries[number - 1].body:  # begun before ends had entries
            found.setdefault(number, entry.kind)
    return found


def _unfinished(entries: Sequence[JournalEntry], asked: Asked, ask: Retrain) -> Begun | None:
    """A retraining that began for the same reason and did not end. It goes on with the rows that
    it had if no others came, or while it is too recent for another: after that, another has more
    to learn from.
    """
    begun = [e for e in entries if e.kind == RETRAINING]
    why = _why(asked)
    same = [e for e in begun if why.items() <= e.body.items()]
    if not same or same[-1].number in _ended(entries):
        return None
    last = same[-1]
    recent = last is begun[-1] and asked.as_of - moments.of(last) < _pause(ask)
    return Begun.of(last) if recent or last.body["upto"] == asked.upto else None


def _fruitful(entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """What began the retrainings that ended, and whose rows could be learnt from."""
    ended = _ended(entries)
    begun = (e for e in entries if e.kind == RETRAINING)
    return [e for e in begun if ended.get(e.number, FAILED) != FAILED]


def declined(
    entries: Sequence[JournalEntry], asked: Asked, ask: Retrain, waits: str | None = None
) -> Declined | None:
    """Why there is to be no retraining now; None if there may be."""
    begun = [e for e in entries if e.kind == RETRAINING]
    evidence = asked.evidence and str(asked.evidence)
    done = [e for e in _fruitful(entries) if evidence and e.body["evidence"] == evidence]
    if done:
        return Declined(f"entry {done[-1].number} began a retraining for this very evidence")
    if asked.by == "person":
        return None
    if waits:
        return Declined(waits)
    if _is_asked(entries):
        return Declined("a person was asked, and nobody has had it trained anew by hand since")
    if (helpless := len(_in_vain(entries))) >= ask.attempts:
        return Declined(f"{helpless} retrainings in a row brought no new champion", asks=True)
    return _too_soon(begun, asked.as_of, ask)


def _too_soon(begun: Sequence[JournalEntry], now: datetime, ask: Retrain) -> Declined | None:
    """Cooldown and budget. What was begun later than `now`, by a clock that went back, counts."""
    last = begun[-1] if begun else None
    if last is not None and now - moments.of(last) < _pause(ask):
        until = moments.shown(moments.of(last) + _pause(ask))
        return Declined(
            f"the last retraining (entry {last.number}) is too recent: not before {until}"
        )
    lately = [e for e in begun if now - moments.of(e) < _BUDGET_OF]
    if len(lately) >= ask.budget:
        return Declined(f"{len(lately)} retrainings in thirty days are as many as are allowed")
    return None


def _pause(ask: Retrain) -> timedelta:
    return timedelta(seconds=ask.cooldown)


def _in_vain(entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Retrainings since the last promotion of a champion."""
    found: list[JournalEntry] = []
    for entry in entries:
        if entry.kind == PROMOTED and entry.body["alias"] == CHAMPION:
            found = []
        elif entry.kind == RETRAINING:
            found.append(entry)
    return found


def _is_asked(entries: Sequence[JournalEntry]) -> bool:
    """Whether a person was asked and has not answered, by a retraining or a promotion."""
    for entry in reversed(entries):
        if entry.kind == ASKED:
            return True
        by_hand = entry.kind == RETRAINING and entry.body["by"] == "person"
        if by_hand or entry.kind == PROMOTED:
            return False
    return False


def _body(entries: Sequence[JournalEntry], asked: Asked, ask: Retrain) -> dict[str, Any]:
    window = ask.window if isinstance(ask.window, str) else ask.window.model_dump(mode="json")
    return {
        **_because(asked),
        "window": window,
        "upto": asked.upto,
        "since": harm_since(entries),
        "attempt": len(_in_vain(entries)) + 1,
        "ends": True,
    }


def _because(asked: Asked) -> dict[str, Any]:
    return {**_why(asked), "as_of": moments.written(asked.as_of)}


def _why(asked: Asked) -> dict[str, Any]:
    """What makes two requests one."""
    evidence = asked.evidence and str(asked.evidence)
    return {"by": asked.by, "because": asked.because, "evidence": evidence}


def unanswered(bucket: Bucket, model: str) -> Past | None:
    """The last look at the champion that wants a retraining and has no answer: neither was the
    model trained anew since, nor a person asked, nor the alarm called false, nor all found healthy
    by labels. Looks at other rows alone are no answer. Raises ChainBroken.
    """
    history = Registry(bucket).history(model)
    entries, champion = history.entries, history.champion
    looks = looks_at(history, champion.number) if champion else ()
    answers = [e.number for e in entries if e.kind == ASKED]
    answers += [e.number for e in _fruitful(entries)]
    answers += [
        past.entry for past in looks if past.verdict == "healthy" and "labelled" in past.figures
    ]
    false = {e.body["entry"] for e in entries if e.kind == FALSE_ALARM}
    wanting = (past for past in reversed(looks) if past.verdict == RETRAIN)
    open_since = max(answers, default=0)
    return next((p for p in wanting if p.entry > open_since and p.entry not in false), None)


def harm_since(entries: Sequence[JournalEntry]) -> int | None:
    """How long the ledger was before the first batch of which a look saw the harm that is still
    seen; None where the last look that judged any rows saw none. What a person marked as a false
    alarm was no harm.
    """
    false = {e.body["entry"] for e in entries if e.kind == FALSE_ALARM}
    looks = [e for e in entries if e.kind == MONITORED and e.body["first"] is not None]
    harmed = [e.body["verdict"] == RETRAIN and e.number not in false for e in looks]
    start = len(looks)
    while start and harmed[start - 1]:
        start -= 1
    seen = [int(e.body["first"]) for e in looks[start:]]
    return min(seen) - 1 if seen else None
