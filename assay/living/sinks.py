"""Predictions where the use case wants them: a Parquet or CSV file a batch, or a SQL table.

What is delivered: the line of the source, the identity's columns (without a declared identity,
all of the row's but the target), probability, decision, model, and in SQL the batch.
Delivering again changes nothing, so a scorer that was killed may simply run once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from pydantic import ValidationError

from assay.artifacts import Artifact
from assay.batches import BatchClaim
from assay.bucket import Bucket
from assay.config.living import Sink
from assay.config.read import LoadedUseCase
from assay.config.use_case import UseCase
from assay.digest import Digest
from assay.errors import ConfigError
from assay.learning.units import identity_columns
from assay.living.scoring import DECISION, MODEL, PROBABILITY, ROW
from assay.sources.places import SourceLines
from assay.tables.beside import zip_batches
from assay.tables.read import Table

LINE, BATCH = "line", "batch"
_RESERVED_COLUMNS: Final = (LINE, PROBABILITY, DECISION, MODEL, BATCH)


@dataclass(frozen=True)
class Delivery:
    """One batch's answers on their way out. `name` is the batch's, fit for a file; `model` the
    digest of the version's.
    """

    bucket: Bucket
    use_case: UseCase
    name: str
    version: int
    model: str
    table: Artifact
    predictions: Artifact
    lines: Artifact

    @classmethod
    def from_claim(cls, bucket: Bucket, use_case: UseCase, claim: BatchClaim) -> Delivery:
        """The answers of a batch, under the name that it was claimed with."""
        return cls(
            bucket=bucket,
            use_case=use_case,
            name=claim.file,
            version=claim.version,
            model=str(claim.model),
            table=claim.table,
            predictions=claim.predictions,
            lines=claim.lines,
        )

    @property
    def batch_digest(self) -> Digest:
        return self.table.digest

    @property
    def schema(self) -> pa.Schema:
        """What is delivered, in order. Raises ConfigError where a column of the data is called
        like one of ours.
        """
        rows = Table.read(self.bucket, self.table).schema
        identity = identity_columns(rows.names, self.use_case)
        for name in identity:
            if name in _RESERVED_COLUMNS:
                raise ConfigError(
                    f"the column {name!r} of the data would stand beside ours of that name",
                    where="data.identity",
                    remedy="Declare the columns that make a row the same row tomorrow, or rename "
                    "this one in the source.",
                )
        return pa.schema(
            [
                pa.field(LINE, pa.int64()),
                *(rows.field(name) for name in identity),
                pa.field(PROBABILITY, pa.float64()),
                pa.field(DECISION, pa.bool_()),
                pa.field(MODEL, pa.string()),
            ]
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, in bounded memory."""
        schema = self.schema
        identity = schema.names[1:-3]
        places = SourceLines.from_table(Table.read(self.bucket, self.lines))
        answers = Table.read(self.bucket, self.predictions)
        rows = Table.read(self.bucket, self.table)
        said = answers.batches([ROW, PROBABILITY, DECISION, MODEL])
        for mine, theirs in zip_batches(said, rows.batches(identity)):
            lines = places.lines(mine.column(ROW).to_numpy())
            arrays = [
                pa.array(lines, pa.int64()),
                *(theirs.column(name) for name in identity),
                *(mine.column(name) for name in (PROBABILITY, DECISION, MODEL)),
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def resolve_sink(written: LoadedUseCase, to: str | None, *, single_batch: bool) -> Sink | None:
    """Where answers go: to the path `to`, else where the use case says, else nowhere but the
    bucket. A path for one batch `single_batch` need not name it. Raises ConfigError.
    """
    if to is None:
        return written.use_case.score.to
    if single_batch and "{batch}" not in to:
        return Sink.model_construct(path=to)
    try:
        return Sink(path=to)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(said, where=f"--to {to}", remedy="As in out/{batch}.parquet.") from None


def write_delivery(delivery: Delivery, sink: Sink) -> str:
    """Write a batch's answers; returns where, fit for people's eyes.

    Raises OutputError, ConfigError, SourceError for a place that cannot be reached.
    """
    if sink.table is not None:
        from assay.living.sql_sink import deliver_to_table as to_table

        return to_table(delivery, sink)
    from assay.living.file_sink import deliver_to_file as to_file

    return to_file(delivery, str(sink.path))
