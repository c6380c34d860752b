"""Reads a batch from a file, a query or part of a stream, in the types that the model was trained
on.

Types come from the table that the version was trained on. None is inferred, so that all batches are
read alike. Categories are read as text: a value that training never saw is scored as unseen, not
refused. Rows that do not fit are listed with their line and the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.config.data import Data, Source
from assay.config.use_case import UseCase
from assay.errors import DataError, nearest_name
from assay.sources import source_lines
from assay.sources.block_conversion import convert_block
from assay.sources.blocks import (
    QUARANTINE_SCHEMA,
    BlockSpool,
    RowBlock,
    SourceReader,
    quarantine_batch,
)
from assay.sources.conversion import ColumnSpec
from assay.sources.dialect import reading_hint
from assay.sources.ingestion import (
    RowTally,
    open_reader,
    report_progress,
    source_name,
)
from assay.sources.number_format import NumberFormat
from assay.sources.source_lines import SourceLines
from assay.tables.columns import column_field
from assay.tables.table_writer import IDENTITY_RULE, write_table
from assay.util.wording import format_count

BatchProgress = Callable[[str], None]


@dataclass(frozen=True)
class ParsedBatch:
    """A batch's rows as a table.

    `lines`: the line of the source on which each row stands (see `SourceLines`). `unfit`: the rows
    that do not fit, with line and reason. `extra_columns`: columns of the source that the model
    was not trained on; they were not read.
    """

    table: Artifact
    lines: Artifact
    unfit: Artifact | None
    rows: int
    unfit_rows: int
    extra_columns: list[str]


def column_specs(trained: Sequence[dict[str, Any]], use_case: UseCase) -> dict[str, dict[str, Any]]:
    """How to read a batch: for each column of the table that a version was `trained` on (its
    description), the type, the format of dates, whether the batch must have it, and whether its
    numbers must be plainly written (see `ColumnSpec.plain`).

    JSON, because it is part of the batch's key. A batch may lack what is unknown when a row is
    scored (the target, columns after the outcome, weights), and columns that are only kept
    (`data.exclude`).
    """
    data = use_case.data
    spared = {data.target.column, *data.after_outcome, *data.exclude}
    spared |= {data.weight.column} if data.weight else set()
    spared -= set(data.identity)
    return {
        column["name"]: {
            "type": "text" if column["type"] == "category" else column["type"],
            "format": data.dates.get(column["name"], "iso"),
            "required": column["name"] not in spared,
            "plain": column["name"] in data.identity and column["name"] not in data.types,
        }
        for column in trained
        if column["name"] not in data.never_store
    }


def parse_batch(
    bucket: Bucket,
    source: Source,
    specs: dict[str, dict[str, Any]],
    use_case: UseCase,
    name: str,
    *,
    identity_rule: int = IDENTITY_RULE,
    say: BatchProgress = lambda _: None,
) -> ParsedBatch:
    """Read a batch into the bucket, in bounded memory. `specs` comes from `column_specs`.

    Raises DataError for columns that the batch lacks, before anything is read where the source
    tells its columns; SourceError for a source that cannot be read, that is empty, or most of
    whose rows do not fit; StoreUnreachable.
    """
    # The use case's other settings for types are for tables whose types are inferred.
    told: dict[str, Any] = {key: {} for key in ("types", "categories", "dates")}
    data: Data = use_case.data.model_copy(update={"source": source, **told})
    reader = open_reader(data, specs)
    with BlockSpool() as spool, BlockSpool() as aside:
        blocks = _blocks(reader, spool, say)
        wanted = _wanted_columns(reader.columns, specs, source)
        tally = RowTally(
            source_name(source),
            reader.position_unit,
            lambda: reading_hint(source, "score.source"),
        )
        rows = _RowReader(wanted, blocks, aside, tally)
        table = write_table(bucket, rows.batches(), rows.schema, name, identity_rule=identity_rule)
        lines = write_table(
            bucket, rows.places.batches(), source_lines.SOURCE_LINES_SCHEMA, f"{name} lines"
        )
        malformed = (quarantine_batch(block.malformed_rows) for block in aside)
        held = rows.tally.malformed_count
        unfit = write_table(bucket, malformed, QUARANTINE_SCHEMA, f"{name} unfit") if held else None
    for column, count in rows.infinite.items():
        say(f"{name}: {column}: {format_count(count, 'infinite value')} treated as missing")
    extra = [column for column in reader.columns if column not in specs]
    return ParsedBatch(table, lines, unfit, rows.tally.good_count, held, extra)


def _blocks(reader: SourceReader, spool: BlockSpool, say: BatchProgress) -> Iterable[RowBlock]:
    """The blocks. If the source names its columns only at its end, they wait on disk."""
    blocks = report_progress(reader.blocks(), say, "read")
    if reader.columns:
        return blocks
    for block in blocks:
        spool.add(block)
    return spool


def _wanted_columns(
    column_names: Sequence[str], specs: dict[str, dict[str, Any]], source: Source
) -> dict[str, ColumnSpec]:
    written = NumberFormat.from_source(source)
    lacking = [name for name, how in specs.items() if how["required"] and name not in column_names]
    if column_names and lacking:
        spare = [name for name in column_names if name not in specs]
        near = {name: nearest_name(name, spare) for name in lacking}
        hints = [f"{other!r} for {name!r}" for name, other in near.items() if other]
        raise DataError(
            f"the batch has no column {', '.join(map(repr, lacking))}",
            where=source_name(source),
            remedy=f"Did you mean {', '.join(hints)}?"
            if hints
            else reading_hint(source, "score.source")
            or f"The model was trained with it. Columns here: {', '.join(column_names[:20])}.",
        )
    return {
        name: ColumnSpec(
            how["type"], date_format=how["format"], plain=how["plain"], number_format=written
        )
        for name, how in specs.items()
        if name in column_names
    }


class _RowReader:
    """One pass over the blocks: rows that fit are yielded and their lines noted; others are set
    aside.
    """

    def __init__(
        self,
        specs: dict[str, ColumnSpec],
        blocks: Iterable[RowBlock],
        aside: BlockSpool,
        tally: RowTally,
    ) -> None:
        self._wanted, self._blocks, self._aside = specs, blocks, aside
        self.tally = tally
        self.places = SourceLines()
        self.infinite: Counter[str] = Counter()
        self.schema = pa.schema([column_field(name, how.kind) for name, how in specs.items()])

    def batches(self) -> Iterator[pa.RecordBatch]:
        for block in self._blocks:
            converted = convert_block(block, self._wanted)
            batch, malformed = converted.batch, converted.malformed_rows
            self.infinite.update(converted.infinite)
            self.tally.add(batch.num_rows, malformed)
            lines = block.lines
            if malformed:
                self._aside.add(RowBlock(block.lines[:0], batch.slice(0, 0), malformed))
                lines = lines[~np.isin(lines, [one.line for one in malformed])]
            self.places.add(lines)
            yield batch
        self.tally.check_malformed_share()
