"""Sheets of Excel workbooks (.xlsx), by openpyxl, which is an extra: assay[excel]."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any, BinaryIO, Final, cast

import numpy as np

from assay.config.data import Data
from assay.errors import ConfigError, SourceError
from assay.sources.blocks import RowBlock, select_columns
from assay.sources.file_description import describe_files
from assay.sources.files import SourceFile
from assay.sources.fingerprint import digest_file
from assay.sources.header import check_column_names, check_same_columns
from assay.sources.typed_blocks import block_from_columns

_ROWS: Final = 1 << 14


class ExcelFiles:
    """A sheet of each workbook: a header, then rows, of the values that the cells show as computed.

    The line of a row is its number in the sheet. Rows and columns without anything are left out.
    """

    position_unit = "row"
    textual = False
    disagreements: Sequence[str] = ()

    def __init__(
        self,
        files: Sequence[SourceFile],
        data: Data,
        requested_columns: Collection[str] | None = None,
    ) -> None:
        self._data, self._files = data, files
        self._digests: dict[str, str] = {}
        with files[0].open() as raw:
            self.columns = self._header(files[0], self._sheet_rows(files[0], raw))[1]
        self._kept = select_columns(self.columns, data, requested_columns)

    def kinds(self) -> dict[str, str] | None:
        return None  # a cell has a type, a column has none

    def blocks(self) -> Iterator[RowBlock]:
        for file in self._files:
            self._digests[file.path] = digest_file(file)
            name = file.display_path if len(self._files) > 1 else ""
            with file.open() as raw:
                rows = self._sheet_rows(file, raw)
                first, header = self._header(file, rows)
                check_same_columns(
                    header, self.columns, file.display_path, self._files[0].display_path
                )
                numbered = enumerate(rows, first + 1)
                while chunk := list(itertools.islice(numbered, _ROWS)):
                    yield replace(self._block(chunk, header, file), file=name)

    def describe_source(self) -> dict[str, Any]:
        return describe_files("excel", [(f, self._digests.get(f.path)) for f in self._files])

    def _block(
        self, chunk: Sequence[tuple[int, tuple[Any, ...]]], header: list[str], file: SourceFile
    ) -> RowBlock:
        filled = [(n, row) for n, row in chunk if any(value is not None for value in row)]
        places = {name: header.index(name) for name in self._kept}
        columns = {
            name: [row[place] if place < len(row) else None for _, row in filled]
            for name, place in places.items()
        }
        lines = np.array([number for number, _ in filled], np.int64)
        return block_from_columns(columns, lines, self._data.missing, file.display_path)

    def _header(self, file: SourceFile, rows: Iterator[tuple[Any, ...]]) -> tuple[int, list[str]]:
        """The number of the first row that holds anything, and the column names in it."""
        for number, row in enumerate(rows, 1):
            if any(value is not None for value in row):
                width = max(place for place, value in enumerate(row, 1) if value is not None)
                names = ["" if value is None else str(value).strip() for value in row[:width]]
                return number, check_column_names(names, f"{file.display_path}, row {number}")
        raise SourceError(
            "the sheet is empty",
            where=file.display_path,
            remedy="Name another under data.source.sheet; a sheet begins with column names.",
        )

    def _sheet_rows(self, file: SourceFile, raw: BinaryIO) -> Iterator[tuple[Any, ...]]:
        with _translate_workbook_errors(file):
            book = _load_workbook(raw)
            wanted, names = self._data.source.sheet, book.sheetnames
        if wanted is None and len(names) > 1:
            raise SourceError(
                f"the workbook has {len(names)} sheets: {', '.join(names)}",
                where=file.display_path,
                remedy=f"Name one in data.source, as in {{path: ..., sheet: {names[0]}}}.",
            )
        if wanted is not None and wanted not in names:
            raise SourceError(
                f"the workbook has no sheet {wanted!r}",
                where=file.display_path,
                remedy=f"Sheets: {', '.join(names)}.",
            )
        rows = book[wanted or names[0]].iter_rows(values_only=True)
        return cast(Iterator[tuple[Any, ...]], iter(rows))


def _load_workbook(raw: BinaryIO) -> Any:
    # By name, so that it is in no step's key but that of reading a workbook: see `reader_modules`.
    try:
        openpyxl = import_module("openpyxl")
    except ImportError:
        raise ConfigError(
            "reading .xlsx needs openpyxl, which is not installed",
            where="data.source",
            remedy="Install it: pip install 'assay[excel]'. Or save the sheet as CSV.",
        ) from None
    return openpyxl.load_workbook(raw, read_only=True, data_only=True)


@contextmanager
def _translate_workbook_errors(file: SourceFile) -> Iterator[None]:
    import zipfile

    try:
        yield
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise SourceError(
            f"this cannot be read as an Excel workbook ({error})",
            where=file.display_path,
            remedy="Open it in a program for sheets and save it as .xlsx; if it is protected by a "
            "password, without one.",
        ) from None
