"""When a model is retrained: for evidence, not too often, and not for ever without success.

An entry in the model's journal begins a retraining, so that two requests for the same one start it
once. A last entry ends it; without that, it was killed or failed. Times are the entries' `as_of`,
not the clock's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, JournalEntry, entry_timestamp
from assay.config.production import RetrainingSettings
from assay.production.monitoring.look import PastLook, past_looks
from assay.registry.history import (
    ASKED,
    CHAMPION,
    MONITORED,
    PROMOTED,
    RETIRED,
    RETRAINED,
    RETRAINING,
    ROLLED_BACK,
    false_alarms,
)
from assay.registry.registry import Registry
from assay.util import clock

RETRAIN: Final = "retrain"
FAILED: Final = "failed"  # what a retraining came to whose rows could not be learnt from
_BUDGET_PERIOD: Final = timedelta(days=30)

# Who wants it: a look that saw harm, the clock of a schedule, or a person.
RetrainingTrigger = Literal["monitor", "schedule", "person"]


@dataclass(frozen=True, slots=True)
class RetrainingRequest:
    """A request for a retraining. `evidence`: the digest of a monitoring report, or None. `upto`:
    the length of the batch ledger, which bounds the rows that may be used.
    """

    by: RetrainingTrigger
    because: str
    as_of: datetime
    upto: int
    evidence: Digest | None = None


class RetrainingAttempt(BaseModel):
    """A retraining that has begun: its entry, its number in a row without success, the last ledger
    entry it may learn from, and the ledger entry since which there is harm.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int
    attempt: int
    upto: int
    since: int | None
    as_of: datetime

    @classmethod
    def from_entry(cls, entry: JournalEntry) -> RetrainingAttempt:
        return cls.model_validate({**entry.body, "number": entry.number})


@dataclass(frozen=True, slots=True)
class DeclinedRetraining:
    """Why a retraining does not begin. `needs_person`: a person has to decide now."""

    reason: str
    needs_person: bool = False


def open_retraining(
    bucket: Bucket,
    model: str,
    request: RetrainingRequest,
    policy: RetrainingSettings,
    waits_for: str | None = None,
) -> RetrainingAttempt | DeclinedRetraining:
    """Begin a retraining in the journal, resume one that was killed, or say why not.

    A person's request always succeeds. `waits_for`: the reason for other requests to wait. After
    `attempts` in a row without a new champion, one entry asks a person, with the evidence. Raises
    ChainBroken.
    """
    journal = Journal(bucket, model)
    known: RetrainingAttempt | DeclinedRetraining | None = None

    def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
        nonlocal known
        known = _resumable_attempt(entries, request, policy) or reason_to_decline(
            entries, request, policy, waits_for
        )
        if known is None:
            return RETRAINING, _opening_body(bucket, entries, request, policy)
        if (
            isinstance(known, DeclinedRetraining)
            and known.needs_person
            and not _awaits_person(entries)
        ):
            return ASKED, {**_request_body(request), "because": known.reason}
        return None

    entry = journal.append(decide)
    if known is not None:
        return known
    assert entry is not None, "what is not declined is begun"
    return RetrainingAttempt.from_entry(entry)


def close_retraining(
    bucket: Bucket,
    model: str,
    attempt: RetrainingAttempt,
    outcome: str,
    *,
    version: int | None = None,
    because: str | None = None,
) -> JournalEntry | None:
    """Append the outcome of a retraining as its last entry: registered, rejected, stopped or
    failed. `version` is the chosen one. None if the outcome is known. Raises ChainBroken.
    """
    told = {"version": version, "because": because}
    body = {
        "retraining": attempt.number,
        "outcome": outcome,
        **{name: value for name, value in told.items() if value is not None},
        "as_of": clock.format_timestamp(attempt.as_of),
    }

    def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
        return None if attempt.number in _retraining_outcomes(entries) else (RETRAINED, body)

    return Journal(bucket, model).append(decide)


def _retraining_outcomes(entries: Sequence[JournalEntry]) -> dict[int, str]:
    """The outcomes of retrainings, by the entries that began them."""
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


def _resumable_attempt(
    entries: Sequence[JournalEntry], request: RetrainingRequest, policy: RetrainingSettings
) -> RetrainingAttempt | None:
    """A retraining for the same reason that has not ended. It resumes with its own rows if no
    others came, or within the cooldown; later, a new one has more rows to learn from.
    """
    begun = [e for e in entries if e.kind == RETRAINING]
    why = _request_identity(request)
    same = [e for e in begun if why.items() <= e.body.items()]
    if not same or same[-1].number in _retraining_outcomes(entries):
        return None
    last = same[-1]
    recent = last is begun[-1] and request.as_of - entry_timestamp(last) < _cooldown(policy)
    return (
        RetrainingAttempt.from_entry(last) if recent or last.body["upto"] == request.upto else None
    )


def _conclusive_retrainings(entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """The entries that began retrainings which ended and whose rows could be learnt from."""
    ended = _retraining_outcomes(entries)
    begun = (e for e in entries if e.kind == RETRAINING)
    return [e for e in begun if ended.get(e.number, FAILED) != FAILED]


def reason_to_decline(
    entries: Sequence[JournalEntry],
    request: RetrainingRequest,
    policy: RetrainingSettings,
    waits_for: str | None = None,
) -> DeclinedRetraining | None:
    """Why no retraining may begin now; None if one may."""
    begun = [e for e in entries if e.kind == RETRAINING]
    evidence = request.evidence and str(request.evidence)
    done = [
        e for e in _conclusive_retrainings(entries) if evidence and e.body["evidence"] == evidence
    ]
    if done:
        return DeclinedRetraining(
            f"entry {done[-1].number} began a retraining for this very evidence"
        )
    if request.by == "person":
        return None
    if waits_for:
        return DeclinedRetraining(waits_for)
    if _awaits_person(entries):
        return DeclinedRetraining(
            "a person was asked, and nobody has had it trained anew by hand since"
        )
    if (helpless := len(_retrainings_since_promotion(entries))) >= policy.attempts:
        return DeclinedRetraining(
            f"{helpless} retrainings in a row brought no new champion", needs_person=True
        )
    return _decline_by_limits(begun, request.as_of, policy)


def _decline_by_limits(
    retrainings: Sequence[JournalEntry], now: datetime, policy: RetrainingSettings
) -> DeclinedRetraining | None:
    """Decline by cooldown and budget. A retraining begun after `now`, by a clock that went back,
    counts.
    """
    last = retrainings[-1] if retrainings else None
    if last is not None and now - entry_timestamp(last) < _cooldown(policy):
        until = clock.display_timestamp(entry_timestamp(last) + _cooldown(policy))
        return DeclinedRetraining(
            f"the last retraining (entry {last.number}) is too recent: not before {until}"
        )
    lately = [e for e in retrainings if now - entry_timestamp(e) < _BUDGET_PERIOD]
    if len(lately) >= policy.budget:
        return DeclinedRetraining(
            f"{len(lately)} retrainings in thirty days are as many as are allowed"
        )
    return None


def _cooldown(policy: RetrainingSettings) -> timedelta:
    return timedelta(seconds=policy.cooldown)


def _retrainings_since_promotion(entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Retrainings since the last promotion of a champion."""
    found: list[JournalEntry] = []
    for entry in entries:
        if entry.kind == PROMOTED and entry.body["alias"] == CHAMPION:
            found = []
        elif entry.kind == RETRAINING:
            found.append(entry)
    return found


def _awaits_person(entries: Sequence[JournalEntry]) -> bool:
    """Whether a person was asked and has not answered, by a retraining or a promotion."""
    for entry in reversed(entries):
        if entry.kind == ASKED:
            return True
        by_hand = entry.kind == RETRAINING and entry.body["by"] == "person"
        if by_hand or entry.kind == PROMOTED:
            return False
    return False


def find_open_question(entries: Sequence[JournalEntry]) -> JournalEntry | None:
    """The entry that asks a person what to do, if no retraining by hand and no decision about a
    version followed.
    """
    for entry in reversed(entries):
        if entry.kind == ASKED:
            return entry
        by_hand = entry.kind == RETRAINING and entry.body["by"] == "person"
        if by_hand or entry.kind in {PROMOTED, ROLLED_BACK, RETIRED}:
            return None
    return None


def find_running_retraining(entries: Sequence[JournalEntry]) -> JournalEntry | None:
    """The last entry that begins a retraining, if no entry ends it."""
    ended = {e.body["retraining"] for e in entries if e.kind == RETRAINED}
    begun = [e for e in entries if e.kind == RETRAINING and e.number not in ended]
    return begun[-1] if begun else None


def _opening_body(
    bucket: Bucket,
    entries: Sequence[JournalEntry],
    request: RetrainingRequest,
    policy: RetrainingSettings,
) -> dict[str, Any]:
    window = (
        policy.window if isinstance(policy.window, str) else policy.window.model_dump(mode="json")
    )
    return {
        **_request_body(request),
        "window": window,
        "upto": request.upto,
        "since": harm_since(bucket, entries),
        "attempt": len(_retrainings_since_promotion(entries)) + 1,
        "ends": True,
    }


def _request_body(request: RetrainingRequest) -> dict[str, Any]:
    return {**_request_identity(request), "as_of": clock.format_timestamp(request.as_of)}


def _request_identity(request: RetrainingRequest) -> dict[str, Any]:
    """The fields by which two requests are the same."""
    evidence = request.evidence and str(request.evidence)
    return {"by": request.by, "because": request.because, "evidence": evidence}


def unanswered_look(bucket: Bucket, model: str) -> PastLook | None:
    """The last look at the champion that calls for a retraining and is unanswered. A retraining, a
    question to a person, a false-alarm mark, or a healthy look with labels answers it; a look at
    other rows does not. A quiet look, of the past, calls for none. Raises ChainBroken.
    """
    history = Registry(bucket).history(model)
    entries, champion = history.entries, history.champion
    looks = past_looks(history, champion.number) if champion else ()
    answers = [e.number for e in entries if e.kind == ASKED]
    answers += [e.number for e in _conclusive_retrainings(entries)]
    answers += [
        past.entry for past in looks if past.verdict == "healthy" and "labelled" in past.figures
    ]
    false = false_alarms(bucket, entries)
    wanting = (past for past in reversed(looks) if past.verdict == RETRAIN and not past.quiet)
    open_since = max(answers, default=0)
    return next((p for p in wanting if p.entry > open_since and p.entry not in false), None)


def harm_since(bucket: Bucket, entries: Sequence[JournalEntry]) -> int | None:
    """The ledger's length before the first batch of the present harm. None where the last look that
    judged any rows saw none. A look that a person marked as a false alarm saw none.
    """
    false = false_alarms(bucket, entries)
    looks = [e for e in entries if e.kind == MONITORED and e.body["first"] is not None]
    harmed = [e.body["verdict"] == RETRAIN and e.number not in false for e in looks]
    start = len(looks)
    while start and harmed[start - 1]:
        start -= 1
    seen = [int(e.body["first"]) for e in looks[start:]]
    return min(seen) - 1 if seen else None
