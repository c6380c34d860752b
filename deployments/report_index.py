"""The first page of the reports: what waits for a person, and the pages of runs in a journal."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.memo import MEMO_PREFIX
from assay.deployments.todo import TodoList, describe_item
from assay.errors import AssayError
from assay.production.todo_item import NOTHING_TO_DO
from assay.registry.registry import Registry
from assay.runs.outcome import RunOutcome
from assay.runs.result_cache import RESULT_STAGE, is_in_journal
from assay.util.concurrency import ordered_map
from assay.util.printable_text import printable_text

_MOST_ITEMS = 100  # of the to-do list on the page
_NO_REPORTS = "There is no report yet."
_INDEX_STYLE = "body{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto}"


@dataclass
class ReportIndex:
    """Finds the reports of a bucket. What was read once is not read again."""

    _outcomes: dict[str, RunOutcome | None] = field(default_factory=dict)

    def find_reports(
        self, bucket: Bucket, page: Digest | None = None
    ) -> Mapping[Digest, RunOutcome]:
        """The outcome of each report, by the digest of its page: of all, or of one page.

        Reads the journals of those alone. Raises StoreError, ChainBroken.
        """
        keys = [entry.key for entry in bucket.store.list(f"{MEMO_PREFIX}{RESULT_STAGE}/")]
        fresh = [key for key in keys if key not in self._outcomes]
        found = ordered_map(lambda key: _read_outcome(bucket, key), fresh)
        known = self._outcomes | dict(zip(fresh, found, strict=True))
        self._outcomes = {key: known[key] for key in keys}
        outcomes = [o for o in self._outcomes.values() if o and page in {None, o.page.digest}]
        registry, models = Registry(bucket), {outcome.use_case for outcome in outcomes}
        histories = {model: registry.history(model) for model in sorted(models)}
        return {
            outcome.page.digest: outcome
            for outcome in outcomes
            if is_in_journal(histories[outcome.use_case], outcome)
        }


def _read_outcome(bucket: Bucket, key: str) -> RunOutcome | None:
    """The outcome that a memo entry holds; None for what is no such entry, or does not count."""
    question = key.removeprefix(f"{MEMO_PREFIX}{RESULT_STAGE}/").partition(".")[0]
    try:
        entry = bucket.memo.find(RESULT_STAGE, Digest.parse(f"sha256:{question}"))
        return RunOutcome.model_validate(entry["outcome"]) if entry else None
    except (AssayError, ValueError, TypeError, KeyError):
        return None


def render_index(reports: Mapping[Digest, RunOutcome], todo: TodoList, problem: str = "") -> bytes:
    """A page of what waits for a person, and of links to every report, by use case.

    `problem` says why reports cannot be listed, where they cannot.
    """
    rows = sorted(
        (one.use_case, _number(one), _title(one), one.outcome, digest.hex)
        for digest, one in reports.items()
    )
    items = "".join(
        f'<li><a href="/{digest}">{html.escape(title)}</a>: {html.escape(outcome)}</li>'
        for _, _, title, outcome, digest in rows
    )
    shown = f"<ul>{items}</ul>" if items else f"<p>{html.escape(problem or _NO_REPORTS)}</p>"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Reports</title>'
        f"<style>{_INDEX_STYLE}</style><h1>To do</h1>{_render_todo(todo)}"
        f'<h1>Reports</h1>{shown}<p><a href="/metrics">Metrics</a></p></html>'
    ).encode()


def _render_todo(todo: TodoList) -> str:
    items = "".join(
        f"<li>{_escape(describe_item(item))}<br><code>{_escape(item.command)}</code></li>"
        for item in todo.items[:_MOST_ITEMS]
    )
    more = len(todo.items) - _MOST_ITEMS
    rest = f"<p>And {more:,} more: see <code>assay todo</code>.</p>" if more > 0 else ""
    notes = "".join(f"<p>{_escape(note)}</p>" for note in todo.notes)
    return (f"<ol>{items}</ol>" if items else f"<p>{NOTHING_TO_DO}</p>") + rest + notes


def _escape(text: str) -> str:
    return html.escape(printable_text(text))


def _title(outcome: RunOutcome) -> str:
    return outcome.model or f"{outcome.use_case}, question {outcome.question.hex[:12]}"


def _number(outcome: RunOutcome) -> int:
    """The version's number, 0 for a run that stopped before it had a model."""
    return int((outcome.model or "@0").rpartition("@")[2])
