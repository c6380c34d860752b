"""How commands print: at any width, words are whole and nothing is lost."""

import io
import os

import pytest
from rich.cells import cell_len
from rich.console import Console

from assay.cli import console

LONG = "expect_column_values_to_not_be_null[workclass]"
SENTENCE = f"stopped at the validation gate, before there was a model: {LONG} does not hold, and so"
DIGEST = f"sha256:{64 * 'a'}"


@pytest.fixture
def screen(monkeypatch):
    """What a command prints on a terminal of some width."""

    def look(width, act):
        made = Console(
            file=io.StringIO(), width=width, force_terminal=True, color_system=None, highlight=False
        )
        monkeypatch.setattr(console, "stdout_console", lambda: made)
        act()
        return made.file.getvalue()

    return look


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_cells_of_a_table_are_wrapped_at_words(screen, width):
    told = f"{SENTENCE} {SENTENCE}".replace(LONG, "a rule")
    rows = [("2026-11-30 20:40", LONG, told), ("today", "ada", "short")]
    text = screen(width, lambda: console.print_rows(("when", "by", "what"), rows))
    assert all(cell_len(line) <= width for line in text.splitlines())
    shown = text.split()
    for row in rows:
        assert all(shown.count(word) for cell in row for word in cell.split())


def test_a_table_whose_words_have_no_room_side_by_side_becomes_running_text(screen):
    rows = [(DIGEST, "one", "short")]
    text = screen(100, lambda: console.print_rows(("digest", LONG, "what"), rows))
    assert text.splitlines()[:2] == [f"{DIGEST}  one", "  short" + 93 * " "]


@pytest.mark.parametrize("width", [40, 80, 100])
def test_named_values_are_wrapped_beside_their_names(screen, width):
    facts = {"to do": SENTENCE, "next": "assay show income@3 --store s3://bucket/a/long/prefix"}
    lines = screen(width, lambda: console.print_facts(facts)).splitlines()
    assert lines[-1] == "next   assay show income@3 --store s3://bucket/a/long/prefix"
    assert lines[0].startswith("to do  stopped")
    assert all(line.startswith("       ") for line in lines[1:-1])
    assert " ".join(line[7:] for line in lines[:-1]) == SENTENCE


def test_a_digest_with_its_name_fits_into_80_columns(screen):
    lines = screen(80, lambda: console.print_facts({"digest": DIGEST, "run": DIGEST})).splitlines()
    assert lines == [f"digest  {DIGEST}", f"run     {DIGEST}"]


@pytest.mark.parametrize("width", [40, 80])
def test_text_is_wrapped_on_a_terminal(screen, width):
    text = screen(width, lambda: console.print_text(f"  - {SENTENCE}"))
    assert [word for line in text.splitlines() for word in line.split()] == ["-", *SENTENCE.split()]
    assert len(text.splitlines()) > 1


def test_text_is_left_alone_in_a_pipe(monkeypatch):
    piped = Console(file=io.StringIO(), width=40)
    monkeypatch.setattr(console, "stdout_console", lambda: piped)
    console.print_text(SENTENCE)
    assert piped.file.getvalue() == f"{SENTENCE}\n"


def test_a_column_without_text_takes_no_room_from_others(screen):
    text = screen(80, lambda: console.print_rows(("", "what"), [("", SENTENCE)]))
    assert [word for word in text.split() if word.isalpha()].count("stopped") == 1
    assert LONG in text


@pytest.mark.parametrize(
    ("told", "found", "columns"),
    [("", 0, 80), ("", 120, 120), ("0", 0, 80), ("wide", 90, 90), ("100", 90, 100)],
)
def test_a_terminal_of_unknown_width_has_eighty_columns(monkeypatch, told, found, columns):
    monkeypatch.setenv("COLUMNS", told)
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((found, 24)))
    assert console._stderr_columns() == columns
