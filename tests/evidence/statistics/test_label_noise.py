import numpy as np
import pytest

from assay.evidence.statistics import confident_joint


def test_cleanlab_s_numbers():
    # cleanlab 2.9.0, count.estimate_joint: [[1/3, 1/6], [1/6, 1/3]].
    truth = np.array([0, 0, 0, 1, 1, 1], dtype=bool)
    probability = np.array([0.1, 0.2, 0.9, 0.8, 0.9, 0.1])
    found = confident_joint(truth, probability)
    assert found.share == pytest.approx(1 / 3, abs=1e-9)


def noisy(rate, rows=4000):
    """Labels of classes that are told without fail, flipped at `rate`, as a model learns them."""
    rng = np.random.default_rng(0)
    real = rng.random(rows) < 0.4
    flipped = rng.random(rows) < rate
    near = np.clip(rng.normal(0, 0.01, rows), -0.04, 0.04)
    return real ^ flipped, np.where(real, 1 - rate, rate) + near, flipped


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_flipped_labels_are_counted_and_pointed_at(rate):
    truth, probability, flipped = noisy(rate)
    found = confident_joint(truth, probability)
    assert found.interval.low < flipped.mean() < found.interval.high
    assert found.settled > 0.9
    assert flipped[found.doubted].mean() > 0.99


def test_fewer_independent_rows_are_less_certain():
    truth, probability, _ = noisy(0.1)
    rows, entities = (
        confident_joint(truth, probability, independent=n).interval for n in (4000, 100)
    )
    assert entities.high - entities.low > 3 * (rows.high - rows.low)


def test_outcomes_that_nothing_determines_are_left_unsettled():
    rng = np.random.default_rng(0)
    probability = rng.random(4000)
    truth = rng.random(4000) < probability
    assert confident_joint(truth, probability).settled < 0.9


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="both classes"):
        confident_joint(np.ones(3, dtype=bool), np.full(3, 0.5))


def test_no_doubted_label_among_few_is_no_certainty():
    truth = np.arange(40) < 20
    found = confident_joint(truth, np.where(truth, 0.9, 0.1))
    assert found.share == 0
    # Wilson's upper limit for 0 of 40: z^2 / (40 + z^2).
    assert (found.interval.low, found.interval.high) == (0, pytest.approx(0.0876, abs=1e-4))
    few = confident_joint(truth, np.where(truth, 0.9, 0.1), independent=10).interval
    assert few.high > 0.25
