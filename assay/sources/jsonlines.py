"""JSON Lines, one object a line, or one array of objects: their members are the columns."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from assay.config.data import Data
from assay.errors import SourceError
from assay.sources.blocks import MalformedRow, RowBlock, select_columns
from assay.sources.file_description import describe_files
from assay.sources.files import SourceFile
from assay.sources.text_files import LineCursor, TextFile
from assay.sources.typed_blocks import block_from_columns

_MAX_SHOWN: Final = 1000  # characters of an element that is no row
# What stands before the first element of an array, and before the others.
_SKIPPED: Final = {False: re.compile(r"\s*\[\s*"), True: re.compile(r"\s*(?:,\s*)?")}
_ARRAY_START: Final = re.compile(r"\s*\[\s*(?:[{\]]|$)")
_SAFE_DIGITS: Final = 308  # digits of an integer, from which on it may lie beyond every float


class JsonLines:
    """Files of one JSON object a line. A member that an object lacks is missing there.

    Blank lines are no rows; a line that is no object is malformed, and so is
    one with a member named twice, half a character, or a number beyond float64. NaN is missing.
    """

    position_unit = "line"
    textual = False
    disagreements: Sequence[str] = ()

    def __init__(
        self,
        files: Sequence[SourceFile],
        data: Data,
        requested_columns: Collection[str] | None = None,
    ) -> None:
        self._data, self._only = data, requested_columns
        self._texts = [TextFile(file, data.source.encoding) for file in files]
        self.columns: list[str] = []

    def kinds(self) -> dict[str, str] | None:
        return None  # a later line may hold a member that no line had before

    def blocks(self) -> Iterator[RowBlock]:
        for text in self._texts:
            lines = LineCursor(text.chunks())
            name = text.file.display_path if len(self._texts) > 1 else ""
            shown = text.file.display_path
            if lines.fill() and _ARRAY_START.match(lines.peek()):
                for numbered in _read_array(lines, shown):
                    yield replace(self._array_block(numbered, shown), file=name)
                continue
            while lines.fill():
                yield replace(self._block(lines, shown), file=name)

    def describe_source(self) -> dict[str, Any]:
        return describe_files("jsonl", [(text.file, text.digest) for text in self._texts])

    def _block(self, lines: LineCursor, display_path: str) -> RowBlock:
        first, text = lines.number, lines.peek()
        lines.skip_loaded()
        numbers: list[int] = []
        objects: list[dict[str, Any]] = []
        malformed: list[MalformedRow] = []
        for number, line in enumerate(text.split("\n"), first):
            if not line.strip():
                continue
            try:
                objects.append(_parse_object(line))
                numbers.append(number)
            except ValueError as error:
                raw = None if self._data.never_store or self._only is not None else line
                malformed.append(MalformedRow(number, str(error), raw))
        return self._object_block(numbers, objects, malformed, display_path)

    def _array_block(self, numbered: Sequence[tuple[int, Any]], display_path: str) -> RowBlock:
        numbers = [line for line, value in numbered if isinstance(value, dict)]
        rows = [value for _, value in numbered if isinstance(value, dict)]
        shown_raw = not self._data.never_store and self._only is None
        malformed = [
            MalformedRow(
                line, "is no JSON object", json.dumps(value)[:_MAX_SHOWN] if shown_raw else None
            )
            for line, value in numbered
            if not isinstance(value, dict)
        ]
        return self._object_block(numbers, rows, malformed, display_path)

    def _object_block(
        self,
        numbers: list[int],
        objects: list[dict[str, Any]],
        malformed: list[MalformedRow],
        display_path: str,
    ) -> RowBlock:
        self._note_columns(objects, display_path)
        wanted = select_columns(self.columns, self._data, self._only)
        columns = {name: [row.get(name) for row in objects] for name in wanted}
        return block_from_columns(
            columns, np.array(numbers, np.int64), self._data.missing, display_path, malformed
        )

    def _note_columns(self, objects: list[dict[str, Any]], display_path: str) -> None:
        """Note columns in the order in which they first appear."""
        known = dict.fromkeys(self.columns)
        for row in objects:
            known.update(dict.fromkeys(row))
        if "" in known:
            raise SourceError("an object has a member without a name", where=display_path)
        self.columns = list(known)


def _read_array(lines: LineCursor, display_path: str) -> Iterator[list[tuple[int, Any]]]:
    """The elements of one array over many lines, each with the line on which it begins.

    Raises SourceError for what is no array, as what follows cannot be told apart.
    """
    text, place, line = "", 0, 1
    opened, ended = False, False
    while lines.fill() and not ended:
        text, place = text[place:] + lines.peek(), 0
        lines.skip_loaded()
        found: list[tuple[int, Any]] = []
        while True:
            start = _SKIPPED[opened].match(text, place)
            at = start.end() if start else place
            if at >= len(text) or start is None:
                break
            if text[at] == "]":
                ended = True
                break
            try:
                value, end = _DECODER.raw_decode(text, at)
            except json.JSONDecodeError:
                break  # cut off, or wrong: what follows tells
            except ValueError as error:
                where = f"{display_path}:{line + text.count(chr(10), place, at)}"
                raise SourceError(f"an element of the array {error}", where=where) from None
            if end >= len(text):
                break  # a number may go on
            line += text.count("\n", place, at)
            found.append((line, value))
            line += text.count("\n", at, end)
            place, opened = end, True
        yield found
    if not ended:
        raise SourceError(
            "the array of JSON is cut short, or holds what is no JSON",
            where=f"{display_path}:{line}",
            remedy="Fetch the file again, or write it as JSON Lines: one object a line.",
        )


def _parse_object(line: str) -> dict[str, Any]:
    try:
        value = _DECODER.decode(line)
        if "\\u" in line:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a surrogate pair, which is no text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("is nested too deep") from None
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    return value


def _parse_constant(word: str) -> float | None:
    """NaN and Infinity, which are no JSON: Python and pandas write them all the same."""
    return None if word == "NaN" else float(word)


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Python would keep the last of two members of one name, and tell nobody."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"names {twice!r} more than once")
    return members


def _parse_float(word: str) -> float:
    number = float(word)
    if math.isinf(number):
        raise ValueError(_overflow_reason(word))
    return number


def _parse_integer(word: str) -> int:
    if len(word) > _SAFE_DIGITS and math.isinf(float(word)):
        raise ValueError(_overflow_reason(word))
    return int(word)


def _overflow_reason(word: str) -> str:
    # Not the number itself: reasons are stored, and it may stand in a column that never is.
    return f"holds a number of {len(word)} characters that lies beyond what a number can be"


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique_members,
    parse_float=_parse_float,
    parse_int=_parse_integer,
    parse_constant=_parse_constant,
)
