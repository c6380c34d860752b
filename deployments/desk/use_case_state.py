"""The state of a use case: its champion, last look, scoring, performance and run, from journals."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry, entry_timestamp, list_journals
from assay.deployments.deployment_plan import UseCaseFile
from assay.deployments.desk.cost import CostBook, UseCaseCost
from assay.deployments.desk.decisions import DecisionSentences
from assay.deployments.metrics.journal_tail import JournalTail
from assay.deployments.todo import watch_use_case
from assay.errors import AssayError, StoreError
from assay.production.scoring.deadline import DeadlineRecord, judge_model, scoring_moment
from assay.production.todo_item import shorten_text
from assay.registry.batch_ledger import LEDGER_SUFFIX, REFUSED, SCORED, is_ledger
from assay.registry.decisions.use_case_pause import find_pause
from assay.registry.history import (
    CHAMPION,
    MONITORED,
    REGISTERED,
    REJECTED,
    STOPPED,
    ModelHistory,
    fold_journal,
)
from assay.render.journal_text import entry_sentence
from assay.render.model_history import EXPECTED_PREFIX, REALISED_PREFIX, first_metric
from assay.runs.outcome import RunOutcome
from assay.runs.result_cache import is_in_journal
from assay.util.concurrency import ordered_map

_MOST_MOMENTS = 2_000  # scorings that are remembered; deadlines look back a month
_MOST_LOOKS = 30  # in the trend
_MOST_RUNS = 20  # of a use case's last answers
_REASON_LENGTH = 80  # characters by which an answer is known again
_MOST_EXPLAINED = 5  # of these, in the words of their pages
_MOST_COUNTED = 2_000  # entries whose cost is counted at one reading; the rest at the next
_ENTRY_DELAY = timedelta(minutes=2)  # a run may note its end so much later than its entry


@dataclass(frozen=True, slots=True)
class AnsweredRun:
    """The end of a run that a journal tells. `kind`: registered, rejected or stopped; `report`: the
    digest of its page in hexadecimal digits, "" if it is not there; `reason`: the beginning of its
    first reason.
    """

    kind: str
    at: datetime
    sentence: str
    report: str = ""
    reason: str = ""

    def is_told_by(self, message: str) -> bool:
        """Whether a run's message gives its reason: that of the same answer, given once more."""
        return self.kind != REGISTERED and bool(self.reason) and self.reason in message

    def ended_within(self, began: datetime, ended: datetime) -> bool:
        """Whether this is what a run of that time came to."""
        return began - timedelta(minutes=1) <= self.at <= ended + _ENTRY_DELAY


@dataclass(frozen=True, slots=True)
class LastLook:
    """The last look. `verdict`: healthy, watch or retrain."""

    verdict: str
    at: datetime
    sentence: str


@dataclass(frozen=True, slots=True)
class PerformanceTrend:
    """The champion's performance by look, oldest first; None where a look did not tell."""

    metric: str
    expected: tuple[float | None, ...]
    realised: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class UseCaseState:
    """How a use case stands. `problem` says why it cannot be told, where its journal is damaged.

    `file`, `owner` and `question` are "" for a use case that has no file here. `refusal`: the batch
    that was refused since the last scoring, and why.
    """

    name: str
    file: str = ""
    owner: str = ""
    question: str = ""
    champion: str = ""
    champion_since: datetime | None = None
    look: LastLook | None = None
    performance: PerformanceTrend | None = None
    scored_at: datetime | None = None
    scored_rows: int = 0
    deadline: DeadlineRecord | None = None
    scored_by: str = ""
    refusal: tuple[str, str] | None = None
    runs: tuple[AnsweredRun, ...] = ()
    cost: UseCaseCost | None = None
    problem: str = ""

    @property
    def last_run(self) -> AnsweredRun | None:
        return self.runs[-1] if self.runs else None


@dataclass
class _Journals:
    """The two journals of one model, read on at each call."""

    model: JournalTail
    ledger: JournalTail
    entries: list[JournalEntry] = field(default_factory=list)
    moments: deque[datetime] = field(default_factory=lambda: deque(maxlen=_MOST_MOMENTS))
    rows: int = 0
    refusal: tuple[str, str] | None = None

    @classmethod
    def open(cls, bucket: Bucket, name: str) -> _Journals:
        return cls(JournalTail(bucket, name), JournalTail(bucket, name + LEDGER_SUFFIX))

    def read_on(self) -> list[JournalEntry]:
        """Read what is new, and return it."""
        fresh = list(self.model.entries(10**9))
        self.entries += fresh
        for entry in self.ledger.entries(10**9):
            fresh.append(entry)
            if entry.kind == SCORED and entry.body["role"] == "served":
                self.moments.append(scoring_moment(entry.body["as_of"], entry.at))
                self.rows, self.refusal = int(entry.body["rows"]), None
            elif entry.kind == REFUSED:
                self.refusal = (str(entry.body["name"]), str(entry.body["why"]))
        return fresh


class UseCaseStates:
    """The states of all use cases of a bucket; only new journal entries are read again."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._sentences = DecisionSentences(bucket)
        self._costs = CostBook(bucket)
        self._journals: dict[str, _Journals] = {}

    def read(
        self,
        cases: Mapping[str, UseCaseFile],
        outcomes: Iterable[RunOutcome],
        as_of: datetime,
    ) -> list[UseCaseState]:
        """The states of the cases, and of models without a file, by name. Raises StoreError.

        `outcomes` are of runs whose pages may be linked; they count where the journal has them.
        """
        by_case: dict[str, list[RunOutcome]] = {}
        for outcome in outcomes:
            by_case.setdefault(outcome.use_case, []).append(outcome)
        models = {name for name in list_journals(self._bucket.store) if not is_ledger(name)}

        def state(name: str) -> UseCaseState:
            return self._read_one(name, cases.get(name), by_case.get(name, []), as_of)

        found = list(ordered_map(state, sorted(models | set(cases))))
        self._costs.count(_MOST_COUNTED)
        costs = {one.name: self._costs.cost(one.name) for one in found if not one.problem}
        return [replace(one, cost=costs.get(one.name)) for one in found]

    def _read_one(
        self, name: str, case: UseCaseFile | None, outcomes: list[RunOutcome], as_of: datetime
    ) -> UseCaseState:
        about = UseCaseState(name)
        deadlines: tuple[datetime, ...] = ()
        if case is not None:
            watched = watch_use_case(case, as_of)
            deadlines = watched.deadlines
            about = replace(
                about,
                file=case.file,
                owner=case.use_case.owner,
                question=case.use_case.question,
                scored_by=watched.scored_by,
            )
        try:
            journals = self._journals.setdefault(name, _Journals.open(self._bucket, name))
            self._costs.add_entries(name, journals.read_on())
            history = fold_journal(self._bucket, name, journals.entries)
            if find_pause(self._bucket, name, journals.entries, as_of):
                deadlines = ()  # nothing is expected of it
            found = _describe(about, history, journals, deadlines, outcomes)
            return self._with_reasons(found, outcomes)
        except StoreError:
            raise
        except (AssayError, LookupError, ValueError, TypeError, AttributeError) as error:
            self._journals.pop(name, None)  # it may be mended
            self._costs.forget(name)
            what = error.what if isinstance(error, AssayError) else f"malformed entry, {error!r}"
            return replace(about, problem=shorten_text(f"its history cannot be read: {what}"))

    def _with_reasons(self, state: UseCaseState, outcomes: list[RunOutcome]) -> UseCaseState:
        """The state, its last runs told as their pages do where they were refused or stopped."""
        by_page = {outcome.page.digest.hex: outcome for outcome in outcomes}

        def tell(run: AnsweredRun) -> AnsweredRun:
            outcome = by_page.get(run.report)
            if outcome is None or run.kind == REGISTERED:
                return run
            return replace(run, sentence=self._sentences.of_outcome(outcome) or run.sentence)

        earlier, last = state.runs[:-_MOST_EXPLAINED], state.runs[-_MOST_EXPLAINED:]
        return replace(state, runs=(*earlier, *map(tell, last)))


def _describe(
    about: UseCaseState,
    history: ModelHistory,
    journals: _Journals,
    deadlines: Sequence[datetime],
    outcomes: Sequence[RunOutcome],
) -> UseCaseState:
    champion, since = history.champion, history.alias_entries.get(CHAMPION)
    looks = [
        e
        for e in history.entries
        if e.kind == MONITORED and champion and e.body["version"] == champion.number
    ]
    return replace(
        about,
        champion=champion.name if champion else "",
        champion_since=entry_timestamp(since) if champion and since else None,
        look=_last_look(history.model, looks),
        performance=_performance(looks[-_MOST_LOOKS:]),
        scored_at=journals.moments[-1] if journals.moments else None,
        scored_rows=journals.rows,
        refusal=journals.refusal,
        deadline=judge_model(history, journals.moments, deadlines),
        runs=tuple(_answered_runs(history, outcomes)),
    )


def _last_look(model: str, looks: Sequence[JournalEntry]) -> LastLook | None:
    if not looks:
        return None
    last = looks[-1]
    return LastLook(
        last.body["verdict"], entry_timestamp(last), shorten_text(entry_sentence(model, last))
    )


def _performance(looks: Sequence[JournalEntry]) -> PerformanceTrend | None:
    metric = first_metric(looks)
    if not metric:
        return None
    expected, realised = (
        tuple(_number(look.body["figures"].get(f"{kind}{metric}")) for look in looks)
        for kind in (EXPECTED_PREFIX, REALISED_PREFIX)
    )
    return PerformanceTrend(metric, expected, realised)


def _number(value: object) -> float | None:
    return value if isinstance(value, float | int) else None


def _answered_runs(history: ModelHistory, outcomes: Sequence[RunOutcome]) -> Iterator[AnsweredRun]:
    """The last answers. Versions of one run are one: the first that was registered, else the last.

    They are told apart by their question, since it is in each entry.
    """
    judged = [e for e in history.entries if e.kind in {REGISTERED, REJECTED, STOPPED}]
    runs: list[JournalEntry] = []
    for entry in judged:
        same = runs and runs[-1].body["question"] == entry.body["question"]
        if not same:
            runs.append(entry)
        elif runs[-1].kind != REGISTERED:
            runs[-1] = entry
    pages = {
        (str(outcome.question), outcome.model): outcome.page.digest.hex
        for outcome in outcomes
        if is_in_journal(history, outcome)
    }
    by_question = {question: page for (question, _), page in pages.items()}
    for entry in runs[-_MOST_RUNS:]:
        question = entry.body["question"]
        version = entry.body.get("version")
        name = f"{history.model}@{version}" if version else None
        yield AnsweredRun(
            entry.kind,
            entry_timestamp(entry),
            shorten_text(entry_sentence(history.model, entry)),
            pages.get((question, name)) or by_question.get(question, ""),
            _beginning(entry.body.get("reasons") or [""]),
        )


def _beginning(reasons: Sequence[str]) -> str:
    """As much of the first reason as a run's message surely has."""
    return " ".join(str(reasons[0]).split())[:_REASON_LENGTH]
