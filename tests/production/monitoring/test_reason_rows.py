"""First reasons of a look's rows: from the batches that were told with reasons alone."""

import pandas as pd

from assay.bucket.bucket import Bucket
from assay.production.monitoring.reason_rows import gather_first_reasons
from assay.registry.batch_ledger import ScoredBatch
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame


def scored(bucket, rows, told):
    frame = pd.DataFrame({"row": range(rows)})
    if told:
        names = pd.Series(["age", None] * (rows // 2), dtype="str")
        frame = frame.assign(reason_1="age is 3: raises it", reason_column=names)
    predictions = write_frame(bucket, frame, "predictions")
    return ScoredBatch(
        name=f"{rows}",
        source=None,
        as_of="2026-01-01T00:00:00Z",
        table=predictions,
        predictions=predictions,
        unfit=None,
        rows=rows,
        unfit_rows=0,
        version=1,
        model=predictions.digest,
        role="served",
        seconds=0.1,
    )


def test_batches_without_reasons_are_left_out():
    bucket = Bucket.from_store(MemoryStore()).prepare()
    batches = [scored(bucket, 10, True), scored(bucket, 20, False), scored(bucket, 30, True)]
    found = Table.read(bucket, gather_first_reasons(bucket, batches, 40)).to_pandas()
    assert list(found) == ["reason_column"]
    assert len(found) == 40
    assert found["reason_column"].isna().sum() == 20
    assert gather_first_reasons(bucket, batches, 41) is None
    assert gather_first_reasons(bucket, batches[1:2], 1) is None
