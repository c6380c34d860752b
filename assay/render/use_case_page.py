"""The page of a use case: its champion, and what became of it over time, from its journals.

For a dashboard, which keeps one that is published anew whenever the journal has grown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry, entry_timestamp
from assay.errors import ObjectCorrupt, ObjectMissing
from assay.gates.report import Figure, Report, get_report
from assay.registry.batch_ledger import BatchHistory, BatchLedger
from assay.registry.history import CHAMPION, MONITORED, ModelHistory, Version
from assay.registry.registry import Registry
from assay.render import journal_text, model_history
from assay.render.markdown import escape_markdown, sheet_blocks
from assay.util import clock

_MOST_LOOKS = 200  # in the figures
_MOST_ROWS = 12  # of a table
_MOST_EVENTS = 20
_WIDEST_GAP = "widest gap"  # a column of the fairness gate's sheet


@dataclass(frozen=True)
class UseCasePage:
    """What a page is made of. `configuration`: the configuration that the last run was of; `scores`: what
    the newest versions reached on their test rows.
    """

    history: ModelHistory
    batches: BatchHistory
    configuration: Mapping[str, Any]
    scores: Mapping[int, Mapping[str, float]]

    @classmethod
    def load(cls, bucket: Bucket, model: str) -> UseCasePage:
        """Objects that are gone or damaged leave gaps: `assay verify` tells of them. Raises
        ChainBroken.
        """
        history = Registry(bucket).history(model)
        newest = list(history.versions.values())[-_MOST_ROWS:]
        scores = {version.number: _version_scores(bucket, version) for version in newest}
        return cls(
            history, BatchLedger(bucket, model).read(), _last_configuration(bucket, history), scores
        )

    @property
    def looks(self) -> list[JournalEntry]:
        return [e for e in self.history.entries if e.kind == MONITORED]

    @property
    def headline(self) -> str:
        """In a few words: "income@3 is champion; the last look: healthy"."""
        champion = self.history.champion
        said = f"{champion.name} is {CHAMPION}" if champion else "no champion"
        return said + (f"; the last look: {self.looks[-1].body['verdict']}" if self.looks else "")

    def figures(self) -> list[Figure]:
        since = self.history.alias_entries.get(CHAMPION)
        return list(
            model_history.history_figures(self.looks[-_MOST_LOOKS:], since, self._tolerance())
        )

    def to_markdown(
        self, *, actor_of: Callable[[JournalEntry], str], pictures: Mapping[str, str] | None = None
    ) -> str:
        """The page as Markdown. `actor` says who made an entry; `pictures` is the URL of a picture
        by the title of its figure.
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
        yield f"**{escape_markdown(question)}** {escape_markdown(page.configuration['decision']).capitalize()}."
    yield "\n".join(f"- **{name}.** {said}" for name, said in _fact_lines(page, actor_of))
    for figure in page.figures():
        yield f"## {escape_markdown(figure.title)}"
        if figure.title in pictures:
            yield f"![{escape_markdown(figure.alt)}]({pictures[figure.title]})"
        yield escape_markdown(figure.alt)
    if history.versions:
        yield from sheet_blocks(model_history.versions_sheet(history, page.scores), _MOST_ROWS)
    if page.looks:
        yield from sheet_blocks(model_history.looks_sheet(page.looks, history.model), _MOST_ROWS)
    yield "## What happened"
    yield _event_list(page, actor_of)
    yield (
        f"Of {len(history.entries):,} entries of the journal. All of them: "
        f"`assay log {history.model}`; the evidence of a version: `assay show {history.model}@N`."
    )


def _fact_lines(
    page: UseCasePage, actor_of: Callable[[JournalEntry], str]
) -> Iterator[tuple[str, str]]:
    history, since = page.history, page.history.alias_entries.get(CHAMPION)
    if since is not None:
        when = clock.display_timestamp(entry_timestamp(since))
        said = journal_text.entry_sentence(history.model, since)
        yield "Champion", escape_markdown(f"since {when}: {said} ({actor_of(since)})")
    else:
        yield "Champion", "none: nothing can be scored"
    if waiting := history.pending_challenger:
        name = history.versions[waiting.body["version"]].name
        yield (
            "Challenger",
            f"{escape_markdown(name)} waits to be promoted: see the run *promote {escape_markdown(name)}*",
        )
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
    """A list and not a table: tables of a dashboard do not wrap."""
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
    """What a version reached on its test rows, and the widest gap there that is a difference."""
    found: dict[str, float] = {}
    with suppress(ObjectMissing, ObjectCorrupt):
        for gate in _SCORE_READERS.keys() & version.reports.keys():
            found |= _SCORE_READERS[gate](get_report(bucket, version.reports[gate]))
    return dict(sorted(found.items(), key=lambda item: item[0] == _WIDEST_GAP))


def _performance_score(performance: Report) -> dict[str, float]:
    if not performance.sheets:
        return {}
    name, value, *_ = performance.sheets[0].rows[0]
    return {str(name): float(value)} if isinstance(value, int | float) else {}


def _widest_gap(fairness: Report) -> dict[str, float]:
    for sheet in fairness.sheets:
        if _WIDEST_GAP in sheet.columns:
            rows = [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]
            gaps = [row[_WIDEST_GAP] for row in rows if str(row["limit"]).startswith("within")]
            known = [abs(gap) for gap in gaps if isinstance(gap, int | float)]
            return {_WIDEST_GAP: max(known)} if known else {}
    return {}


_SCORE_READERS: Final = {"performance": _performance_score, "fairness": _widest_gap}
