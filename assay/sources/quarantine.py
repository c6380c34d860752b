"""Rows that were set aside, told: how many, why the first of them, and which table lists all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.sources.blocks import MalformedRow, describe_malformed_row
from assay.tables.table import Table

_BY_ROW: Final = {".parquet", ".pq", ".feather", ".arrow", ".arrows", ".ipc", ".xlsx", ".xlsm"}
_FIRST_REASONS: Final = 3  # rows of which the reason is told at once


@dataclass(frozen=True)
class QuarantineSummary:
    """How many rows were set aside, the reasons of the first, and the table that lists all of
    them, where it is kept.
    """

    rows: int = 0
    first_reasons: tuple[str, ...] = ()
    table: Digest | None = None

    @classmethod
    def from_table(
        cls, bucket: Bucket, table: Artifact, source: str | None = ""
    ) -> QuarantineSummary:
        """What a table of set-aside rows tells. `source`: the path or name of what was read, None
        for a query; its ending tells whether lines were counted or rows. Lines, if not known.

        Raises ObjectMissing, ObjectCorrupt.
        """
        held = Table.read(bucket, table)
        counts = "row" if source is None or Path(source).suffix in _BY_ROW else "line"
        first = next(held.batches()).slice(0, _FIRST_REASONS).to_pylist() if held.rows else []
        told_first = tuple(describe_malformed_row(MalformedRow(**row), counts) for row in first)
        return cls(held.rows, told_first, table.digest)

    @property
    def reasons(self) -> str:
        """ "line 4 has 3 fields instead of 2; line 9 ...", or nothing."""
        more = "; ..." if self.rows > len(self.first_reasons) else ""
        return "; ".join(self.first_reasons) + more if self.first_reasons else ""
