"""Assay: rows checked and kept as a batch, answers kept as a table, then written to a file."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.config.data import Source
from assay.config.production import Sink
from assay.learning.scoring_model import ScoringModel
from assay.production.scoring.batch_reader import column_specs, parse_batch
from assay.production.scoring.delivery import Delivery
from assay.production.scoring.predictions import score_table
from assay.production.scoring.sinks import write_delivery
from assay.store.local import LocalStore
from benchmarks.living.score.rows import use_case


def prepare(_: Path) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="assay-bench-")


def work(folder: Path, kept: Any) -> str:
    about, case = json.loads((folder / "model.json").read_text()), use_case()
    data = (folder / "model.joblib").read_bytes()
    model, digest = ScoringModel.load(data, about["signature"]), Digest.of_bytes(data)
    bucket = Bucket.from_store(LocalStore(Path(kept.name) / folder.name)).prepare()
    asked = column_specs(about["trained"], case)
    source = Source(path=str(folder / "rows.parquet"))
    taken = parse_batch(bucket, source, asked, case, "batch")
    found = score_table(
        bucket, model, digest, taken.table, case, lines=taken.lines, unfit=taken.unfit
    )
    delivery = Delivery(
        bucket, case, folder.name, 1, str(digest), found.table, found.predictions, found.lines
    )
    write_delivery(delivery, Sink(path=f"{kept.name}/{{batch}}.parquet"))
    return f"{found.rows:,} rows"
