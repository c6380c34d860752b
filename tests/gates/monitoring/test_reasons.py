"""Drift of reasons: told where first reasons moved, silent where chance explains it."""

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.config.gates import DriftSettings
from assay.gates.monitoring.reasons import FirstReasons, judge_first_reasons
from assay.gates.report import Verdict
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame

ASK = DriftSettings(order="arbitrary")


@pytest.fixture(scope="module")
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


def reasons(bucket, rows, shares, seed):
    drawn = np.random.default_rng(seed).choice([*shares], rows, p=[*shares.values()])
    values = pd.Series(drawn, dtype="object").where(drawn != "none", None).astype("str")
    return Table.read(bucket, write_frame(bucket, pd.DataFrame({"reason_column": values}), "r"))


USUAL = {"age": 0.55, "gain": 0.12, "hours": 0.28, "none": 0.05}
MOVED = {"age": 0.36, "gain": 0.31, "hours": 0.28, "none": 0.05}


def judge(bucket, current, rows=3000, level=0.01, seed=2):
    held = FirstReasons(reasons(bucket, 4000, USUAL, 1), reasons(bucket, rows, current, seed))
    return judge_first_reasons(held, ASK, level, 0)


def test_moved_reasons_are_told_with_both_shares(bucket):
    (check,), (sheet,) = judge(bucket, MOVED)
    assert (check.name, check.verdict) == ("reasons[first]", Verdict.CAUTION)
    assert "% of rows; " in check.why
    assert check.why.startswith(("gain is the first reason for 3", "age is the first reason for 3"))
    assert [row[0] for row in sheet.rows][-1] == "no column"
    assert sum(row[2] for row in sheet.rows) == pytest.approx(1, abs=1e-3)


def test_the_same_reasons_pass_at_the_looks_level(bucket):
    verdicts = [judge(bucket, USUAL, seed=seed)[0][0].verdict for seed in range(20, 40)]
    assert verdicts == [Verdict.PASS] * 20


def test_a_stricter_look_needs_more(bucket):
    little = {"age": 0.42, "gain": 0.25, "hours": 0.28, "none": 0.05}
    sure = judge(bucket, little, rows=260)[0][0]
    strict = judge(bucket, little, rows=260, level=1e-12)[0][0]
    assert strict.verdict is not Verdict.CAUTION
    assert sure.verdict is Verdict.CAUTION


def test_too_few_rows_are_not_judged(bucket):
    assert judge(bucket, MOVED, rows=50) == ([], [])
