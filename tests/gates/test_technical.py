"""The technical gate: limits are judged by intervals, and what has none is reported."""

import numpy as np
import pytest

from assay.config.gates import TechnicalLimits
from assay.gates.report import Verdict
from assay.gates.technical import judge_technical_limits


def timing(row=None, batch=None, **changes):
    rng = np.random.default_rng(0)
    return {
        "row": list(rng.normal(0.010, 0.001, 200)) if row is None else row,
        "batch": {
            "rows": 1000,
            "seconds": list(rng.normal(0.1, 0.01, 20)) if batch is None else batch,
        },
        "memory": 5_000_000,
        "bytes": 2_000_000,
        "fit": 1.0,
        **changes,
    }


def verdicts(found):
    return {check.name: check.verdict.value for check in found.checks}


def test_without_limits_everything_is_reported_and_passes():
    found = judge_technical_limits(timing(), TechnicalLimits(), subject="m")
    assert verdicts(found) == dict.fromkeys(("row", "batch", "size", "memory"), "pass")
    assert all(check.threshold is None for check in found.checks)
    assert found.gate == "technical"
    names = [row[0] for row in found.sheets[0].rows]
    assert names[0] == "seconds for a single row, median of calls"
    assert found.sheets[0].rows[0][1] == pytest.approx(0.010, abs=0.0005)
    assert all(row[2] <= row[1] <= row[3] for row in found.sheets[0].rows[:3])
    assert all(row[2] is row[3] is None for row in found.sheets[0].rows[3:])


@pytest.mark.parametrize(
    ("limits", "name", "verdict"),
    [
        ({"row": 0.020}, "row", "pass"),
        ({"row": 0.008}, "row", "fail"),
        ({"row": 0.01165}, "row", "unknown"),
        ({"batch": 5_000.0}, "batch", "pass"),
        ({"batch": 50_000.0}, "batch", "fail"),
        ({"batch": 10_000.0}, "batch", "unknown"),
        ({"size": 2_000_000}, "size", "pass"),
        ({"size": 1_999_999}, "size", "fail"),
        ({"memory": 4_000_000}, "memory", "fail"),
    ],
)
def test_the_interval_decides(limits, name, verdict):
    found = judge_technical_limits(timing(), TechnicalLimits(**limits), subject="m")
    assert verdicts(found)[name] == verdict
    assert found.verdict == verdict
    check = next(check for check in found.checks if check.name == name)
    assert bool(check.remedy) == (verdict != "pass")
    assert check.threshold == next(iter(limits.values()))


def test_the_limit_for_a_row_speaks_of_the_slowest_calls_not_of_the_typical():
    mostly = [0.001] * 180 + [0.050] * 20
    assert (
        judge_technical_limits(timing(row=mostly), TechnicalLimits(row=0.020), subject="m").verdict
        is Verdict.FAIL
    )


def test_three_calls_do_not_settle_what_the_slowest_take():
    found = judge_technical_limits(
        timing(row=[0.5, 0.5, 0.5]), TechnicalLimits(row=1.0), subject="m"
    )
    assert found.verdict is Verdict.UNKNOWN
    assert found.checks[0].interval.high is None
    assert "72 are needed" in found.checks[0].remedy
    assert "too few calls for" in found.checks[0].why


def test_memory_that_was_not_measured_is_unknown_where_it_has_a_limit():
    found = judge_technical_limits(timing(memory=None), TechnicalLimits(memory=1), subject="m")
    assert verdicts(found)["memory"] == "unknown"
    assert "memory" not in verdicts(
        judge_technical_limits(timing(memory=None), TechnicalLimits(), subject="m")
    )


def test_the_same_timing_gives_the_same_report():
    one, two = (
        judge_technical_limits(timing(), TechnicalLimits(row=0.02), subject="m") for _ in "ab"
    )
    assert one.model_dump_json() == two.model_dump_json()
