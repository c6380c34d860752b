"""The rows that a model is trained on anew."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bucket.bucket import Bucket
from assay.config.data import Target
from assay.config.production import TrainingWindow
from assay.config.use_case import UseCase
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

NOW = datetime(2016, 6, 1, tzinfo=UTC)
USE_CASE = UseCase.model_validate(
    {
        "name": "m",
        "question": "?",
        "decision": "d",
        "harm": "h",
        "owner": "o",
        "data": {
            "source": "x.csv",
            "target": {"column": "works", "positive": "yes"},
            "identity": ("id",),
        },
        "candidates": ({"estimator": "sklearn.linear_model.LogisticRegression"},),
    }
)


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


def people(ids, ages=None, works=None, kind=None):
    frame = pd.DataFrame({"id": list(ids), "age": list(ages or ids)})
    if kind is not None:
        frame["kind"] = kind
    if works is not None:
        frame["works"] = works
    return frame


def batch(bucket, number, frame, as_of="2016-03-01T00:00:00+00:00"):
    table = write_frame(bucket, frame, f"batch {number}")
    return ScoredBatch(
        name=f"batch {number}",
        source=None,
        as_of=as_of,
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


NAMELESS = USE_CASE.model_copy(update={"data": USE_CASE.data.model_copy(update={"identity": ()})})


class Known:
    """Labels by id, known to the rows of every table through their units."""

    def __init__(self, bucket, known):
        from assay.dataset.row_identity import identity_hashes

        table = Table.read(bucket, write_frame(bucket, people(known), "ids"))
        units = identity_hashes(table, USE_CASE)
        self._by_unit = dict(zip(units.tolist(), known.values(), strict=True))

    def __call__(self, units):
        return np.array([self._by_unit.get(unit, -1) for unit in units.tolist()], np.int8)


def gathered(bucket, first, batches, labels, window="all", since=None, least=1, use_case=USE_CASE):
    sources = training_sources(
        bucket,
        write_frame(bucket, first, "first"),
        BatchHistory(tuple(batches)),
        Known(bucket, labels),
        use_case,
    )
    found = write_training_rows(bucket, sources, use_case, RowSelection(window, since, NOW, least))
    rows = Table.read(bucket, found.table).to_pandas()
    arrived = Table.read(bucket, found.arrival_entries).to_pandas()["arrived"].tolist()
    return rows, arrived, found


FIRST = people([1, 2, 3], works=["yes", "no", "no"])


def test_labelled_rows_follow_the_first_table_in_the_order_of_their_arrival(bucket):
    later = [batch(bucket, 4, people([10, 11])), batch(bucket, 6, people([12]))]
    rows, arrived, found = gathered(bucket, FIRST, later, {10: 1, 11: 0, 12: 1})
    assert rows["id"].tolist() == [1, 2, 3, 10, 11, 12]
    assert rows["works"].tolist() == ["yes", "no", "no", "yes", "no", "yes"]
    assert arrived == [0, 0, 0, 4, 4, 6]
    assert found.row_counts == {"first": 3, "later": 3}


def test_rows_without_a_label_are_left_out(bucket):
    rows, _, _ = gathered(bucket, FIRST, [batch(bucket, 1, people([10, 11]))], {11: 1})
    assert rows["id"].tolist() == [1, 2, 3, 11]


def test_a_corrected_label_counts_in_the_first_table_too(bucket):
    rows, _, _ = gathered(bucket, FIRST, [], {2: 1})
    assert rows["works"].tolist() == ["yes", "yes", "no"]


def test_a_label_of_numbers_above_a_limit_keeps_the_number_that_agrees_with_it(bucket):
    """Where no number of its own agrees, the commonest on that side of the limit stands in."""
    target = Target(column="works", above=30)
    use_case = USE_CASE.model_copy(
        update={"data": USE_CASE.data.model_copy(update={"target": target})}
    )
    first = people([1, 2, 3, 4], works=[31.0, 45.0, 45.0, 12.0])
    later = batch(bucket, 4, people([10, 11, 12], works=[99.0, None, 80.0]))
    rows, _, _ = gathered(bucket, first, [later], {1: 0, 10: 1, 11: 1, 12: 0}, use_case=use_case)
    assert rows["works"].tolist() == [12.0, 45.0, 45.0, 12.0, 99.0, 45.0, 12.0]


def test_of_a_row_that_comes_again_the_last_counts(bucket):
    later = [batch(bucket, 4, people([3, 10], [33, 10])), batch(bucket, 5, people([10], [99]))]
    rows, arrived, _ = gathered(bucket, FIRST, later, {3: 1, 10: 0})
    assert rows[["id", "age"]].to_numpy().tolist() == [[1, 1], [2, 2], [3, 33], [10, 99]]
    assert arrived == [0, 0, 4, 5]


def test_a_row_that_comes_again_without_a_label_does_not_hide_the_labelled_one(bucket):
    """No label is known of its identity, but the first table has one of its own."""
    rows, _, _ = gathered(bucket, FIRST, [batch(bucket, 4, people([3], [33]))], {})
    assert rows["age"].tolist() == [1, 2, 3]


def test_a_batch_that_two_versions_scored_counts_once(bucket):
    once = batch(bucket, 4, people([10]))
    again = once.model_copy(update={"number": 9, "version": 2})
    rows, arrived, _ = gathered(bucket, FIRST, [once, again], {10: 1})
    assert rows["id"].tolist() == [1, 2, 3, 10]
    assert arrived[-1] == 4


def test_the_newest_so_many_rows(bucket):
    later = [batch(bucket, 4, people([10, 11])), batch(bucket, 6, people([12]))]
    rows, arrived, _ = gathered(
        bucket,
        FIRST,
        later,
        {10: 1, 11: 0, 12: 1},
        window=TrainingWindow.model_construct(rows=2, lasting=None),
    )
    assert rows["id"].tolist() == [11, 12]
    assert arrived == [4, 6]


def test_rows_of_the_last_days(bucket):
    later = [
        batch(bucket, 4, people([10]), "2016-01-01T00:00:00+00:00"),
        batch(bucket, 6, people([12]), "2016-05-20T00:00:00+00:00"),
    ]
    month = TrainingWindow(lasting=30 * 86400.0)
    rows, _, _ = gathered(bucket, FIRST, later, {10: 1, 12: 1}, window=month)
    assert rows["id"].tolist() == [12]


def test_rows_since_the_change(bucket):
    later = [batch(bucket, 4, people([10, 11])), batch(bucket, 6, people([12, 13]))]
    known = {10: 1, 11: 0, 12: 1, 13: 0}
    rows, _, _ = gathered(bucket, FIRST, later, known, window="change", since=4, least=2)
    assert rows["id"].tolist() == [12, 13]


def test_too_few_since_the_change_are_joined_by_the_newest_before(bucket):
    later = [batch(bucket, 4, people([10, 11])), batch(bucket, 6, people([12, 13]))]
    known = {10: 1, 11: 0, 12: 1, 13: 0}
    rows, _, _ = gathered(bucket, FIRST, later, known, window="change", since=4, least=3)
    assert rows["id"].tolist() == [11, 12, 13]


def test_without_harm_the_change_is_everything(bucket):
    rows, _, _ = gathered(
        bucket, FIRST, [batch(bucket, 4, people([10]))], {10: 1}, window="change", since=None
    )
    assert len(rows) == 4


def test_new_categories_join_the_old_ones(bucket):
    first = people([1, 2], works=["yes", "no"], kind=pd.Categorical(["a", "b"]))
    later = batch(bucket, 4, people([10, 11], kind=["z", "a"]))
    rows, _, _ = gathered(bucket, first, [later], {10: 1, 11: 0})
    assert rows["kind"].tolist() == ["a", "b", "z", "a"]
    assert rows["kind"].cat.categories.tolist() == ["a", "b", "z"]


def test_a_column_that_a_batch_lacks_is_missing(bucket):
    first = people([1, 2], works=["yes", "no"]).assign(extra=[0.5, 0.25])
    rows, _, _ = gathered(bucket, first, [batch(bucket, 4, people([10]))], {10: 1})
    assert rows["extra"].isna().tolist() == [False, False, True]


def test_with_several_ways_to_say_no_the_commonest_is_written(bucket):
    first = people([1, 2, 3, 4], works=["yes", "never", "no", "never"])
    rows, _, _ = gathered(bucket, first, [batch(bucket, 4, people([10]))], {10: 0, 3: 0})
    assert rows["works"].tolist() == ["yes", "never", "no", "never", "never"]


def test_the_same_rows_give_the_same_bytes(bucket):
    later = [batch(bucket, 4, people([10, 11]))]
    one, two = (gathered(bucket, FIRST, later, {10: 1, 11: 0})[2] for _ in range(2))
    assert one.table.digest == two.table.digest
    assert one.arrival_entries.digest == two.arrival_entries.digest


def test_nothing_to_learn_from_is_said(bucket):
    with pytest.raises(DataError, match="no labelled rows are left"):
        gathered(bucket, FIRST, [], {}, window=TrainingWindow(lasting=60.0))


# --- without an identity ----------------------------------------------------------------------

NUMBERS = st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=20)


def nameless(rows):
    """Rows of (age, works); so few ages that many rows are alike."""
    ages, works = zip(*rows, strict=True) if rows else ((), ())
    return pd.DataFrame(
        {
            "age": pd.Series(ages, dtype="int64"),
            "works": pd.Series(["yes" if one else "no" for one in works], dtype="str"),
        }
    )


@given(NUMBERS, st.lists(NUMBERS.filter(bool), max_size=3, unique_by=str))
def test_rows_that_are_alike_but_have_no_name_all_count_with_their_own_labels(first, later):
    first = [(0, True), (0, False), *first]
    bucket = Bucket.from_store(MemoryStore()).prepare()
    came = [batch(bucket, 4 + i, nameless(rows)) for i, rows in enumerate(later)]
    rows, _, found = gathered(bucket, nameless(first), came, {}, use_case=NAMELESS)
    every = [*first, *(row for part in later for row in part)]
    assert [*zip(rows["age"], rows["works"] == "yes", strict=True)] == every
    assert found.row_counts == {"first": len(first), "later": len(every) - len(first)}


def test_of_rows_without_a_name_those_without_a_label_are_left_out(bucket):
    later = nameless([(1, True), (1, False)])
    later.loc[0, "works"] = None
    came = [batch(bucket, 4, later), batch(bucket, 5, later[["age"]])]
    rows, arrived, _ = gathered(
        bucket, nameless([(1, True), (1, False)]), came, {}, use_case=NAMELESS
    )
    assert rows["works"].tolist() == ["yes", "no", "no"]
    assert arrived == [0, 0, 4]


def test_a_batch_of_rows_without_a_name_counts_once_however_versions_read_it(bucket):
    """They may read other columns, and leave other rows out."""
    first, later = nameless([(1, True), (1, False)]), nameless([(2, True), (2, False)])
    served = batch(bucket, 5, later).model_copy(update={"source": "sha256:file"})
    unseen = batch(bucket, 4, later.assign(more=1.0)).model_copy(update={"role": "shadow"})
    again = batch(bucket, 6, later[:1]).model_copy(update={"source": "sha256:file", "version": 2})
    rows, arrived, _ = gathered(bucket, first, [unseen, served, again], {}, use_case=NAMELESS)
    assert rows["age"].tolist() == [1, 1, 2, 2]
    assert arrived == [0, 0, 5, 5]
