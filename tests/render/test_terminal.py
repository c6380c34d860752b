from __future__ import annotations

import io
import sys

import gallery
import pytest
from rich.cells import cell_len
from rich.console import Console

from assay.gates.report import Report
from assay.render import terminal_text
from assay.render.terminal import show_report, show_reports
from assay.render.terminal_decision import show_gates


def piped(width: int = 80) -> Console:
    return Console(file=io.StringIO(), width=width)


def screen(width: int = 80) -> Console:
    return Console(file=io.StringIO(), width=width, force_terminal=True, color_system="truecolor")


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_pipe_gets_plain_lines_that_are_not_cut_at_80_columns(fairness: Report) -> None:
    console = piped()
    show_report(fairness, console)
    text = written(console)
    line = next(line for line in text.splitlines() if "sex=Female" in line)
    assert line.startswith("  ✗ fail")
    assert "-0.089 [-0.129, -0.060] against -0.050" in line
    assert "0.742 of 482 against 0.831 of 1,861; " in line
    assert "…" not in text
    assert "\x1b" not in text
    assert not any("\u2500" <= character <= "\u257f" for character in text)
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_pipe_gets_all_rows_of_a_sheet_aligned(fairness: Report) -> None:
    console = piped()
    show_report(fairness, console)
    assert "  Female  3,247  0.742\n  Male    6,522  –" in written(console)  # noqa: RUF001


@pytest.mark.parametrize("width", [30, 80, 200])
def test_a_terminal_is_never_overrun_and_nothing_is_lost(fairness: Report, width: int) -> None:
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=True,
        color_system=None,
        legacy_windows=False,
    )
    show_report(fairness, console)
    lines = written(console).splitlines()
    assert all(cell_len(line) <= width for line in lines)
    for word in ("0.742", "1,861.", "-0.089", "[-0.129,", "-0.060]", "-0.050", "mitigated"):
        assert any(word in line for line in lines)
    assert "…" not in written(console)


def test_a_verdict_is_a_word_and_a_sign_without_colour(fairness: Report) -> None:
    for console in (piped(), screen()):
        show_report(fairness, console)
        for signed in ("✗ fail", "? unknown", "! caution", "✓ pass"):
            assert signed in written(console)


def test_remedies_are_given_for_findings_alone(fairness: Report) -> None:
    for console in (piped(), screen(200)):
        show_report(fairness, console)
        assert "Add a mitigated candidate." in written(console)
        assert "None needed." not in written(console)


def test_neither_markup_nor_escape_sequences_of_the_data_reach_a_terminal(nasty: Report) -> None:
    console = Console(file=io.StringIO(), width=200, force_terminal=True, color_system=None)
    show_report(nasty, console)
    show_gates([nasty], console)
    assert "\x1b[31m" not in written(console)
    assert "\u202e" not in written(console)
    assert "[red]" in written(console)


def test_verdicts_take_one_line_a_gate_in_a_pipe(fairness: Report) -> None:
    console = piped(40)
    show_gates([fairness, fairness.model_copy(update={"gate": "drift"})], console)
    assert written(console) == (
        "fairness  ✗ fail  0.742 of 482 against 0.831 of 1,861\n"
        "drift     ✗ fail  0.742 of 482 against 0.831 of 1,861\n"
    )


def test_no_gates_are_no_lines() -> None:
    console = piped()
    show_gates([], console)
    assert written(console) == ""


def test_reports_are_set_apart_by_a_blank_line(fairness: Report) -> None:
    console = piped()
    show_reports([fairness, fairness], console)
    assert written(console).count("\n\nfairness: ✗ fail") == 1


def test_a_long_sheet_is_cut_on_a_terminal_with_a_count(fairness: Report) -> None:
    (sheet,) = fairness.sheets
    rows = tuple((f"g{i}", i, 0.5) for i in range(75))
    report = fairness.model_copy(update={"sheets": (sheet.model_copy(update={"rows": rows}),)})
    console = screen(100)
    show_report(report, console)
    assert "63 more rows" in written(console)
    assert "g74" not in written(console)


def test_an_encoding_without_our_signs_is_no_error(
    fairness: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    console = terminal_text.make_console()
    show_report(fairness, console)
    sys.stdout.flush()
    assert b"? fail" in raw.getvalue()


def test_in_brief_a_report_is_its_findings(fairness: Report) -> None:
    for console in (piped(), screen(100)):
        show_report(fairness, console, brief=True)
        text = written(console)
        assert "Add a mitigated candidate." in text
        for left_out in ("Claim that holds", "Rates", "Women lower.", "Small groups"):
            assert left_out not in text


def test_a_figure_is_strips_on_a_terminal_and_numbers_in_a_pipe(fairness: Report) -> None:
    for console, drawn in ((screen(100), True), (piped(), False)):
        show_report(fairness, console)
        assert ("●" in written(console)) is drawn
        assert "Women lower." in written(console)
        assert "0.831" in written(console)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_figures_and_wide_tables_fit_any_terminal(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    show_report(gallery.report(), console)
    assert all(cell_len(line) <= width for line in written(console).splitlines())
    assert "a_column_13" in written(console).replace("\n", "")


def test_a_table_without_room_is_told_row_by_row_and_no_word_is_broken() -> None:
    console = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None)
    show_report(gallery.report(), console)
    lines = written(console).splitlines()
    start = lines.index("Wide")
    assert lines[start + 1].strip() == "Amer-Indian-Eskimo"
    assert all("a_column_" in line for line in lines[start + 2 : start + 6])


def test_verdicts_on_a_narrow_terminal_stand_beneath_one_another(fairness: Report) -> None:
    console = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None)
    show_gates([fairness], console)
    assert [line.rstrip() for line in written(console).splitlines()] == [
        "fairness  ✗ fail",
        "  0.742 of 482 against 0.831 of 1,861",
    ]
