"""Arrow's own files (IPC, Feather version 2), read batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from assay.sources.files import SourceFile
from assay.sources.parquet_files import (
    BATCH_ROWS,
    FileFooter,
    ParquetFiles,
    translate_arrow_errors,
)


class ArrowFiles(ParquetFiles):
    """Arrow files and streams of the same columns, by the rules of Parquet files."""

    form = "arrow"
    label = "Arrow"

    def _batches(self, raw: BinaryIO, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for batch in _read_batches(raw):
            chosen = batch.select(columns)
            for start in range(0, chosen.num_rows, BATCH_ROWS):
                yield chosen.slice(start, BATCH_ROWS)

    def _read_footer(self, file: SourceFile) -> FileFooter:
        with file.open() as raw, translate_arrow_errors(file, self.label):
            rows = sum(batch.num_rows for batch in _read_batches(raw))
            raw.seek(0)
            return FileFooter(_open_ipc(raw).schema, rows, frozenset())


def _read_batches(raw: BinaryIO) -> Iterator[pa.RecordBatch]:
    opened = _open_ipc(raw)
    if isinstance(opened, pa.RecordBatchFileReader):
        for place in range(opened.num_record_batches):
            yield opened.get_batch(place)
    else:
        yield from opened


def _open_ipc(raw: BinaryIO) -> pa.RecordBatchFileReader | pa.RecordBatchStreamReader:
    try:
        return pa.ipc.open_file(raw)
    except pa.ArrowInvalid:
        raw.seek(0)
        if raw.read(4) == b"FEA1":
            raise pa.ArrowInvalid("it is Feather version 1; write it anew as version 2") from None
        raw.seek(0)
        return pa.ipc.open_stream(raw)
