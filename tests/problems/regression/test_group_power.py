"""The gap in the target's unit that the test rows could rule out."""

import numpy as np
import pandas as pd
import pytest

from assay.config.use_case import UseCase
from assay.gates.report import Check, Verdict
from assay.problems.regression.group_power import check_group_power
from tests.problems.feasibility.made import amount_use_case

MOMENTS = {
    "mean_error": 0.0,
    "mean_error_spread": 8.0,
    "mean_absolute_error": 6.0,
    "mean_absolute_error_spread": 5.0,
    "mean_squared_error": 64.0,
    "mean_squared_error_spread": 100.0,
    "mean_prediction": 18.0,
    "mean_prediction_spread": 4.0,
}


def case(metric: str = "mean_error", **limit: float) -> UseCase:
    rule = {"metric": metric, "by": ["sex"], "because": "agreed", **(limit or {"tolerance": 1})}
    return amount_use_case(data={"sensitive": {"sex": {}}}, fairness=[rule], split={"test": 0.25})


def labels(women: int, men: int) -> pd.DataFrame:
    return pd.DataFrame({"sex": ["F"] * women + ["M"] * men})


def judged(women: int, men: int, use_case: UseCase) -> Check:
    [check], _, _ = check_group_power(MOMENTS, labels(women, men), use_case)
    return check


def test_a_model_without_a_gap_passes_the_gap_ruled_out_in_four_of_five_tests() -> None:
    check = judged(800, 2000, case())
    rng = np.random.default_rng(0)
    gaps = 8 * (rng.normal(size=20_000) / np.sqrt(200) - rng.normal(size=20_000) / np.sqrt(500))
    half = 1.96 * 8 * np.sqrt(1 / 200 + 1 / 500)
    assert (np.abs(gaps) + half <= check.estimate).mean() == pytest.approx(0.8, abs=0.01)


def test_the_rows_asked_for_suffice_and_fewer_do_not() -> None:
    check = judged(800, 20_000, case())
    assert check.verdict is Verdict.CAUTION
    assert "more rows of sex=F" in check.remedy
    more = int(check.remedy.split("about ")[1].split(" more")[0].replace(",", ""))
    assert judged(800 + more, 20_000, case()).verdict is Verdict.PASS
    assert judged(800 + round(0.85 * more), 20_000, case()).verdict is Verdict.CAUTION


@pytest.mark.parametrize(
    ("metric", "spread"),
    [
        ("mean_absolute_error", 5.0),
        ("root_mean_squared_error", 100 / 16),
        ("mean_prediction", 4.0),
        ("interval_coverage", 0.3),
    ],
)
def test_each_metric_has_its_own_spread(metric: str, spread: float) -> None:
    ours, of_mean_error = (judged(800, 2000, case(m)).estimate for m in (metric, "mean_error"))
    assert ours == pytest.approx(of_mean_error * spread / 8)


def test_a_ratio_is_held_as_a_difference_at_the_value() -> None:
    check = judged(800, 2000, case("mean_absolute_error", ratio=0.8))
    assert check.threshold == pytest.approx(1.2)


def test_renamed_groups_and_permuted_rows_change_nothing() -> None:
    one = judged(300, 700, case())
    frame = labels(300, 700).replace({"F": "Zoe", "M": "Al"}).sample(frac=1, random_state=0)
    [other], _, _ = check_group_power(MOMENTS, frame, case())
    assert other.estimate == pytest.approx(one.estimate)
    assert other.verdict == one.verdict


def test_one_group_alone_is_said_and_reference_rows_that_do_not_suffice() -> None:
    assert "one group only" in judged(0, 500, case()).why
    short = judged(300, 310, case())
    assert "Add rows of these groups and of sex=M" in short.remedy
