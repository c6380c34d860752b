"""The reports of a bucket: the pages of runs in a journal, and the list of them."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.memo import MEMO_PREFIX
from assay.errors import AssayError
from assay.registry.registry import Registry
from assay.render.stylesheet import read_stylesheet
from assay.runs.outcome import RunOutcome
from assay.runs.result_cache import RESULT_STAGE, is_in_journal
from assay.util.concurrency import ordered_map
from assay.util.printable_text import printable_text

MOST_REPORTS = 2_000  # on the page
_NO_REPORTS = "There is no report yet."


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
        outcomes = [o for o in self.read_outcomes(bucket) if page in {None, o.page.digest}]
        registry, models = Registry(bucket), {outcome.use_case for outcome in outcomes}
        histories = {model: registry.history(model) for model in sorted(models)}
        return {
            outcome.page.digest: outcome
            for outcome in outcomes
            if is_in_journal(histories[outcome.use_case], outcome)
        }

    def read_outcomes(self, bucket: Bucket) -> list[RunOutcome]:
        """The outcomes that the memo holds, whether a journal has them or not. Raises StoreError.

        What was read once is not read again.
        """
        keys = [entry.key for entry in bucket.store.list(f"{MEMO_PREFIX}{RESULT_STAGE}/")]
        fresh = [key for key in keys if key not in self._outcomes]
        found = ordered_map(lambda key: _read_outcome(bucket, key), fresh)
        known = self._outcomes | dict(zip(fresh, found, strict=True))
        self._outcomes = {key: known[key] for key in keys}
        return [outcome for outcome in self._outcomes.values() if outcome]


def _read_outcome(bucket: Bucket, key: str) -> RunOutcome | None:
    """The outcome that a memo entry holds; None for what is no such entry, or does not count."""
    question = key.removeprefix(f"{MEMO_PREFIX}{RESULT_STAGE}/").partition(".")[0]
    try:
        entry = bucket.memo.find(RESULT_STAGE, Digest.parse(f"sha256:{question}"))
        return RunOutcome.model_validate(entry["outcome"]) if entry else None
    except (AssayError, ValueError, TypeError, KeyError):
        return None


def render_index(reports: Mapping[Digest, RunOutcome], problem: str = "") -> bytes:
    """A page of links to every report, by use case and the newest version first.

    `problem` says why reports cannot be listed, where they cannot.
    """
    rows = sorted(reports.items(), key=lambda one: (one[1].use_case, -_number(one[1]), one[0].hex))
    items = "".join(
        f'<li><a href="/{digest.hex}">{_escape(_title(one))}</a>: {_escape(one.outcome)}</li>'
        for digest, one in rows[:MOST_REPORTS]
    )
    more = len(rows) - MOST_REPORTS
    rest = f"<p>And {more:,} more: see <code>assay log MODEL</code>.</p>" if more > 0 else ""
    shown = f"<ul>{items}</ul>{rest}" if items else f"<p>{_escape(problem or _NO_REPORTS)}</p>"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Reports · Assay</title><style>{read_stylesheet()}</style>"
        '<p class="brand"><a href="/">Assay · the operator\'s desk</a></p>'
        f"<h1>Reports</h1>{shown}</html>"
    ).encode()


def _escape(text: str) -> str:
    return html.escape(printable_text(text))


def _title(outcome: RunOutcome) -> str:
    return outcome.model or f"{outcome.use_case}, question {outcome.question.hex[:12]}"


def _number(outcome: RunOutcome) -> int:
    """The version's number, 0 for a run that stopped before it had a model."""
    return int((outcome.model or "@0").rpartition("@")[2])
