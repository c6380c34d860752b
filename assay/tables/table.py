"""A stored table, read back part by part, every part verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from assay.bucket.artifacts import TABLE, Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.errors import DataError, FormatUnknown, suggest_name
from assay.tables import columns as kinds
from assay.tables.table_writer import FORMAT
from assay.util.concurrency import ordered_map

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE: Final = 3  # parts fetched ahead of the reader


@dataclass(frozen=True)
class Table:
    """Rows of one schema in a bucket. Made by `Table.read`; holds no row itself."""

    bucket: Bucket
    artifact: Artifact
    schema: pa.Schema
    rows: int
    parts: tuple[Artifact, ...]
    part_rows: tuple[int, ...]
    identity_rule: int = 1
    """What makes two texts of it the same (see `assay.dataset.row_identity`)."""

    @classmethod
    def read(cls, bucket: Bucket, artifact: Artifact) -> Table:
        """Read what a table artifact lists; the rows are read when asked for.

        Raises DataError if the artifact is no table, FormatUnknown, ObjectMissing,
        ObjectCorrupt.
        """
        if artifact.media_type != TABLE:
            raise DataError(
                f"{artifact.name!r} is no table but {artifact.media_type}",
                where=str(artifact.digest),
            )
        held = bucket.get_json(artifact)
        if held.get("format") != FORMAT:
            raise FormatUnknown(
                f"table {artifact.name!r} has format {held.get('format')!r}; this version of "
                f"Assay reads format {FORMAT}",
                where=str(artifact.digest),
                remedy="Use the version of Assay that wrote it, or a newer one.",
            )
        parts = tuple(
            _part_artifact(entry, artifact.name, i) for i, entry in enumerate(held["parts"], 1)
        )
        schema = kinds.schema_from_description(held["schema"])
        part_rows = tuple(entry["rows"] for entry in held["parts"])
        rule = held.get("identity_rule", 1)
        return cls(bucket, artifact, schema, held["rows"], parts, part_rows, rule)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows in order, in bounded memory. Raises DataError for an unknown column."""
        schema = self._select_schema(columns)
        for part in self._read_parts(schema):
            yield from part.to_batches()

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows in memory."""
        schema = self._select_schema(columns)
        return pa.concat_tables([schema.empty_table(), *self._read_parts(schema)])

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """All rows as a frame, one index number a row.

        integer: int64 (float64 with NaN where values are missing), number: float64, boolean:
        bool (object with None), date: datetime64[us], text: str, category: Categorical with
        all declared values.
        """
        frame: pd.DataFrame = self.to_arrow(columns).to_pandas()
        return frame

    def urls(self) -> list[str]:
        """Where other engines read the parts in place, in the order of the rows."""
        return [self.bucket.url(part) for part in self.parts]

    @property
    def description(self) -> list[dict[str, Any]]:
        """The columns as JSON: name, type, nullable, and a category's values."""
        return kinds.describe_schema(self.schema)

    def _read_parts(self, schema: pa.Schema) -> Iterator[pa.Table]:
        def fetch(part: Artifact) -> pa.Table:
            file = pq.ParquetFile(pa.BufferReader(self.bucket.get(part)))
            return kinds.restore_types(file.read(columns=schema.names), schema)

        return ordered_map(fetch, self.parts, _AT_ONCE)

    def _select_schema(self, columns: Sequence[str] | None) -> pa.Schema:
        if columns is None:
            return self.schema
        names = self.schema.names
        if unknown := set(columns) - set(names):
            first = next(name for name in columns if name in unknown)
            raise DataError(
                f"the table has no column {first!r}",
                where=self.artifact.name,
                remedy=suggest_name(first, names, f"Columns: {', '.join(names)}."),
            )
        return pa.schema([self.schema.field(name) for name in columns])


def _part_artifact(entry: dict[str, Any], table: str, number: int) -> Artifact:
    return Artifact(
        media_type=entry["media_type"],
        digest=Digest.parse(entry["digest"]),
        size=entry["size"],
        name=f"{table} part {number}",
    )
