"""The rows that stand for what is usual: a sample of those that a version was tested on.

They are the journal's: the run record names the table, the version's predictions the test rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.learning.one_thread import one_thread
from assay.learning.scoring_model import ScoringModel
from assay.production.reasons.row_reasons import REASON_COLUMN, RowReasons
from assay.tables import columns as kinds
from assay.tables.columns import column_field
from assay.tables.table import Table
from assay.tables.table_writer import write_table

REFERENCE_ROWS: Final = 4096
_FEWEST_TEST_ROWS: Final = 100


def sample_reference(
    bucket: Bucket, table: Artifact, predictions: Artifact, columns: list[str], seed: int
) -> Artifact:
    """At most 4,096 test rows, drawn by `seed`, in the table's order; of all rows where fewer than
    100 were tested. `columns` are the model's. Categories become text.
    """
    rows = Table.read(bucket, table)
    tested = np.sort(Table.read(bucket, predictions).to_arrow(["row"])["row"].to_numpy())
    pool = tested if len(tested) >= _FEWEST_TEST_ROWS else np.arange(rows.rows)
    count = min(REFERENCE_ROWS, len(pool))
    chosen = np.sort(np.random.default_rng(seed).choice(pool, count, replace=False))
    schema = pa.schema([_plain_field(rows.schema.field(name)) for name in columns])

    def batches() -> Iterator[pa.RecordBatch]:
        start = 0
        for batch in rows.batches(columns):
            first, last = np.searchsorted(chosen, [start, start + batch.num_rows])
            held = batch.take(pa.array(chosen[first:last] - start))
            start += batch.num_rows
            arrays = [
                one.cast(pa.string()) if pa.types.is_dictionary(one.type) else one
                for one in held.columns
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return write_table(bucket, batches(), schema, "what is usual")


def measure_first_reasons(bucket: Bucket, reasons: RowReasons, reference: Artifact) -> Artifact:
    """The first reason's column of each reference row, a table of one column in their order."""
    rows = Table.read(bucket, reference)
    schema = pa.schema([column_field(REASON_COLUMN, "text")])

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches():
            answers = answer_batch(reasons.model, batch)
            yield pa.RecordBatch.from_arrays(
                [reasons.find_first_columns(batch, answers)], schema=schema
            )

    with one_thread():
        return write_table(bucket, batches(), schema, "first reasons of what is usual")


def answer_batch(model: ScoringModel, batch: pa.RecordBatch) -> pd.DataFrame:
    """A model's answers to rows of the reference."""
    return model.predict(batch.select(model.columns).to_pandas())


def _plain_field(field: pa.Field) -> pa.Field:
    if kinds.field_categories(field) is not None:
        return column_field(field.name, "text")
    return field.with_nullable(True)
