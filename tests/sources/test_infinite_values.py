from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine

RATIO = [0.5, np.inf, 2.0, -np.inf, np.nan, 1e300]


@pytest.fixture
def sources(tmp_path):
    """The same rows in every format."""
    frame = pd.DataFrame({"a": range(6), "ratio": RATIO})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    lines = [{"a": a, "ratio": None if np.isnan(r) else r} for a, r in enumerate(RATIO)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    connection = f"sqlite:///{tmp_path / 'a.db'}"
    frame.to_sql("rows", create_engine(connection), index=False)
    query = {"sql": "SELECT * FROM rows ORDER BY a", "connection": connection}
    return [str(tmp_path / f"a.{ending}") for ending in ("parquet", "csv", "jsonl")] + [query]


def test_infinite_values_are_missing_and_counted_in_every_format(sources, take) -> None:
    for source in sources:
        taken = take(source)
        assert taken.types["ratio"] == "number"
        found = taken.frame["ratio"]
        assert found.dropna().tolist() == [0.5, 2.0, 1e300]
        assert found.isna().tolist() == [False, True, False, True, True, False]
        assert taken.quarantine == []
        assert taken.found.notes.infinite == {"ratio": 2}


@pytest.mark.parametrize("word", ["inf", "-Inf", "+INFINITY", " infinity "])
def test_words_for_infinity_are_no_reason_to_read_numbers_as_text(tmp_path, take, word) -> None:
    (tmp_path / "a.csv").write_text(f"a,b,c\n1,2,x\n{word},3,inf\n")
    taken = take(tmp_path / "a.csv")
    assert taken.types == {"a": "number", "b": "integer", "c": "text"}
    assert taken.frame["c"].tolist() == ["x", "inf"]  # not all of it is numbers
    assert taken.found.notes.infinite == {"a": 1}


def test_an_infinite_value_of_a_declared_integer_is_missing_too(tmp_path, take) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n2,inf\n3,x\n4,5\n")
    taken = take(tmp_path / "a.csv", types={"b": "integer"})
    assert taken.frame["a"].tolist() == [1, 2, 4]
    assert taken.found.notes.infinite == {"b": 1}
    assert [row["line"] for row in taken.quarantine] == [4]
