"""Check 3: the bound, where it is known, and silence where it means nothing."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.config.gates import ErrorCosts
from assay.gates.feasibility.ceiling import (
    NeighbourErrorRate,
    best_possible_score,
    check_ceiling,
    neighbour_error_rate,
)
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.report import Verdict


def coins(use_case, people, rows=4000, heads=0.8):
    """An outcome that one column tells with probability `heads`, and nothing else does."""
    rng = np.random.default_rng(1)
    frame = people(rows)
    up = rng.random(rows) < 0.5
    frame["pull"] = up + rng.normal(0, 0.1, rows)
    frame["outcome"] = np.where(up ^ (rng.random(rows) > heads), "yes", "no")
    return FeasibilityData.from_rows(
        frame, use_case(data={"exclude": ["push", "kind", "noise"]}), 0
    )


@pytest.mark.slow
def test_the_nearest_neighbour_errs_as_theory_says(people, use_case):
    found = neighbour_error_rate(coins(use_case, people))
    assert found.low < 2 * 0.8 * 0.2 < found.high


@pytest.mark.slow
def test_an_accuracy_above_the_bound_fails_softly_one_below_passes(people, use_case):
    material = coins(use_case, people)
    [above], _ = check_ceiling(material, {"accuracy": 0.95})
    [below], sheet = check_ceiling(material, {"accuracy": 0.75})
    assert (above.verdict, above.hard) == (Verdict.FAIL, False)
    assert below.verdict is Verdict.PASS
    assert above.interval.low < 0.8 < above.interval.high
    assert next(row[-1] for row in sheet.rows) == 0.75


@pytest.mark.slow
def test_many_columns_of_noise_do_not_make_a_bound_of_nonsense(people, use_case):
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.normal(size=(1500, 60)), columns=[f"n{i}" for i in range(60)])
    frame = pd.concat([people(1500, strength=6.0), noise], axis=1)
    material = FeasibilityData.from_rows(frame, use_case(), 0)
    [check], _ = check_ceiling(material, {"accuracy": 0.93})
    assert check.verdict is not Verdict.FAIL


def test_what_is_had_already_is_not_ruled_out(people, use_case, monkeypatch):
    # As in many dimensions, where neighbours are far apart and yet err no less with more rows.
    far = NeighbourErrorRate(error=0.45, low=0.43, high=0.47, possible_fall=0.0, space="", rows=800)
    monkeypatch.setattr(
        import_module(neighbour_error_rate.__module__), "neighbour_error_rate", lambda _: far
    )
    material = coins(use_case, people, heads=0.9)
    had = float(((material.probabilities >= 0.5) == material.labels).mean())
    [check], _ = check_ceiling(material, {"accuracy": had - 0.001})
    assert check.verdict is Verdict.PASS


def test_scores_that_an_error_does_not_bound_are_not_judged(people, use_case):
    checks, _ = check_ceiling(coins(use_case, people, rows=1500), {"f1": 0.99, "precision": 0.99})
    assert checks == []


def test_few_rows_have_no_bound(people, use_case):
    assert check_ceiling(
        FeasibilityData.from_rows(people(300), use_case(), 0), {"accuracy": 0.9}
    ) == (
        [],
        None,
    )


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.integers(1, 50)), min_size=2, max_size=8))
def test_no_bound_is_stricter_than_the_best_rule_of_a_known_world(world):
    """Cells of known probability and weight: every best possible score is known exactly."""
    p, w = (np.array(v, dtype=float) for v in zip(*world, strict=True))
    w /= w.sum()
    share, error = float(p @ w), float(2 * w @ (p * (1 - p)))
    cost = ErrorCosts(false_positive=3, false_negative=1)

    def bound(name):
        return best_possible_score(name, error, share, cost)

    order = np.argsort(-p)
    hit, miss = (w * p)[order] / share, (w * (1 - p))[order] / (1 - share)
    area = float((miss * (np.cumsum(hit) - hit / 2)).sum())
    entropy = -float(w @ (p * np.log(p) + (1 - p) * np.log(1 - p)))
    assert bound("accuracy") >= float(w @ np.maximum(p, 1 - p)) - 1e-9
    assert bound("roc_auc") >= area - 1e-9
    assert bound("brier") == pytest.approx(float(w @ (p * (1 - p))))
    assert bound("log_loss") <= entropy + 1e-9
    assert bound("cost") <= float(w @ np.minimum(3 * (1 - p), p)) + 1e-9
    best = max((np.cumsum(hit) + 1 - np.cumsum(miss)).max() / 2, 0.5)
    assert bound("balanced_accuracy") >= best - 1e-9
