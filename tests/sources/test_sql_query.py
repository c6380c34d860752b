"""SQL: one query, streamed, and no secret told."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from assay.errors import ConfigError, SourceError
from assay.sources.python_values import column_from_values
from assay.sources.value_text import values_to_text


@pytest.fixture
def database(tmp_path) -> str:
    path = tmp_path / "people.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table people (a, share, name, born, odd)")
        rows = [
            (i, i / 4 if i % 2 else i, None if i == 1 else f"p{i}", "2020-02-29", i)
            for i in range(40_000)
        ]
        rows[30_000] = (30_000, 0.5, "?", "2020-02-30", "x")
        connection.executemany("insert into people values (?, ?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{path}"


def test_a_query_becomes_a_typed_table(take, database) -> None:
    sql = "select *, ':noon' as at from people order by a"
    taken = take({"sql": sql, "connection": database}, missing=["?"], dates={"born": "iso"})
    assert list(taken.types.values()) == ["integer", "number", "text", "date", "text", "text"]
    assert taken.about["source"] == {"format": "sql", "sql": sql, "connection": database}
    assert taken.about["rows"] == 39_999
    assert [q["line"] for q in taken.quarantine] == [30_001]
    assert taken.frame["a"][:3].tolist() == [0, 1, 2]
    assert taken.frame["name"].isna().sum() == 1  # the other, a mark, is in quarantine
    assert set(taken.frame["at"]) == {":noon"}


def test_columns_that_must_never_be_stored_are_nowhere(take, database) -> None:
    source = {"sql": "select a, 'SECRET' as name from people", "connection": database}
    assert b"SECRET" not in take(source, never_store=["name"]).stored().replace(b"'SECRET'", b"")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select * from persons", "no such table: persons"),
        ("select a, a from people", "columns 1 and 2 are both called 'a'"),
        ("select * from people where a < 0", "the source has no rows"),
        ("create table x (y)", "the query returns no rows"),
        ("select x'00' as a", "column 'a' holds values of type bytes"),
    ],
)
def test_queries_that_yield_no_table_are_refused(take, database, sql, said) -> None:
    with pytest.raises(SourceError, match=said):
        take({"sql": sql, "connection": database})


def test_a_missing_database_is_not_made(tmp_path, take) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(SourceError, match="there is no such database"):
        take({"sql": "select 1 as a", "connection": f"sqlite:///{path}"})
    assert not path.exists()


def test_secrets_come_from_the_environment_and_go_nowhere(take, database, monkeypatch) -> None:
    monkeypatch.setenv("DB_FOLDER", database.removeprefix("sqlite:///").rpartition("/")[0])
    connection = "sqlite:///${DB_FOLDER}/people.db"
    taken = take({"sql": "select a from people", "connection": connection})
    assert taken.about["source"]["connection"] == connection
    folder = database.removeprefix("sqlite:///").rpartition("/")[0]
    with pytest.raises(SourceError, match=r"no such table: \$\{DB_FOLDER\}/x"):
        take({"sql": f'select a from "{folder}/x"', "connection": connection})
    monkeypatch.delenv("DB_FOLDER")
    with pytest.raises(ConfigError, match="no variable 'DB_FOLDER'"):
        take({"sql": "select a from people", "connection": connection})


@pytest.mark.parametrize(
    "connection",
    [
        "postgresql+nodriver://me:${DB_PASSWORD}@127.0.0.1:1/db",
        "nosuchdatabase://me:${DB_PASSWORD}@127.0.0.1/db?password=${DB_PASSWORD}",
        "me:S3CRET@nonsense",
        "sqlite://me:${DB_PASSWORD}@127.0.0.1/nowhere",
        "sqlite:///nowhere.db?token=${DB_PASSWORD}",
    ],
)
def test_no_error_repeats_a_password(take, connection, monkeypatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "S3CRET")
    with pytest.raises((ConfigError, SourceError)) as caught:
        take({"sql": "select 1 as a", "connection": connection})
    assert "S3CRET" not in str(caught.value)
    assert caught.value.remedy


def test_numbers_and_dates_have_one_text_in_every_block() -> None:
    moments = [
        datetime(2020, 2, 29, tzinfo=UTC),
        date(2020, 2, 29),
        datetime(2020, 2, 29, 1, 30, tzinfo=UTC),
        datetime(2020, 2, 29, 1, 30, 0, 5, tzinfo=UTC),
    ]
    numbers = [1e-05, 2.0, 2, Decimal("2.00"), 0.1, Decimal("0.10"), 12345.0, True]
    for values in (moments, numbers[:-1], numbers[-1:]):
        alone = [str(values_to_text(column_from_values([value])[0])[0]) for value in values]
        together = column_from_values([*values, "odd"])[0].to_pylist()[:-1]
        assert (
            [str(word) for word in values_to_text(column_from_values(values)[0])]
            == alone
            == together
        )


@pytest.mark.parametrize(
    ("values", "held"),
    [
        ([Decimal(2**53), Decimal(2**53 + 1), None], [2**53, 2**53 + 1, None]),
        ([Decimal(2**53), Decimal(2**64 + 1)], [str(2**53), str(2**64 + 1)]),
        ([Decimal(2**53 + 1), Decimal("1.5")], [str(2**53 + 1), "1.5"]),
        ([2**53 + 1, 1.5], [str(2**53 + 1), "1.5"]),
        ([Decimal("1.00"), Decimal("NaN"), Decimal("2.50")], [1.0, None, 2.5]),
        ([Decimal("1.00"), 2], [1.0, 2.0]),
    ],
)
def test_integral_decimals_are_never_rounded(values, held) -> None:
    assert column_from_values(values)[0].to_pylist() == held
