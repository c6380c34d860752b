"""A journal in plain words: one sentence for each event, with quiet stretches folded into one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from assay.bucket.journal import JournalEntry, entry_timestamp
from assay.registry.batch_ledger import CLAIMED, LABELLED, REFUSED, SCORED, BatchHistory
from assay.registry.decisions.use_case_pause import PAUSED, RESUMED
from assay.registry.history import (
    APPROVED,
    ASKED,
    DESCRIBED,
    FALSE_ALARM,
    LESSON,
    MONITORED,
    PROMOTED,
    REGISTERED,
    REJECTED,
    RETIRED,
    RETRAINED,
    RETRAINING,
    ROLLED_BACK,
    SHADOWED,
    STOPPED,
    WAIVED,
)
from assay.util import clock
from assay.util.wording import format_count, more_suffix

_SENTENCE_END: Final = re.compile(r"\.(?: (?=[A-Z])|$)")
_MOST_NAMED: Final = 5  # refused batches named in a summary


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """A line of a history: the moment it is about, its author, and what happened."""

    moment: datetime
    actor: str
    text: str

    @property
    def time(self) -> str:
        """The moment for people."""
        return clock.display_timestamp(self.moment)


def journal_events(
    model: str,
    entries: Iterable[JournalEntry],
    *,
    actor_of: Callable[[JournalEntry], str],
    every_entry: bool,
) -> list[JournalEvent]:
    """The events of a journal, in order.

    Successive looks that found a version healthy become one event. Of shadow comparisons with the
    same verdict only the last appears, and of a retraining's end only what no other entry says.
    `every_entry` shows them all. `actor_of` gives an entry's author.
    """
    events = []
    told = list(entries)
    for _, group in groupby(
        told if every_entry else _drop_repeated_shadows(_drop_retold_endings(told)),
        key=_folding_key,
    ):
        together = list(group)
        if every_entry or len(together) == 1 or _folding_key(together[0])[0] is not True:
            events += [
                _make_event(entry, actor_of, entry_sentence(model, entry)) for entry in together
            ]
        else:
            events.append(_make_event(together[-1], actor_of, _healthy_looks_text(model, together)))
    return events


def _drop_retold_endings(entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Entries without ends of retrainings whose result another entry shows."""
    told = {(e.kind, e.body.get("retraining")) for e in entries}
    return [
        e
        for e in entries
        if e.kind != RETRAINED or (e.body["outcome"], e.body["retraining"]) not in told
    ]


def _drop_repeated_shadows(entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Entries without shadow comparisons that a later one confirms."""
    later: dict[Any, str] = {}
    kept = []
    for entry in reversed(entries):
        if entry.kind == SHADOWED:
            both, verdict = (entry.body["version"], entry.body["against"]), entry.body["verdict"]
            if later.get(both) == verdict:
                continue
            later[both] = verdict
        kept.append(entry)
    return kept[::-1]


def _folding_key(entry: JournalEntry) -> tuple[bool | int, Any]:
    """A key that is equal for looks that may be folded, and different for everything else."""
    if entry.kind == MONITORED and entry.body["verdict"] == "healthy":
        return True, entry.body["version"]
    return -entry.number, None


def _make_event(
    entry: JournalEntry, actor_of: Callable[[JournalEntry], str], text: str
) -> JournalEvent:
    return JournalEvent(entry_timestamp(entry), actor_of(entry), text)


def _healthy_looks_text(model: str, looks: Sequence[JournalEntry]) -> str:
    first, last = looks[0], looks[-1]
    since = clock.display_timestamp(entry_timestamp(first))[:10]
    return (
        f"{model}@{last.body['version']} looked at: {len(looks)} looks since {since}, all healthy "
        f"(looks {first.body['look']} to {last.body['look']})"
    )


def entry_sentence(model: str, entry: JournalEntry) -> str:
    """One entry as a sentence; an unknown kind appears by its name."""
    told = _SENTENCES.get(entry.kind, _unknown_kind_sentence)(
        _VersionNames(model, entry.kind), entry.body
    )
    return f"{told} (on the dashboard)" if entry.body.get("via") == "dashboard" else told


@dataclass(frozen=True, slots=True)
class _VersionNames:
    """Names of a model's versions, by number."""

    model: str
    kind: str

    def __getitem__(self, number: int | None) -> str:
        return f"{self.model}@{number}"


_Body = dict[str, Any]


def _judged_sentence(name: _VersionNames, body: _Body) -> str:
    # Where it stood among the candidates; the rest of the reason is for `assay show`.
    why = [body["chosen"]["because"].partition(";")[0]] if "chosen" in body else []
    if name.kind == REJECTED:
        why += _first_reason(body)
    elif "unknown" in body.get("gates", {}).values():
        why += ["awaits a person's approval", *_first_reason(body)]
    candidate = body.get("candidate", "")
    return _with_reason(
        f"{name[body['version']]} {name.kind}",
        ": ".join(p for p in (candidate, "; ".join(why)) if p),
    )


def _stopped_sentence(_: _VersionNames, body: _Body) -> str:
    gate = f" at the {body['gate']} gate" if body.get("gate") else ""
    return _with_reason(f"stopped{gate}, before there was a model", "; ".join(_first_reason(body)))


def _promoted_sentence(name: _VersionNames, body: _Body) -> str:
    previous = body.get("previous")
    instead = f" in place of {name[previous]}" if previous else ""
    waiver = f", under the waiver of entry {body['waiver']}" if body.get("waiver") else ""
    told = f"{name[body['version']]} promoted to {body['alias']}{instead}{waiver}"
    return _with_reason(told, body["because"])


def _rolled_back_sentence(name: _VersionNames, body: _Body) -> str:
    before = f"from {name[body['previous']]} " if body.get("previous") else ""
    return _with_reason(
        f"{body['alias']} rolled back {before}to {name[body['version']]}", body["because"]
    )


def _waived_sentence(name: _VersionNames, body: _Body) -> str:
    told = (
        f"{name[body['version']]}: {', '.join(body['gates'])} waived until {body['expires'][:10]}"
    )
    return _with_reason(told, body["because"])


def _monitored_sentence(name: _VersionNames, body: _Body) -> str:
    past = ", of the past" if body.get("quiet") else ""
    told = f"{name[body['version']]} looked at (look {body['look']}{past}): {body['verdict']}"
    return _with_reason(told, "; ".join(_first_reason(body)))


def _shadowed_sentence(name: _VersionNames, body: _Body) -> str:
    beside = f"{name[body['version']]} in shadow of {name[body['against']]}"
    told = f"{beside}, {format_count(body['batches'], 'batch')}: {body['verdict']}"
    return _with_reason(told, "; ".join(_first_reason(body)) or body["summary"].rstrip("."))


def _retraining_sentence(_: _VersionNames, body: _Body) -> str:
    attempt = f" (attempt {body['attempt']})" if body.get("attempt") else ""
    return _with_reason(f"retraining begun{attempt}", body["because"])


def _retrained_sentence(name: _VersionNames, body: _Body) -> str:
    version = f"{name[body['version']]} " if body.get("version") else ""
    told = f"retraining of entry {body['retraining']} ended: {version}{body['outcome']}"
    return _with_reason(told, body.get("because", ""))


_PROMOTION_CAUSE = "promotion:"  # then the version's name: a person refused to promote it


def _lesson_sentence(body: _Body) -> str:
    cause = body["cause"]
    if cause.startswith(_PROMOTION_CAUSE):
        return f"promotion of {cause.removeprefix(_PROMOTION_CAUSE)} refused: {body['text']}"
    return f"learnt of {cause}: {body['text']}"


def _unknown_kind_sentence(name: _VersionNames, body: _Body) -> str:
    subject = f"{name[body['version']]} " if body.get("version") else ""
    return _with_reason(f"{subject}{name.kind.replace('_', ' ')}", str(body.get("because", "")))


def _batch_sentence(name: _VersionNames, body: _Body) -> str:
    model = name.model.partition(".")[0]
    shadow = " in shadow" if body["role"] == "shadow" else ""
    rows = f"{body['rows']:,} rows{_unfit_rows_text(body)}"
    said = "to be answered" if name.kind == CLAIMED else "scored"
    return f"batch {body['name']}: {rows} {said} by {model}@{body['version']}{shadow}"


def _unfit_rows_text(body: _Body) -> str:
    return f" ({body['unfit_rows']:,} unfit)" if body["unfit_rows"] else ""


def _until_text(body: _Body) -> str:
    if "until" not in body:
        return ""
    return f" until {clock.display_timestamp(clock.parse_timestamp(body['until']))}"


def _first_reason(body: _Body) -> list[str]:
    """The first reason without its remedy, and how many more there are."""
    reasons = body.get("reasons") or []
    first = [_SENTENCE_END.split(reason)[0] for reason in reasons[:1]]
    return [one + more_suffix(len(reasons)) for one in first]


def _with_reason(statement: str, why: str) -> str:
    return f"{statement}: {why}" if why else statement


_SENTENCES: Final[dict[str, Callable[[_VersionNames, _Body], str]]] = {
    REGISTERED: _judged_sentence,
    REJECTED: _judged_sentence,
    STOPPED: _stopped_sentence,
    PROMOTED: _promoted_sentence,
    ROLLED_BACK: _rolled_back_sentence,
    WAIVED: _waived_sentence,
    MONITORED: _monitored_sentence,
    RETRAINING: _retraining_sentence,
    RETRAINED: _retrained_sentence,
    SHADOWED: _shadowed_sentence,
    APPROVED: lambda name, b: f"{name[b['version']]} approved: {b['because']}",
    DESCRIBED: lambda name, b: f"{name[b['version']]} has a new model card",
    RETIRED: lambda name, b: f"{name[b['version']]} retired: {b['because']}",
    FALSE_ALARM: lambda _, b: f"the alarm of entry {b['entry']} was false: {b['because']}",
    ASKED: lambda _, b: f"a person is asked: {b['because']}",
    LESSON: lambda _, b: _lesson_sentence(b),
    CLAIMED: _batch_sentence,
    SCORED: _batch_sentence,
    REFUSED: lambda _, b: f"batch {b['name']} refused: {b['why']}",
    PAUSED: lambda _, b: _with_reason(f"paused{_until_text(b)}", b["because"]),
    RESUMED: lambda _, b: _with_reason("resumed", b["because"]),
    LABELLED: lambda _, b: f"labels {b['name']}: {b['rows']:,} rows{_unfit_rows_text(b)}",
}


# --- ledgers ----------------------------------------------------------------------------------


def ledger_lines(model: str, batches: BatchHistory) -> list[str]:
    """A ledger in a few lines: what each version scored, what was refused, how many labels came."""
    lines = []
    for version, role in sorted({(s.version, s.role) for s in batches.scored_batches}):
        scored = batches.scored_by(version, role)
        shadow = " in shadow" if role == "shadow" else ""
        rows = format_count(sum(s.rows for s in scored), "row")
        unfit = _unfit_rows_text({"unfit_rows": sum(s.unfit_rows for s in scored)})
        batch = format_count(len(scored), "batch")
        lines.append(f"{batch} scored by {model}@{version}{shadow}, {rows}{unfit}")
    if begun := batches.open_claims():
        lines.append(
            f"{format_count(len(begun), 'batch')} claimed, and not yet known to be delivered"
        )
    if names := list(dict.fromkeys(refused.name for refused in batches.refused_batches)):
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        last = batches.refused_batches[-1]
        shown = ", ".join(names[:_MOST_NAMED]) + more
        why = last.why if len(names) == 1 else f"the last, {last.name}: {last.why}"
        lines.append(f"{format_count(len(names), 'batch')} refused: {shown}: {why}")
    if batches.received_labels:
        labels = sum(labelled.rows for labelled in batches.received_labels)
        times = format_count(len(batches.received_labels), "time")
        lines.append(f"labels came {times}, {format_count(labels, 'row')}")
    return lines
