import numpy as np
import pandas as pd
import pytest

from assay.dataset.row_source import FrameRows
from assay.gates.report import Verdict
from assay.gates.validation.schema_changes import compare_schemas


@pytest.fixture
def before():
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "age": rng.integers(17, 90, 1000),
            "sex": pd.Series(["M"] * 700 + ["F"] * 300, dtype="str"),
            "place": pd.Series(["town"] * 500 + ["village"] * 400 + ["sea"] * 100, dtype="str"),
            "name": pd.Series([f"n{i}" for i in range(1000)], dtype="str"),
        }
    )


def listed(now, before):
    check, sheet = compare_schemas(FrameRows(now), FrameRows(before))
    assert check.name == "schema"
    assert not check.hard
    assert check.estimate == (len(sheet.rows) if sheet else 0)
    assert check.verdict is (Verdict.CAUTION if sheet else Verdict.PASS)
    return {(row[0], row[1]): row[2:] for row in sheet.rows} if sheet else {}


def test_new_rows_of_the_same_kind_are_no_change(before):
    now = pd.concat([before, before.head(100)])
    now["name"] = now["name"] + "x"  # every value is new, and none is a category
    assert listed(now, before) == {}


def test_columns_that_came_went_and_changed_their_type_are_named(before):
    now = before.drop(columns="name").assign(age=before["age"] + 0.5, zip=1)
    assert listed(now, before) == {
        ("name", "dropped"): ("str", ""),
        ("zip", "added"): ("", "int64"),
        ("age", "retyped"): ("int64", "float64"),
    }


def test_a_recoding_is_named_by_its_frequency(before):
    now = before.assign(sex=before["sex"].replace({"M": "male", "F": "female"}))
    [(was, is_now)] = listed(now, before).values()
    assert was == "gone: M (70 %), F (30 %)"
    assert "likely recoded: F -> female, M -> male" in is_now


def test_a_value_that_is_gone_and_a_rare_new_one_are_no_recoding(before):
    now = before.assign(place=before["place"].replace({"sea": "town"}))
    now.loc[now.index[:1], "place"] = "moon"
    [(was, is_now)] = listed(now, before).values()
    assert was == "gone: sea (10 %)"
    assert is_now == "new: moon (0.1 %)"


def test_values_that_begin_or_cease_to_be_missing_are_told(before):
    now = before.copy()
    now.loc[:4, "sex"] = None
    assert listed(now, before) == {("sex", "nullability"): ("never missing", "5 missing (0.5 %)")}
    assert list(listed(before, now)) == [("sex", "nullability")]


def test_the_reason_names_each_column_under_its_kind(before):
    check, _ = compare_schemas(FrameRows(before.assign(a=1, b=2)), FrameRows(before))
    assert check.why == "added: a, b."
    assert check.remedy
