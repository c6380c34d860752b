"""CSV and its kin (RFC 4180), every row with the line on which it begins."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from assay.config.data import Data
from assay.errors import SourceError
from assay.sources.blocks import MalformedRow, RowBlock, select_columns
from assay.sources.dialect import reading_hint
from assay.sources.file_description import describe_files
from assay.sources.files import SourceFile
from assay.sources.header import check_column_names, check_same_columns
from assay.sources.missing_marks import null_marked_text
from assay.sources.text_files import MAX_LINE_LENGTH, LineCursor, TextFile

CODED_TEXT: Final = pa.dictionary(pa.int32(), pa.string())
_QUOTE, _END = ord('"'), ord("\n")


class DelimitedFiles:
    """Text files with a header line. Blank lines are no rows; an empty field is missing.

    Where each line is one well-formed record, Arrow parses them; elsewhere the standard
    library's strict reader does, which knows on which line a record begins. Surrounding spaces
    count as part of a text, but not in comparison with the marks of missing values.
    """

    position_unit = "line"
    textual = True
    disagreements: Sequence[str] = ()

    def __init__(
        self,
        files: Sequence[SourceFile],
        data: Data,
        requested_columns: Collection[str] | None = None,
    ) -> None:
        csv.field_size_limit(MAX_LINE_LENGTH)  # Arrow, which reads the regular blocks, has no limit
        self._data = data
        self._texts = [self._text(file) for file in files]
        tabs = files[0].ending == ".tsv" and "delimiter" not in data.source.model_fields_set
        self._delimiter = "\t" if tabs else data.source.delimiter
        self.columns = self._header(*self._open_lines(self._text(files[0])))
        self._kept = select_columns(self.columns, data, requested_columns)

    def _text(self, file: SourceFile) -> TextFile:
        source = self._data.source
        return TextFile(
            file,
            source.encoding,
            lambda: reading_hint(source, "data.source", file=file, not_utf8=True),
        )

    def kinds(self) -> dict[str, str] | None:
        """The declared types, when every column has one."""
        data = self._data
        known: dict[str, str] = {
            **data.types,
            **dict.fromkeys(data.categories, "category"),
            **dict.fromkeys(data.dates, "date"),
        }
        if any(kind == "category" and name not in data.categories for name, kind in known.items()):
            return None  # the categories are those in the data
        return known if set(self._kept) <= set(known) else None

    def blocks(self) -> Iterator[RowBlock]:
        for text in self._texts:
            lines, shown = self._open_lines(text)
            header = self._header(lines, shown)
            check_same_columns(header, self.columns, shown, self._texts[0].file.display_path)
            name = shown if len(self._texts) > 1 else ""
            while lines.fill():
                first, data = lines.number, lines.peek().encode()
                if _is_regular(data, self._delimiter):
                    lines.skip_loaded()
                    block = self._parse_by_arrow(data, first, header)
                else:
                    block = self._parse_by_csv(lines, header)
                yield replace(block, file=name)

    def describe_source(self) -> dict[str, Any]:
        return describe_files("csv", [(text.file, text.digest) for text in self._texts])

    def _open_lines(self, text: TextFile) -> tuple[LineCursor, str]:
        return LineCursor(text.chunks()), text.file.display_path

    def _header(self, lines: LineCursor, display_path: str) -> list[str]:
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        try:
            names = next((row for row in reader if row), None)
        except csv.Error as error:
            raise SourceError(
                f"the header cannot be read: {error}", where=f"{display_path}:1"
            ) from None
        if names is None:
            raise SourceError(
                "the file is empty",
                where=display_path,
                remedy="A CSV begins with a line of column names.",
            )
        if any("\0" in name for name in names):
            raise SourceError(
                f"the header holds zero bytes; the file is not {self._data.source.encoding} text",
                where=f"{display_path}:1",
                remedy=reading_hint(self._data.source, "data.source")
                or "Name its encoding in data.source.encoding.",
            )
        return check_column_names(
            [name.strip() for name in names], f"{display_path}:{lines.number - 1}"
        )

    def _parse_by_arrow(self, data: bytes, first: int, header: list[str]) -> RowBlock:
        numbers = _nonblank_line_numbers(data, first)
        if not len(numbers):
            return RowBlock(numbers, self._batch([[] for _ in self._kept]))
        unfit: list[arrow_csv.InvalidRow] = []

        def skip(row: arrow_csv.InvalidRow) -> str:
            unfit.append(row)
            return "skip"

        table = arrow_csv.read_csv(
            io.BytesIO(data),
            # Without threads Arrow tells the number of a row that does not fit.
            arrow_csv.ReadOptions(column_names=header, use_threads=False, block_size=len(data) + 1),
            arrow_csv.ParseOptions(delimiter=self._delimiter, invalid_row_handler=skip),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(header, CODED_TEXT),
                include_columns=self._kept,
                strings_can_be_null=False,
                check_utf8=False,  # it was decoded before
            ),
        )
        malformed = [
            self._wrong_field_count(int(numbers[row.number - 1]), row.actual_columns, row.text)
            for row in unfit
        ]
        good = np.delete(numbers, [row.number - 1 for row in unfit])
        coded = [column.combine_chunks() for column in table.columns]
        return RowBlock(good, self._batch(coded), malformed)

    def _parse_by_csv(self, lines: LineCursor, header: list[str]) -> RowBlock:
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        numbers: list[int] = []
        rows: list[list[str]] = []
        malformed: list[MalformedRow] = []
        while lines.has_line:  # asked for more within a record, the reader reads on by itself
            lines.mark()
            first = lines.number
            try:
                row = next(reader)
            except csv.Error as error:
                malformed.append(
                    self._malformed_row(first, _parse_failure(error), lines.rewind_to_second_line())
                )
                continue
            if len(row) == len(header):
                numbers.append(first)
                rows.append(row)
            elif row:
                malformed.append(self._wrong_field_count(first, len(row), lines.since_mark()))
        columns = dict(zip(header, zip(*rows, strict=True) if rows else repeat(()), strict=False))
        coded = [pa.array(columns[n], pa.string()).dictionary_encode() for n in self._kept]
        return RowBlock(np.array(numbers, np.int64), self._batch(coded), malformed)

    def _batch(self, columns: Sequence[Any]) -> pa.RecordBatch:
        marks = pa.array(["", *(mark.strip() for mark in self._data.missing)], pa.string())
        arrays = [
            null_marked_text(pa.array(column, CODED_TEXT), marks, strip=True) for column in columns
        ]
        return pa.RecordBatch.from_arrays(arrays, names=self._kept)

    def _wrong_field_count(self, line: int, field_count: int, raw: str) -> MalformedRow:
        fields = "1 field" if field_count == 1 else f"{field_count} fields"
        return self._malformed_row(line, f"has {fields} instead of {len(self.columns)}", raw)

    def _malformed_row(self, line: int, reason: str, raw: str) -> MalformedRow:
        # Which part of such a row is a personal column cannot be told.
        withheld = len(self._kept) < len(self.columns)
        return MalformedRow(line, reason, None if withheld else raw.rstrip("\n"))


def _parse_failure(error: csv.Error) -> str:
    """The strict reader's reasons, in other words where its own say little."""
    if "unexpected end of data" in str(error):
        return "a quote opens and does not close"
    if "field limit" in str(error):
        return f"a quote does not close within {csv.field_size_limit():,} characters"
    return str(error)


def _is_regular(data: bytes, delimiter: str) -> bool:
    """Whether each line is one record by itself, its quotes opening and closing whole fields.

    So it is when on each line the quotes by turns follow a delimiter (or begin the line) and
    precede one (or end it). Quotes within quotes are well-formed, too, but not regular.
    """
    if not delimiter.isascii():
        return False  # Arrow wants a delimiter of one byte
    held = np.frombuffer(b"\n" + data + b"\n", np.uint8)
    quotes = np.flatnonzero(held == _QUOTE)
    opening, closing = quotes[::2], quotes[1::2]
    if not len(quotes):
        return True
    if len(opening) != len(closing):
        return False
    ends = np.flatnonzero(held == _END)
    borders = [ord(delimiter), _END]
    return bool(
        np.isin(held[opening - 1], borders).all()
        and np.isin(held[closing + 1], borders).all()
        and (np.searchsorted(ends, opening) == np.searchsorted(ends, closing)).all()
    )


def _nonblank_line_numbers(data: bytes, first: int) -> NDArray[np.int64]:
    """Line numbers of the lines that are not blank."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _END)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    lengths = np.diff(ends, prepend=-1) - 1
    return np.flatnonzero(lengths > 0) + first
