"""Adult, grown: the rows that the gates and their rivals are measured on.

Copy 0 is Adult as it is. Every further copy is jittered, so that a hundred copies are not one
dictionary repeated a hundred times: ages move by up to 3 years and working hours by up to 2 (within
their ranges), census weights and capital gains and losses by up to a tenth, and in each of six
columns of text one value in twenty is that of another row. The seed is the copy's number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.registry.open import open_bucket
from assay.store.local import LocalStore
from assay.tables.table import Table
from assay.tables.table_writer import write_table

ADULT = Path(__file__).parents[2] / "examples" / "income" / "adult.parquet"
ROWS = 48_842
SIZES = {"49k": 1, "490k": 10, "4.9M": 100}  # copies of Adult
TINY = 1_000
MIXED = ("workclass", "marital_status", "occupation", "relationship", "race", "native_country")


def copies(number: int) -> Iterator[pd.DataFrame]:
    """So many copies of Adult, one frame each, all with the same types."""
    adult = pd.read_parquet(ADULT).replace("?", None)
    for copy in range(number):
        yield _jittered(adult, copy) if copy else adult


def _jittered(adult: pd.DataFrame, copy: int) -> pd.DataFrame:
    rng, rows = np.random.default_rng(copy), len(adult)
    changed = {
        "age": np.clip(adult["age"] + rng.integers(-3, 4, rows), 17, 90),
        "hours_per_week": np.clip(adult["hours_per_week"] + rng.integers(-2, 3, rows), 1, 99),
    }
    for name in ("fnlwgt", "capital_gain", "capital_loss"):
        changed[name] = (adult[name] * rng.uniform(0.9, 1.1, rows)).astype(np.int64)
    for name in MIXED:
        others = np.where(rng.random(rows) < 0.05, rng.permutation(rows), np.arange(rows))
        changed[name] = adult[name].to_numpy()[others]
    return adult.assign(**changed).astype(adult.dtypes)


def decisions(frame: pd.DataFrame, copy: int) -> pd.DataFrame:
    """Decisions of a model that errs more often about women: what an audit is given."""
    rng = np.random.default_rng([copy, 1])
    truth = (frame["income"] == ">50K").to_numpy()
    wrong = rng.random(len(frame)) < np.where(frame["sex"] == "Female", 0.2, 0.15)
    return pd.DataFrame(
        {
            "truth": truth.astype(np.int64),
            "decision": (truth ^ wrong).astype(np.int64),
            "probability": np.clip(
                np.where(truth ^ wrong, 0.7, 0.2) + rng.normal(0, 0.1, len(frame)), 0, 1
            ),
            "sex": frame["sex"],
            "race": frame["race"],
        }
    )


def make(folder: Path, number: int, rows: int | None = None) -> Path:
    """Write `number` copies, or the first `rows` rows of one, under `folder`.

    `rows.parquet` and `decisions.parquet` for everybody; both as Assay's tables in `bucket/`, whose
    artifacts are in `tables.json`.
    """
    folder.mkdir(parents=True)
    bucket = Bucket.from_store(LocalStore(str(folder / "bucket"))).prepare()
    tables = {
        name: _write(bucket, folder / f"{name}.parquet", frames)
        for name, frames in (
            ("rows", (copy.head(rows or ROWS) for copy in copies(number))),
            (
                "decisions",
                (decisions(c.head(rows or ROWS), i) for i, c in enumerate(copies(number))),
            ),
        )
    }
    (folder / "tables.json").write_text(json.dumps(tables))
    return folder


def _write(bucket: Bucket, path: Path, frames: Iterator[pd.DataFrame]) -> dict[str, object]:
    """One Parquet file, and from it one of Assay's tables, without holding all rows."""
    schema = None
    writer = None
    for frame in frames:
        rows = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
        if writer is None:
            schema = rows.schema.remove_metadata()
            writer = pq.ParquetWriter(path, schema, compression="zstd")
        writer.write_table(rows.cast(schema))
    assert writer is not None
    writer.close()
    table = write_table(bucket, pq.ParquetFile(path).iter_batches(), schema, path.stem)
    return table.model_dump(mode="json")


def table(folder: Path, name: str) -> Table:
    """One of Assay's tables under `folder`."""
    held = json.loads((folder / "tables.json").read_text())[name]
    bucket = open_bucket(str(folder / "bucket"))
    return Table.read(bucket, Artifact.model_validate(held))
