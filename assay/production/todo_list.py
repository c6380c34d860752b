"""What waits for a person in a bucket: the to-do list that `assay todo` and the reports show.

It reads journals and ledgers, and changes nothing. What only a server or a folder of use cases
knows is added by `assay.deployments.todo`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import entry_timestamp, list_journals
from assay.errors import AssayError, IntegrityError, StoreError
from assay.gates.monitoring.durations import format_duration
from assay.production.monitoring.look import next_look
from assay.production.retraining.policy import (
    FAILED,
    find_open_question,
    find_running_retraining,
    unanswered_look,
)
from assay.production.scoring.deadline import describe_miss, judge_model, scoring_moment
from assay.production.todo_item import (
    LONG_AGO,
    TodoItem,
    TodoKind,
    WatchedUseCase,
    shorten_text,
    sort_by_urgency,
)
from assay.registry import authority
from assay.registry.batch_ledger import BatchHistory, BatchLedger, RefusedBatch, is_ledger
from assay.registry.decisions.pending_promotion import find_pending_promotion
from assay.registry.decisions.use_case_pause import Pause, find_pause
from assay.registry.history import (
    CHAMPION,
    LESSON,
    PROMOTED,
    REGISTERED,
    REJECTED,
    RETRAINED,
    RETRAINING,
    ROLLED_BACK,
    STOPPED,
    Version,
    is_waiver_in_force,
)
from assay.registry.recorded_people import find_people
from assay.registry.registry import Registry
from assay.util import clock
from assay.util.wording import format_count, more_suffix

_EXPIRY_NOTICE: Final = timedelta(days=7)  # as deployments/prometheus/alerts.yml gives
_LONGEST_RETRAINING: Final = timedelta(days=1)  # after that, it counts as dead


def find_bucket_todo(
    bucket: Bucket, cases: Mapping[str, WatchedUseCase], as_of: datetime
) -> list[TodoItem]:
    """What waits for a person in a bucket as of a moment. `cases` are the known ones, by name.

    A journal that does not hold is an item, and hides nothing of the others. Raises StoreError.
    """
    found: list[TodoItem] = []
    with suppress(IntegrityError):  # which is an item of each model
        find_people(bucket)  # an unreadable file of people is nothing that one model has
    for model in list_journals(bucket.store):
        if is_ledger(model):
            continue
        try:
            found += _ModelTodo(bucket, model, cases.get(model), as_of).items()
        except StoreError:
            raise
        except (AssayError, LookupError, ValueError, TypeError, AttributeError) as error:
            owner = cases[model].owner if model in cases else ""
            why = error.what if isinstance(error, AssayError) else f"malformed entry, {error!r}"
            what = shorten_text(f"its history cannot be read: {why}")
            found.append(TodoItem("integrity", model, what, None, owner, "assay verify"))
    return sort_by_urgency(found)


class _ModelTodo:
    """The items of one model."""

    def __init__(
        self, bucket: Bucket, model: str, case: WatchedUseCase | None, as_of: datetime
    ) -> None:
        self._bucket, self._model, self._case, self._as_of = bucket, model, case, as_of
        self._history = Registry(bucket).history(model)
        self._batches = BatchLedger(bucket, model).read()

    def items(self) -> list[TodoItem]:
        parts = (
            self._waivers(),
            self._harm(),
            self._missed_deadline() if self._pause is None else (),
            self._failed_run(),
            self._failed_retraining(),
            self._refused_batches(),
            self._promotions(),
            self._silence() if self._pause is None else (),
            self._paused(),
        )
        return [item for part in parts for item in part]

    def _item(
        self, kind: TodoKind, what: str, since: datetime, command: str, subject: str = ""
    ) -> TodoItem:
        return TodoItem(
            kind, subject or self._model, shorten_text(what), since, self._owner, command
        )

    @cached_property
    def _owner(self) -> str:
        """The owner that the use case names: its file, else the record of the last run."""
        if self._case:
            return self._case.owner
        runs = [e.body["run"] for e in self._history.entries if "run" in e.body]
        try:
            record = self._bucket.get_json(Artifact.model_validate(runs[-1])) if runs else {}
        except IntegrityError:
            return ""
        return str(record.get("configuration", {}).get("owner", ""))

    @property
    def _file(self) -> str:
        return self._case.file if self._case else "CONFIG"

    # --- what is in use -----------------------------------------------------------------------

    def _waivers(self) -> Iterator[TodoItem]:
        promotion = self._history.current_promotion(CHAMPION)
        waiver = self._history.find_waiver(promotion) if promotion else None
        champion = self._history.champion
        if waiver is None or champion is None:
            return
        ends = clock.parse_timestamp(waiver.body["expires"])
        gates = " ".join(f"--gate {gate}" for gate in waiver.body["gates"])
        renew = f"assay waive {champion.name} {gates} --expires DATE --because TEXT"
        when = clock.display_timestamp(ends)
        if not is_waiver_in_force(waiver, self._as_of):
            why = f"expired on {when}" if waiver.signature else "is not signed"
            what = f"its waiver (entry {waiver.number}) {why}: it is not loaded any more"
            yield self._item("expired_waiver", what, ends, renew, champion.name)
        elif ends - self._as_of < _EXPIRY_NOTICE:
            what = f"its waiver (entry {waiver.number}) ends on {when}; then it is not loaded"
            since = entry_timestamp(waiver)
            yield self._item("expiring_waiver", what, since, renew, champion.name)

    def _harm(self) -> Iterator[TodoItem]:
        """A question that the policy asked, else a look that nothing has followed."""
        entries, champion = self._history.entries, self._history.champion
        retrain = f"assay retrain {self._file} --because TEXT"
        if asked := find_open_question(entries):
            back = self._history.previous_versions(CHAMPION)
            command = f"assay rollback {self._model} --because TEXT" if back else retrain
            what = f"{asked.body['because']}: decide what follows"
            yield self._item("retrain", what, entry_timestamp(asked), command)
            return
        look = unanswered_look(self._bucket, self._model)
        if look is None or champion is None:
            return
        begun = find_running_retraining(entries[look.entry :])
        if begun and self._as_of - entry_timestamp(begun) < _LONGEST_RETRAINING:
            return
        followed = f"entry {begun.number} began a retraining that never ended" if begun else ""
        what = (
            f"look {look.look} says retrain: {look.main_reason.rstrip('.')}; "
            f"{followed or 'nothing has followed'}"
        )
        since = clock.parse_timestamp(look.as_of)
        yield self._item("retrain", what, since, retrain, champion.name)

    # --- what failed --------------------------------------------------------------------------

    def _failed_run(self) -> Iterator[TodoItem]:
        """The last question, if every answer to it was a refusal and nothing followed."""
        judged = [e for e in self._history.entries if e.kind in {REGISTERED, REJECTED, STOPPED}]
        if not judged:
            return
        same = [e for e in judged if e.body["question"] == judged[-1].body["question"]]
        if any(e.kind == REGISTERED for e in same) or self._was_settled({e.number for e in same}):
            return
        first, reasons = same[0], same[0].body.get("reasons") or []
        why = (
            f"{reasons[0].rstrip('.')}{more_suffix(len(reasons))}" if reasons else "see its report"
        )
        if first.kind == STOPPED:
            name = first.body.get("gate")
            gate, why = f" at the {name} gate" if name else "", why.removeprefix(f"{name}: ")
            what = f"its last run (entry {first.number}) stopped{gate}: {why}"
            command = f"assay log {self._model}"
        else:
            name = f"{self._model}@{first.body['version']}"
            what = f"its last run (entry {first.number}) was rejected: {why}"
            command = f"assay show {name}"
        yield self._item("failed", what, entry_timestamp(first), command)

    def _was_settled(self, numbers: set[int]) -> bool:
        """Whether a person decided since, or wrote a lesson about one of these entries."""
        later = self._history.entries[max(numbers) :]
        return any(
            e.kind in {PROMOTED, ROLLED_BACK}
            or (
                e.kind == LESSON
                and e.body.get("entry") in numbers
                and authority.has_effect(self._history.bucket, e, "lesson")
            )
            for e in later
        )

    def _failed_retraining(self) -> Iterator[TodoItem]:
        kinds = {RETRAINING, RETRAINED, REGISTERED, REJECTED, STOPPED}
        last = next((e for e in reversed(self._history.entries) if e.kind in kinds), None)
        if last is None or last.kind != RETRAINED or last.body["outcome"] != FAILED:
            return
        begun, why = last.body["retraining"], last.body.get("because", "its rows cannot be learnt")
        if self._was_settled({begun, last.number}):
            return
        what = f"the retraining of entry {begun} failed: {why}"
        command = f"assay retrain {self._file} --because TEXT"
        yield self._item("failed", what, entry_timestamp(last), command)

    def _refused_batches(self) -> Iterator[TodoItem]:
        """Batches that were refused last, unless a lesson about refused batches followed."""
        settled = max(
            (
                clock.parse_timestamp(e.at)
                for e in self._history.entries
                if e.kind == LESSON
                and e.body["cause"] == "batch:refused"
                and authority.has_effect(self._history.bucket, e, "lesson")
            ),
            default=LONG_AGO,
        )
        open_ = {
            name: refused
            for name, refused in _last_refusals(self._batches).items()
            if clock.parse_timestamp(refused.at) > settled
        }
        if not open_:
            return
        last = max(open_.values(), key=lambda refused: refused.number)
        remedy = f". {last.remedy}" if last.remedy else ""
        what = (
            f"{format_count(len(open_), 'batch')} refused and not scored since; the last, "
            f"{last.name}: {last.why.rstrip('.')}{remedy}"
        )
        since = min(clock.parse_timestamp(refused.as_of) for refused in open_.values())
        command = f"assay score {self._file}"
        yield self._item("failed", what, since, command)

    def _missed_deadline(self) -> Iterator[TodoItem]:
        """A deadline that passed, and no batch was scored since."""
        if self._case is None:
            return
        served = [s for s in self._batches.scored_batches if s.role == "served"]
        moments = [scoring_moment(s.as_of, s.at) for s in served]
        record = judge_model(self._history, moments, self._case.deadlines)
        if record is None or not record.missed:
            return
        refused = [
            r
            for r in _last_refusals(self._batches).values()
            if not served or r.number > served[-1].number
        ]
        last = max(refused, key=lambda one: one.number, default=None)
        refusal = (last.name, last.why) if last else None
        what = describe_miss(record, self._case.scored_by, refusal)
        command = f"assay score {self._case.file}"
        yield self._item("deadline", what, record.missed[0], command)

    # --- who waits ----------------------------------------------------------------------------

    def _promotions(self) -> Iterator[TodoItem]:
        for version, since in self._candidates().values():
            pending = find_pending_promotion(self._bucket, self._history, version)
            if pending and pending.needs_person:
                yield self._item("approval", pending.reason, since, pending.command, version.name)

    def _candidates(self) -> dict[int, tuple[Version, datetime]]:
        """The challenger, and the version that the last run with one chose; since when."""
        found = {}
        if entry := self._history.pending_challenger:
            version = self._history.versions[entry.body["version"]]
            found[version.number] = version, entry_timestamp(entry)
        registered = [v for v in self._history.versions.values() if v.status == REGISTERED]
        if registered:
            question = registered[-1].entry.body["question"]
            same = [v for v in registered if v.entry.body["question"] == question]
            # As a run chooses: who needs no approval goes first.
            sure = [v for v in same if "unknown" not in v.entry.body.get("gates", {}).values()]
            chosen = (sure or same)[0]
            found.setdefault(chosen.number, (chosen, entry_timestamp(chosen.entry)))
        return found

    # --- what people paused -------------------------------------------------------------------

    @cached_property
    def _pause(self) -> Pause | None:
        return find_pause(self._bucket, self._model, self._history.entries, self._as_of)

    def _paused(self) -> Iterator[TodoItem]:
        if self._pause is not None:
            command = f"assay resume {self._model}"
            yield self._item("paused", self._pause.describe(), self._pause.since, command)

    # --- what has gone silent -----------------------------------------------------------------

    def _silence(self) -> Iterator[TodoItem]:
        """A source that is overdue by the use case, and a monitor that leaves enough rows alone."""
        if self._case is None or self._history.champion is None:
            return
        ask, pause = self._case.monitoring, self._case.monitor_pause
        look = next_look(self._bucket, self._model, ask, self._as_of)
        if look.missed_batches and ask.due:
            lasted = format_duration((self._as_of - look.last_batch_at).total_seconds())
            what = f"no batch has come for {lasted}; one is due every {format_duration(ask.due)}"
            command = f"assay score {self._case.file}"
            yield self._item("silent", what, look.last_batch_at, command)
        waiting = look.waiting_batches
        if pause is None or sum(batch.rows for batch in waiting) < ask.rows:
            return
        since = clock.parse_timestamp(waiting[0].at)
        if (self._as_of - since).total_seconds() > 2 * pause:
            what = (
                f"{format_count(len(waiting), 'batch')} came and no look followed; one is due "
                f"every {format_duration(pause)}"
            )
            yield self._item("silent", what, since, f"assay monitor {self._case.file}")


def _last_refusals(batches: BatchHistory) -> dict[str, RefusedBatch]:
    """By batch, the last refusal, if nothing of that name was scored later."""
    scored = {batch.name: batch.number for batch in batches.scored_batches}
    last = {refused.name: refused for refused in batches.refused_batches}
    return {name: one for name, one in last.items() if one.number > scored.get(name, 0)}
