"""What the tests of sources share: a use case's data in a line, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.config.data import Data
from assay.sources.ingestion import IngestResult, store_source_table
from assay.store.memory import MemoryStore
from assay.tables.table import Table


class Taken:
    """An ingested source, its tables read back."""

    def __init__(self, bucket: Bucket, found: IngestResult) -> None:
        self.bucket, self.about, self.found = bucket, found.metadata, found
        self.table = Table.read(bucket, found.table)
        self.frame: pd.DataFrame = self.table.to_pandas()
        held = found.quarantine
        self.quarantine = Table.read(bucket, held).to_arrow().to_pylist() if held else []

    @property
    def types(self) -> dict[str, str]:
        return {c["name"]: c["type"] for c in self.about["columns"]}

    def stored(self) -> bytes:
        """All that lies in the bucket, Parquet unpacked, to look for what must not be there."""
        texts = [self.frame.to_csv(), json.dumps(self.about), json.dumps(self.quarantine)]
        return "\n".join(texts).encode()


def declared(source: Any, **more: Any) -> Data:
    target = {"column": "a", "positive": 1}
    source = str(source) if isinstance(source, Path) else source
    return Data.model_validate_json(json.dumps({"source": source, "target": target} | more))


@pytest.fixture
def take() -> Callable[..., Taken]:
    def run(source: Any, **more: Any) -> Taken:
        bucket = Bucket.from_store(MemoryStore())
        return Taken(bucket, store_source_table(bucket, declared(source, **more), "test"))

    return run


@pytest.fixture(scope="session")
def data() -> Callable[..., Data]:
    return declared
