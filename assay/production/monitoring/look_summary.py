"""What a look found, on one page: the verdict, why, what to do, and where its report is."""

from __future__ import annotations

from collections.abc import Iterator

from assay.production.monitoring.outcome import MonitorOutcome
from assay.render.markdown import escape_markdown

_MOST_REASONS = 20
_MEANING = {
    "healthy": "Nothing is to be done.",
    "watch": "Nothing is to be done yet; the next looks will tell.",
    "retrain": "A retraining is asked for. If the alarm is false, say so with a reason.",
}


def look_headline(outcome: MonitorOutcome) -> str:
    """In a few words: "income@3: look 5 says retrain"."""
    return f"{outcome.model}: look {outcome.look} says {outcome.verdict}"


def render_look_outcome(outcome: MonitorOutcome, link: str | None, *, quiet: bool = False) -> str:
    """The page as Markdown. `link` leads to the whole report; None where no server shows it. A
    `quiet` look was taken of the past, and asks for nothing.
    """
    return "\n\n".join(_blocks(outcome, link, quiet)) + "\n"


def _blocks(outcome: MonitorOutcome, link: str | None, quiet: bool) -> Iterator[str]:
    yield f"# {escape_markdown(look_headline(outcome))}"
    if link:
        yield f"[The whole report]({link})"
    yield f"**{escape_markdown(outcome.summary)}**"
    if outcome.reasons:
        yield "## Why"
        left = len(outcome.reasons) - _MOST_REASONS
        lines = [f"- {escape_markdown(why)}" for why in outcome.reasons[:_MOST_REASONS]]
        yield "\n".join([*lines, *(["", f"*{left:,} more in the report*"] if left > 0 else [])])
    yield "## What to do"
    if quiet:
        yield "This look is of the past, so it asks for nothing. The next scheduled look will tell."
        return
    yield _MEANING[str(outcome.verdict)]
    if outcome.verdict == "retrain":
        yield f"`assay false-alarm {outcome.use_case} --because TEXT`"
