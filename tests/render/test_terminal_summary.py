"""The short form of a report: nothing that went wrong is left out; what is left is named."""

import io

from rich.console import Console

from assay.gates.report import Check, Figure, Report, Sheet, Verdict, overall_verdict
from assay.render.terminal_summary import show_report_summary


def told(report):
    out = io.StringIO()
    show_report_summary(
        report, Console(file=out, force_terminal=True, width=120, color_system=None)
    )
    return out.getvalue()


def check(name, verdict=Verdict.PASS):
    return Check(name=name, claim=f"{name} is well", verdict=verdict, why=f"seen of {name}")


def report(*checks, sheets=(), figures=()):
    verdict = overall_verdict(checks)
    return Report(
        gate="fairness", subject="rows", verdict=verdict, summary="In short.", checks=checks,
        sheets=sheets, figures=figures,
    )  # fmt: skip


def sheet(title, rows, **more):
    return Sheet(title=title, columns=("a",), rows=tuple((n,) for n in range(rows)), **more)


def test_what_did_not_pass_is_told_in_full_and_the_rest_a_line_a_family():
    passed = [check(f"recall[sex={group}]") for group in "abc"]
    text = told(report(*passed, check("alone"), check("bad[x]", Verdict.FAIL),
                       check("dim[x]", Verdict.UNKNOWN)))  # fmt: skip
    assert "seen of bad[x]" in text
    assert "seen of dim[x]" in text
    assert "seen of recall" not in text
    assert "recall: 3 checks" in text
    assert "alone is well" in text
    assert "✗ fail" in text.splitlines()[0]


def test_tables_and_figures_are_counted_and_the_way_to_them_is_named():
    figure = Figure(title="f", kind="bars", series=(), axis="x", alt="nothing")
    text = told(report(check("a"), sheets=[sheet("One", 2), sheet("Two", 2)], figures=[figure]))
    assert "One" not in text
    assert "2 tables and 1 figure more: --all, or --html FILE" in text


def test_without_a_check_the_smaller_tables_are_what_there_is_to_see():
    sheets = [sheet("Small", 2), sheet("Large", 40), sheet("Folded", 2, detail=True)]
    text = told(report(sheets=sheets))
    assert "Small" in text
    assert "Large" not in text
    assert "2 tables more" in text


def test_nothing_is_said_of_what_is_not_there():
    assert "more:" not in told(report(check("a")))
