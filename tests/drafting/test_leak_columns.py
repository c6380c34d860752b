"""A column that gives the outcome away is told, for each type of question."""

import numpy as np
import pandas as pd
import pytest

from assay.config.data import Target
from assay.drafting.leak_columns import SUSPICIOUS, score_columns_alone

ROWS = 600
RNG = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        (Target(column="y", positive=1), RNG.integers(0, 2, ROWS)),
        (Target(column="y", positive="yes"), RNG.choice(["no", "yes"], ROWS)),
        (Target(column="y", classes=("a", "b", "c")), RNG.choice(list("abc"), ROWS)),
        (Target(column="y", unit="dollars"), RNG.normal(size=ROWS)),
    ],
)
def test_what_restates_the_outcome_is_suspicious_and_noise_is_not(target, outcome):
    codes = outcome if outcome.dtype.kind in "if" else pd.Series(outcome).map(ord_of)
    frame = pd.DataFrame(
        {"y": outcome, "same": codes, "noise": RNG.normal(size=ROWS), "word": ["w"] * ROWS}
    )
    alone = score_columns_alone(frame, ["same", "noise", "word"], target)
    limit = SUSPICIOUS[target.problem_type]
    assert alone["same"] >= limit
    assert alone["noise"] < 0.7 < limit
    assert alone["word"] <= 0.51


def ord_of(text):
    return float(ord(text[0]))


def test_one_class_that_is_told_is_enough():
    outcome = RNG.choice(list("abc"), ROWS)
    frame = pd.DataFrame({"y": outcome, "dead": (outcome == "c").astype(int)})
    target = Target(column="y", classes=("a", "b", "c"))
    assert score_columns_alone(frame, ["dead"], target)["dead"] == pytest.approx(1.0)


def test_values_of_any_size_and_missing_ones_are_read():
    size = RNG.normal(size=ROWS)
    frame = pd.DataFrame(
        {
            "y": size,
            "huge": size * 1e300,
            "gaps": np.where(RNG.random(ROWS) < 0.1, np.nan, size),
            "word": [None if i % 5 == 0 else "a" for i in range(ROWS)],
            "when": pd.date_range("1700-01-01", periods=ROWS, freq="D"),
            "whole": pd.array(np.arange(ROWS), dtype="Int64"),
        }
    )
    alone = score_columns_alone(frame, list(frame)[1:], Target(column="y", unit="dollars"))
    assert alone["huge"] > 0.9
    assert alone["gaps"] > 0.7
    assert max(alone["word"], alone["when"], alone["whole"]) < 0.3
