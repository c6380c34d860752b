"""Folders named column=value (Hive's layout), whose values become columns of the files in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from assay.config.data import Data
from assay.errors import SourceError
from assay.sources.blocks import RowBlock, SourceReader, select_columns
from assay.sources.column_survey import integer_mask
from assay.sources.files import SourceFile


class PartitionedFiles:
    """The rows of files, with the columns that their folders tell behind their own.

    A column that a file holds as well is the file's.
    """

    def __init__(
        self,
        files: Sequence[SourceFile],
        data: Data,
        requested_columns: Collection[str] | None,
        open_files: Callable[[Collection[str] | None], SourceReader],
    ) -> None:
        self._data, self._requested = data, requested_columns
        names = [name for name, _ in files[0].partition]
        for file in files:
            if [name for name, _ in file.partition] != names:
                raise SourceError(
                    f"the folders of this file do not name {', '.join(names)}",
                    where=file.display_path,
                    remedy="Files that are read as one table lie in folders of the same columns.",
                )
        self._partitions = {file.display_path: dict(file.partition) for file in files}
        self._names = names
        self._only = files[0].display_path if len(files) == 1 else ""
        self._reader = open_files(requested_columns)
        self.position_unit, self.textual = self._reader.position_unit, self._reader.textual

    @property
    def columns(self) -> list[str]:
        own = self._reader.columns
        return [*own, *(name for name in self._names if name not in own)] if own else []

    @property
    def disagreements(self) -> Sequence[str]:
        return self._reader.disagreements

    def kinds(self) -> dict[str, str] | None:
        known = self._reader.kinds()
        if known is None or self.textual:
            return None
        return known | {
            name: "integer" if self._is_integer(name) else "text" for name in self._folder_columns()
        }

    def blocks(self) -> Iterator[RowBlock]:
        for block in self._reader.blocks():
            rows = block.rows
            for name in self._folder_columns():
                rows = rows.append_column(name, self._column(name, block))
            yield replace(block, rows=rows)

    def describe_source(self) -> dict[str, Any]:
        return self._reader.describe_source()

    def _folder_columns(self) -> list[str]:
        kept = select_columns(self._names, self._data, self._requested)
        return [name for name in kept if name not in self._reader.columns]

    def _column(self, name: str, block: RowBlock) -> pa.Array:
        value = self._partitions[block.file or self._only][name]
        value = None if value in self._data.missing else value
        count = block.rows.num_rows
        if not self.textual and self._is_integer(name):
            return pa.array([value and int(value)] * count, pa.int64())
        words = pa.array([value] * bool(count), pa.string())
        codes = pa.array([0 if value is not None else None] * count, pa.int32())
        return pa.DictionaryArray.from_arrays(codes, words)

    def _is_integer(self, name: str) -> bool:
        """Whether every folder's value is an integer; where types are inferred, rows tell."""
        values = [held[name] for held in self._partitions.values()]
        marked = [None if value in self._data.missing else value for value in values]
        return bool(integer_mask(pa.array(marked, pa.string())).all()) and any(
            value is not None for value in marked
        )
