"""A table's profile and sample after 1 % more rows, when the table before was profiled."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from assay.bucket import canonical_json
from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.store.local import LocalStore
from assay.tables.profiled_table import profile_and_sample
from assay.tables.table import Table
from assay.tables.table_writer import write_table
from benchmarks.stores.growth.rows import first, schema, versions


def prepare(folder: Path) -> Table:
    """The grown table; of it nothing is known, of the one before everything."""
    before, grown = tables(folder)
    profile_and_sample(before)
    return grown


def work(_folder: Path, grown: Table) -> str:
    """Profile and sample."""
    before = profiles(grown.bucket)
    profile_and_sample(grown)
    return f"{profiles(grown.bucket) - before} of {len(grown.parts)} parts profiled"


def tables(folder: Path) -> tuple[Table, Table]:
    """The first version and the one with 1 % more rows, in one bucket without a memo."""
    place = folder / "profiled"
    listed = place / "tables.json"
    bucket = Bucket.from_store(LocalStore(str(place / "bucket"))).prepare()
    shutil.rmtree(place / "bucket" / "memo", ignore_errors=True)
    if not listed.exists():
        made = []
        for batches in (first(folder), versions(folder)["1 % appended"]()):
            kind, rows = schema(batches)
            made.append(write_table(bucket, rows, kind, "rows").as_json())
        listed.write_text(json.dumps(made))
    held = (Artifact.model_validate(one) for one in json.loads(listed.read_text()))
    before, grown = (Table.read(bucket, artifact) for artifact in held)
    return before, grown


def profiles(bucket: Bucket) -> int:
    """How many parts' profiles the memo knows."""
    entries = (
        canonical_json.load(bucket.store.get(e.key)) for e in bucket.store.list("memo/observe/")
    )
    return sum(entry["components"]["what"] == "profile of a part" for entry in entries)
