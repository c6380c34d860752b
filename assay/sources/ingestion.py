"""From raw rows to a table: typed, malformed rows set aside, in bounded memory.

The source is read once. Where types must be inferred, its rows wait as text in an anonymous
file until all of them were seen.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.config.data import Data, Source, Target
from assay.config.loaded_use_case import LoadedUseCase
from assay.errors import ConfigError, SourceError, suggest_name
from assay.sources.block_conversion import convert_block
from assay.sources.blocks import (
    QUARANTINE_SCHEMA,
    BlockSpool,
    MalformedRow,
    RowBlock,
    SourceReader,
    describe_malformed_row,
    quarantine_batch,
)
from assay.sources.conversion import ColumnSpec
from assay.sources.dialect import reading_hint
from assay.sources.file_format import detect_format
from assay.sources.files import SourceFile, find_files
from assay.sources.number_format import NumberFormat
from assay.sources.reading_notes import ReadingNotes
from assay.sources.row_filter import RowFilter
from assay.sources.table_summary import TableSummary
from assay.sources.type_inference import TypeSurvey
from assay.tables.class_codes import class_codes
from assay.tables.columns import column_field
from assay.tables.table_writer import IDENTITY_RULE, write_table
from assay.util.progress import UnitsDone, publish_progress
from assay.util.url_secrets import redact_url

_EVERY: Final = 1_000_000  # rows between two lines about progress
_LONGEST_SILENCE: Final = 20.0  # seconds: the rows of a wide table take longer


@dataclass(frozen=True)
class IngestResult:
    """A source as a table. `metadata` is JSON: the source, its columns, and hints for people.

    `quarantine` is a table of the malformed rows: line, reason, row. None when there are none.
    `text_hints`: the columns that are text only by the way in which the source is written;
    `notes`: what was done to rows and values that could be read.
    """

    table: Artifact
    quarantine: Artifact | None
    metadata: dict[str, Any]
    text_hints: tuple[str, ...] = ()
    notes: ReadingNotes = field(default_factory=ReadingNotes)


def store_source_table(
    bucket: Bucket,
    data: Data,
    name: str,
    *,
    loaded_use_case: LoadedUseCase | None = None,
    identity_rule: int = IDENTITY_RULE,
    say: Callable[[str], None] = lambda _: None,
) -> IngestResult:
    """Read the source that `data` names into the bucket.

    `loaded_use_case` is the use case, to say on which of its lines a wrong column name stands;
    `identity_rule`: by which rows are told apart. `say` is told of progress. Raises SourceError,
    ConfigError, StoreUnreachable, StoreError.
    """
    reader = open_reader(data)
    if reader.columns:  # else they are known only once all rows were read
        _check_columns(reader.columns, data, loaded_use_case)
    with BlockSpool() as rows, BlockSpool() as aside:
        survey, blocks = _survey_blocks(reader, data, rows, say)
        _check_columns(reader.columns, data, loaded_use_case)
        intake = _IngestPass(
            _column_specs(reader, data, survey),
            report_progress(blocks, say, "typed"),
            aside=aside,
            tally=_tally(data, reader),
            data=data,
            location=loaded_use_case.text.locate(("data", "where"))
            if loaded_use_case
            else "data.where",
        )
        table = write_table(
            bucket, intake.batches(), intake.schema, name, identity_rule=identity_rule
        )
        malformed = (quarantine_batch(block.malformed_rows) for block in aside)
        quarantine = (
            write_table(bucket, malformed, QUARANTINE_SCHEMA, f"{name} quarantine")
            if intake.tally.malformed_count
            else None
        )
    as_text = [
        *_single_column_hint(reader, data),
        *survey.hints(_declared_kinds(data), data.missing),
        *reader.disagreements,
    ]
    about = {
        "source": reader.describe_source(),
        "rows": intake.summary.rows,
        "malformed": intake.tally.malformed_count,
        "columns": intake.summary.columns(),
        "hints": [*as_text, *intake.summary.hints()],
    }
    return IngestResult(table, quarantine, about, tuple(as_text), intake.notes())


class RowTally:
    """How many rows were good and how many malformed, and why the first of these."""

    def __init__(
        self,
        origin: str,
        position_unit: str,
        reading_hint: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`reading_hint`: what to write should most rows be malformed."""
        self.origin, self._counts, self._hint = origin, position_unit, reading_hint
        self.good_count = 0
        self.malformed_count = 0
        self._reasons: list[str] = []

    def add(self, good: int, malformed: Sequence[MalformedRow]) -> None:
        self.good_count += good
        self.malformed_count += len(malformed)
        if len(self._reasons) < 3:
            self._reasons += [describe_malformed_row(m, self._counts) for m in malformed[:3]]

    def check_malformed_share(self) -> None:
        """Raise SourceError if there was nothing, or if most of it was malformed."""
        total = self.good_count + self.malformed_count
        if not total:
            raise SourceError(
                "the source has no rows",
                where=self.origin,
                remedy="Check that it is the right file or query.",
            )
        if self.malformed_count * 2 > total:
            raise SourceError(
                f"{self.malformed_count:,} of {total:,} rows are malformed: "
                + "; ".join(self._reasons[:3]),
                where=self.origin,
                remedy=self._hint()
                or "Check the delimiter and the types, categories and dates under data.",
            )


class _IngestPass:
    """One pass over the blocks: rows that fit and count go on, malformed ones aside, and all are
    counted.
    """

    def __init__(
        self,
        specs: Mapping[str, ColumnSpec],
        blocks: Iterable[RowBlock],
        *,
        aside: BlockSpool,
        tally: RowTally,
        data: Data,
        location: str,
    ) -> None:
        self._wanted, self._blocks, self._aside = specs, blocks, aside
        self._filter = RowFilter(data.where, list(specs), location) if data.where else None
        leaves_out = data.target.unlabelled == "leave_out" and data.target.column in specs
        self._target = data.target if leaves_out else None
        weighted = data.weight is not None and data.weight.column in specs
        self._weight = data.weight.column if data.weight is not None and weighted else None
        self._filtered = self._unlabelled = self._weightless = 0
        self._infinite: Counter[str] = Counter()
        self.tally = tally
        self.schema = pa.schema([column_field(n, w.kind, w.categories) for n, w in specs.items()])
        self.summary = TableSummary(self.schema)

    def batches(self) -> Iterator[pa.RecordBatch]:
        for block in self._blocks:
            converted = convert_block(block, self._wanted)
            batch, malformed = converted.batch, converted.malformed_rows
            self.tally.add(batch.num_rows, malformed)
            if malformed:
                self._aside.add(RowBlock(block.lines[:0], batch.slice(0, 0), malformed))
            self._infinite.update(converted.infinite)
            batch = self._leave_out(batch)
            self.summary.add(batch)
            yield batch
        self.tally.check_malformed_share()
        if not self.summary.rows:
            raise self._nothing_left_error()

    def notes(self) -> ReadingNotes:
        return ReadingNotes(
            self.tally.good_count,
            self._filtered,
            self._unlabelled,
            dict(self._infinite),
            self._weightless,
        )

    def _leave_out(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        rows = batch.num_rows
        if self._filter is not None:
            batch = batch.filter(pa.array(self._filter.mask(batch)))
            self._filtered += rows - batch.num_rows
        if self._target is not None:
            rows = batch.num_rows
            batch = batch.filter(_has_outcome(batch.column(self._target.column), self._target))
            self._unlabelled += rows - batch.num_rows
        if self._weight is not None:
            rows = batch.num_rows
            batch = batch.filter(_has_weight(batch.column(self._weight)))
            self._weightless += rows - batch.num_rows
        return batch

    def _nothing_left_error(self) -> SourceError:
        return SourceError(
            f"none of {self.tally.good_count:,} rows is left: {self._filtered:,} were left out by"
            f" data.where, {self._unlabelled:,} have no outcome"
            + (f", {self._weightless:,} have weight 0" if self._weightless else ""),
            where=self.tally.origin,
            remedy="Check data.where and data.target.",
        )


def _has_outcome(column: pa.Array, target: Target) -> pa.Array:
    """Bool, one entry a row: is there a value, and where classes are listed, one of them?"""
    return pa.array(class_codes(column, target) >= 0) if target.classes else column.is_valid()


def _has_weight(column: pa.Array) -> pa.Array:
    """Bool, one entry a row: is it anything but 0? Validation refuses what is no weight."""
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return pa.array(np.ones(len(column), dtype=bool))
    return pc.fill_null(pc.not_equal(column, 0), True)


def source_name(source: Source) -> str:
    """The source's name in errors that concern it as a whole."""
    return redact_url(source.path) if source.path else "data.source.sql"


def open_reader(data: Data, requested_columns: Collection[str] | None = None) -> SourceReader:
    """The reader of the source that `data` names; of all its columns, or of `requested_columns`.

    Raises SourceError, ConfigError.
    """
    if data.source.sql is not None:
        from assay.sources.sql_query import SqlQuery

        return SqlQuery(data, requested_columns)
    files = find_files(data.source)
    if files[0].partition:
        from assay.sources.partitioned_files import PartitionedFiles

        return PartitionedFiles(
            files, data, requested_columns, lambda asked: _open_files(files, data, asked)
        )
    return _open_files(files, data, requested_columns)


def _open_files(
    files: Sequence[SourceFile], data: Data, requested_columns: Collection[str] | None
) -> SourceReader:
    form = detect_format(data.source, files[0])
    if form == "csv":
        from assay.sources.delimited_files import DelimitedFiles

        return DelimitedFiles(files, data, requested_columns)
    if form == "arrow":
        from assay.sources.arrow_files import ArrowFiles

        return ArrowFiles(files, data, requested_columns)
    if form == "excel":
        from assay.sources.excel_files import ExcelFiles

        return ExcelFiles(files, data, requested_columns)
    if form == "jsonl":
        from assay.sources.jsonlines import JsonLines

        return JsonLines(files, data, requested_columns)
    from assay.sources.parquet_files import ParquetFiles

    return ParquetFiles(files, data, requested_columns)


def _survey_blocks(
    reader: SourceReader, data: Data, spool: BlockSpool, say: Callable[[str], None]
) -> tuple[TypeSurvey, Iterable[RowBlock]]:
    """The blocks, and what is told of them: by a first pass, if types are to be inferred; else the
    survey is complete once the blocks are read.
    """
    listed = {n for n, kind in data.types.items() if kind == "category"} - set(data.categories)
    known = reader.kinds()
    survey = TypeSurvey(
        textual=reader.textual,
        category_columns=frozenset(listed),
        number_format=NumberFormat.from_source(data.source),
        known_kinds=None if listed else known,
    )
    if known is not None and not listed:
        return survey, survey.watch(reader.blocks())
    tally = _tally(data, reader)
    for block in report_progress(reader.blocks(), say, "read"):
        survey.add(block)
        spool.add(block)
        tally.add(len(block.lines), block.malformed_rows)
    tally.check_malformed_share()
    return survey, spool


def _tally(data: Data, reader: SourceReader) -> RowTally:
    return RowTally(
        source_name(data.source),
        reader.position_unit,
        lambda: reading_hint(data.source, "data.source"),
    )


def report_progress(
    blocks: Iterable[RowBlock], say: Callable[[str], None], verb: str
) -> Iterator[RowBlock]:
    """The blocks; `say` hears of every million rows, and after twenty seconds of silence.

    Who listens to progress hears of every block.
    """
    rows, last_line = 0, time.monotonic()
    for block in blocks:
        before, rows = rows, rows + len(block.lines)
        publish_progress(UnitsDone(rows, None, f"rows {verb}"))
        now = time.monotonic()
        if rows // _EVERY > before // _EVERY or now - last_line >= _LONGEST_SILENCE:
            say(f"{rows:,} rows {verb}")
            last_line = now
        yield block


def _column_specs(reader: SourceReader, data: Data, survey: TypeSurvey) -> dict[str, ColumnSpec]:
    """What each kept column is to become, in the order of the source."""
    found = survey.kinds()
    categories = {**survey.categories(), **data.categories}
    declared = _declared_kinds(data)
    written = NumberFormat.from_source(data.source)
    kept = [name for name in reader.columns if name not in data.never_store]
    if not kept:
        raise SourceError("no column is left", remedy="Check data.never_store.")
    return {
        name: ColumnSpec(
            declared.get(name) or found.get(name, "text"),
            tuple(categories.get(name, ())),
            data.dates.get(name, "iso"),
            written,
        )
        for name in kept
    }


def _declared_kinds(data: Data) -> dict[str, str]:
    return {
        **data.types,
        **dict.fromkeys(data.dates, "date"),
        **dict.fromkeys(data.categories, "category"),
    }


def _check_columns(
    columns: Sequence[str], data: Data, loaded_use_case: LoadedUseCase | None
) -> None:
    """Every column that is named is there, and none is both needed and never stored.

    Without `loaded_use_case`, only columns that reading itself needs: what the others mean is the
    use case's matter.
    """
    if loaded_use_case:
        named = loaded_use_case.use_case.column_references()
    else:
        keys = ("never_store", "types", "categories", "dates")
        named = [(("data", key, name), name) for key in keys for name in getattr(data, key)]
    for path, name in named:
        at = loaded_use_case.text.locate(path) if loaded_use_case else f"data.{path[1]}"
        if name not in columns:
            listed = reading_hint(data.source, "data.source") or f"Columns: {', '.join(columns)}."
            remedy = suggest_name(name, columns, listed)
            raise ConfigError(f"the data have no column {name!r}", where=at, remedy=remedy)
        if name in data.never_store and path[1] != "never_store":
            what, remedy = _never_stored_error(name)
            raise ConfigError(what, where=at, remedy=remedy)


def _single_column_hint(reader: SourceReader, data: Data) -> list[str]:
    """A hint on a file of one column that would be a table under another delimiter."""
    if not reader.textual or len(reader.columns) > 1:
        return []
    hint = reading_hint(data.source, "data.source")
    return [f"the file has one column, {reader.columns[0]!r}. {hint.rstrip('.')}"] if hint else []


def _never_stored_error(name: str) -> tuple[str, str]:
    return (
        f"column {name!r} is never stored, so nothing can be said of it",
        "Take it out of one of the two places.",
    )
