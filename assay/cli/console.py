"""How commands print: tables on a terminal, plain text in a pipe, one object for --json."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import AssayError, OutputError, SystemRefusal
from assay.util.printable_text import printable_lines, printable_text

if TYPE_CHECKING:
    from rich.console import Console

    from assay.gates.report import Report


_NARROWEST_VALUE = 20  # columns of a value, on however narrow a terminal
_WIDE_TERMINAL = 70  # columns; a narrower terminal gets running text instead of a table


def stdout_console() -> Console:
    """The console on stdout, for a command's result."""
    from assay.render.terminal_text import make_console

    return make_console()


def print_stderr(text: str) -> None:
    """Print progress or a remark on stderr, so that stdout holds only the result."""
    text = printable_lines(text)
    if sys.stderr.isatty():
        from assay.render.terminal_text import wrapped_lines

        text = "\n".join(wrapped_lines(text, _stderr_columns()))
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the printer


def _stderr_columns() -> int:
    """How wide the terminal of stderr is; 80 where neither COLUMNS nor the terminal says so."""
    told = os.environ.get("COLUMNS", "")
    return int(told) if told.isdecimal() and int(told) else os.get_terminal_size(2).columns or 80


def print_json(value: Any) -> None:
    """Print one JSON object on stdout."""
    try:
        unicode = (sys.stdout.encoding or "").lower().startswith("utf")
        text = json.dumps(value, indent=2, ensure_ascii=not unicode)
        print(_UNPRINTABLE.sub(_escape_character, text), flush=True)  # noqa: T201 - this is the printer
    except BrokenPipeError:
        from assay.render.terminal_text import exit_on_broken_pipe

        exit_on_broken_pipe()


# What JSON lets stand within a text, and printable_text does not.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def _escape_character(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def print_error(error: AssayError, *, as_json: bool) -> None:
    """Print what is wrong, where, and what to do; never a traceback."""
    if as_json:
        with suppress(OSError):  # standard output may be what is wrong
            print_json(error.as_json())
    print_stderr(f"error: {error}")


_FULL_DISK = {errno.ENOSPC, errno.EDQUOT}
_TOO_MANY_FILES = {errno.EMFILE, errno.ENFILE}


def explain_system_error(error: OSError) -> SystemRefusal:
    """An error of the operating system that no command foresaw, with what to do about it."""
    if error.errno in _FULL_DISK:
        remedy = "Free some space, then repeat the command; what is recorded is kept."
    elif error.errno in _TOO_MANY_FILES:
        remedy = "Allow more open files: `ulimit -n 4096`."
    elif isinstance(error, PermissionError):
        remedy = "Give yourself the right to it."
    else:
        remedy = None
    where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None
    return SystemRefusal(error.strerror or str(error), where=where, remedy=remedy)


def explain_encoding_error(error: UnicodeEncodeError) -> SystemRefusal:
    """A name of a file, or a text, that has no form in the system's encoding."""
    return SystemRefusal(
        f"the system's encoding here, {error.encoding}, cannot express it",
        where=error.object,
        remedy="Set PYTHONUTF8=1, or a locale such as LC_ALL=C.UTF-8.",
    )


def drop_unwritable_stdout() -> None:
    """Send what is left of standard output nowhere, if the system does not take it: else Python
    complains of it once more at its end.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def next_command(command: str, store: str) -> str:
    """A command to type next. It names the bucket unless that is the default."""
    from assay.store.open import default_store_url

    return command if store == default_store_url() else f"{command} --store {shlex.quote(store)}"


def print_text(text: str) -> None:
    """Print a text without control characters, on a terminal wrapped at words."""
    from assay.render.terminal_text import wrapped_lines

    out, text = stdout_console(), printable_lines(text)
    if out.is_terminal:
        text = "\n".join(wrapped_lines(text, out.width))
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def write_file(path: Path, data: bytes) -> None:
    """Write a file, and make the folders above it. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise OutputError(
            f"cannot be written: {error.strerror}",
            where=str(path),
            remedy="Name a file in a folder that you may write to.",
        ) from None


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Print rows: a table on a terminal that has room for each column's longest word, running text
    on another, lines in a pipe.
    """
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    rows = [[printable_text(cell) for cell in row] for row in rows]
    out = stdout_console()
    if not out.is_terminal:
        for row in rows:
            out.print("  ".join(row), markup=False, highlight=False, soft_wrap=True)
        return
    cells = [list(map(printable_text, of)) for of in zip(columns, *rows, strict=True)]
    widths = _column_widths(cells, out.width - 3 * len(columns) - 1)
    if out.width < _WIDE_TERMINAL or widths is None:
        for *firsts, last in rows:
            out.print(Text("  ".join(firsts)), Padding(Text(last), (0, 0, 0, 2)), sep="\n")
        return
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column, overflow="fold", width=width)
    for row in rows:
        table.add_row(*map(Text, row))
    out.print(table)


def _column_widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Widths within `room` that break no word, the narrow columns served first; None if too little.

    `columns` are each column's texts.
    """
    from rich.cells import cell_len

    longest = [max(map(cell_len, " ".join(cells).split()), default=1) for cells in columns]
    wanted = [max(most, *map(cell_len, of)) for most, of in zip(longest, columns, strict=True)]
    spare = room - sum(longest)
    if spare < 0:
        return None
    widths = longest.copy()
    for place in sorted(range(len(columns)), key=lambda at: wanted[at] - longest[at]):
        given = min(wanted[place] - longest[place], spare)
        widths[place] += given
        spare -= given
    return widths


def print_facts(facts: Mapping[str, str]) -> None:
    """Print a few named values, aligned; on a terminal, values of several words are wrapped."""
    from assay.render.terminal_text import wrapped_lines

    out, width = stdout_console(), max(map(len, facts), default=0) + 2
    for name, value in facts.items():
        parts = [printable_text(value)]
        if out.is_terminal:
            parts = wrapped_lines(parts[0], max(out.width - width, _NARROWEST_VALUE))
        for place, part in enumerate(parts):
            line = f"{'' if place else name:<{width}}{part}"
            out.print(line, markup=False, highlight=False, soft_wrap=True)


def finish_gate(report: Report, *, as_json: bool, html: Path | None, whole: bool = True) -> None:
    """Print one gate's report, write its page, and end with the gate's exit code.

    A terminal gets a summary unless `whole` is set; pipes and --json get everything.
    """
    import typer

    from assay.gates.report import Verdict

    if html:
        from assay.render.html_page import render_html

        facts = {"Judged": report.subject}
        write_file(html, render_html([report], title=report.gate.capitalize(), facts=facts))
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        from assay.render.terminal import show_report
        from assay.render.terminal_summary import show_report_summary

        out = stdout_console()
        (show_report if whole or not out.is_terminal else show_report_summary)(report, out)
        if html:
            print_stderr(f"written: {html}")
    raise typer.Exit(3 if report.verdict is Verdict.FAIL else 0)
