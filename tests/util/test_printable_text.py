"""No control character of a name reaches a terminal or a log."""

import io
import json
import logging

import pytest

from assay.cli import console
from assay.errors import ConfigError
from assay.util.printable_text import PrintableLogRecord, printable_lines

HOSTILE = "a\x1b[2Jb\x9b31mc\u202ed\x07e"
HARMFUL = set("\x1b\x9b\u202e\x07")


@pytest.mark.parametrize(
    "show",
    [
        console.print_stderr,
        console.print_text,
        lambda name: console.print_rows(["name"], [[name]]),
        lambda name: console.print_facts({"name": name}),
        lambda name: console.print_error(ConfigError(name, where=name), as_json=True),
        lambda name: console.print_json({"name": name}),
    ],
)
def test_no_printer_lets_control_characters_through(show, capsys):
    show(HOSTILE)
    shown = "".join(capsys.readouterr())
    assert "c" in shown
    assert not HARMFUL & set(shown)


def test_json_is_printed_with_escapes_that_read_as_the_same_text(capsys):
    value = {"name": HOSTILE + "\ud800"}
    console.print_json(value)
    assert json.loads(capsys.readouterr().out) == value


def test_lines_stay_lines():
    assert printable_lines("a\nb\x1bc\td") == "a\nb\N{REPLACEMENT CHARACTER}c d"


def test_log_lines_and_tracebacks_are_printable():
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    try:
        raise ValueError(HOSTILE)
    except ValueError as error:
        told = (ValueError, error, error.__traceback__)
    handler.handle(PrintableLogRecord("x", 20, "f", 1, "read %s", (HOSTILE,), told))
    assert "read a" in out.getvalue()
    assert "ValueError: a" in out.getvalue()
    assert not HARMFUL & set(out.getvalue())
