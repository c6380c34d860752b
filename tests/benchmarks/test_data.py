import duckdb
import pandas as pd

from benchmarks.gates import data
from benchmarks.gates.validate.rules import counts, expectations


def test_every_copy_of_adult_is_another_and_always_the_same():
    first, second, third = data.copies(3)
    assert not second.equals(third)
    assert (first != second).any().sum() >= 10
    for copy, again in zip((first, second, third), data.copies(3), strict=True):
        pd.testing.assert_frame_equal(copy, again)


def test_copies_keep_the_rules_that_the_gates_are_measured_by():
    assert len(expectations()) == len(counts()) == 15
    rows = pd.concat(data.copies(2))
    [found] = duckdb.sql(f"SELECT {', '.join(counts())} FROM rows").fetchall()
    *broken, mean_age = found
    missing = dict(zip(("age", "workclass", "occupation"), broken[-3:], strict=True))
    assert not any(broken[:-3])
    assert missing["age"] == 0
    assert max(missing.values()) < 0.1 * len(rows)
    assert 30 < mean_age < 50


def test_a_grown_table_and_its_file_hold_the_same_rows(tmp_path):
    folder = data.make(tmp_path / "tiny", 2, 500)
    written = pd.read_parquet(folder / "rows.parquet")
    held = data.table(folder, "rows").to_pandas()
    assert len(held) == 1000
    pd.testing.assert_frame_equal(held, written, check_dtype=False)
