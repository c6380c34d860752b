from __future__ import annotations

import pyarrow as pa
import pytest

from assay.errors import ConfigError, SourceError
from assay.sources.row_filter import RowFilter

COLUMNS = {
    "age": [17, 18, None, 90],
    "Country": ["NO", "SE", "NO", None],
    "since": pa.array([0, 10**15, None, 2], pa.timestamp("us")),
    "odd name": [1.5, 2.5, 3.5, 4.5],
}


@pytest.fixture
def batch():
    return pa.RecordBatch.from_pydict(COLUMNS)


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        ("age >= 18", [False, True, False, True]),
        ("age >= 18 -- adults", [False, True, False, True]),
        ("country = 'NO' OR age IS NULL", [True, False, True, False]),
        ("lower(Country) IN ('no', 'se')", [True, True, True, False]),
        ('"odd name" BETWEEN 2 AND 4', [False, True, True, False]),
        ("since > DATE '1990-01-01'", [False, True, False, False]),
        ("CASE WHEN age < 50 THEN true ELSE false END", [True, True, False, False]),
        ("NOT (TRY_CAST(Country AS INTEGER) IS NOT NULL)", [True] * 4),
    ],
)
def test_the_rows_that_an_expression_holds_for_are_kept(batch, expression, kept) -> None:
    assert RowFilter(expression, list(COLUMNS), "").mask(batch).tolist() == kept


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("age >=", "syntax error"),
        ("age > 1; DROP TABLE rows", "syntax error"),
        ("age > 1) FROM read_csv('/etc/passwd') WHERE (true", "more than one expression"),
        ("age) UNION SELECT (1", "more than one expression|it is more"),
        ("age > 1, true", "function of the row|more than one|row"),
        ("age IN (SELECT 1)", "subquery"),
        ("age > (SELECT max(age) FROM rows)", "subquery"),
        ("count(*) > 3", "count"),
        ("max(age) > 3", "max is not a function of the row"),
        ("row_number() OVER () > 3", "window"),
        ("random() < 0.5", "random is not a function of the row"),
        ("now() > since", "now is not a function"),
        ("age(since) > INTERVAL 1 YEAR", "age is not a function"),
        ("current_date > since", "current_date"),
        ("COLUMNS(*) > 3", "star"),
        ("age > ?", "parameter"),
        ("agee > 3", "no column 'agee'"),
        ("1 = 1", "names no column"),
        ("read_text('/etc/passwd') = Country", "read_text"),
    ],
)
def test_what_is_more_than_a_condition_on_the_row_is_refused(batch, expression, why) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        RowFilter(expression, list(COLUMNS), "use.yaml:7").mask(batch)
    assert caught.value.where == "use.yaml:7"
    assert caught.value.remedy


def test_an_expression_that_is_no_condition_or_breaks_on_a_value_is_refused(batch) -> None:
    with pytest.raises(ConfigError, match="not true or false"):
        RowFilter("age + 1", list(COLUMNS), "").mask(batch)
    with pytest.raises(ConfigError, match="Could not convert"):
        RowFilter("CAST(Country AS INTEGER) > 1", list(COLUMNS), "").mask(batch)


def test_rows_are_left_out_as_the_use_case_says_and_counted(tmp_path, take) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,x\n,x\n0,y\n,y\n1,x\nodd,x\n")
    leave = {"target": {"column": "a", "positive": 1, "unlabelled": "leave_out"}}
    taken = take(tmp_path / "a.csv", types={"a": "integer"}, where="b = 'x'", **leave)
    assert taken.frame["a"].tolist() == [1, 1]
    notes = taken.found.notes
    assert (notes.rows, notes.filtered, notes.unlabelled) == (5, 2, 1)
    assert [row["line"] for row in taken.quarantine] == [7]
    assert taken.about["rows"] == 2
    plain = take(tmp_path / "a.csv", types={"a": "integer"})
    assert len(plain.frame) == 5
    assert not plain.found.notes


def test_rows_of_no_listed_class_are_left_out_and_counted(tmp_path, take) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,x\n,x\n0,y\n5,y\n2,x\n6,x\n")
    target = {"column": "a", "classes": [0, 1, 2]}
    leave = {"target": {**target, "unlabelled": "leave_out"}}
    taken = take(tmp_path / "a.csv", types={"a": "integer"}, **leave)
    assert taken.frame["a"].tolist() == [1, 0, 2]
    assert taken.found.notes.unlabelled == 3
    assert len(take(tmp_path / "a.csv", types={"a": "integer"}, target=target).frame) == 6


def test_which_rows_are_read_depends_on_the_classes_only_where_others_are_left_out(data) -> None:
    target = {"column": "a", "classes": [0, 1, 2]}
    plain = data("a.csv", target=target).reading_settings()
    assert plain["target"] == {"column": "a", "unlabelled": "refuse"}
    leave = data("a.csv", target={**target, "unlabelled": "leave_out"}).reading_settings()
    assert leave["target"]["classes"] == [0, 1, 2]
    yes_or_no = data("a.csv", target={"column": "a", "positive": 1, "unlabelled": "leave_out"})
    assert yes_or_no.reading_settings()["target"] == {"column": "a", "unlabelled": "leave_out"}


def test_a_filter_that_leaves_nothing_says_so(tmp_path, take) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,x\n2,x\n")
    with pytest.raises(SourceError, match="none of 2 rows is left: 2 were left out by"):
        take(tmp_path / "a.csv", where="b = 'z'")


def test_rows_of_weight_0_are_left_out_and_counted(tmp_path, take) -> None:
    (tmp_path / "a.csv").write_text("a,w\n1,0\n0,2.5\n1,\n0,0.0\n1,-1\n")
    taken = take(tmp_path / "a.csv", weight={"column": "w"})
    assert taken.frame["a"].tolist() == [0, 1, 1]  # what is no weight is refused later
    assert taken.found.notes.weightless == 2
    assert taken.found.notes.as_json()["weightless"] == 2
    plain = take(tmp_path / "a.csv")
    assert len(plain.frame) == 5
    assert "weightless" not in plain.found.notes.as_json()
