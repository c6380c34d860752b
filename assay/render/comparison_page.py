"""A comparison of models for people: one self-contained HTML page, or text on a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from assay.gates.report import Figure, Sheet
from assay.render.html_page import html_table, svg_markup
from assay.render.numbers import format_column
from assay.render.page_template import load_template
from assay.render.terminal_text import aligned_lines, plain_text
from assay.util.printable_text import printable_text

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class ComparisonSection:
    """One part of a comparison: what it comes to in a sentence, then its numbers. `brief` sheets
    are also shown on a terminal; the others on the page, in a pipe and as JSON.
    """

    title: str
    summary: str
    brief: tuple[Sheet, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComparisonPart:
    """A model against the first: the verdict in a sentence, what it rests on, and the sections."""

    title: str
    verdict: str
    facts: tuple[str, ...]
    sections: tuple[ComparisonSection, ...]


@dataclass(frozen=True)
class ComparisonPage:
    """All parts. `overview` stands before them where there are several."""

    title: str
    question: str
    parts: tuple[ComparisonPart, ...]
    overview: Sheet | None = None


def render_comparison(page: ComparisonPage) -> bytes:
    """One HTML file in UTF-8 without script, font or server; equal input gives equal bytes."""
    html: str = _template().render(page=page)
    return html.lstrip().encode("utf-8", "replace")


@cache
def _template() -> Any:
    return load_template(
        "assay.render", "comparison.html", {"grid": html_table, "picture": svg_markup}
    )


# --- text -------------------------------------------------------------------------------------


def show_comparison(page: ComparisonPage, console: Console) -> None:
    """Print a comparison: brief on a terminal, whole in a pipe."""
    if page.overview is not None:
        _print_sheet(page.overview, console)
    for index, part in enumerate(page.parts):
        if index or page.overview is not None:
            console.print()
        _print_line(part.verdict, console, bold=True)
        for fact in part.facts:
            _print_line(fact, console)
        for section in part.sections:
            console.print()
            _print_line(section.title, console, bold=True)
            _print_line(section.summary, console)
            for sheet in (*section.brief, *(() if console.is_terminal else section.sheets)):
                _print_sheet(sheet, console)
            for note in section.notes:
                _print_line(f"note: {note}", console)


def _print_line(text: str, console: Console, *, bold: bool = False) -> None:
    line = plain_text(text, "bold" if bold and console.is_terminal else "")
    console.print(line, soft_wrap=not console.is_terminal, highlight=False)


def _print_sheet(sheet: Sheet, console: Console) -> None:
    from assay.render.terminal import sheet_block

    if console.is_terminal:
        console.print(sheet_block(sheet, console.width))
        return
    _print_line(sheet.title, console)
    cells = [format_column(column) for column in zip(*sheet.rows, strict=True)]
    rows = [sheet.columns, *zip(*cells, strict=True)]
    for row in aligned_lines([[printable_text(cell) for cell in row] for row in rows]):
        _print_line(f"  {row}", console)
    if sheet.note:
        _print_line(sheet.note, console)
