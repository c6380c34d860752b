"""Evidence over looks: known values, no more false alarms than stated, late harm found."""

import math

import numpy as np
import pytest

from assay.gates.statistics.change_evidence import (
    LookEstimate,
    log_change_evidence,
    lower_limit,
)

REFERENCE = LookEstimate(0.0, 0.0062**2)


def steady(drop, looks, error=0.0163):
    return [LookEstimate(drop, error**2)] * looks


@pytest.mark.parametrize(
    ("drop", "looks", "evidence"),
    [
        (0.07, 1, -0.483), (0.07, 2, -0.069), (0.07, 4, 0.577), (0.07, 8, 1.371),
        (0.07, 16, 2.165), (0.07, 60, 3.338), (0.08, 1, 0.359), (0.08, 4, 2.839),
        (0.08, 60, 9.095), (0.105, 1, 3.53), (0.06, 60, -0.404),
    ],
)  # fmt: skip
def test_evidence_without_noise_is_that_of_the_formula(drop, looks, evidence):
    found = log_change_evidence(REFERENCE, steady(drop, looks), 0.05)
    assert found == pytest.approx(evidence, abs=0.002)


def first_alarm(rng, drop_from, drop, looks=60):
    reference = LookEstimate(rng.normal(0, 0.0031), 0.0031**2)
    values = rng.normal(0, 0.0163, looks) + np.where(np.arange(looks) >= drop_from, drop, 0.0)
    seen = [LookEstimate(float(value), 0.0163**2) for value in values]
    for last in range(1, looks + 1):
        if log_change_evidence(reference, seen[:last], 0.05) >= math.log(20):
            return last
    return None


def test_a_drop_that_is_just_accepted_alarms_in_no_more_than_the_level_over_all_looks():
    rng = np.random.default_rng(0)
    alarms = [first_alarm(rng, 0, 0.05) is not None for _ in range(150)]
    assert np.mean(alarms) <= 0.05


def test_harm_that_is_too_small_for_one_look_is_found_over_many():
    rng = np.random.default_rng(1)
    assert np.mean([first_alarm(rng, 0, 0.07) is not None for _ in range(30)]) >= 0.7


def test_late_harm_is_not_diluted_by_good_looks_before():
    rng = np.random.default_rng(2)
    found = [first_alarm(rng, 36, 0.105) for _ in range(20)]
    assert all(look is not None and look > 36 for look in found)


def test_looks_of_unequal_size_count_by_their_precision():
    small = LookEstimate(0.3, 1.0)
    alone = log_change_evidence(REFERENCE, steady(0.07, 8), 0.05)
    assert log_change_evidence(REFERENCE, [*steady(0.07, 8), small], 0.05) == pytest.approx(
        alone, abs=0.05
    )


def test_the_lower_limit_is_what_the_evidence_just_excludes():
    looks = steady(0.105, 6)
    low = lower_limit(REFERENCE, looks, 0.05, 0.05)
    assert 0.05 < low < 0.105
    assert log_change_evidence(REFERENCE, looks, low) == pytest.approx(math.log(20), abs=1e-6)
    assert lower_limit(REFERENCE, steady(0.06, 6), 0.05, 0.05) is None
    assert log_change_evidence(REFERENCE, [], 0.05) == -math.inf
