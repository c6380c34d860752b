"""Parquet files, read batch by batch; of the columns, only those that are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

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
from assay.sources.typed_blocks import unsupported_column_error
from assay.sources.value_text import values_to_text
from assay.tables.columns import column_kind, conform_batch, normalize_schema

_ROWS: Final = 1 << 16


class ParquetFiles:
    """Parquet files of the same columns. The line of a row is its number in its file, from 1.

    Unsigned 64-bit integers and decimals without a fraction are integers where int64 holds them
    all, else text; so are integers beyond 2**53 in a column that is of numbers elsewhere.
    """

    position_unit = "row"
    textual = False

    def __init__(
        self,
        files: Sequence[SourceFile],
        data: Data,
        requested_columns: Collection[str] | None = None,
    ) -> None:
        self._data = data
        self._files = files
        self._digests: dict[str, str] = {}
        schemas = [_schema(file) for file in files]
        self.columns = check_column_names(schemas[0].names, files[0].display_path)
        for file, schema in zip(files, schemas, strict=True):
            check_same_columns(schema.names, self.columns, file.display_path, files[0].display_path)
        self._kept = select_columns(self.columns, data, requested_columns)
        self._kinds = {name: self._kind(name, schemas) for name in self._kept}

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
        return describe_files("parquet", [(f, self._digests.get(f.path)) for f in self._files])

    def _rows(self, file: SourceFile) -> Iterator[RowBlock]:
        number = 1
        name = file.display_path if len(self._files) > 1 else ""
        with file.open() as raw:
            with _translate_arrow_errors(file):
                batches = _open_parquet(raw).iter_batches(_ROWS, columns=self._kept)
            while True:
                with _translate_arrow_errors(file):
                    batch = next(batches, None)
                if batch is None:
                    return
                lines = np.arange(number, number + batch.num_rows, dtype=np.int64)
                number += batch.num_rows
                yield RowBlock(lines, self._convert_batch(batch.select(self._kept)), file=name)

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

    def _kind(self, name: str, schemas: Sequence[pa.Schema]) -> str:
        kinds = set()
        for file, schema in zip(self._files, schemas, strict=True):
            kind = schema.field(name).type
            try:
                kinds.add("integer" if _is_integral_type(kind) else column_kind(kind))
            except TypeError:
                raise unsupported_column_error(name, str(kind), file.display_path) from None
            if pa.types.is_null(kind):
                kinds.discard("text")
        if kinds == {"integer", "number"} or any(
            _may_exceed_int64(s.field(name).type) for s in schemas
        ):
            for file in self._files:
                kinds |= _column_size_kinds(file, name)
        return common_kind(kinds) or "text"


def _open_parquet(raw: Any) -> pq.ParquetFile:
    # INT96 counts nanoseconds in more than 64 bits: read as such, years beyond 2262 would wrap.
    return pq.ParquetFile(raw, coerce_int96_timestamp_unit="us")


def _schema(file: SourceFile) -> pa.Schema:
    with file.open() as raw, _translate_arrow_errors(file):
        return _open_parquet(raw).schema_arrow


@contextmanager
def _translate_arrow_errors(file: SourceFile) -> Iterator[None]:
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
                "the file is empty" if empty else f"this cannot be read as Parquet ({said})",
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


def _column_size_kinds(file: SourceFile, name: str) -> set[str]:
    """Whether a column holds integers that float64, or int64, cannot hold."""
    kinds: set[str] = set()
    with file.open() as raw, _translate_arrow_errors(file):
        for batch in _open_parquet(raw).iter_batches(_ROWS, columns=[name]):
            array = batch.column(0)
            if pa.types.is_decimal(array.type):
                array = array.filter(pc.equal(pc.trunc(array), array))
            elif not pa.types.is_integer(array.type):
                return kinds
            span = pc.min_max(array).as_py()
            kinds |= integer_size_kinds(span["min"] or 0, span["max"] or 0)
    return kinds


def _conform_array(array: pa.Array, name: str) -> pa.Array:
    one = pa.RecordBatch.from_arrays([array], names=[name])
    return conform_batch(one, normalize_schema(one.schema)).column(0)


def _encode_text(array: pa.Array) -> pa.Array:
    return values_to_text(array).dictionary_encode()
