"""The validation gate on stored tables: in place, verified, in bounded memory."""

import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.bucket.objects import object_key
from assay.config.data import Target
from assay.config.gates import Expectation
from assay.errors import ConfigError, ObjectCorrupt
from assay.gates.report import Verdict
from assay.gates.validation import gate, gx_results
from assay.gates.validation.gate import validate_table
from assay.registry.open import open_bucket
from assay.store.local import LocalStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame

ROWS = 150_000  # more than one part


def rule(kind, **kwargs):
    return Expectation(type=kind, kwargs=kwargs)


BETWEEN = "expect_column_values_to_be_between"


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(5)
    ages = rng.integers(17, 90, ROWS).astype(float)
    ages[::1000] = np.nan
    ages[[7, ROWS // 2, ROWS - 1]] = 200
    return pd.DataFrame(
        {
            "age": ages,
            "id": rng.permutation(ROWS),
            "sex": pd.Categorical(rng.choice(["F", "M"], ROWS)),
            "size": rng.normal(size=ROWS),
            "a": rng.random(ROWS),
            "b": rng.random(ROWS),
            "c": rng.random(ROWS),
            "d": rng.random(ROWS),
            "e": rng.random(ROWS),
            "f": rng.random(ROWS),
        }
    )


@pytest.mark.parametrize("place", ["age=7/bucket", "env=prod/bucket", "te*m [1]/bucket"])
def test_a_bucket_anywhere_gives_the_same_verdicts(frame, tmp_path, place):
    bucket = Bucket.from_store(LocalStore(tmp_path / place)).prepare()
    few = frame[["age", "size"]].head(1000)
    table = Table.read(bucket, write_frame(bucket, few, "rows"))
    rules = [
        rule(BETWEEN, column="age", min_value=17, max_value=90),
        rule("expect_table_column_count_to_equal", value=2),
    ]
    judged = validate_table(table, rules, subject="rows")
    verdicts = {c.name: c.verdict for c in judged.report.checks if c.name.startswith("expect")}
    assert list(verdicts.values()) == [Verdict.FAIL, Verdict.PASS]
    assert (
        judged.failing_rows["row"].tolist()
        == validate_table(few, rules, subject="r").failing_rows["row"].tolist()
    )


@pytest.mark.parametrize("name", ["file_row_number", "File_Index"])
def test_columns_named_as_duckdb_names_its_own_are_told_right(tmp_path, name):
    bucket = Bucket.from_store(LocalStore(tmp_path)).prepare()
    frame = pd.DataFrame({name: [30, 31, 32, 200], "x": [1, 2, 300, 4]})
    table = Table.read(bucket, write_frame(bucket, frame, "rows"))
    rules = [rule(BETWEEN, column="x", min_value=0, max_value=10)]
    assert validate_table(table, rules, subject="rows").failing_rows["row"].tolist() == [3]


def test_large_integers_beside_a_float_in_a_set_are_judged_alike_wherever_they_lie(tmp_path):
    bucket = Bucket.from_store(LocalStore(tmp_path)).prepare()
    frame = pd.DataFrame({"x": [2**53, 2**53 + 1, 2**53 + 2, 5]})
    table = Table.read(bucket, write_frame(bucket, frame, "rows"))
    rules = [rule("expect_column_values_to_be_in_set", column="x", value_set=[0.3, 5, 2**53 + 1])]
    stored, framed = (
        validate_table(rows, rules, subject="r").failing_rows for rows in (table, frame)
    )
    assert stored["row"].tolist() == framed["row"].tolist()


@pytest.fixture(scope="module")
def table(frame, tmp_path_factory):
    bucket = Bucket.from_store(LocalStore(tmp_path_factory.mktemp("bucket"))).prepare()
    table = Table.read(bucket, write_frame(bucket, frame, "rows"))
    assert len(table.parts) > 1
    return table


RULES = (
    rule(BETWEEN, column="age", max_value=120),
    rule("expect_column_values_to_be_unique", column="id"),
    rule("expect_column_values_to_match_regex", column="sex", regex="^F"),
    rule("expect_column_mean_to_be_between", column="size", min_value=-1, max_value=1),
)


def test_failing_rows_have_their_numbers_in_the_table_whichever_part_holds_them(table):
    failing = validate_table(table, RULES[:1], subject="t").failing_rows
    assert failing["row"].tolist() == [8, ROWS // 2 + 1, ROWS]
    assert failing["value"].tolist() == ["200.0"] * 3


def test_a_table_and_its_frame_are_judged_alike(table, frame):
    target = Target(column="sex", positive="F")
    stored = validate_table(table, RULES, subject="t", target=target)
    framed = validate_table(frame, RULES, subject="t", target=target)
    for one, other in zip(stored.report.checks, framed.report.checks, strict=True):
        assert one.verdict is other.verdict
        assert one.estimate == pytest.approx(other.estimate, rel=1e-12)
    counts = [[row[2:] for row in found.report.sheets[0].rows] for found in (stored, framed)]
    assert counts[0] == counts[1]
    assert stored.failing_rows.equals(framed.failing_rows)


def test_only_the_columns_that_pandas_needs_come_into_memory(table, monkeypatch):
    asked = []
    whole = Table.to_pandas

    def noted(self, columns=None):
        asked.append(columns)
        return whole(self, columns)

    monkeypatch.setattr(Table, "to_pandas", noted)
    validate_table(table, RULES, subject="t", target=Target(column="sex", positive="F"))
    assert [list(columns) for columns in asked] == [["sex"]]


def test_a_rule_that_many_rows_break_lists_the_first_and_says_how_many(table, monkeypatch):
    monkeypatch.setattr(gx_results, "MOST_FAILING", 50)
    monkeypatch.setattr(gate, "MOST_FAILING", 50)
    found = validate_table(table, [rule(BETWEEN, column="id", max_value=999)], subject="t")
    assert len(found.failing_rows) == 50
    assert found.failing_rows["row"].is_monotonic_increasing
    assert found.report.checks[-1].estimate == pytest.approx(100 * (ROWS - 1000) / ROWS)
    assert found.report.notes == (
        f"{BETWEEN}[id]: of 149,000 failing rows the first 50 are listed.",
    )
    assert "of the first 50" in found.report.checks[-1].why


def test_the_same_table_gives_the_same_report(table):
    one, other = (validate_table(table, RULES, subject="t").report for _ in range(2))
    assert one == other


def test_a_damaged_part_is_named_and_nothing_is_judged(tmp_path, frame):
    store = LocalStore(tmp_path)
    bucket = Bucket.from_store(store).prepare()
    table = Table.read(bucket, write_frame(bucket, frame.head(1000), "rows"))
    part = Path(store.url(object_key(table.parts[0].digest)))
    part.chmod(0o644)
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    with pytest.raises(ObjectCorrupt):
        validate_table(table, RULES, subject="t")


def test_a_rule_in_sql_is_asked_of_a_table(table):
    query = "select * from {batch} where age > 120"
    rules = [rule("unexpected_rows_expectation", unexpected_rows_query=query)]
    found = validate_table(table, rules, subject="t")
    assert found.report.checks[-1].verdict is Verdict.FAIL
    assert found.report.checks[-1].estimate == 3


def test_a_bad_query_is_unknown_and_spoils_no_other_rule(table):
    bad = rule("unexpected_rows_expectation", unexpected_rows_query="select nope from {batch}")
    found = validate_table(table, [bad, *RULES[:1]], subject="t").report
    assert [check.verdict for check in found.checks[-2:]] == [Verdict.UNKNOWN, Verdict.FAIL]


@pytest.mark.parametrize(
    ("column", "values"),
    [("age", ["17", "18"]), ("sex", [1, 2]), ("sex", [True]), ("id", "17")],
)
def test_a_value_set_of_another_kind_is_refused(table, column, values):
    asked = rule("expect_column_values_to_be_in_set", column=column, value_set=values)
    if column == "sex":
        table = table.to_pandas(["sex"]).astype({"sex": "str"})
    with pytest.raises(ConfigError) as error:
        validate_table(table, [asked], subject="t", locate=lambda path: f"x.yaml:{path[-1]}")
    assert error.value.where == "x.yaml:value_set"
    assert error.value.remedy


def test_columns_that_differ_in_case_alone_are_judged_all_the_same(tmp_path):
    bucket = Bucket.from_store(LocalStore(tmp_path)).prepare()
    frame = pd.DataFrame({"a": [1, 2], "A": [3, 4]})
    table = Table.read(bucket, write_frame(bucket, frame, "rows"))
    found = validate_table(table, [rule(BETWEEN, column="A", min_value=3)], subject="t")
    assert found.report.verdict is Verdict.PASS


def test_a_table_without_rows_fails_and_tests_no_rule(tmp_path):
    bucket = Bucket.from_store(LocalStore(tmp_path)).prepare()
    table = Table.read(bucket, write_frame(bucket, pd.DataFrame({"a": [1]}).head(0), "rows"))
    found = validate_table(table, [rule(BETWEEN, column="a", min_value=3)], subject="t")
    assert found.report.verdict is Verdict.FAIL
    assert [check.name for check in found.report.checks] == ["rows", "malformed"]
    assert "no expectation was tested" in found.report.notes[0]


def test_parts_on_s3_are_read_through_the_bucket(moto_url, frame):
    bucket = open_bucket(moto_url).prepare()
    table = Table.read(bucket, write_frame(bucket, frame, "rows"))
    found = validate_table(table, RULES, subject="t")
    assert found.failing_rows["row"].tolist()[:3] == [8, ROWS // 2 + 1, ROWS]
    assert found.report.verdict is Verdict.FAIL


def test_nothing_but_the_bucket_is_asked(table, tmp_path, monkeypatch, capfd, recwarn):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the network was used")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    validate_table(table, RULES, subject="t")
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.rglob("*"))
    assert not recwarn.list
