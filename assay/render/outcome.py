"""What a run came to, on one page: the outcome, why, each gate in a line, where the whole is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.evidence.report import Report
from assay.render.markdown import row, safe
from assay.render.words import scores_in_words, signed
from assay.runs import Outcome

_REASONS = 20


def headline(outcome: Outcome) -> str:
    """In a few words: "income@3: registered, champion"."""
    said = f"{outcome.model or outcome.use_case}: {outcome.outcome}"
    return f"{said}, champion" if outcome.champion else said


def page(outcome: Outcome, reports: Sequence[Report], link: str) -> str:
    """As Markdown. `reports`: of the gates, in reading order; `link`: to the whole report."""
    return "\n\n".join(_blocks(outcome, reports, link)) + "\n"


def _blocks(outcome: Outcome, reports: Sequence[Report], link: str) -> Iterator[str]:
    yield f"# {safe(headline(outcome))}"
    yield f"[The whole report]({link})"
    if outcome.reasons:
        yield "## Why" if outcome.outcome != "registered" else "## To be weighed"
        left = len(outcome.reasons) - _REASONS
        more = ["", f"*{left:,} more in the report*"] if left > 0 else []
        yield "\n".join([*(f"- {safe(why)}" for why in outcome.reasons[:_REASONS]), *more])
    yield "## Gates"
    lines = [row(("gate", "verdict", "what was seen")), "|---|---|---|"]
    lines += [row(map(safe, (r.gate, signed(r.verdict), r.summary))) for r in reports]
    yield "\n".join(lines)
    if outcome.judged:
        yield "## Candidates"
        lines = [row(("version", "is", "candidate", "on the test rows")), "|---|---|---|---|"]
        for one in outcome.judged:
            said = (one.model, one.status, one.candidate, scores_in_words(one.scores))
            lines.append(row(map(safe, said)))
        yield "\n".join(lines)
