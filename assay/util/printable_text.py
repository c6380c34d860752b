"""Text from data, made safe to show: in reports, on terminals and in logs."""

from __future__ import annotations

import logging
import unicodedata
from typing import Any, Final

# Overrides of the writing direction, and what XML cannot hold.
_HARMFUL_CHARACTERS: Final = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff"
)


def printable_text(text: str) -> str:
    """Text from data, safe to show: one line without control or direction-changing characters.

    A column name may hold an escape sequence that repaints a terminal, a NUL that breaks an SVG, or
    a right-to-left override that changes how "0.1" reads.
    """
    if text.isprintable():
        return text
    return "".join(_visible_character(character) for character in text)


def _visible_character(character: str) -> str:
    if character in "\n\r\t\u2028\u2029":
        return " "
    if character in _HARMFUL_CHARACTERS or unicodedata.category(character) in {"Cc", "Cs"}:
        return "\N{REPLACEMENT CHARACTER}"
    return character


def printable_lines(text: str) -> str:
    """`printable_text` of each line: for a text of our own that quotes data."""
    return text if text.isprintable() else "\n".join(map(printable_text, text.split("\n")))


class PrintableLogRecord(logging.LogRecord):
    """A log record whose message and traceback repaint no terminal, whatever they quote."""

    def getMessage(self) -> str:  # noqa: N802 - logging's name
        return printable_lines(super().getMessage())

    def __setattr__(self, name: str, value: Any) -> None:
        # Formatters keep a traceback's text here, and write it from here.
        is_traceback = name == "exc_text" and value is not None
        super().__setattr__(name, printable_lines(value) if is_traceback else value)


def make_logs_printable() -> None:
    """Let every logger of this process write printable text alone."""
    logging.setLogRecordFactory(PrintableLogRecord)
