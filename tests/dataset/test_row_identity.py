from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bucket.bucket import Bucket
from assay.dataset.row_identity import canonical_text, entity_hashes, unit_hashes
from assay.store.memory import MemoryStore
from assay.tables.row_selection import rows_between
from assay.tables.table import Table
from assay.tables.table_writer import write_table


@pytest.mark.parametrize(
    ("texts", "one"),
    [
        (["5", "5.0", "+5", "05", " 5 ", "5e0", "50e-1"], "5"),
        (["1.5", "1.50", "15e-1", "+1.5"], "1.5"),
        (["0", "-0", "-0.0", "0.00"], "0"),
        (["9007199254740993"], "9007199254740993"),
        (["true", "True", "TRUE"], "true"),
        (["2020-01-02", "2020-01-02 00:00:00", "2020-01-02T01:00+01:00"], "2020-01-02"),
        (["2020-01-02T03:04:05", "2020-01-02 03:04:05.000000"], "2020-01-02T03:04:05"),
    ],
)
def test_texts_of_one_value_are_one(texts, one):
    assert {canonical_text(text) for text in texts} == {one}


@pytest.mark.parametrize(
    "text", ["", " a ", "A", "nan", "inf", "1e999", "1_0", "0x1", "2020-13-01", "٣"]
)
def test_other_text_stays_as_it_is(text):
    assert canonical_text(text) == text


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_and_its_text_are_one_and_stay_what_they_are(value):
    found = canonical_text(str(value))
    assert type(value)(found) == value
    assert canonical_text(found) == found


@pytest.mark.parametrize(
    "texts",
    [
        ["200", "00200", "200.0", "+200", " 200", "2e2"],
        ["5", " 5", "+5", "5 "],
        ["1.1", "1.10"],
        ["true", "TRUE", "True"],
        ["2020-01-02", "2020-01-02 00:00:00"],
    ],
)
def test_text_is_known_as_it_is_written(texts, table, use_case):
    case = use_case(data={"sensitive": {}})
    for frame in (
        pd.DataFrame({"person": texts, "income": "x"}),
        pd.DataFrame({"person": pd.Categorical(texts), "income": "x"}),
    ):
        rows = table(frame)
        assert len(np.unique(unit_hashes(rows, case))) == len(texts)
        assert len(np.unique(entity_hashes(rows, case))) == len(texts)


def test_a_number_is_known_alike_as_integer_float_and_plain_text(table, use_case):
    case = use_case(data={"sensitive": {}})
    kinds = [[5, 2**53], [5.0, 2.0**53], ["5", str(2**53)]]
    frames = [pd.DataFrame({"person": kind, "income": "x"}) for kind in kinds]
    one, *others = [unit_hashes(table(frame), case).tolist() for frame in frames]
    assert others == [one, one]


def test_a_table_of_the_first_rule_keeps_it_through_what_is_made_of_it(use_case):
    bucket = Bucket.from_store(MemoryStore())
    rows = pa.table({"person": ["200", "00200", "+200"], "income": ["x", "y", "x"]})
    old = write_table(bucket, rows.to_batches(), rows.schema, "old", identity_rule=1)
    assert "identity_rule" not in bucket.get_json(old)  # as before there were rules
    part = rows_between(Table.read(bucket, old), 0, 3, "part")
    for table in (Table.read(bucket, old), part):
        assert len(np.unique(unit_hashes(table, use_case(data={"sensitive": {}})))) == 1


def test_missing_is_missing_in_every_type(table, use_case):
    case = use_case(data={"sensitive": {}})
    kinds = [[None, 1.0], [None, "1"], [float("nan"), 1]]
    found = [
        unit_hashes(table(pd.DataFrame({"person": kind, "income": "x"})), case) for kind in kinds
    ]
    assert all((one == found[0]).all() for one in found)
    assert len(np.unique(found[0])) == 2


def test_entities_are_of_the_group_else_the_identity_else_nobody_knows(table, use_case):
    rows = table(pd.DataFrame({"person": [1, 2, 2, 3], "job": ["a", "a", "b", "b"], "income": "x"}))
    plain = use_case(data={"sensitive": {}})
    grouped = use_case(data={"sensitive": {}}, split={"by": "group", "column": "job"})
    by_time = use_case(data={"sensitive": {}}, split={"by": "time", "column": "job"})
    for case, name, codes in (
        (plain, "person", [0, 1, 1, 2]),
        (grouped, "job", [0, 0, 1, 1]),
        (by_time, "person", [0, 1, 1, 2]),
    ):
        found = entity_hashes(rows, case)
        assert found.name == name
        assert pd.factorize(found)[0].tolist() == codes
    assert entity_hashes(rows, use_case(data={"sensitive": {}, "identity": []})) is None
