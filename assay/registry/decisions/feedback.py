"""Feedback of people: false alarms, and lessons in their own words."""

from __future__ import annotations

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import JournalEntry
from assay.errors import ConfigError, ReferenceUnknown
from assay.registry.decisions.justification import EntryBody, Justification, append_decision
from assay.registry.history import FALSE_ALARM, LESSON, MONITORED, ModelHistory, false_alarms
from assay.registry.registry import Registry


def mark_false_alarm(
    bucket: Bucket, model: str, justification: Justification, look: int | None = None
) -> JournalEntry | None:
    """Mark the alarm of a look as false; by default the last alarm. None if it is marked already.

    Raises NotAllowed, ReferenceUnknown for a look that does not exist or raised no alarm.
    """
    who = justification.authorize(bucket, "false alarm")
    history = Registry(bucket).find_history(model)
    alarm = _find_alarm(history, look)

    def decide(history: ModelHistory) -> tuple[str, EntryBody] | None:
        return (
            None
            if alarm.number in false_alarms(bucket, history.entries)
            else (FALSE_ALARM, {"entry": alarm.number, **justification.body()})
        )

    return append_decision(bucket, history.model, decide, who)


def _find_alarm(history: ModelHistory, look: int | None) -> JournalEntry:
    looks = [e for e in history.entries if e.kind == MONITORED]
    wanted = [e for e in looks if look is None or e.body["look"] == look]
    alarms = [e for e in wanted if e.body["verdict"] != "healthy"]
    if not alarms or (look is not None and wanted[-1] is not alarms[-1]):
        if look is None:
            what = f"no look at {history.model} raised an alarm"
        elif wanted:
            what = f"look {look} at {history.model} raised no alarm"
        else:
            what = f"{history.model} has no look {look}"
        raise ReferenceUnknown(
            what, remedy=f"See the looks with `assay log {history.model} --all`."
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
    """Record a lesson about a cause, such as "drift:RELP" or "gate:fairness:selection_rate".

    `subject` is the digest of the object that shows it, `entry` the number of the entry that it
    came from. Raises NotAllowed, ReferenceUnknown, ConfigError for a malformed digest.
    """
    who = justification.authorize(bucket, "lesson")
    history = Registry(bucket).find_history(model)
    cause = " ".join(cause.split())
    if not cause:
        raise ConfigError("a lesson needs a cause", remedy="Write drift:COLUMN or gate:NAME.")
    if entry is not None and not 1 <= entry <= len(history.entries):
        raise ReferenceUnknown(
            f"the journal of {history.model} has no entry {entry}",
            remedy=f"It has {len(history.entries)}: see `assay log {history.model}`.",
        )
    try:
        digest = str(Digest.parse(subject)) if subject else None
    except ValueError as error:
        raise ConfigError(f"{subject!r} is no digest: {error}") from None
    reason = justification.body()
    text = reason.pop("because")
    body = {"cause": cause, "about": digest, "text": text, "entry": entry, **reason}
    lesson = append_decision(bucket, history.model, lambda _: (LESSON, body), who)
    assert lesson is not None, "a lesson is always written"
    return lesson
