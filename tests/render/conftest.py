"""Reports that no gate would write, but might."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from assay.gates.report import Check, Figure, Interval, Point, Report, Series, Sheet, Verdict

sys.path.insert(0, str(Path(__file__).parent))  # for `import gallery`

NASTY = "<script>alert(1)</script>"


@pytest.fixture
def fairness() -> Report:
    """A report with one check of each verdict, a figure, a sheet and a note."""
    gap = Check(
        name="gap[sex=Female]", claim="The gap for sex=Female is within 0.05",
        verdict=Verdict.FAIL, statistic="gap", estimate=-0.0892,
        interval=Interval(low=-0.1289, high=-0.0602), threshold=-0.05,
        why="0.742 of 482 against 0.831 of 1,861.", remedy="Add a mitigated candidate.",
        rows=2343, group="sex=Female",
    )  # fmt: skip
    others = [
        Check(name="p", claim="Claim that holds", verdict=Verdict.PASS, remedy="None needed."),
        Check(name="u", claim="Claim on few rows", verdict=Verdict.UNKNOWN, remedy="900 more."),
        Check(name="c", claim="Claim near its limit", verdict=Verdict.CAUTION, why="It is near."),
        Check(name="s", claim="Soft claim", verdict=Verdict.FAIL, hard=False),
    ]
    marks = tuple(Point(label=n, value=v) for n, v in [("Female", 0.742), ("Male", 0.831)])
    return Report(
        gate="fairness", subject="income@1, 9,769 test rows", verdict=Verdict.FAIL,
        summary="Women are found less often.", checks=(others[0], *others[1:], gap),
        sheets=(Sheet(title="Rates", columns=("group", "rows", "rate"),
                      rows=(("Female", 3247, 0.742), ("Male", 6522, None)), note="Wilson's."),),
        figures=(Figure(title="Rate by group", kind="intervals", axis="rate",
                        alt="Women lower.", series=(Series(name="rate", points=marks),)),),
        notes=("Small groups get no verdict.",),
    )  # fmt: skip


@pytest.fixture
def nasty() -> Report:
    """Every text of the report is markup, of HTML, Markdown, rich and terminals at once."""
    text = f"{NASTY}|[red]*a*_b_`c`[/red]\n\x1b[31m\x00\u202e & \"'"
    return Report(
        gate=text, subject=text, verdict=Verdict.UNKNOWN, summary=text, notes=(text,),
        checks=(Check(name=text, claim=text, verdict=Verdict.FAIL, statistic=text, estimate=1.0,
                      why=text, remedy=text, group=text),),
        sheets=(Sheet(title=text, columns=(text, "n"), rows=((text, 1),), note=text),),
        figures=(Figure(title=text, kind="bars", axis=text, x_axis=text, alt=text,
                        series=(Series(name=text, points=(Point(label=text, value=1.0),)),)),),
    )  # fmt: skip
