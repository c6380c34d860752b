"""Croissant: MLCommons' own library finds, checks and loads what a table's description names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.store.local import LocalStore
from assay.tables.croissant import croissant_metadata
from assay.tables.table import Table
from assay.tables.table_writer import write_frame


def open_dataset(file: Any) -> Any:
    import mlcroissant  # takes a second, which collecting tests should not

    return mlcroissant.Dataset(file)


FRAME = pd.DataFrame(
    {
        "age": [30, 41, 52],
        "height": [1.5, None, 1.7],
        "name": ["Zoë", None, "x y"],
        "kind": pd.Categorical(["a", "b", "a"], categories=["b", "a"]),
        "yes": [True, False, True],
        "at": pd.to_datetime(["2020-01-01", "2021-02-03", "2022-03-04"]),
    }
)


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket.from_store(LocalStore(tmp_path)).prepare()


def described(bucket: Bucket, frame: pd.DataFrame) -> tuple[Table, Path]:
    """A table, and the file that describes it, an object like any other."""
    table = Table.read(bucket, write_frame(bucket, frame, "rows"))
    value = croissant_metadata(table, "people", "Three people.")
    return table, Path(bucket.url(bucket.put_json(value, artifacts.CROISSANT, "croissant")))


def loaded(file: Path, part: int) -> list[dict[str, Any]]:
    records = open_dataset(file).records(f"rows-{part}")
    return [{key.partition("/")[2]: value for key, value in row.items()} for row in records]


def test_the_rows_that_it_loads_are_the_tables(bucket: Bucket) -> None:
    _, file = described(bucket, FRAME)
    rows = loaded(file, 1)
    assert [row["age"] for row in rows] == [30, 41, 52]
    assert [row["name"] for row in rows] == ["Zoë".encode(), None, b"x y"]
    assert [row["kind"] for row in rows] == [b"a", b"b", b"a"]
    assert [row["at"] for row in rows] == [*FRAME["at"]]


def test_it_finds_no_fault_beyond_what_only_people_can_say(bucket: Bucket) -> None:
    _, file = described(bucket, FRAME)
    issues = open_dataset(file).metadata.ctx.issues
    assert not issues.errors
    assert all(
        any(word in issue for word in ("citeAs", "datePublished", "license"))
        for issue in issues.warnings
    )


def test_every_part_is_named_with_its_digest_in_order(bucket: Bucket) -> None:
    many = pd.DataFrame({"n": range(200_000)})
    table, file = described(bucket, many)
    assert len(table.parts) > 1
    files = open_dataset(file).metadata.distribution
    assert [file.sha256 for file in files] == [part.digest.hex for part in table.parts]
    first = [row["n"] for row in loaded(file, 1)]
    assert first == list(range(len(first)))
    assert loaded(file, 2)[0]["n"] == len(first)
