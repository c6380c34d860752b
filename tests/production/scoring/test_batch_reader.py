"""A batch is read as the model was trained, row by row, and nothing goes missing in silence."""

import json

import pandas as pd
import pytest
from sqlalchemy import create_engine

from assay.bucket.bucket import Bucket
from assay.config.data import Source
from assay.errors import DataError, SourceError
from assay.production.scoring.batch_reader import column_specs, parse_batch
from assay.sources.source_lines import SourceLines
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame
from tests.production.small import people, use_case


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


def take(bucket, source, **data):
    case = use_case(data=data).use_case
    table = write_frame(bucket, people().astype({"job": "category"}), "table")
    asked = column_specs(Table.read(bucket, table).description, case)
    source = source if isinstance(source, Source) else Source(path=str(source))
    return parse_batch(bucket, source, asked, case, "batch")


def frame_of(bucket, artifact):
    return Table.read(bucket, artifact).to_pandas()


@pytest.fixture
def rows():
    return people(30, seed=1).drop(columns=["hired", "note"])


def test_all_formats_yield_the_same_batch(bucket, rows, tmp_path):
    rows.to_csv(tmp_path / "a.csv", index=False)
    rows.to_parquet(tmp_path / "b.parquet", index=False)
    rows.to_json(tmp_path / "c.jsonl", orient="records", lines=True)
    connection = f"sqlite:///{tmp_path / 'd.db'}"
    rows.to_sql("rows", create_engine(connection), index=False)
    query = Source(sql="SELECT * FROM rows ORDER BY person", connection=connection)
    files = [tmp_path / name for name in ("a.csv", "b.parquet", "c.jsonl")]
    digests = {take(bucket, source).table.digest for source in [*files, query]}
    assert len(digests) == 1


def test_types_are_those_of_training_whatever_a_batch_looks_like(bucket, rows, tmp_path):
    rows.assign(age=rows["age"].astype(float), job=7).to_csv(tmp_path / "a.csv", index=False)
    taken = frame_of(bucket, take(bucket, tmp_path / "a.csv").table)
    assert (taken["age"].dtype, set(taken["job"])) == ("int64", {"7"})


def test_a_batch_that_was_not_split_is_told_with_its_delimiter(bucket, rows, tmp_path):
    rows.to_csv(tmp_path / "a.csv", index=False, sep=";")
    with pytest.raises(DataError) as caught:
        take(bucket, tmp_path / "a.csv")
    assert 'write `delimiter: ";"` in score.source' in caught.value.remedy


def test_a_category_that_training_never_saw_is_no_reason_to_leave_a_row_out(bucket, rows, tmp_path):
    rows.assign(job="diver").to_csv(tmp_path / "a.csv", index=False)
    taken = take(bucket, tmp_path / "a.csv")
    assert (taken.rows, taken.unfit_rows) == (30, 0)
    assert set(frame_of(bucket, taken.table)["job"]) == {"diver"}


def test_what_does_not_fit_is_listed_with_line_and_reason_and_the_rest_keeps_its_lines(
    bucket, rows, tmp_path
):
    text = rows.astype(str).assign(age=rows["age"].astype(str).mask(rows.index == 3, "old"))
    text.to_csv(tmp_path / "a.csv", index=False)
    content = (tmp_path / "a.csv").read_text().splitlines()
    content.insert(10, "1,2")
    (tmp_path / "a.csv").write_text("\n".join(content))
    taken = take(bucket, tmp_path / "a.csv")
    listed = frame_of(bucket, taken.unfit)
    assert list(listed["line"]) == [5, 11]
    assert "age 'old' is not a 64-bit integer" in listed["reason"][0]
    assert "2 fields instead of 4" in listed["reason"][1]
    lines = SourceLines.from_table(Table.read(bucket, taken.lines)).lines(
        pd.Series(range(29)).to_numpy()
    )
    assert list(lines) == [n for n in range(2, 33) if n not in {5, 11}]


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_a_batch_without_a_column_of_the_models_is_refused_with_the_nearest_name(
    bucket, rows, tmp_path, ending
):
    path, bad = tmp_path / f"a.{ending}", rows.rename(columns={"age": "ages"})
    {
        "csv": lambda: bad.to_csv(path, index=False),
        "parquet": lambda: bad.to_parquet(path, index=False),
        "jsonl": lambda: bad.to_json(path, orient="records", lines=True),
    }[ending]()
    with pytest.raises(DataError, match="no column 'age'") as caught:
        take(bucket, path)
    assert "'ages' for 'age'" in caught.value.remedy


def test_the_target_may_be_there_and_what_training_did_not_see_is_named_and_never_read(
    bucket, rows, tmp_path
):
    extra = rows.assign(hired=1, secret="never write this", nested=[{"a": 1}] * 30)
    extra.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    taken = take(bucket, tmp_path / "a.jsonl")
    frame = frame_of(bucket, taken.table)
    assert list(frame) == ["person", "age", "job", "sex", "hired"]
    assert taken.extra_columns == ["secret", "nested"]
    extra.drop(columns="nested").to_csv(tmp_path / "a.csv", index=False)
    with (tmp_path / "a.csv").open("a") as file:
        file.write("1,2,never write this\n")
    taken = take(bucket, tmp_path / "a.csv")
    assert frame_of(bucket, taken.unfit)["row"].isna().all()


def test_what_is_never_stored_is_not_even_in_the_list_of_unfit_rows(bucket, rows, tmp_path):
    rows.assign(ssn="123-45", age="?").head(3).to_csv(tmp_path / "a.csv", index=False)
    with (tmp_path / "a.csv").open("a") as file:
        file.writelines(f"{n},40,cook,f,123-45\n" for n in range(5))
        file.write("1,2,123-45\n")
    taken = take(bucket, tmp_path / "a.csv", never_store=["ssn"])
    assert "ssn" not in frame_of(bucket, taken.table)
    assert "123-45" not in json.dumps(Table.read(bucket, taken.unfit).to_arrow().to_pylist())


@pytest.mark.parametrize("content", ["", "person,age,job,sex\n", '{"a": \n'])
def test_an_empty_or_broken_source_says_so(bucket, tmp_path, content):
    path = tmp_path / ("a.jsonl" if content.startswith("{") else "a.csv")
    path.write_text(content)
    with pytest.raises(SourceError):
        take(bucket, path)


def test_a_batch_of_which_most_rows_do_not_fit_is_refused(bucket, rows, tmp_path):
    rows.assign(age="old").to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(SourceError, match="30 of 30 rows are malformed"):
        take(bucket, tmp_path / "a.csv")
