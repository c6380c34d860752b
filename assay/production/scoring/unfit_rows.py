"""Lists rows of a batch that cannot be scored, and leaves them out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from assay.bucket.artifacts import Artifact
from assay.sources.blocks import QUARANTINE_SCHEMA, MalformedRow, quarantine_batch
from assay.sources.source_lines import SOURCE_LINES_SCHEMA, SourceLines
from assay.tables.table import Table
from assay.tables.table_writer import write_table


def drop_rows(
    rows: Table, row_numbers: Sequence[int], *, lines: Artifact
) -> tuple[Artifact, Artifact]:
    """The table and its lines without the rows of these numbers."""
    bucket, numbers = rows.bucket, np.asarray(row_numbers)
    places, kept_places = SourceLines.from_table(Table.read(bucket, lines)), SourceLines()

    def batches() -> Iterator[pa.RecordBatch]:
        start = 0
        for batch in rows.batches():
            here = np.arange(start, start + batch.num_rows)
            start += batch.num_rows
            kept = ~np.isin(here, numbers)
            kept_places.add(places.lines(here[kept]))
            yield batch.filter(pa.array(kept))

    table = write_table(
        bucket, batches(), rows.schema, rows.artifact.name, identity_rule=rows.identity_rule
    )
    return table, write_table(bucket, kept_places.batches(), SOURCE_LINES_SCHEMA, lines.name)


def list_unfit_rows(
    rows: Table, reasons: Mapping[int, str], *, lines: Artifact, earlier_list: Artifact | None
) -> Artifact:
    """The list of unfit rows with these added, in the order of their lines.

    `reasons` are by row number. `lines` gives each row's line in the source (see `SourceLines`);
    `earlier_list` is the list so far.
    """
    bucket = rows.bucket
    held = Table.read(bucket, earlier_list).to_arrow().to_pylist() if earlier_list else []
    numbers = np.asarray(sorted(reasons))
    places = SourceLines.from_table(Table.read(bucket, lines)).lines(numbers)
    found = [MalformedRow(**one) for one in held]
    for number, line, text in zip(
        numbers.tolist(), places.tolist(), _row_texts(rows, numbers), strict=True
    ):
        found.append(MalformedRow(line, reasons[number], text))
    ordered = quarantine_batch(sorted(found, key=lambda one: one.line))
    return write_table(bucket, [ordered], QUARANTINE_SCHEMA, f"{rows.artifact.name} unfit")


def _row_texts(rows: Table, numbers: np.ndarray) -> Iterator[str]:
    """The rows of these ascending numbers, as JSON."""
    start = 0
    for batch in rows.batches():
        here = numbers[(numbers >= start) & (numbers < start + batch.num_rows)] - start
        start += batch.num_rows
        for row in batch.take(pa.array(here, pa.int64())).to_pylist():
            yield json.dumps(row, ensure_ascii=False, default=str)
