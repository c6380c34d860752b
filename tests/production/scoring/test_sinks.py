"""Answers where people want them: whole, once, and never in the place of others."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import fsspec
import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, inspect, text

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.config.loaded_use_case import load_use_case
from assay.config.production import Sink
from assay.errors import ConfigError, OutputError
from assay.learning.scoring_model import ScoringModel
from assay.production.scoring import file_sink, predictions, sql_sink
from assay.production.scoring.delivery import Delivery
from assay.production.scoring.sinks import resolve_sink, write_delivery
from assay.sources.source_lines import SOURCE_LINES_SCHEMA, SourceLines
from assay.store.memory import MemoryStore
from assay.tables.table_writer import write_frame, write_table
from tests.production.small import fitted, people, use_case

DIGEST = Digest.of_bytes(b"the model")
INPUTS = [{"name": "age", "type": "integer"}, {"name": "job", "type": "text"}]


def delivery(rows=25, seed=1, name="monday", written=None, **more):
    bucket, places = Bucket.from_store(MemoryStore()).prepare(), SourceLines()
    places.add(np.arange(2, rows + 2))
    frame = people(rows, seed).drop(columns="hired").assign(**more)
    written = written or use_case()
    found = predictions.score_table(
        bucket,
        ScoringModel(fitted(people()), {"inputs": INPUTS, "groups": None}),
        DIGEST,
        write_frame(bucket, frame, "batch"),
        written.use_case,
        lines=write_table(bucket, places.batches(), SOURCE_LINES_SCHEMA, "lines"),
        unfit=None,
    )
    return Delivery(
        bucket,
        written.use_case,
        name,
        3,
        str(DIGEST),
        found.table,
        found.predictions,
        found.lines,
    )


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_has_line_identity_answer_and_model(tmp_path, ending):
    where = write_delivery(delivery(), Sink(path=f"{tmp_path}/new/{{batch}}-{{version}}.{ending}"))
    assert where == str(tmp_path / f"new/monday-3.{ending}")
    read = pd.read_csv if ending == "csv" else pd.read_parquet
    frame = read(where)
    assert list(frame) == ["line", "person", "probability", "decision", "model"]
    assert list(frame["line"]) == list(range(2, 27))
    assert frame["decision"].dtype == bool
    assert set(frame["model"]) == {str(DIGEST)}
    assert [path.name for path in (tmp_path / "new").iterdir()] == [f"monday-3.{ending}"]


def test_without_a_declared_identity_the_rows_own_columns_stand_beside_the_answer(tmp_path):
    written = use_case(data={"identity": []})
    where = write_delivery(delivery(written=written), Sink(path=f"{tmp_path}/{{batch}}.parquet"))
    found = pd.read_parquet(where)
    own = ["person", "age", "job", "sex", "note"]
    assert list(found) == ["line", *own, "probability", "decision", "model"]
    assert (found["age"].to_numpy() == people(25, 1)["age"].to_numpy()).all()


def test_dates_are_told_as_they_came_and_moments_to_the_second_and_below(tmp_path):
    days = pd.Series(pd.to_datetime(["2025-01-01", None, "1969-12-31", "2025-01-02"] * 5))
    more = {"came": days, "never": days.where(days.isna()), "left": days + pd.Timedelta("90min")}
    written = use_case(data={"identity": ["person", *more]})
    where = write_delivery(
        delivery(20, written=written, **more), Sink(path=f"{tmp_path}/{{batch}}.csv")
    )
    found = pd.read_csv(where, dtype=str, keep_default_na=False)
    assert list(found["came"][:4]) == ["2025-01-01", "", "1969-12-31", "2025-01-02"]
    assert set(found["never"]) == {""}
    assert found["left"][0].startswith("2025-01-01 01:30:00")


def test_a_column_called_like_one_of_ours_is_refused(tmp_path):
    written = use_case(data={"identity": []})
    with pytest.raises(ConfigError, match="'line'"):
        write_delivery(delivery(written=written, line=1), Sink(path=f"{tmp_path}/{{batch}}.csv"))


def test_delivering_again_changes_nothing_and_another_batch_never_replaces_it(tmp_path):
    sink = Sink(path=f"{tmp_path}/{{batch}}.csv")
    where = write_delivery(delivery(), sink)
    before = (tmp_path / "monday.csv").stat().st_ino
    assert write_delivery(delivery(), sink) == where
    assert (tmp_path / "monday.csv").stat().st_ino == before
    with pytest.raises(OutputError, match="says something else"):
        write_delivery(delivery(seed=2), sink)
    assert (tmp_path / "monday.csv").stat().st_ino == before
    assert len(list(tmp_path.iterdir())) == 1


def test_what_breaks_while_writing_leaves_no_file(tmp_path, monkeypatch):
    def torn(delivery, file, escape_formulas):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(file_sink._WRITERS, ".csv", torn)
    with pytest.raises(OutputError, match="No space left"):
        write_delivery(delivery(), Sink(path=f"{tmp_path}/{{batch}}.csv"))
    assert list(tmp_path.iterdir()) == []


def test_any_fsspec_url_will_do(tmp_path):
    place = f"memory://{uuid.uuid4().hex}"
    sink = Sink(path=f"{place}/{{batch}}.parquet")
    write_delivery(delivery(), sink)
    write_delivery(delivery(), sink)
    with fsspec.open(f"{place}/monday.parquet", "rb") as file:
        assert len(pd.read_parquet(file)) == 25
    system = fsspec.filesystem("memory")
    assert len(system.ls(place.removeprefix("memory:/"))) == 1
    with pytest.raises(OutputError, match="says something else"):
        write_delivery(delivery(seed=2), sink)


def test_an_ending_without_a_format_is_refused(tmp_path):
    with pytest.raises(OutputError, match=r"'\.xlsx'"):
        write_delivery(delivery(), Sink(path=f"{tmp_path}/{{batch}}.xlsx"))


@pytest.fixture
def database(tmp_path):
    return f"sqlite:///{tmp_path / 'answers.db'}"


def held(database, what="*"):
    with create_engine(database).connect() as connection:
        return connection.execute(text(f"SELECT {what} FROM answers")).all()


def test_a_sql_table_is_made_with_fitting_types_and_a_batch_is_written_once(database):
    sink = Sink(table="answers", connection=database)
    one, two = delivery(), delivery(seed=2)
    for each in (one, two, one):
        write_delivery(each, sink)
    assert len(held(database)) == 50
    assert set(held(database, "batch, model")) == {
        (str(d.batch_digest), d.model) for d in (one, two)
    }
    kinds = {
        c["name"]: str(c["type"]) for c in inspect(create_engine(database)).get_columns("answers")
    }
    assert (kinds["person"], kinds["line"], kinds["decision"]) == ("BIGINT", "BIGINT", "BOOLEAN")
    assert kinds["probability"].startswith("DOUBLE")


def test_an_insert_that_breaks_leaves_no_row_and_the_next_try_writes_all(database, monkeypatch):
    sink, rows = Sink(table="answers", connection=database), sql_sink._ROWS
    monkeypatch.setattr(sql_sink, "_ROWS", 10)
    real, calls = Delivery.batches, []

    def torn(self):
        for batch in real(self):
            yield batch.slice(0, 10)
            calls.append(1)
            raise KeyboardInterrupt  # as if killed between two of its inserts

    monkeypatch.setattr(Delivery, "batches", torn)
    with pytest.raises(KeyboardInterrupt):
        write_delivery(delivery(), sink)
    assert calls
    assert held(database) == []
    monkeypatch.setattr(Delivery, "batches", real)
    monkeypatch.setattr(sql_sink, "_ROWS", rows)
    write_delivery(delivery(), sink)
    assert len(held(database)) == 25


def test_two_at_once_write_a_batch_once(database, monkeypatch):
    sink, one = Sink(table="answers", connection=database), delivery()
    write_delivery(delivery(seed=2), sink)
    both, real = threading.Barrier(2), sql_sink._is_there
    seen = threading.local()

    def together(*given):
        found = real(*given)
        if not getattr(seen, "met", False):  # both have looked before either writes
            seen.met = True
            both.wait(20)
        return found

    monkeypatch.setattr(sql_sink, "_is_there", together)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: write_delivery(one, sink), range(2)))
    assert len(held(database)) == 50


def test_a_table_of_the_users_own_may_have_more_columns_but_not_fewer(database):
    with create_engine(database).begin() as connection:
        connection.execute(text("CREATE TABLE answers (batch TEXT, model TEXT, line INTEGER)"))
    with pytest.raises(OutputError, match="no column 'person', 'probability', 'decision'"):
        write_delivery(delivery(), Sink(table="answers", connection=database))


def test_a_database_that_refuses_is_told_without_its_password(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "hush")
    sink = Sink(table="a", connection="sqlite:////nowhere/at/all.db?password=${SECRET}")
    with pytest.raises(OutputError) as caught:
        write_delivery(delivery(), sink)
    assert "hush" not in str(caught.value)


def test_a_path_given_by_hand_needs_no_placeholder_for_one_batch_alone():
    written = use_case(score={"to": "out/{batch}.csv"})
    assert resolve_sink(written, None, single_batch=False).path == "out/{batch}.csv"
    assert resolve_sink(written, "mine.csv", single_batch=True).path == "mine.csv"
    with pytest.raises(ConfigError, match=r"\{batch\}"):
        resolve_sink(written, "mine.csv", single_batch=False)


HOSTILE = ["=1+1", "@SUM(A1)", "-2+3", "+cmd|x", "\tx", "-12.5", "+3", "-1,5", "a=b", None, ""]


def test_formulas_are_escaped_where_asked(tmp_path):
    told = delivery(
        rows=len(HOSTILE),
        name="monday",
        city=HOSTILE,
        written=use_case(data={"identity": ["person", "city"]}),
    )
    where = write_delivery(told, Sink(path=f"{tmp_path}/{{batch}}.csv", formulas="escape"))
    read = pd.read_csv(where, dtype={"city": str}, keep_default_na=False)
    assert list(read["city"]) == [
        "'=1+1", "'@SUM(A1)", "'-2+3", "'+cmd|x", "'\tx", "-12.5", "+3", "-1,5", "a=b", "", ""
    ]  # fmt: skip
    kept = write_delivery(told, Sink(path=f"{tmp_path}/kept-{{batch}}.csv"))
    assert pd.read_csv(kept)["city"][0] == "=1+1"
    for column in ("person", "probability"):
        assert (read[column] == pd.read_csv(kept)[column]).all()


def test_a_columns_name_is_escaped_too(tmp_path):
    told = delivery(rows=3, written=use_case(data={"identity": ["=x"]}), **{"=x": ["a", "b", "c"]})
    where = write_delivery(told, Sink(path=f"{tmp_path}/{{batch}}.csv", formulas="escape"))
    assert list(pd.read_csv(where))[1] == "'=x"


def test_only_csv_has_formulas():
    for more in ({"path": "{batch}.parquet"}, {"table": "a", "connection": "sqlite:///a.db"}):
        with pytest.raises(ValueError, match="formulas"):
            Sink(formulas="escape", **more)


def test_a_commands_path_keeps_what_the_use_case_says_of_formulas():
    loaded = use_case(score={"to": {"path": "{batch}.csv", "formulas": "escape"}})
    assert resolve_sink(loaded, "x.csv", single_batch=True).formulas == "escape"
    assert resolve_sink(loaded, "{batch}.csv", single_batch=False).formulas == "escape"
    assert resolve_sink(loaded, "x.parquet", single_batch=True).formulas == "keep"


def test_a_relative_path_counts_from_the_use_cases_folder(tmp_path, monkeypatch):
    team, work = tmp_path / "team", tmp_path / "work"
    team.mkdir(), work.mkdir()
    monkeypatch.chdir(work)
    written = use_case(team, score={"to": "out/{batch}.csv"})
    where = write_delivery(delivery(), resolve_sink(written, None, single_batch=False))
    assert where == str(team / "out/monday.csv")
    assert (team / "out/monday.csv").exists()
    assert not list(work.iterdir())


def test_a_first_folder_that_only_the_working_folder_has_is_that_one(tmp_path, monkeypatch):
    team, work = tmp_path / "team", tmp_path / "work"
    team.mkdir(), (work / "living").mkdir(parents=True)
    monkeypatch.chdir(work)
    sink = use_case(team, score={"to": "living/answers/{batch}.csv"}).use_case.score.to
    assert sink.resolve_path() == "living/answers/{batch}.csv"
    (team / "living").mkdir()
    assert sink.resolve_path() == f"{team}/living/answers/{{batch}}.csv"


@pytest.mark.parametrize("path", ["/abs/{batch}.csv", "memory://x/{batch}.csv", "~/{batch}.csv"])
def test_a_path_that_is_not_relative_stays(tmp_path, path):
    assert use_case(tmp_path, score={"to": path}).use_case.score.to.resolve_path() == path


def test_to_and_set_count_from_the_working_folder(tmp_path):
    written = use_case(tmp_path, score={"to": "a/{batch}.csv"})
    assert resolve_sink(written, "b/{batch}.csv", single_batch=False).resolve_path() == (
        "b/{batch}.csv"
    )
    changed = load_use_case(tmp_path / "jobs.yaml", ("score.to=c/{batch}.csv",))
    assert changed.use_case.score.to.resolve_path() == "c/{batch}.csv"
