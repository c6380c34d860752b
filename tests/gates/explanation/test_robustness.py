"""Answers that flip by faults in the input: the shares are those that the formula has."""

import numpy as np
import pandas as pd
import pytest

from assay.config.gates import FlipLimits
from assay.gates.explanation.checks import check_flips
from assay.gates.explanation.explained_rows import arrange_rows
from assay.gates.explanation.robustness import count_flips, mistype_text
from tests.gates.explanation.models import (
    AMOUNTS,
    DECISIONS,
    amounts,
    decisions,
    numbers,
    with_truth,
)


def flips(model, frame, truth, scale=DECISIONS):
    rows = arrange_rows(frame, with_truth(truth), [model])
    return {one.fault: one for one in count_flips(model, rows, scale)}


def towns(rows=1000):
    """Yes in one town of two, and where there is no town; numbers take no part."""
    frame = numbers(rows).assign(town=pd.Series(["york", "bath"] * (rows // 2), dtype="str"))
    return frame, decisions(
        lambda f: np.where(f["town"] == "york", 1.0, -1.0), frame, ["a", "town"]
    )


def test_the_share_is_that_of_the_rows_whose_decision_hangs_on_it():
    frame, model = towns()
    found = flips(model, frame, frame["town"] == "york")
    # Every second row loses its town, and half of those are in the town that decides.
    assert found["missing"].share.value == pytest.approx(0.25, abs=0.03)
    assert found["missing"].worst[0] == "town"
    assert found["typos"].share.value == pytest.approx(0.5, abs=0.01)
    assert found["noise"].share.value == found["out_of_range"].share.value == 0
    assert found["noise"].share.interval.low == 0
    interval = found["typos"].share.interval
    assert interval.low < 0.5 < interval.high


def test_noise_flips_only_what_is_near_the_threshold():
    frame = numbers(1000)
    model = decisions(lambda f: f["a"], frame, "a")
    share = flips(model, frame, frame["a"] > 0)["noise"].share.value
    # |a| < |noise| on the same side: the angle arctan(0.05) of half a turn.
    assert share == pytest.approx(np.arctan(0.05) / np.pi, abs=0.012)


def test_a_whole_number_stays_whole():
    frame = numbers(300).assign(n=np.arange(300))
    seen = []
    model = amounts(lambda f: seen.append(f["n"]) or f["a"], frame, ["a", "n"])
    flips(model, frame, frame["a"].to_numpy(), AMOUNTS)
    assert all((one.dropna() % 1 == 0).all() for one in seen)
    assert any((one > 299).any() for one in seen)


def test_an_amount_flips_if_it_moves_by_more_than_the_usual_error():
    frame = numbers(400)
    model = amounts(lambda f: f["a"].fillna(0), frame, "a")
    truth = frame["a"].to_numpy() + np.tile([0.5, -0.5], 200)  # the mean absolute error is one half
    share = flips(model, frame, truth, AMOUNTS)["missing"].share.value
    assert share == pytest.approx((frame["a"].abs() > 0.5).mean(), abs=1e-9)


def test_a_fault_that_no_column_can_have_is_said_to_be_none():
    frame = numbers(100)
    found = flips(amounts(lambda f: f["a"], frame, "ab"), frame, frame["a"].to_numpy(), AMOUNTS)
    assert found["typos"].share is None
    check = check_flips(found["typos"], FlipLimits(typos=0.1), "answer moves", too_few=False)
    assert (check.verdict, check.estimate) == ("pass", None)
    assert "No column can have it" in check.why


def test_rows_that_miss_the_value_already_do_not_count():
    frame, model = towns()
    frame["town"] = frame["town"].where(np.arange(1000) % 4 != 0)
    assert flips(model, frame, frame["a"] > 0)["typos"].rows == 750


@pytest.mark.parametrize(
    ("limit", "verdict"), [(None, "pass"), (0.3, "pass"), (0.25, "unknown"), (0.2, "fail")]
)
def test_the_interval_of_the_share_decides(limit, verdict):
    frame, model = towns()
    found = flips(model, frame, frame["town"] == "york")["missing"]
    check = check_flips(found, FlipLimits(missing=limit), "decision is another", too_few=False)
    assert check.verdict == verdict
    assert bool(check.remedy) == (verdict in {"fail", "unknown"})
    assert "most where town is hit" in check.why
    assert "%" in check.why


def test_too_few_rows_are_not_judged():
    frame, model = towns(20)
    found = flips(model, frame, frame["town"] == "york")["missing"]
    check = check_flips(found, FlipLimits(missing=0.01), "decision is another", too_few=True)
    assert check.verdict == "unknown"


@pytest.mark.parametrize("value", ["york", "aa", "x", "", "f"])
def test_a_typo_is_no_value_that_is_known(value):
    known = [value, "oyrk", "aaa", "xx", "ff"]
    assert mistype_text(value, known) not in known
