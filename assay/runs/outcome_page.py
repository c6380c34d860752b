"""The outcome of a run on one page: the result, the reasons, a line for each gate, a link to the
report.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.gates.report import Report
from assay.render.markdown import escape_markdown, markdown_table
from assay.render.report_text import format_scores, verdict_label
from assay.runs.outcome import RunOutcome

_MOST_REASONS = 20


def outcome_headline(outcome: RunOutcome) -> str:
    """In a few words: "income@3: registered, champion"."""
    said = f"{outcome.model or outcome.use_case}: {outcome.outcome}"
    return f"{said}, champion" if outcome.champion else said


def render_outcome(outcome: RunOutcome, reports: Sequence[Report], link: str) -> str:
    """The page as Markdown. `reports` are the gates', in reading order; `link` leads to the whole
    report.
    """
    return "\n\n".join(_outcome_blocks(outcome, reports, link)) + "\n"


def _outcome_blocks(outcome: RunOutcome, reports: Sequence[Report], link: str) -> Iterator[str]:
    yield f"# {escape_markdown(outcome_headline(outcome))}"
    yield f"[The whole report]({link})"
    if outcome.reasons:
        yield "## Why" if outcome.outcome != "registered" else "## To be weighed"
        left = len(outcome.reasons) - _MOST_REASONS
        more = ["", f"*{left:,} more in the report*"] if left > 0 else []
        yield "\n".join(
            [*(f"- {escape_markdown(why)}" for why in outcome.reasons[:_MOST_REASONS]), *more]
        )
    yield "## Gates"
    cells = [(report.gate, verdict_label(report.verdict), report.summary) for report in reports]
    yield "\n".join(markdown_table(("gate", "verdict", "what was seen"), cells, ["---"] * 3))
    if judged := outcome.judged:
        yield "## Candidates"
        head = ("version", "is", "candidate", "on the test rows")
        rows = [(one.model, one.status, one.candidate, format_scores(one.scores)) for one in judged]
        yield "\n".join(markdown_table(head, rows, ["---"] * 4))
