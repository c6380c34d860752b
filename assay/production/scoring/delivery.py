"""A batch's predictions for a sink: the rows to write, each with its prediction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.config.use_case import UseCase
from assay.dataset.row_identity import identity_columns
from assay.errors import ConfigError
from assay.production.scoring.predictions import MODEL, ROW, UNIT
from assay.registry.batch_ledger import BatchClaim
from assay.sources.source_lines import SourceLines
from assay.tables.table import Table
from assay.tables.zip_batches import zip_batches

LINE, BATCH = "line", "batch"


@dataclass(frozen=True)
class Delivery:
    """One batch's predictions for a sink. `name` is the batch's, fit for a file name; `model` is
    the digest of the version's model.
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
        """The predictions of a claimed batch, under the claim's name."""
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
        """The delivered columns, in order. Raises ConfigError where a column of the data has a
        reserved name.
        """
        rows = Table.read(self.bucket, self.table).schema
        identity = identity_columns(rows.names, self.use_case)
        answers = self._answer_fields()
        for name in identity:
            if name in {LINE, *(field.name for field in answers), MODEL, BATCH}:
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
                *answers,
                pa.field(MODEL, pa.string()),
            ]
        )

    def _answer_fields(self) -> list[pa.Field]:
        """The columns of the model's answers, in order."""
        ours = {ROW, UNIT, *self.use_case.data.identity, MODEL}
        predictions = Table.read(self.bucket, self.predictions).schema
        return [pa.field(field.name, field.type) for field in predictions if field.name not in ours]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, in bounded memory."""
        schema, answered = self.schema, [field.name for field in self._answer_fields()]
        identity = [name for name in schema.names if name not in {LINE, *answered, MODEL}]
        places = SourceLines.from_table(Table.read(self.bucket, self.lines))
        answers = Table.read(self.bucket, self.predictions)
        rows = Table.read(self.bucket, self.table)
        said = answers.batches([ROW, *answered, MODEL])
        for mine, theirs in zip_batches(said, rows.batches(identity)):
            lines = places.lines(mine.column(ROW).to_numpy())
            arrays = [
                pa.array(lines, pa.int64()),
                *(theirs.column(name) for name in identity),
                *(mine.column(name) for name in (*answered, MODEL)),
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)
