"""The desk as a page: no script, one file, bounded however many use cases and runs there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from assay.deployments.desk.cost import describe_cost
from assay.deployments.desk.desk import Desk, find_report
from assay.deployments.desk.server_runs import dashboard_url
from assay.deployments.desk.trend import describe_performance, trend_svg
from assay.deployments.desk.use_case_state import UseCaseState
from assay.deployments.model_pages import COMPARE_PATH
from assay.production.todo_item import NOTHING_TO_DO, TodoItem, sort_by_urgency
from assay.render.page_template import load_template
from assay.util import clock
from assay.util.relative_time import describe_age, describe_span
from assay.util.wording import format_count

MOST_LINES = 50  # of each list
CASES_PER_PAGE = 50
_MOST_MARKS = 3
_KINDS: Mapping[str, tuple[str, str]] = {
    "integrity": ("damaged", "bad"),
    "expired_waiver": ("not loaded", "bad"),
    "retrain": ("retrain", "bad"),
    "deadline": ("late", "warn"),
    "failed": ("failed", "bad"),
    "bad_use_case": ("unreadable", "bad"),
    "approval": ("decide", "ask"),
    "silent": ("silent", "warn"),
    "expiring_waiver": ("expires", "warn"),
    "paused": ("paused", ""),
}
_LOOKS: Mapping[str, tuple[str, str]] = {
    "healthy": ("pass", "✓"),
    "watch": ("caution", "▲"),
    "retrain": ("fail", "✗"),
}


READING_PAGE = (
    b'<!doctype html><html lang="en"><meta charset="utf-8"><title>Assay</title>'
    b"<p>The bucket is being read for the first time since the start. Load this page again.</p>"
)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A use case in the table. `marks`: the kinds of its items, most urgent first."""

    state: UseCaseState
    marks: tuple[str, ...]
    performance: str
    trend: Markup
    late: str
    cost: str
    cost_detail: str

    @property
    def name(self) -> str:
        return self.state.name


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page of the table; pages count from 1."""

    rows: Sequence[CaseRow]
    page: int
    pages: int
    total: int


def render_desk(desk: Desk, page: int = 1) -> bytes:
    """The page in UTF-8. `page`: of the pages of use cases; a number beyond them is the last."""
    states = {state.name: state for state in desk.states}

    def report_of(item: TodoItem) -> str:
        state = states.get(item.use_case)
        found = find_report(state, item.since, None)
        runs = state.runs if state else ()
        named = [
            run.report for run in runs if item.kind == "approval" and item.subject in run.sentence
        ]
        return found or (named[-1] if named else "")

    def comparison_of(item: TodoItem) -> str:
        state = states.get(item.use_case)
        if item.kind != "approval" or state is None or not state.champion:
            return ""
        return f"/{COMPARE_PATH}?{urlencode({'a': state.champion, 'b': item.subject})}"

    html: str = _template().render(
        desk=desk,
        title=desk_headline(desk),
        cases=page_of_cases(desk, page),
        report_of=report_of,
        comparison_of=comparison_of,
        dashboard="" if desk.server_problem else dashboard_url(),
        most=MOST_LINES,
        nothing=NOTHING_TO_DO,
    )
    return html.lstrip().encode("utf-8", "replace")


def desk_headline(desk: Desk) -> str:
    """How much there is to do, in a few words."""
    failed = sum(not one.settled for one in desk.failures)
    asked = sum(item.kind != "paused" for item in desk.waiting)
    parts = [
        f"{format_count(asked, 'thing')} to decide" if asked else "",
        f"{failed:,} failed" if failed else "",
        f"{len(desk.silent):,} late or silent" if desk.silent else "",
    ]
    return ", ".join(part for part in parts if part) or NOTHING_TO_DO.rstrip(".")


def page_of_cases(desk: Desk, page: int) -> CasePage:
    """The use cases of one page: those with the most urgent items first, then by name."""
    marks: dict[str, list[str]] = {}
    for item in sort_by_urgency(desk.items):
        kinds = marks.setdefault(item.use_case, [])
        if item.kind not in kinds:
            kinds.append(item.kind)
    order = list(_KINDS)

    def urgency(state: UseCaseState) -> tuple[int, str]:
        known = [order.index(kind) for kind in marks.get(state.name, ()) if kind in order]
        return min(known, default=len(order)), state.name

    ordered = sorted(desk.states, key=urgency)
    pages = max(-(-len(ordered) // CASES_PER_PAGE), 1)
    page = min(max(page, 1), pages)
    chosen = ordered[(page - 1) * CASES_PER_PAGE : page * CASES_PER_PAGE]
    rows = [_case_row(state, marks.get(state.name, [])) for state in chosen]
    return CasePage(rows, page, pages, len(ordered))


def _case_row(state: UseCaseState, marks: Sequence[str]) -> CaseRow:
    record = state.deadline
    late = describe_span(record.late) if record and record.late else ""
    cost, detail = describe_cost(state.cost)
    return CaseRow(
        state,
        tuple(marks[:_MOST_MARKS]),
        describe_performance(state.performance) if state.performance else "",
        Markup(trend_svg(state.performance)) if state.performance else Markup(),  # noqa: S704 - numbers alone
        late,
        cost,
        detail,
    )


@cache
def _template() -> Any:
    own = files("assay.deployments.desk").joinpath("desk.css").read_text("utf-8")
    names = {
        "age": describe_age,
        "show": clock.display_timestamp,
        "iso": clock.format_timestamp,
        "span": _span,
        "kinds": {kind: words for kind, (words, _) in _KINDS.items()},
        "tone": lambda kind: _KINDS.get(kind, ("", ""))[1],
        "looks": _LOOKS,
    }
    return load_template("assay.deployments.desk", "desk.html", names, own_css=own)


def _span(since: datetime, now: datetime) -> str:
    return describe_span((now - since).total_seconds()) or "less than a minute"
