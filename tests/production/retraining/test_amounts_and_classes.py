"""Rows whose outcomes are amounts or classes, gathered for a retraining."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.dataset.row_identity import identity_hashes
from assay.errors import DataError
from assay.production.retraining.training_rows import (
    RowSelection,
    training_sources,
    write_training_rows,
)
from assay.registry.batch_ledger import BatchHistory, ScoredBatch
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame
from tests.problems.learning_examples import HARM, make_use_case

NOW = datetime(2016, 6, 1, tzinfo=UTC)
PAY = make_use_case({"column": "pay", "unit": "dollars"}, {"estimator": "a.B"})
SEVERITY = make_use_case({"column": "harm", "classes": HARM}, {"estimator": "a.B"})
NUMBERED = make_use_case({"column": "harm", "classes": [0, 1, 2]}, {"estimator": "a.B"})


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


def batch(bucket, frame, number=4):
    table = write_frame(bucket, frame, f"batch {number}")
    return ScoredBatch(
        name=f"batch {number}",
        source=None,
        as_of="2016-03-01T00:00:00+00:00",
        number=number,
        table=table,
        predictions=table,
        unfit=None,
        rows=len(frame),
        unfit_rows=0,
        version=1,
        model=table.digest,
        role="served",
        seconds=0.0,
    )


def people(first, outcomes=None, column="pay"):
    frame = pd.DataFrame({"person": first, "age": first})
    return frame if outcomes is None else frame.assign(**{column: outcomes})


def gathered(bucket, use_case, first, later, labels, unknown):
    """The gathered target column, with what labels say of people by their number."""
    table = Table.read(bucket, write_frame(bucket, people(list(labels)), "ids"))
    units = dict(zip(identity_hashes(table, use_case).tolist(), labels.values(), strict=True))
    sources = training_sources(
        bucket,
        write_frame(bucket, first, "first"),
        BatchHistory(tuple(later)),
        lambda asked: np.array([units.get(one, unknown) for one in asked.tolist()]),
        use_case,
    )
    found = write_training_rows(bucket, sources, use_case, RowSelection("all", None, NOW, 1))
    rows = Table.read(bucket, found.table).to_arrow()
    column = rows[use_case.data.target.column]
    return dict(zip(rows["person"].to_pylist(), column.to_pylist(), strict=True)), column.type


def test_new_rows_are_added_with_their_amounts_and_corrected_ones_replace_the_first(bucket):
    first = people([1, 2, 3], [9.5, 0.1 + 0.2, 7.0])
    later = batch(bucket, people([10, 11, 12]))
    labels = {2: 0.1 + 0.2, 3: 8.25, 10: -1.5, 11: 0.0}
    rows, _ = gathered(bucket, PAY, first, [later], labels, np.nan)
    assert rows == {1: 9.5, 2: 0.1 + 0.2, 3: 8.25, 10: -1.5, 11: 0.0}


def test_whole_amounts_stay_whole_and_beyond_floats_keep_their_own_digits(bucket):
    large = 2**53 + 1
    first = people([1, 2, 3], [large, 5, 7])
    later = batch(bucket, people([10, 11], [large, 4]))
    rows, kind = gathered(bucket, PAY, first, [later], {1: float(large), 10: 6.0, 11: 4.0}, np.nan)
    assert kind == "int64"
    assert rows == {1: large, 2: 5, 3: 7, 10: 6, 11: 4}


def test_an_amount_that_the_first_table_cannot_hold_is_refused(bucket):
    first, later = people([1, 2, 3], [3, 5, 7]), batch(bucket, people([10]))
    with pytest.raises(DataError, match="labels of 'pay' are no int64 values") as refused:
        gathered(bucket, PAY, first, [later], {10: 6.5}, np.nan)
    assert "data.types" in refused.value.remedy


def test_new_rows_are_added_with_their_classes(bucket):
    first = people([1, 2, 3, 4], ["none", "minor", "killed", "minor"], "harm")
    first["harm"] = pd.Categorical(first["harm"])
    later = batch(bucket, people([10, 11, 12], ["none", "odd", None], "harm"))
    labels = {2: 2, 10: 0, 11: 1, 12: 2}
    rows, _ = gathered(bucket, SEVERITY, first, [later], labels, -1)
    assert rows == {
        1: "none", 2: "killed", 3: "killed", 4: "minor", 10: "none", 11: "minor", 12: "killed"
    }  # fmt: skip


def test_classes_of_numbers_are_written_as_numbers(bucket):
    first = people([1, 2, 3], [0.0, 1.0, 2.0], "harm")
    later = batch(bucket, people([10, 11, 12]))
    rows, kind = gathered(bucket, NUMBERED, first, [later], {10: 2, 11: 0}, -1)
    assert kind == "double"
    assert rows == {1: 0.0, 2: 1.0, 3: 2.0, 10: 2.0, 11: 0.0}


def test_a_class_that_the_first_table_lacks_is_written_by_its_name(bucket):
    first = people([1, 2], ["none", "minor"], "harm")
    rows, _ = gathered(bucket, SEVERITY, first, [batch(bucket, people([10]))], {10: 2}, -1)
    assert rows[10] == "killed"


@pytest.mark.parametrize(
    ("use_case", "values", "unknown"), [(PAY, [9.5, 3.5, 7.0], np.nan), (SEVERITY, HARM, -1)]
)
def test_rows_without_a_label_are_left_out_and_the_first_ones_stay(
    bucket, use_case, values, unknown
):
    column = use_case.data.target.column
    first, later = people([1, 2, 3], values, column), batch(bucket, people([10, 11]))
    rows, _ = gathered(bucket, use_case, first, [later], {}, unknown)
    assert rows == dict(zip([1, 2, 3], values, strict=True))


@pytest.mark.parametrize(
    ("use_case", "values"), [(PAY, [9.5, 3.5, 7.0]), (SEVERITY, ["minor", "killed", "none"])]
)
def test_rows_without_a_name_bring_their_own_outcomes(bucket, use_case, values):
    data = use_case.data.model_copy(update={"identity": ()})
    use_case, column = use_case.model_copy(update={"data": data}), use_case.data.target.column
    first = people([1, 2, 3], values, column)
    later = batch(bucket, people([10, 10, 11], [values[0], values[1], None], column))
    sources = training_sources(
        bucket,
        write_frame(bucket, first, "first"),
        BatchHistory((later,)),
        lambda _: pytest.fail("nobody asks for labels of rows without a name"),
        use_case,
    )
    found = write_training_rows(bucket, sources, use_case, RowSelection("all", None, NOW, 1))
    held = Table.read(bucket, found.table).to_pandas()[column].tolist()
    assert held == [*values, values[0], values[1]]
