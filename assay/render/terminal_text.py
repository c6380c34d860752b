"""Text on a terminal: safe, coloured by verdict, and wrapped at words."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assay.gates.report import Verdict
from assay.render.report_text import verdict_label
from assay.util.printable_text import printable_text

_COMMAND: Final = "assay "
VERDICT_STYLES: Final = {
    Verdict.PASS: "green",
    Verdict.CAUTION: "yellow",
    Verdict.UNKNOWN: "magenta",
    Verdict.FAIL: "bold red",
}


class _Console(Console):
    def on_broken_pipe(self) -> None:
        exit_on_broken_pipe()


def make_console() -> Console:
    """Standard output. A sign that its encoding lacks becomes "?", not an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return _Console(highlight=False)


def exit_on_broken_pipe() -> NoReturn:
    """End as Unix filters do when what reads their output has gone, as in `assay show X | head`:
    without a word, with the code of a program that SIGPIPE ended.
    """
    # What is still buffered must go somewhere when the interpreter closes standard output.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(128 + signal.SIGPIPE)


def supports_unicode(console: Console) -> bool:
    """Whether the console's encoding has signs beyond ASCII."""
    return console.encoding.lower().startswith("utf")


def empty_table(*headings: str) -> Table:
    """A table without frames, whose cells are wrapped at words and never cut."""
    table = Table(box=box.SIMPLE, pad_edge=False, header_style="dim")
    for heading in headings:
        # Folded, never cut: a column name with an ellipsis is another column's name.
        table.add_column(plain_text(heading), overflow="fold")
    return table


def plain_text(content: str, style: str = "") -> Text:
    """Text as it stands: brackets in a column name are no markup."""
    return Text(printable_text(content), style=style)


def verdict_text(verdict: Verdict) -> Text:
    """A verdict with its sign, in its colour."""
    return Text(verdict_label(verdict), style=VERDICT_STYLES[verdict])


def print_lines(console: Console, lines: Iterable[str]) -> None:
    """Lines as they are, however wide: what reads a pipe has no 80 columns."""
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def aligned_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns padded with spaces; no frame, and no space at the end of a line."""
    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def wrapped_lines(text: str, width: int) -> list[str]:
    """`text` in lines of `width` columns at most, broken at blanks, each indented like its line.

    A longer word stays whole, and so does a command of ours on a line of its own: both are copied.
    """
    return [part for line in text.split("\n") for part in _wrapped_line(line, width)]


def _wrapped_line(line: str, width: int) -> list[str]:
    words = line.lstrip(" ")
    if cell_len(line) <= width or words.startswith(_COMMAND):
        return [line]
    indent = " " * (len(line) - len(words))
    hanging = indent + "  " * words.startswith("- ")
    parts, part = [], indent
    for word in words.split(" "):
        joined = f"{part} {word}" if part.strip() else part + word
        if part.strip() and cell_len(joined) > width:
            parts.append(part.rstrip())
            joined = hanging + word
        part = joined
    return [*parts, part]
