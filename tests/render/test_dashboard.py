from __future__ import annotations

import gallery

from assay.gates.report import Check, Figure, Point, Report, Series, Verdict
from assay.render.dashboard import (
    MOST_CHECKS,
    MOST_PICTURES,
    PICTURE_LIMIT,
    check_rows,
    report_pictures,
)
from assay.render.markdown import markdown_table, render_markdown


def test_a_row_holds_what_was_found_apart_from_what_it_was_judged_against(
    fairness: Report,
) -> None:
    first, *_, last = check_rows(fairness)
    assert first == {
        "verdict": "✗ fail",
        "estimate": "-0.089 [-0.129, -0.060]",
        "limit": "-0.050",
        "finding": "0.742 of 482 against 0.831 of 1,861.",
    }
    assert last["verdict"] == "✓ pass"


def test_rows_are_bounded_and_those_left_out_are_counted() -> None:
    check = Check(name="c", claim="é" * 5000, verdict=Verdict.FAIL, remedy="é" * 5000)
    report = Report(gate="g", subject="", verdict=Verdict.FAIL, summary="", checks=(check,) * 900)
    rows = check_rows(report)
    assert len(rows) == MOST_CHECKS + 1
    assert rows[-1]["finding"] == f"{900 - MOST_CHECKS} more"
    assert all(len(value) <= 44 for row in rows for value in row.values())


def test_a_report_without_checks_has_no_rows(fairness: Report) -> None:
    assert check_rows(fairness.model_copy(update={"checks": ()})) == []


def test_pictures_are_few_and_none_is_large() -> None:
    points = tuple(Point(label="x" * 80, value=float(i), x=float(i)) for i in range(5000))
    large = Figure(title="large", kind="scatter", axis="", alt="",
                   series=(Series(name="", points=points),))  # fmt: skip
    report = gallery.report()
    report = report.model_copy(update={"figures": (large, *report.figures)})
    drawn = report_pictures(report)
    assert [figure.title for figure, _ in drawn] == [
        figure.title for figure in report.figures[1:MOST_PICTURES]
    ]
    assert all(svg.startswith(b"<svg") and len(svg) <= PICTURE_LIMIT for _, svg in drawn)


def test_a_picture_stands_in_the_text_with_its_words_and_numbers(fairness: Report) -> None:
    text = render_markdown(fairness, {"Rate by group": "data:image/svg+xml;base64,AAAA"})
    assert "![Women lower.](data:image/svg+xml;base64,AAAA)\n\nWomen lower.\n\n| label |" in text
    assert "![" not in render_markdown(fairness)


def test_no_row_of_a_table_is_wider_than_the_dashboards_page() -> None:
    """It wraps no cell, and cuts a table off at its edge."""
    long = "nine words that go on and on for ever " * 6
    lines = markdown_table(("gate", "claim", "seen"), [("fairness", long, long)], ["---"] * 3)
    cells = lines[2].strip("| ").split(" | ")
    widths = [max(map(len, cell.split("<br>"))) for cell in cells]
    assert sum(widths) <= 100
    assert cells[1].replace("<br>", " ") == long.strip()
    assert "<br>" not in markdown_table(("a", "b"), [("short", "1.5")], ["---"] * 2)[2]
