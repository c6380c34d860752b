"""Whatever a gate may say can be stored, read back and shown, in every form."""

from __future__ import annotations

import io

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from assay.bucket import canonical_json
from assay.gates.report import Check, Figure, Interval, Point, Report, Series, Sheet, Verdict
from assay.render.dashboard import check_rows, report_pictures
from assay.render.html_page import render_html
from assay.render.markdown import MARKDOWN_LIMIT, render_markdown
from assay.render.terminal import show_report
from assay.render.terminal_decision import show_gates

text = st.text(max_size=30)
floats = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | floats
cells = st.none() | text | floats | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1)
checks = st.builds(
    Check, name=text, claim=text, verdict=st.sampled_from(Verdict), statistic=text, estimate=maybe,
    interval=st.none() | st.builds(Interval, low=maybe, high=maybe, level=st.floats(0.01, 0.999)),
    threshold=maybe, why=text, remedy=text, hard=st.booleans(), accepted=st.booleans(),
    rows=st.none() | st.integers(0, 10**12), group=st.none() | text,
)  # fmt: skip


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    columns = draw(st.lists(text, max_size=4))
    rows = draw(st.lists(st.tuples(*[cells] * len(columns)), max_size=4))
    return Sheet(title=draw(text), columns=tuple(columns), rows=tuple(rows), note=draw(text))


points = st.builds(Point, label=text, value=maybe, low=maybe, high=maybe, x=maybe, x_low=maybe,
                   x_high=maybe)  # fmt: skip
series = st.builds(Series, name=text, points=st.lists(points, max_size=3).map(tuple),
                   joined=st.none() | st.booleans())  # fmt: skip
ranges = st.none() | st.tuples(floats, floats)
figures = st.builds(
    Figure, title=text, kind=st.sampled_from(["intervals", "curve", "bars", "scatter"]),
    series=st.lists(series, max_size=3).map(tuple), axis=text, x_axis=text, x_log=st.booleans(),
    reference=maybe, reference_name=text, band=ranges, band_name=text, x_reference=maybe,
    x_reference_name=text, x_band=ranges, x_band_name=text, diagonal=text, alt=text,
)  # fmt: skip
reports = st.builds(
    Report, gate=text, subject=text, verdict=st.sampled_from(Verdict), summary=text,
    checks=st.lists(checks, max_size=4).map(tuple),
    sheets=st.lists(sheets(), max_size=2).map(tuple),
    figures=st.lists(figures, max_size=2).map(tuple), notes=st.lists(text, max_size=2).map(tuple),
)  # fmt: skip


def everything(report: Report) -> tuple[str, str, str, bytes, object]:
    pipe = Console(file=io.StringIO(), width=80)
    screen = Console(file=io.StringIO(), width=60, force_terminal=True)
    for console in (pipe, screen):
        show_report(report, console)
        show_report(report, console, brief=True)
        show_gates([report], console)
    assert isinstance(pipe.file, io.StringIO)
    assert isinstance(screen.file, io.StringIO)
    html = render_html([report, report], title=report.subject, facts={"Outcome": report.summary})
    drawn = {figure.title: "data:," for figure, _ in report_pictures(report)}
    shown = (render_markdown(report, drawn), html, check_rows(report))
    return pipe.file.getvalue(), screen.file.getvalue(), *shown


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(reports)
def test_any_report_shows_the_same_before_and_after_it_was_stored(report: Report) -> None:
    stored = canonical_json.dump(report.model_dump(mode="json"))
    shown = everything(report)
    assert shown == everything(Report.model_validate_json(stored))
    assert len(shown[2].encode()) <= MARKDOWN_LIMIT
    assert "\x1b" not in shown[0]
