"""What people learnt: an alarm that was none, a lesson in their own words."""

from __future__ import annotations

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import JournalEntry
from assay.errors import ConfigError, ReferenceUnknown
from assay.registry.decisions.justification import EntryBody, Justification, append_decision
from assay.registry.history import FALSE_ALARM, LESSON, MONITORED, ModelHistory
from assay.registry.registry import Registry


def mark_false_alarm(
    bucket: Bucket, model: str, justification: Justification, look: int | None = None
) -> JournalEntry | None:
    """Say that a look's alarm was none: that of the last look that raised one, or of the last
    look of that number. None if it was said before.

    Raises NotAllowed, ReferenceUnknown for a look that is not there or raised no alarm.
    """
    who = justification.authorize("false alarm")
    history = Registry(bucket).find_history(model)
    alarm = _find_alarm(history, look)

    def decide(history: ModelHistory) -> tuple[str, EntryBody] | None:
        marked = (e.body["entry"] for e in history.entries if e.kind == FALSE_ALARM)
        return (
            None
            if alarm.number in marked
            else (FALSE_ALARM, {"entry": alarm.number, **justification.body()})
        )

    return append_decision(bucket, history.model, decide, who)


def _find_alarm(history: ModelHistory, look: int | None) -> JournalEntry:
    looks = [e for e in history.entries if e.kind == MONITORED]
    wanted = [e for e in looks if look is None or e.body["look"] == look]
    alarms = [e for e in wanted if e.body["verdict"] != "healthy"]
    if not alarms or (look is not None and wanted[-1] is not alarms[-1]):
        which = f"look {look} at {history.model}" if look else f"no look at {history.model}"
        what = (
            "raised no alarm" if wanted and look else "has been made" if look else "raised an alarm"
        )
        if look and not wanted:
            which = f"no {which}"
        raise ReferenceUnknown(
            f"{which} {what}", remedy=f"See the looks with `assay log {history.model} --all`."
        )
    return alarms[-1]


def record_lesson(
    bucket: Bucket,
    model: str,
    justification: Justification,
    *,
    cause: str,
    subject: str | None = None,
    entry: int | None = None,
) -> JournalEntry:
    """Note what was learnt of a cause, such as "drift:RELP" or "gate:fairness:selection_rate";
    `subject` is the digest of what it was seen in, `entry` the number of the entry that it is from.

    Raises NotAllowed, ReferenceUnknown, ConfigError for a digest that is none.
    """
    who = justification.authorize("lesson")
    history = Registry(bucket).find_history(model)
    cause = " ".join(cause.split())
    if not cause:
        raise ConfigError("a lesson needs its cause", remedy="Such as drift:COLUMN or gate:NAME.")
    if entry is not None and not 1 <= entry <= len(history.entries):
        raise ReferenceUnknown(
            f"the journal of {history.model} has no entry {entry}",
            remedy=f"It has {len(history.entries)}: see `assay log {history.model}`.",
        )
    try:
        digest = str(Digest.parse(subject)) if subject else None
    except ValueError as error:
        raise ConfigError(f"{subject!r} is no digest: {error}") from None
    told = justification.body()
    body = {"cause": cause, "about": digest, "text": told.pop("because"), "entry": entry, **told}
    made = append_decision(bucket, history.model, lambda _: (LESSON, body), who)
    assert made is not None, "a lesson is always written"
    return made
