"""What a table holds, counted while its rows stream by."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from assay.tables.columns import describe_schema
from assay.tables.rowhash import value_hashes
from assay.util.sorted_arrays import sorted_unique

_SMALLEST_HASHES: Final = 1024  # hashes a column; the estimate's standard error is about 3 %


class TableSummary:
    """Rows, missing and distinct values of each column of a table.

    Distinct values are counted exactly below 1,024 of them, and above estimated from the
    smallest hashes: Bar-Yossef et al., "Counting distinct elements in a data stream", 2002.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._missing = dict.fromkeys(schema.names, 0)
        self._smallest = {name: np.empty(0, np.uint64) for name in schema.names}
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        for name, array in zip(self._schema.names, batch.columns, strict=True):
            self._missing[name] += array.null_count
            kept = self._smallest[name]
            hashes = value_hashes(array.drop_null())
            if len(kept) == _SMALLEST_HASHES:
                hashes = hashes[hashes < kept[-1]]
            if len(hashes):
                self._smallest[name] = sorted_unique(np.concatenate([kept, sorted_unique(hashes)]))[
                    :_SMALLEST_HASHES
                ]

    def columns(self) -> list[dict[str, Any]]:
        """Name, type, missing values, distinct values, and whether their number is estimated."""
        return [
            {
                "name": column["name"],
                "type": column["type"],
                "missing": self._missing[column["name"]],
                **self._distinct(column["name"]),
            }
            for column in describe_schema(self._schema)
        ]

    def hints(self) -> list[str]:
        """Columns that say nothing."""
        return [
            f"column {name!r} is empty: every value is missing"
            for name, missing in self._missing.items()
            if missing == self.rows
        ]

    def _distinct(self, name: str) -> dict[str, Any]:
        kept = self._smallest[name]
        if len(kept) < _SMALLEST_HASHES:
            return {"distinct": len(kept), "distinct_estimated": False}
        estimate = (_SMALLEST_HASHES - 1) / (float(kept[-1]) / 2.0**64)
        return {"distinct": min(round(estimate), self.rows), "distinct_estimated": True}
