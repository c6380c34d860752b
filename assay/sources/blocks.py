"""Blocks of rows on their way from a source to a table."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.config.data import Data

QUARANTINE_SCHEMA: Final = pa.schema(
    [pa.field("line", pa.int64()), pa.field("reason", pa.string()), pa.field("row", pa.string())]
)


class MalformedRow(NamedTuple):
    """A row that cannot be a row of the table: where it stands, why, and what it says.

    `row` is None where it cannot be shown without showing a column that must not be stored.
    """

    line: int
    reason: str
    row: str | None


@dataclass(frozen=True)
class RowBlock:
    """Some rows with the line (or row number) each came from, and those that did not parse.

    Text columns are dictionary-coded, so that work on them is done once a distinct value.
    """

    lines: NDArray[np.int64]
    rows: pa.RecordBatch
    malformed_rows: Sequence[MalformedRow] = ()
    # Kinds met in a column, where its Arrow type does not tell them all.
    mixed_kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    file: str = ""  # which file the lines count in, where there are several


class SourceReader(Protocol):
    """What a kind of source must offer. `blocks` is called once and holds one block at a time.

    A reader is made of a use case's data, and of `requested_columns` if not all are to be read.
    """

    position_unit: str  # what a MalformedRow's `line` is: a "line" of a text, else a "row"
    textual: bool  # whether the values are mere text, of which the types are to be inferred

    @property
    def columns(self) -> list[str]:
        """All columns of the source; complete once the blocks are read."""

    @property
    def disagreements(self) -> Sequence[str]:
        """Hints on columns whose files give them different types."""

    def kinds(self) -> dict[str, str] | None:
        """Kinds of the kept columns if they are known without reading the rows."""

    def blocks(self) -> Iterator[RowBlock]:
        """The rows, without the columns that must never be stored, or were not asked for."""

    def describe_source(self) -> dict[str, Any]:
        """What was read, as JSON; complete once the blocks are read."""


def select_columns(
    columns: Sequence[str], data: Data, requested_columns: Collection[str] | None
) -> list[str]:
    """The columns of a source that are read: of `requested_columns`, or of all if None, those that
    may be stored.
    """
    requested = set(columns if requested_columns is None else requested_columns)
    requested -= set(data.never_store)
    return [name for name in columns if name in requested]


class BlockSpool:
    """Blocks on disk between two passes: the source is read once, the memory stays bounded.

    An anonymous file, gone with the process. Columns that must never be stored are not in it.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._options = pa.ipc.IpcWriteOptions(compression="lz4")

    def __enter__(self) -> BlockSpool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, block: RowBlock) -> None:
        # Columns have names, so the nameless one is free for the line numbers.
        rows = block.rows.append_column("", pa.array(block.lines, pa.int64()))
        self._write(rows.replace_schema_metadata({"file": block.file}))
        self._write(quarantine_batch(block.malformed_rows))

    def __iter__(self) -> Iterator[RowBlock]:
        self._file.seek(0)
        while (rows := self._read()) is not None:
            held = self._read()
            last = rows.num_columns - 1
            lines = rows.column(last).to_numpy()
            malformed = [MalformedRow(**row) for row in held.to_pylist()] if held else []
            file = rows.schema.metadata[b"file"].decode()
            yield RowBlock(lines, rows.remove_column(last), malformed, file=file)

    def _write(self, batch: pa.RecordBatch) -> None:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema, options=self._options) as stream:
            stream.write_batch(batch)
        data = sink.getvalue()
        self._file.write(len(data).to_bytes(8, "little"))
        self._file.write(data)

    def _read(self) -> pa.RecordBatch | None:
        length = self._file.read(8)
        if not length:
            return None
        data = self._file.read(int.from_bytes(length, "little"))
        with pa.ipc.open_stream(data) as stream:
            return stream.read_next_batch()


def quarantine_batch(malformed: Sequence[MalformedRow]) -> pa.RecordBatch:
    """Malformed rows as a batch of the quarantine table."""
    columns = zip(*malformed, strict=True) if malformed else ((), (), ())
    arrays = [pa.array(c, f.type) for c, f in zip(columns, QUARANTINE_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=QUARANTINE_SCHEMA)


def describe_malformed_row(row: MalformedRow, position_unit: str) -> str:
    """A row that cannot be one, in words: "line 7 has 3 fields instead of 4", "row 7 ..."."""
    return f"{position_unit} {row.line:,} {row.reason}"
