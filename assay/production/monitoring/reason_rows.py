"""The first reasons of the rows of a look, from what was stored beside their answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.production.reasons.row_reasons import REASON_COLUMN
from assay.registry.batch_ledger import ScoredBatch
from assay.tables.columns import column_field
from assay.tables.table import Table
from assay.tables.table_writer import write_table


def gather_first_reasons(
    bucket: Bucket, batches: Sequence[ScoredBatch], least: int
) -> Artifact | None:
    """A table of one column, the first reasons' columns. Batches that were scored without reasons
    are left out; None where fewer rows than `least` have them.
    """
    told = [
        answers
        for answers in (Table.read(bucket, scored.predictions) for scored in batches)
        if REASON_COLUMN in answers.schema.names
    ]
    if sum(answers.rows for answers in told) < least:
        return None
    schema = pa.schema([column_field(REASON_COLUMN, "text")])

    def columns() -> Iterator[pa.RecordBatch]:
        for answers in told:
            for batch in answers.batches([REASON_COLUMN]):
                yield batch.cast(schema)

    return write_table(bucket, columns(), schema, "first reasons since the last look")
