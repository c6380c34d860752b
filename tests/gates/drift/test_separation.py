"""Rows that go together are not told apart by that; rows that changed are, and quickly."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.signal import lfilter

from assay.config.gates import DriftSettings
from assay.gates.drift.gate import judge_drift
from assay.gates.drift.multivariate_checks import separation_check
from assay.gates.drift.separation import Separation, StretchSeparation
from assay.gates.report import Interval, Verdict
from assay.gates.statistics.intervals import Estimate
from tests.gates.drift.trials import stored


def told(old, new, ask=None):
    tables = stored(old, "r"), stored(new, "c")
    report = judge_drift(*tables, ask or DriftSettings(), subject="s")
    return next(c for c in report.checks if c.name == "separation")


def rows(count, seed, *, length=0.0, sign=1.0):
    """Two numbers that rise together, or not, and two that do not; in runs of `length`."""
    rng = np.random.default_rng(seed)
    series = rng.normal(size=count)
    if length:
        keep = np.exp(-1 / length)
        series = lfilter([np.sqrt(1 - keep**2)], [1, -keep], rng.normal(size=count))
    noise = rng.normal(size=(4, count))
    texts = np.where(noise[3] > 0, "a", "b")
    columns = {"x": series + noise[0] / 2, "y": sign * series + noise[1] / 2, "other": noise[2]}
    return pa.table({**columns, "kind": texts})


def test_a_relation_that_turns_round_is_told_where_no_column_moves():
    check = told(rows(6000, 1), rows(2000, 2, sign=-1.0))
    assert check.verdict is Verdict.CAUTION
    assert check.estimate > 0.8
    assert "stretches of the reference" in check.why
    first, second, *_ = check.why.partition("without them: ")[2].split(", ")
    assert {first[0], second[0]} == {"x", "y"}


def test_rows_in_runs_are_seldom_told_from_those_before():
    """Of series as this, a window of 1,000 rows is told from the rest nearly always."""
    found = []
    for seed in range(10):
        whole = rows(9000, seed, length=250)
        found.append(told(whole.slice(0, 8000), whole.slice(8000)))
    assert sum(c.interval.low > DriftSettings().separable for c in found) >= 3
    assert sum(c.verdict is Verdict.CAUTION for c in found) <= 1


def test_where_order_means_nothing_stretches_are_not_asked():
    whole = rows(9000, 6, length=250)
    by_order = [told(whole.slice(0, 8000), whole.slice(8000), DriftSettings(order=order))
                for order in ("arbitrary", "meaningful")]  # fmt: skip
    assert "stretches" not in by_order[0].why
    assert by_order[0].estimate == by_order[1].estimate
    assert by_order[0].verdict is Verdict.CAUTION
    assert "stretches" in by_order[1].why


def test_stretches_of_too_few_rows_leave_it_unknown():
    check = told(rows(120, 1), rows(2000, 2, sign=-1.0))
    assert check.interval.low > DriftSettings().separable
    assert check.verdict is Verdict.UNKNOWN
    assert "longer reference" in check.remedy


@pytest.mark.parametrize(("sign", "verdict"), [(1.0, Verdict.PASS), (-1.0, Verdict.CAUTION)])
def test_dates_are_always_new_and_neither_tell_nor_hide_anything(sign, verdict):
    def dated(table, first):
        hours = np.datetime64(first, "us") + np.arange(table.num_rows) * np.timedelta64(1, "h")
        return table.append_column("when", pa.array(hours))

    old, new = dated(rows(3000, 1), "2024-01-01"), dated(rows(1000, 2, sign=sign), "2024-09-01")
    assert told(old, new).verdict is verdict


def test_values_beyond_all_numbers_and_missing_ones_are_no_trouble():
    old, new = rows(2000, 1), rows(1000, 2)
    for value in (np.inf, -np.inf, np.nan):
        odd = np.where(np.arange(1000) % 3 == 0, value, new["x"].to_numpy())
        assert told(old, new.set_column(0, "x", pa.array(odd))).verdict is Verdict.CAUTION
    nothing = pa.nulls(2000, pa.float64())
    assert told(old.set_column(0, "x", nothing), new).estimate > 0.9


@pytest.mark.parametrize(
    ("low", "high", "stretches", "verdict"),
    [
        (0.50, 0.55, None, Verdict.PASS),
        (0.58, 0.62, None, Verdict.UNKNOWN),
        (0.70, 0.75, None, Verdict.UNKNOWN),
        (0.70, 0.75, (0.55, 0.65, 0.71), Verdict.CAUTION),
        (0.70, 0.75, (0.65, 0.80, 0.71), Verdict.UNKNOWN),
        (0.70, 0.75, (0.72, 0.80, 0.71), Verdict.PASS),
    ],
)
def test_apart_is_what_is_more_than_a_further_stretch_would_be(low, high, stretches, verdict):
    auc = Estimate((low + high) / 2, Interval(low=low, high=high, level=0.95))
    found = Separation(auc, stretches and StretchSeparation(*stretches), (), 100)
    assert separation_check(found, DriftSettings()).verdict is verdict
