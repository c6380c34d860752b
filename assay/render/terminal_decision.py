"""The answer first, on a terminal or in a pipe: what was decided, its numbers, then the gates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assay.gates.report import Report
from assay.render.deciding_numbers import DecidingNumber
from assay.render.decision_summary import DecisionState, DecisionSummary
from assay.render.report_text import gate_reason, verdict_label
from assay.render.terminal_text import aligned_lines, plain_text, print_lines, verdict_text
from assay.util.printable_text import printable_text

_STATE_STYLES: Final[dict[DecisionState, str]] = {
    "good": "bold green",
    "waiting": "bold yellow",
    "refused": "bold red",
    "stopped": "bold red",
}
_NARROW: Final = 60  # columns of a terminal that has no room for columns side by side


def show_decision(summary: DecisionSummary, console: Console) -> None:
    """Print the outcome in one sentence, then how good, how fair and how sure."""
    if not console.is_terminal:
        rows = [(one.question, _number_text(one)) for one in summary.numbers]
        print_lines(console, [printable_text(summary.sentence), *aligned_lines(rows)])
        return
    console.print(plain_text(summary.sentence, _STATE_STYLES[summary.state]))
    console.print()
    for one in summary.numbers:
        console.print(_number_block(one, console.width))


def _number_text(number: DecidingNumber) -> str:
    parts = [number.value, *number.terms]
    if number.verdict:
        parts.append(verdict_label(number.verdict))
    return printable_text("; ".join(part.strip().removesuffix(".") for part in parts if part))


def _number_block(number: DecidingNumber, width: int) -> Padding | Table:
    """The question, and beside it the number; below, what it is held to and what it means."""
    value = plain_text(number.value, "bold")
    if number.verdict:
        value = Text.assemble(verdict_text(number.verdict), "  ", value)
    dim = [plain_text(text, "dim") for text in ("; ".join(number.terms), number.meaning) if text]
    return labelled_block(number.question, Group(value, *dim), width)


def show_gates(reports: Sequence[Report], console: Console) -> None:
    """Print one line a gate: its verdict, and what decided it, or its summary where it passed."""
    if not console.is_terminal:
        rows = [
            (printable_text(r.gate), verdict_label(r.verdict), printable_text(gate_reason(r)))
            for r in reports
        ]
        print_lines(console, aligned_lines(rows))
        return
    if console.width < _NARROW:
        for report in reports:
            console.print(plain_text(f"{report.gate}  ") + verdict_text(report.verdict))
            console.print(Padding(plain_text(gate_reason(report)), (0, 0, 0, 2)))
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for report in reports:
        table.add_row(
            plain_text(report.gate), verdict_text(report.verdict), plain_text(gate_reason(report))
        )
    console.print(table)


def labelled_block(label: str, content: Group | Text, width: int) -> Padding | Table:
    """A name, and beside it what it names, wrapped at words; below it on a narrow terminal."""
    if width < _NARROW:
        return Padding(Group(plain_text(label), Padding(content, (0, 0, 0, 2))), 0)
    row = Table.grid(padding=(0, 2))
    row.add_column(no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(plain_text(label), content)
    return row
