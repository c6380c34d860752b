"""Check 10: time, missing values over time, and age."""

import itertools

import numpy as np
import pandas as pd
import pytest

from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.gate import assess_feasibility
from assay.gates.feasibility.missingness import check_missingness
from assay.gates.feasibility.periods import find_periods
from assay.gates.feasibility.staleness import check_staleness
from assay.gates.feasibility.stationarity import HARMLESS_LOSS, _verdict, check_stationarity
from assay.gates.report import Interval, Verdict
from assay.gates.statistics.intervals import Estimate

pytestmark = pytest.mark.slow  # dozens of rows-and-columns worlds, each judged whole


@pytest.fixture
def dated(people):
    def of(rows=1500, seed=0):
        frame = people(rows, seed)
        return frame.assign(when=pd.date_range("2020-01-01", periods=rows, freq="h").as_unit("us"))

    return of


def judged(frame, case, seed=0):
    material = FeasibilityData.from_rows(frame, case, seed)
    by_time, _ = find_periods(material)
    checks, _ = check_stationarity(material, by_time)
    return {check.name: check for check in checks}


def estimate(value, width):
    return Estimate(value, Interval(low=value - width, high=value + width))


def test_what_does_not_change_passes(dated, use_case):
    found = judged(dated(), use_case(data={"time": "when"}))
    assert found["stationarity"].verdict is Verdict.PASS
    assert found["tells_time"].verdict is Verdict.PASS


def test_few_early_rows_are_compared_with_as_few_of_any_time(dated, use_case):
    frame = dated(6000)
    split = {"by": "time", "column": "when", "after": str(frame["when"].iloc[400])}
    check = judged(frame, use_case(data={"time": "when"}, split=split))["stationarity"]
    assert check.verdict is Verdict.PASS
    assert abs(check.estimate) < 0.02


def test_a_meaning_that_turned_around_is_a_no_go(dated, use_case):
    frame = dated()
    late = frame["when"] >= frame["when"].quantile(0.8)
    frame["outcome"] = np.where(late ^ (frame["outcome"] == "yes"), "yes", "no")
    check = judged(frame, use_case(data={"time": "when"}))["stationarity"]
    assert check.verdict is Verdict.FAIL
    assert check.hard
    assert check.interval.high < check.threshold
    assert "what points to yes there points to no here" in check.why


def test_a_meaning_that_turned_around_among_half_of_the_late_rows_is_a_caution(dated, use_case):
    frame = dated()
    turned = frame["when"] >= frame["when"].quantile(0.9)
    frame["outcome"] = np.where(turned ^ (frame["outcome"] == "yes"), "yes", "no")
    check = judged(frame, use_case(data={"time": "when"}))["stationarity"]
    assert check.verdict is Verdict.CAUTION
    assert check.interval.low <= check.threshold == 0.5 <= check.interval.high
    assert "cannot be told from chance here" in check.why
    assert "the target and the features of the late rows" in check.remedy


def test_no_verdict_fails_but_with_the_interval_shown_on_the_bad_side():
    """What is shown is what decides, whatever was found."""
    steps = np.linspace(0.3, 0.8, 11)
    for value, width, lost, power in itertools.product(
        steps, (0.01, 0.1, 0.3), (-0.2, -0.02, 0.0, 0.02), (0.1, 0.95)
    ):
        timed, gap = estimate(value, width), estimate(lost, width)
        verdict, by_gap = _verdict(timed, gap, power)
        shown = (gap if by_gap else timed).interval
        limit = -HARMLESS_LOSS if by_gap else 0.5
        if verdict is Verdict.FAIL:
            assert shown.high < limit
        if verdict is Verdict.PASS:
            assert by_gap
            assert shown.high >= limit


def test_a_meaning_that_changed_in_part_is_a_caution(dated, use_case):
    frame = dated(4000)
    late = (frame["when"] >= frame["when"].quantile(0.8)).to_numpy()
    frame["kind"] = frame["kind"].where(~late, frame["kind"].map({"a": "b", "b": "a", "c": "c"}))
    frame["pull"] = np.where(late, -0.3 * frame["pull"], frame["pull"])
    check = judged(frame, use_case(data={"time": "when"}))["stationarity"]
    assert check.verdict is Verdict.CAUTION
    assert check.interval.high < 0


def test_columns_that_shift_without_harm_are_said_and_pass(dated, use_case):
    frame = dated(3000)
    late = (frame["when"] >= frame["when"].quantile(0.8)).to_numpy()
    frame["noise"] = frame["noise"] + late
    check = judged(frame, use_case(data={"time": "when"}))["stationarity"]
    assert check.verdict is Verdict.PASS
    assert "most of all by noise" in check.why


def test_a_column_that_names_the_period_is_named(dated, use_case):
    frame = dated().assign(receipt=np.arange(1500.0) / 7)
    check = judged(frame, use_case(data={"time": "when"}))["tells_time"]
    assert check.verdict is Verdict.CAUTION
    assert "receipt" in check.why


def test_a_signal_that_was_never_there_is_not_blamed_on_time(dated, use_case):
    frame = dated()
    frame["outcome"] = np.random.default_rng(5).permutation(frame["outcome"])
    assert judged(frame, use_case(data={"time": "when"}))["stationarity"].verdict in {
        Verdict.UNKNOWN,
        Verdict.PASS,
    }


def test_few_late_rows_are_unknown(dated, use_case):
    check = judged(dated(150), use_case(data={"time": "when"}))["stationarity"]
    assert check.verdict is Verdict.UNKNOWN
    assert "Add about" in check.remedy


def test_a_split_by_time_brings_its_own_column_and_border(dated, use_case):
    split = {"by": "time", "column": "when", "after": "2020-02-20"}
    by_time, _ = find_periods(FeasibilityData.from_rows(dated(), use_case(split=split), 0))
    assert by_time.late_words == "when of 2020-02-20 and later"


@pytest.mark.parametrize("times", ["x", 2016, pd.NaT])
def test_a_column_that_divides_nothing_is_unknown_with_its_reason(dated, use_case, only, times):
    report = assess_feasibility(dated(300).assign(t=times), use_case(data={"time": "t"}))
    check = only(report, "stationarity")
    assert check.verdict is Verdict.UNKNOWN
    assert "t holds" in check.why


def test_values_that_go_missing_over_time_are_named(dated, use_case):
    frame = dated()
    frame["noise"] = frame["noise"].where(np.arange(1500) < 1300)
    material = FeasibilityData.from_rows(frame, use_case(data={"time": "when"}), 0)
    by_time, _ = find_periods(material)
    check, _ = check_missingness(material, pd.DataFrame(index=material.frame.index), by_time)
    assert check.verdict is Verdict.CAUTION
    assert "noise is missing" in check.why
    assert "and later" in check.why


def aged(frame, case, needed=300.0):
    found, why = check_staleness(FeasibilityData.from_rows(frame, case, 0), needed)
    return found or why


def test_young_labels_enough_pass_too_few_are_a_caution_with_their_number(dated, use_case):
    case = use_case(data={"time": "when"}, feasibility={"horizon": 30.0})
    assert aged(dated(), case).verdict is Verdict.PASS
    case = use_case(data={"time": "when"}, feasibility={"horizon": 5.0})
    check = aged(dated(), case)
    assert (check.verdict, check.estimate, check.threshold) == (Verdict.CAUTION, 121.0, 375.0)
    assert "Add about 260 more labelled rows with when not older than 5 days" in check.remedy


def test_labels_that_are_all_too_old_are_a_no_go(dated, use_case):
    case = use_case(data={"time": "when"}, feasibility={"horizon": 30.0, "as_of": "2030-01-01"})
    check = aged(dated(), case)
    assert (check.verdict, check.hard) == (Verdict.FAIL, True)


def test_the_newest_row_counts_even_without_a_label(dated, use_case):
    frame = dated()
    frame.loc[1400:, "outcome"] = None
    case = use_case(data={"time": "when"}, feasibility={"horizon": 3.0})
    assert aged(frame, case).estimate == 0.0


def test_numbers_of_time_age_in_their_own_units_and_no_horizon_overflows(people, use_case):
    frame = people(300).assign(year=np.arange(300) % 4 + 2015)
    case = use_case(data={"time": "year"}, feasibility={"horizon": 1.0})
    assert aged(frame, case).estimate == 150.0
    frame["when"] = pd.Timestamp("2020-01-01")
    case = use_case(data={"time": "when"}, feasibility={"horizon": 1e12})
    assert aged(frame, case).estimate == 300.0


@pytest.mark.parametrize("as_of", ["soon", 5.0])
def test_a_moment_that_is_none_is_unknown(dated, use_case, as_of):
    case = use_case(data={"time": "when"}, feasibility={"horizon": 1.0, "as_of": as_of})
    assert aged(dated(300), case).verdict is Verdict.UNKNOWN


def test_no_horizon_is_no_check(dated, use_case):
    assert "horizon" in aged(dated(300), use_case(data={"time": "when"}))
