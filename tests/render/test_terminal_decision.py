"""The answer first: in words that are never broken, at any width of a terminal."""

from __future__ import annotations

import io
import re

import pytest
from deciding import check, fairness, gap, gate, performance
from rich.cells import cell_len
from rich.console import Console

from assay.gates.report import Report, Verdict
from assay.render.decision_summary import ModelDecision, summarize_decision
from assay.render.report_text import gate_reason
from assay.render.terminal_decision import show_decision, show_gates
from assay.render.terminal_text import wrapped_lines

FINDING = (
    "workclass: 2,799 of 48,842 values (5.73 %) break expect_column_values_to_not_be_null, which "
    "the census left open for people who never worked"
)
REPORTS = [
    gate("validation", check("rule", Verdict.CAUTION, why=f"{FINDING}."),
         check("other", Verdict.CAUTION, why="Another."), check("fine"), verdict=Verdict.CAUTION),
    performance(champion=0.921),
    fairness(gap("sex=Female", -0.05, Verdict.PASS)),
]  # fmt: skip
DECISION = ModelDecision(
    "income@3", "registered", against="income@2", waits="it awaits a person who promotes it",
    command="assay promote income@3 --because TEXT",
)  # fmt: skip


def shown(width: int | None = None, reports: list[Report] = REPORTS) -> str:
    """On a terminal of that width; in a pipe without one."""
    console = Console(
        file=io.StringIO(), width=width or 80, force_terminal=width is not None, color_system=None,
        highlight=False,
    )  # fmt: skip
    show_decision(summarize_decision(reports, DECISION), console)
    show_gates(reports, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_word_is_broken_and_no_line_is_too_wide(width: int) -> None:
    text = shown(width)
    assert all(cell_len(line) <= width for line in text.splitlines())
    in_one_line = shown(10_000)
    assert sorted(text.split()) == sorted(in_one_line.split())


@pytest.mark.parametrize("width", [80, 100, None])
def test_the_answer_comes_first_then_its_numbers_then_the_gates(width: int | None) -> None:
    text = shown(width)
    heads = ("income@3 waits for a person", "How good?", "How fair?", "How sure?", "\nvalidation ")
    places = [text.index(head) for head in heads]
    assert places == sorted(places)
    assert places[0] == 0


def test_the_reason_of_a_caution_stands_at_its_gate_and_not_what_was_checked() -> None:
    (line,) = (line for line in shown().splitlines() if line.startswith("validation"))
    assert line == f"validation   ! caution  {FINDING} (and 1 more)"


def test_a_gate_that_passed_gives_its_summary() -> None:
    assert gate_reason(gate("technical", check("fast"))) == "technical in a sentence."


def test_what_weighs_less_than_the_verdict_is_not_its_reason() -> None:
    report = gate(
        "fairness", check("a", Verdict.CAUTION, why="A little."),
        check("b", Verdict.FAIL, why="Too far."), verdict=Verdict.FAIL,
    )  # fmt: skip
    assert gate_reason(report) == "Too far"


def test_a_gate_without_checks_gives_its_summary() -> None:
    assert gate_reason(gate("fairness", verdict=Verdict.UNKNOWN)) == "fairness in a sentence."


def test_a_pipe_has_a_line_for_each_answer() -> None:
    lines = shown().splitlines()
    assert [line.partition("  ")[0] for line in lines[1:4]] == [
        "How good?",
        "How fair?",
        "How sure?",
    ]
    assert "dummy 0.500" in lines[1]
    assert lines[1].endswith("✓ pass")


def test_on_a_narrow_terminal_all_is_there(nasty: Report) -> None:
    text = shown(40, [*REPORTS, nasty])
    assert all(cell_len(line) <= 40 for line in text.splitlines())
    assert "income@2" in text
    assert "\x1b[31m" not in text


def test_text_is_wrapped_at_words_below_its_own_indent() -> None:
    lines = wrapped_lines(f"  - {FINDING}\nshort", 60)
    assert all(len(line) <= 60 for line in lines)
    assert all(re.match(r" {4}\S", line) for line in lines[1:-1])
    assert lines[-1] == "short"
    assert " ".join(line.strip() for line in lines[:-1]) == f"- {FINDING}"


def test_what_is_to_be_copied_stays_whole() -> None:
    digest = f"sha256:{64 * 'a'}"
    assert wrapped_lines(f"run {digest} of it", 40) == ["run", digest, "of it"]
    command = "  assay show income@3 --gate performance --store s3://bucket/a/long/prefix"
    assert wrapped_lines(command, 40) == [command]


def test_wide_signs_count_twice() -> None:
    assert wrapped_lines("年齢 年齢 年齢", 10) == ["年齢 年齢", "年齢"]
