"""The page of a use case: its champion and its history, from its journals.

It is for a dashboard, and is published again whenever the journal has grown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry, entry_timestamp
from assay.errors import ObjectCorrupt, ObjectMissing
from assay.gates.report import Figure, largest_difference
from assay.gates.stored_measurements import get_measured_report
from assay.registry.batch_ledger import BatchHistory, BatchLedger
from assay.registry.decisions.use_case_pause import Pause, find_pause
from assay.registry.history import CHAMPION, MONITORED, ModelHistory, Version
from assay.registry.registry import Registry
from assay.render import journal_text, model_history
from assay.render.markdown import escape_markdown, sheet_blocks
from assay.util import clock

_MOST_LOOKS = 200  # in the figures
_MOST_ROWS = 12  # of a table
_MOST_EVENTS = 20
_WIDEST_GAP = "widest gap"  # the column of the largest difference between groups


@dataclass(frozen=True)
class UseCasePage:
    """The content of a page.

    `configuration` is that of the last run; `scores` are those of the newest versions on their test
    rows, by number and name; `pause` is the one in force.
    """

    history: ModelHistory
    batches: BatchHistory
    configuration: Mapping[str, Any]
    scores: Mapping[int, Mapping[str, float]]
    pause: Pause | None = None

    @classmethod
    def load(cls, bucket: Bucket, model: str, as_of: datetime | None = None) -> UseCasePage:
        """Read a model's journals. `as_of`: for which moment; default: now. Raises ChainBroken.

        Missing or damaged objects leave gaps, which `assay verify` reports.
        """
        history = Registry(bucket).history(model)
        newest = list(history.versions.values())[-_MOST_ROWS:]
        scores = {version.number: _version_scores(bucket, version) for version in newest}
        now = as_of or clock.parse_timestamp(None)
        return cls(
            history,
            BatchLedger(bucket, model).read(),
            _last_configuration(bucket, history),
            scores,
            find_pause(bucket, model, history.entries, now),
        )

    @property
    def looks(self) -> list[JournalEntry]:
        return [e for e in self.history.entries if e.kind == MONITORED]

    @property
    def headline(self) -> str:
        """The state in a few words: "income@3 is champion; the last look: healthy"."""
        champion = self.history.champion
        said = f"{champion.name} is {CHAMPION}" if champion else "no champion"
        said = f"paused; {said}" if self.pause else said
        return said + (f"; the last look: {self.looks[-1].body['verdict']}" if self.looks else "")

    def figures(self) -> list[Figure]:
        since = self.history.alias_entries.get(CHAMPION)
        return list(
            model_history.history_figures(self.looks[-_MOST_LOOKS:], since, self._tolerance())
        )

    def to_markdown(
        self, *, actor_of: Callable[[JournalEntry], str], pictures: Mapping[str, str] | None = None
    ) -> str:
        """The page as Markdown.

        `actor_of` gives the author of an entry; `pictures` the URL of a figure's picture by title.
        """
        return "\n\n".join(_page_blocks(self, actor_of, pictures or {})) + "\n"

    def _tolerance(self) -> float | None:
        limits = {rule.get("tolerance") for rule in self.configuration.get("fairness", ())}
        return limits.pop() if len(limits) == 1 else None


def _page_blocks(
    page: UseCasePage, actor_of: Callable[[JournalEntry], str], pictures: Mapping[str, str]
) -> Iterator[str]:
    history = page.history
    yield f"# {escape_markdown(history.model)}: {escape_markdown(page.headline)}"
    if question := page.configuration.get("question"):
        decision = escape_markdown(page.configuration["decision"]).capitalize()
        yield f"**{escape_markdown(question)}** {decision}."
    yield "\n".join(f"- **{name}.** {said}" for name, said in _fact_lines(page, actor_of))
    for figure in page.figures():
        yield f"## {escape_markdown(figure.title)}"
        if figure.title in pictures:
            yield f"![{escape_markdown(figure.alt)}]({pictures[figure.title]})"
        yield escape_markdown(figure.alt)
    if history.versions:
        yield from sheet_blocks(
            model_history.versions_sheet(history, page.scores), _MOST_ROWS, broken=True
        )
    if page.looks:
        yield from sheet_blocks(
            model_history.looks_sheet(page.looks, history.model), _MOST_ROWS, broken=True
        )
    yield "## What happened"
    yield _event_list(page, actor_of)
    yield (
        f"The journal has {len(history.entries):,} entries: see `assay log {history.model}`. "
        f"The evidence of a version: `assay show {history.model}@N`."
    )


def _fact_lines(
    page: UseCasePage, actor_of: Callable[[JournalEntry], str]
) -> Iterator[tuple[str, str]]:
    history, since = page.history, page.history.alias_entries.get(CHAMPION)
    if page.pause is not None:
        said = page.pause.describe().removeprefix("paused ")
        yield "Paused", escape_markdown(f"{said}. End it with assay resume {history.model}")
    if since is not None:
        when = clock.display_timestamp(entry_timestamp(since))
        said = journal_text.entry_sentence(history.model, since)
        yield "Champion", escape_markdown(f"since {when}: {said} ({actor_of(since)})")
    else:
        yield "Champion", "none: nothing can be scored"
    if waiting := history.pending_challenger:
        name = escape_markdown(history.versions[waiting.body["version"]].name)
        yield "Challenger", f"{name} waits to be promoted: see the run *promote {name}*"
    if page.looks:
        last = page.looks[-1]
        when = clock.display_timestamp(entry_timestamp(last))
        yield (
            "Last look",
            escape_markdown(f"{when}: {journal_text.entry_sentence(history.model, last)}"),
        )
    if lines := journal_text.ledger_lines(history.model, page.batches):
        yield "Batches", escape_markdown("; ".join(lines))


def _event_list(page: UseCasePage, actor_of: Callable[[JournalEntry], str]) -> str:
    """The last events as a list, since a dashboard does not wrap the cells of a table."""
    events = journal_text.journal_events(
        page.history.model, page.history.entries, actor_of=actor_of, every_entry=False
    )
    lines = [
        f"- {e.time}, {escape_markdown(e.actor)}: {escape_markdown(e.text)}"
        for e in reversed(events[-_MOST_EVENTS:])
    ]
    left = len(events) - len(lines)
    return "\n".join([*lines, *(["", f"*{left:,} earlier ones*"] if left else [])])


def _last_configuration(bucket: Bucket, history: ModelHistory) -> Mapping[str, Any]:
    runs = [entry.body["run"] for entry in history.entries if "run" in entry.body]
    with suppress(ObjectMissing, ObjectCorrupt):
        record = bucket.get_json(Artifact.model_validate(runs[-1])) if runs else {}
        return dict(record.get("configuration", {}))
    return {}


def _version_scores(bucket: Bucket, version: Version) -> dict[str, float]:
    """A version's headline score on its test rows, and its largest difference between groups."""
    found: dict[str, float] = {}
    with suppress(ObjectMissing, ObjectCorrupt):
        if performance := version.reports.get("performance"):
            scores = get_measured_report(bucket, performance).measurements_of("score")
            found |= {s.metric: s.value for s in scores if s.headline and s.value is not None}
    with suppress(ObjectMissing, ObjectCorrupt):
        if fairness := version.reports.get("fairness"):
            gap = largest_difference(get_measured_report(bucket, fairness))
            found |= {} if gap is None else {_WIDEST_GAP: gap}
    return found
