"""Groups in a look at a model of amounts."""

import numpy as np
import pandas as pd
import pytest

from assay.config.data import Sensitive
from assay.config.gates import FairnessRule
from assay.errors import DataError
from assay.gates.confusion_cells import ROWS_COLUMN
from assay.gates.fairness.metric_rules import judge_rules
from assay.problems.regression.realised_fairness import AmountComparison

COMPARE = AmountComparison({k: k for k in ("truth", "prediction", "low", "high")}, "dollars")
SENSITIVE = {"sex": Sensitive(), "region": Sensitive()}
METRICS = ("mean_error", "mean_absolute_error", "root_mean_squared_error", "mean_prediction")


def rules(*metrics, by=("sex",), **limit):
    limit = limit or {"tolerance": 0.5}
    return [FairnessRule(metric=m, by=by, because="a test", **limit) for m in metrics]


def answers(rows=600, seed=0, low=0.0):
    """Women are estimated `low` too low."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["f", "m"], rows)
    prediction = rng.normal(20, 3, rows)
    truth = prediction + rng.normal(0, 1, rows) + np.where(sex == "f", low, 0)
    region = rng.choice(["east", "west"], rows)
    return pd.DataFrame({"truth": truth, "prediction": prediction, "sex": sex, "region": region})


def by_group(frame, asked):
    return [
        one.division.by_group[one.metric] for one in COMPARE.expand_rules(frame, asked, SENSITIVE)
    ]


def test_a_row_that_stands_for_several_counts_as_often():
    frame, asked = answers(), rules(*METRICS, by=("sex", "region"))
    times = np.random.default_rng(1).integers(1, 4, len(frame))
    repeated = frame.loc[frame.index.repeat(times)].reset_index(drop=True)
    weighted = frame.assign(**{ROWS_COLUMN: times})
    pairs = zip(by_group(weighted, asked), by_group(repeated, asked), strict=True)
    for ours, theirs in pairs:
        pd.testing.assert_series_equal(ours.sort_index(), theirs.sort_index())


def test_gaps_are_judged_at_the_level_of_the_look_and_say_who_is_estimated_too_low():
    asked = COMPARE.expand_rules(answers(low=2.0), rules("mean_error"), SENSITIVE)
    (sure,), (surer,) = (judge_rules(asked, level) for level in (0.05, 0.001))
    assert surer.verdicts[0].interval.level > sure.verdicts[0].interval.level
    (check,) = COMPARE.limit_checks(surer)
    assert check.verdict == "fail"
    named = check.group.removeprefix("sex=")
    error = {sex: -2.0 if sex == "f" else 0.0 for sex in ("f", "m")}
    base = "m" if named == "f" else "f"
    assert check.estimate == pytest.approx(error[named] - error[base], abs=0.3)
    assert "sex=f is estimated" in check.why
    assert "dollars too low on average" in check.why


def test_a_unit_of_cents_changes_no_verdict():
    frame = answers(low=0.6)
    cents = frame.assign(truth=100 * frame["truth"], prediction=100 * frame["prediction"])
    held = [
        judge_rules(COMPARE.expand_rules(f, rules("mean_error", tolerance=t), SENSITIVE), 0.01)
        for f, t in ((frame, 0.3), (cents, 30.0))
    ]
    verdicts = [[c.verdict for limit in one for c in COMPARE.limit_checks(limit)] for one in held]
    assert verdicts[0] == verdicts[1]


def test_what_is_no_amount_is_refused():
    frame = answers()
    frame.loc[3, "truth"] = np.nan
    with pytest.raises(DataError, match="no finite numbers"):
        COMPARE.expand_rules(frame, rules("mean_error"), SENSITIVE)


def test_a_metric_of_another_question_is_refused():
    with pytest.raises(DataError, match="no fairness metric of amounts"):
        COMPARE.expand_rules(answers(), rules("true_positive_rate"), SENSITIVE)
