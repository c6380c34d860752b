"""Parquet files, read batch by batch; of the columns, only those that are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.config.data import Data
from assay.errors import SourceError
from assay.sources.blocks import RowBlock, select_columns
from assay.sources.file_description import describe_files
from assay.sources.files import SourceFile
from assay.sources.fingerprint import digest_file
from assay.sources.header import check_column_names, check_same_columns
from assay.sources.missing_marks import null_marked_array
from assay.sources.python_values import common_kind, integer_size_kinds
from assay.sources.type_hints import describe_disagreement
from assay.sources.typed_blocks import unsupported_column_error
from assay.sources.value_text import values_to_text
from assay.tables.columns import column_kind, conform_batch, normalize_schema

BATCH_ROWS: Final = 1 << 16


class ParquetFiles:
    """Parquet files of the same columns. The line of a row is its number in its file, from 1.

    Unsigned 64-bit integers and decimals without a fraction are integers where int64 holds them
    all, else text; so are integers beyond 2**53 in a column that is of numbers elsewhere.
    """

    position_unit = "row"
    textual = False
    form = "parquet"
    label = "Parquet"

    def __init__(
        self,
        files: Sequence[SourceFile],
        data: Data,
        requested_columns: Collection[str] | None = None,
    ) -> None:
        self._data = data
        self._files = files
        for file in files:
            _refuse_packed(file, self.label)
        self._digests: dict[str, str] = {}
        footers = [self._read_footer(file) for file in files]
        self.columns = check_column_names(footers[0].schema.names, files[0].display_path)
        for file, footer in zip(files, footers, strict=True):
            check_same_columns(
                footer.schema.names, self.columns, file.display_path, files[0].display_path
            )
        self._kept = select_columns(self.columns, data, requested_columns)
        # A file without rows says nothing of the values.
        filled = [(f, foot) for f, foot in zip(files, footers, strict=True) if foot.rows]
        judged = filled or list(zip(files, footers, strict=True))
        self.disagreements: Sequence[str] = ()
        self._kinds = {name: self._kind(name, judged) for name in self._kept}

    def kinds(self) -> dict[str, str] | None:
        return self._kinds

    def blocks(self) -> Iterator[RowBlock]:
        for file in self._files:
            before = file.status()
            self._digests[file.path] = digest_file(file)
            yield from self._rows(file)
            if file.status() != before:
                raise SourceError(
                    "the file changed while it was being read",
                    where=file.display_path,
                    remedy="Run again once it is finished.",
                )

    def describe_source(self) -> dict[str, Any]:
        return describe_files(self.form, [(f, self._digests.get(f.path)) for f in self._files])

    def _rows(self, file: SourceFile) -> Iterator[RowBlock]:
        number = 1
        name = file.display_path if len(self._files) > 1 else ""
        with file.open() as raw:
            with translate_arrow_errors(file, self.label):
                batches = self._batches(raw, self._kept)
            while True:
                with translate_arrow_errors(file, self.label):
                    batch = next(batches, None)
                if batch is None:
                    return
                lines = np.arange(number, number + batch.num_rows, dtype=np.int64)
                number += batch.num_rows
                yield RowBlock(lines, self._convert_batch(batch.select(self._kept)), file=name)

    def _batches(self, raw: BinaryIO, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from _open_parquet(raw).iter_batches(BATCH_ROWS, columns=columns)

    def _read_footer(self, file: SourceFile) -> FileFooter:
        with file.open() as raw, translate_arrow_errors(file, self.label):
            opened = _open_parquet(raw)
            return FileFooter(
                opened.schema_arrow, opened.metadata.num_rows, _empty_columns(opened.metadata)
            )

    def _size_kinds(self, file: SourceFile, name: str) -> set[str]:
        """Whether a column holds integers that float64, or int64, cannot hold."""
        kinds: set[str] = set()
        with file.open() as raw, translate_arrow_errors(file, self.label):
            for batch in self._batches(raw, [name]):
                array = batch.column(0)
                if pa.types.is_decimal(array.type):
                    array = array.filter(pc.equal(pc.trunc(array), array))
                elif not pa.types.is_integer(array.type):
                    return kinds
                span = pc.min_max(array).as_py()
                kinds |= integer_size_kinds(span["min"] or 0, span["max"] or 0)
        return kinds

    def _convert_batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = {}
        for name in self._kept:
            array = batch.column(name)
            if self._kinds[name] == "text":
                dated = column_kind(array.type) == "date"
                array = _encode_text(_conform_array(array, name) if dated else array)
            elif self._kinds[name] == "integer" and _may_exceed_int64(array.type):
                array = array.cast(pa.int64())
            elif self._kinds[name] == "date":
                pass  # a date that no table holds is one row's fault, not the file's
            elif not _may_exceed_int64(array.type):
                array = _conform_array(array, name)
            elif self._data.types.get(name) not in {"text", "integer"}:
                array = array.cast(pa.float64(), safe=False)
            arrays[name] = null_marked_array(array, self._data.missing)
        return pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))

    def _kind(self, name: str, files: Sequence[tuple[SourceFile, FileFooter]]) -> str:
        by_file: dict[str, str] = {}
        kinds, types = set(), [footer.schema.field(name).type for _, footer in files]
        for (file, footer), kind in zip(files, types, strict=True):
            try:
                word = "integer" if _is_integral_type(kind) else column_kind(kind)
            except TypeError:
                raise unsupported_column_error(name, str(kind), file.display_path) from None
            if pa.types.is_null(kind):
                continue
            kinds.add(word)
            if name not in footer.empty_columns:
                by_file[file.display_path] = word
        if (common_kind(kinds) or "text") == "text" and len(kinds) > 1:
            kinds = set(by_file.values()) or kinds  # a column without a value says nothing, either
        if kinds == {"integer", "number"} or any(_may_exceed_int64(kind) for kind in types):
            for file, _ in files:
                kinds |= self._size_kinds(file, name)
        common = common_kind(kinds) or "text"
        declared = {*self._data.types, *self._data.dates, *self._data.categories}
        if common == "text" and name not in declared:
            self.disagreements = [*self.disagreements, *describe_disagreement(name, by_file)]
        return common


def _open_parquet(raw: Any) -> pq.ParquetFile:
    # INT96 counts nanoseconds in more than 64 bits: read as such, years beyond 2262 would wrap.
    return pq.ParquetFile(raw, coerce_int96_timestamp_unit="us")


@dataclass(frozen=True)
class FileFooter:
    """What a file says of itself: its columns, rows, and the columns that hold no value."""

    schema: pa.Schema
    rows: int
    empty_columns: frozenset[str]


def _empty_columns(metadata: pq.FileMetaData) -> frozenset[str]:
    """The columns of which the statistics say that every value is missing."""
    counts: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(place)
            stats = chunk.statistics
            known = stats is not None and stats.has_null_count
            counts[chunk.path_in_schema] = counts.get(chunk.path_in_schema, 0) + (
                stats.null_count if known else 0
            )
    return frozenset(name for name, nulls in counts.items() if nulls == metadata.num_rows)


def _refuse_packed(file: SourceFile, label: str) -> None:
    if file.compression:
        raise SourceError(
            f"{label} in a {file.compression} file is not read",
            where=file.display_path,
            remedy=f"Unpack it: {label} is compressed by itself, and read in parts.",
        )


@contextmanager
def translate_arrow_errors(file: SourceFile, label: str) -> Iterator[None]:
    """Within, Arrow's complaints become errors that name the file."""
    with file.translate_errors():
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            if not isinstance(error, pa.ArrowException) and (error.errno or error.__cause__):
                raise  # the file system's own; Arrow's have neither
            empty = file.status()["size"] == 0
            said = str(error).partition(". ")[0].partition("\n")[0]
            raise SourceError(
                "the file is empty" if empty else f"this cannot be read as {label} ({said})",
                where=file.display_path,
                remedy="Fetch it again. If it has another format, name it: "
                "{path: ..., format: csv}.",
            ) from None


def _may_exceed_int64(kind: pa.DataType) -> bool:
    """Whether values may lie beyond int64 without being floats."""
    decimal = pa.types.is_decimal(kind) and (kind.scale != 0 or kind.precision > 18)
    return bool(decimal or pa.types.is_uint64(kind))


def _is_integral_type(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale <= 0))


def _conform_array(array: pa.Array, name: str) -> pa.Array:
    one = pa.RecordBatch.from_arrays([array], names=[name])
    return conform_batch(one, normalize_schema(one.schema)).column(0)


def _encode_text(array: pa.Array) -> pa.Array:
    return values_to_text(array).dictionary_encode()
