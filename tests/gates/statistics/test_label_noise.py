import numpy as np
import pytest

from assay.gates.statistics.label_noise import confident_joint


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
    assert found.surest.interval.low < flipped.mean() < found.surest.interval.high
    assert found.is_level
    assert flipped[found.doubted_rows].mean() > 0.99


def test_fewer_independent_rows_are_less_certain():
    truth, probability, _ = noisy(0.1)
    rows, entities = (
        confident_joint(truth, probability, independent=n).interval for n in (4000, 100)
    )
    assert entities.high - entities.low > 3 * (rows.high - rows.low)


@pytest.mark.parametrize("spread", [0.1, 0.7, 1, 2, 3])
def test_without_wrong_labels_doubts_are_fewer_where_the_model_is_surer(spread):
    """Log odds of that standard deviation: from hardly to well told, and no label is wrong."""
    rng = np.random.default_rng(0)
    probability = 1 / (1 + np.exp(-spread * rng.normal(size=20_000)))
    truth = rng.random(20_000) < probability
    found = confident_joint(truth, probability)
    assert found.share > 0.05
    assert not found.is_level


def test_what_is_wrong_is_told_apart_from_what_is_open():
    """Where log odds have a deviation of 8, a tenth of wrong labels is not inflated by overlap."""
    rng = np.random.default_rng(0)
    clean = 1 / (1 + np.exp(-8 * rng.normal(size=20_000)))
    flipped = rng.random(20_000) < 0.1
    truth = (rng.random(20_000) < clean) ^ flipped
    found = confident_joint(truth, 0.1 + 0.8 * clean)
    assert found.interval.low > 0.1
    assert found.surest.value == pytest.approx(0.1, abs=0.01)
    assert found.is_level


def test_a_few_rows_settle_nothing():
    truth, probability, _ = noisy(0.1, rows=60)
    assert not confident_joint(truth, probability).is_level


def test_of_a_class_sampled_otherwise_rows_count_for_what_they_stand_for():
    truth, probability, flipped = noisy(0.2, rows=20_000)
    truth = np.where(flipped & ~truth, True, truth)  # of yes that were turned to no, none is left
    kept = confident_joint(truth, probability).surest.value
    rare = confident_joint(truth, probability, positives=0.01).surest.value
    assert kept > 0.05
    assert rare < 0.01


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
