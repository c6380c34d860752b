"""From a stream of rows to a table: cut, encode, store, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from assay.bucket.artifacts import PARQUET, TABLE, Artifact
from assay.bucket.bucket import Bucket
from assay.errors import DataError
from assay.tables import columns
from assay.tables.part_boundaries import CutRule, split_into_parts
from assay.util.concurrency import ordered_map

if TYPE_CHECKING:
    import pandas as pd

FORMAT: Final = 1
IDENTITY_RULE: Final = 2
"""How today's tables say what makes two texts the same (see `assay.dataset.row_identity`)."""
_AT_ONCE: Final = 3  # parts in flight: enough to keep a store busy, few enough for the memory
_ROWS_A_BATCH: Final = 1 << 16


def write_table(
    bucket: Bucket,
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    name: str,
    *,
    identity_rule: int = IDENTITY_RULE,
) -> Artifact:
    """Store rows as a table. The same rows give the same bytes, however they were batched.

    The schema's types become the table's own: integer, number, boolean, text, date, category
    (see `columns.column_field`). `identity_rule`: rows that join those of an older table keep its
    rule. Raises DataError for other types and for values that do not fit.
    """
    schema = columns.normalize_schema(schema)
    _check_names(schema)
    cut = CutRule.for_columns(len(schema))
    small = (
        columns.conform_batch(batch.slice(start, _ROWS_A_BATCH), schema)
        for batch in batches
        for start in range(0, batch.num_rows, _ROWS_A_BATCH)
    )

    def store(part: list[pa.RecordBatch]) -> dict[str, Any]:
        return _store_part(bucket, part, schema)

    listed = list(ordered_map(store, split_into_parts(small, cut), _AT_ONCE))
    description = {
        "format": FORMAT,
        "rows": sum(part["rows"] for part in listed),
        "schema": columns.describe_schema(schema),
        "cut": cut.as_json(),
        "parts": listed,
    }
    if identity_rule > 1 and any(columns.column_kind(c.type) == "text" for c in schema):
        description["identity_rule"] = identity_rule  # of other types all rules say the same
    return bucket.put_json(description, TABLE, name)


def write_frame(bucket: Bucket, frame: pd.DataFrame, name: str) -> Artifact:
    """Store a pandas frame as a table; its index is dropped. Raises DataError."""
    try:
        rows = pa.Table.from_pandas(_with_categories(frame), preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(f"{name} cannot be stored as a table: {error.args[0]}") from None
    fields = [
        columns.column_field(c.name, "category", list(frame[c.name].cat.categories.astype(str)))
        if pa.types.is_dictionary(c.type)
        else c
        for c in rows.schema
    ]
    return write_table(bucket, rows.to_batches(), pa.schema(fields), name)


def _with_categories(frame: pd.DataFrame) -> pd.DataFrame:
    """Column names as text; categories too, because a table's categories are text."""
    frame = frame.rename(columns=str)
    for name in frame.select_dtypes("category"):
        texts = list(frame[name].cat.categories.astype(str))
        frame[name] = frame[name].cat.rename_categories(texts)
    return frame


def _check_names(schema: pa.Schema) -> None:
    twice = [name for name, count in Counter(schema.names).items() if count > 1]
    if twice:
        raise DataError(f"two columns are called {twice[0]!r}", remedy="Give one another name.")


def _store_part(bucket: Bucket, part: list[pa.RecordBatch], schema: pa.Schema) -> dict[str, Any]:
    rows = pa.Table.from_batches([columns.decode_batch(batch, schema) for batch in part])
    data = encode_parquet(rows.combine_chunks())
    return {
        "media_type": PARQUET,
        "digest": str(bucket.objects.put(data)),
        "size": len(data),
        "rows": rows.num_rows,
    }


def encode_parquet(rows: pa.Table) -> bytes:
    """Parquet with every setting that shapes the bytes written out."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        rows,
        sink,
        row_group_size=1 << 16,
        version="2.6",
        compression="zstd",
        compression_level=3,
        use_dictionary=True,
        write_statistics=True,
        data_page_size=1 << 20,
        dictionary_pagesize_limit=1 << 20,
        data_page_version="1.0",
        write_batch_size=1024,
        # The table's own description says what Arrow's schema would repeat.
        store_schema=False,
    )
    data: bytes = sink.getvalue().to_pybytes()
    return data
