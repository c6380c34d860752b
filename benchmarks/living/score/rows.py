"""The employment rows, grown: a model that learnt from 2015, and as many later rows as wanted.

Copy 0 is 2016 to 2018 as it is. In further copies ages move by up to 3 years, and of each other
column one value in twenty is that of another row. The seed is the copy's number. Every row has a
`person` of its own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from assay.bucket.bucket import Bucket
from assay.config.loaded_use_case import parse_use_case
from assay.config.use_case import UseCase
from assay.learning.split import mark_test_rows
from assay.learning.train import no_progress, search_candidate, train_candidate
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame

EMPLOYMENT = sorted((Path(__file__).parents[3] / "examples" / "employment").glob("*.parquet"))
TINY = 1_000
_LEARNT = 20_000  # rows are enough for a model that is as large as others
_GIVEN = ["prediction", "predicted_probability", "year", "person"]


@lru_cache(maxsize=1)
def use_case() -> UseCase:
    asked = {
        "question": "measured",
        "decision": "none",
        "harm": "none",
        "owner": "benchmarks",
        "data": {
            "source": "-",
            "target": {"column": "employed", "positive": 1},
            "identity": ["person"],
        },
        "candidates": [{"estimator": "sklearn.ensemble.HistGradientBoostingClassifier"}],
        "search": {"folds": 2, "jobs": 1},
    }
    return parse_use_case({"file": "measured.yaml", "text": json.dumps(asked), "set": []}).use_case


def model(folder: Path) -> None:
    """Train a model on rows of 2015: model.joblib and, what it takes, model.json."""
    frame = pd.read_parquet(EMPLOYMENT).query("year == 2015").head(_LEARNT).drop(columns=_GIVEN)
    frame.insert(0, "person", np.arange(len(frame)))
    bucket, case = Bucket.from_store(MemoryStore()).prepare(), use_case()
    table = Table.read(bucket, write_frame(bucket, frame, "rows of 2015"))
    test, (candidate,) = mark_test_rows(table, case), case.expanded_candidates
    found = search_candidate(table, test, candidate, case, say=no_progress)
    fitted = train_candidate(table, test, candidate, case, found)
    folder.mkdir(parents=True)
    (folder / "model.joblib").write_bytes(fitted.model)
    about = {"signature": fitted.signature, "trained": table.description}
    (folder / "model.json").write_text(json.dumps(about))


def make(folder: Path, learnt: Path, rows: int) -> None:
    """A folder with the model and so many rows, without the target."""
    shutil.copytree(learnt, folder)
    writer, left = None, rows
    for frame in _copies():
        part = frame.head(left)
        part = part.assign(person=np.arange(rows - left, rows - left + len(part)))
        table = pa.Table.from_pandas(part, preserve_index=False)
        writer = writer or pq.ParquetWriter(folder / "rows.parquet", table.schema)
        writer.write_table(table, row_group_size=1 << 17)
        left -= len(part)
        if not left:
            break
    assert writer is not None
    writer.close()


def _copies() -> Iterator[pd.DataFrame]:
    later = pd.read_parquet(EMPLOYMENT).query("year > 2015").drop(columns=[*_GIVEN, "employed"])
    later.insert(0, "person", 0)
    yield later
    for copy in range(1, 1000):
        draw, rows = np.random.default_rng(copy), len(later)
        changed = {
            name: later[name].to_numpy()[
                np.where(draw.random(rows) < 0.05, draw.permutation(rows), np.arange(rows))
            ]
            for name in later.columns.drop(["person", "AGEP"])
        }
        age = np.clip(later["AGEP"] + draw.integers(-3, 4, rows), 0, 95)
        yield later.assign(**changed, AGEP=age)
