"""A champion of the employment rows of 2015, and as many answered rows with late labels as wanted.

Answers are those that the data ship with. Copy 0 is 2016 to 2018 as it is; in further copies one
value in twenty of each column is that of another row. Rows come in batches of 100,000, labels in
one file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from assay.bucket.artifacts import JSON, MODEL, RECORD, Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal
from assay.config.loaded_use_case import parse_use_case
from assay.config.use_case import UseCase
from assay.dataset.row_identity import identity_hashes
from assay.registry.batch_ledger import BatchLedger, ReceivedLabels, ScoredBatch
from assay.store.local import LocalStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame, write_table

EMPLOYMENT = sorted((Path(__file__).parents[3] / "examples" / "employment").glob("*.parquet"))
TINY = 3_000
BATCH = 100_000
SAID = {"predicted_probability": "probability", "prediction": "decision"}
_WHEN = "2016-02-01T00:00:00+00:00"


def use_case() -> UseCase:
    rule = {"metric": "true_positive_rate", "by": ["SEX"], "tolerance": 0.1, "because": "measured"}
    asked = {
        "name": "employment",
        **dict.fromkeys(("question", "decision", "harm", "owner"), "measured"),
        "data": {
            "source": "-",
            "target": {"column": "employed", "positive": 1},
            "identity": ["person"],
            "exclude": ["year"],
            "sensitive": {"SEX": {"reference": "1"}},
        },
        "fairness": [rule],
        "candidates": [{"estimator": "sklearn.ensemble.HistGradientBoostingClassifier"}],
    }
    return parse_use_case({"file": "measured.yaml", "text": json.dumps(asked), "set": []}).use_case


def bucket_in(folder: Path) -> Bucket:
    return Bucket.from_store(LocalStore(str(folder / "bucket")))


def make(folder: Path, rows: int) -> None:
    """A folder with a bucket, and the rows as NannyML reads them: rows and reference.parquet."""
    folder.mkdir(parents=True)
    bucket, case = bucket_in(folder).prepare(), use_case()
    whole = pd.read_parquet(EMPLOYMENT).drop(columns="person")
    whole.insert(0, "person", np.arange(len(whole)))
    reference = whole[whole["year"] == 2015].reset_index(drop=True)
    reference.to_parquet(folder / "reference.parquet", index=False)
    _champion(bucket, reference)
    later = whole[whole["year"] > 2015].reset_index(drop=True)
    labels: list[pa.RecordBatch] = []
    writer = None
    for number, frame in enumerate(_batches(later, rows)):
        units = _serve(bucket, case, frame, number)
        named = pa.array(frame["employed"].to_numpy() == 1)
        labels.append(pa.RecordBatch.from_arrays([units, named], names=["unit", "label"]))
        kept = pa.Table.from_pandas(frame[[*SAID, "employed"]], preserve_index=False)
        writer = writer or pq.ParquetWriter(folder / "rows.parquet", kept.schema)
        writer.write_table(kept)
    assert writer is not None
    writer.close()
    _label(bucket, labels, rows)


def _batches(later: pd.DataFrame, rows: int) -> Iterator[pd.DataFrame]:
    left, copy = rows, 0
    while left:
        draw, count = np.random.default_rng(copy), len(later)
        part = later if copy == 0 else later.assign(
            **{
                name: later[name].to_numpy()[
                    np.where(draw.random(count) < 0.05, draw.permutation(count), np.arange(count))
                ]
                for name in later.columns.drop(["person", "year", "employed", *SAID])
            }
        )  # fmt: skip
        part = part.head(left)
        part = part.assign(person=np.arange(rows - left, rows - left + len(part)))
        for start in range(0, len(part), BATCH):
            yield part.iloc[start : start + BATCH].reset_index(drop=True)
        left, copy = left - len(part), copy + 1


def _champion(bucket: Bucket, reference: pd.DataFrame) -> None:
    table = write_frame(bucket, reference.drop(columns=list(SAID)), "table")
    said = pd.DataFrame(
        {
            "row": np.arange(len(reference)),
            "truth": (reference["employed"] == 1).to_numpy(),
            "probability": reference["predicted_probability"].to_numpy(),
            "decision": (reference["prediction"] == 1).to_numpy(),
        }
    )
    predictions = write_frame(bucket, said, "predictions").as_json()
    step = {
        "name": "train",
        "cached": True,
        "seconds": 0.0,
        "inputs": {"table": table.as_json()},
        "outputs": {"predictions": predictions},
    }
    body: dict[str, Any] = {
        "version": 1,
        "question": str(table.digest),
        "model": bucket.put(b"none", MODEL, "model").as_json(),
        "predictions": predictions,
        "run": bucket.put_json({"steps": [step]}, RECORD, "run").as_json(),
        "signature": bucket.put_json({}, JSON, "signature").as_json(),
        "reports": {},
        "against": None,
    }
    promoted = {"alias": "champion", "version": 1, "previous": None, "because": "measured"}
    journal = Journal(bucket, "employment")
    journal.append(lambda _: ("registered", body))
    journal.append(lambda _: ("promoted", promoted | {"as_of": _WHEN}))


def _serve(bucket: Bucket, case: UseCase, frame: pd.DataFrame, number: int) -> pa.Array:
    features = frame.drop(columns=["employed", "year", *SAID])
    table = write_frame(bucket, features, f"batch {number}")
    units = identity_hashes(Table.read(bucket, table), case).view(np.int64)
    said = pd.DataFrame(
        {
            "row": np.arange(len(frame)),
            "unit": units,
            "person": frame["person"].to_numpy(),
            "probability": frame["predicted_probability"].to_numpy(),
            "decision": (frame["prediction"] == 1).to_numpy(),
        }
    )
    BatchLedger(bucket, case.name).add_scored(
        ScoredBatch(
            name=f"batch {number}",
            source=None,
            as_of=_WHEN,
            table=table,
            predictions=write_frame(bucket, said, "predictions"),
            unfit=None,
            rows=len(frame),
            unfit_rows=0,
            version=1,
            model=table.digest,
            role="served",
            seconds=1.0,
        )
    )
    return pa.array(units)


def _label(bucket: Bucket, labels: list[pa.RecordBatch], rows: int) -> Artifact:
    schema = pa.schema([("unit", pa.int64()), ("label", pa.bool_()), ("known", pa.timestamp("us"))])
    held = (
        pa.RecordBatch.from_arrays(
            [*one.columns, pa.nulls(one.num_rows, pa.timestamp("us"))], schema=schema
        )
        for one in labels
    )
    table = write_table(bucket, held, schema, "labels")
    BatchLedger(bucket, "employment").add_labels(
        ReceivedLabels(
            name="labels", source=None, as_of=_WHEN, table=table, unfit=None, rows=rows,
            unfit_rows=0,
        )
    )  # fmt: skip
    return table
