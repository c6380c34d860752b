"""Expected performance: NannyML's own figures, the rows' own metrics, and honest errors."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn import metrics

from assay.gates.drift.cbpe import (
    METRIC_FUNCTIONS,
    ProbabilityBins,
    expected_counts,
    realised_counts,
)
from assay.gates.drift.performance_drop import _estimate_drop
from assay.gates.drift.scored_rows import ColumnRoles, ScoredRows, read_scored_rows
from assay.gates.statistics.window_variation import jackknife_error

ROOT = Path(__file__).parents[3]
ROLES = ColumnRoles(probability="predicted_probability", prediction="prediction", truth="employed")
# NannyML 0.13.1, CBPE fitted to 2015, estimated by year on the files as shipped.
NANNYML = {
    2015: {"roc_auc": 0.90376, "accuracy": 0.82735, "f1": 0.83304, "precision": 0.80023},
    2016: {"roc_auc": 0.90354, "accuracy": 0.82698, "f1": 0.83218, "recall": 0.86732},
    2017: {"roc_auc": 0.90423, "accuracy": 0.82789, "f1": 0.83260, "specificity": 0.79152},
    2018: {"roc_auc": 0.90367, "accuracy": 0.82710, "f1": 0.83263, "precision": 0.80200},
}
# ROC AUC of the predictions by year, as published with the data.
REALISED = {2015: 0.9034, 2016: 0.9020, 2017: 0.9051, 2018: 0.9057}


def side(rows):
    return read_scored_rows(rows, ROLES, "rows")


@pytest.fixture(scope="module")
def years():
    columns = ["year", "employed", "prediction", "predicted_probability"]
    folder = ROOT / "examples/employment"
    return {y: pq.read_table(folder / f"{y}.parquet", columns=columns) for y in range(2015, 2019)}


@pytest.mark.parametrize("year", [2015, 2016, 2017, 2018])
def test_expected_performance_agrees_with_nannyml_to_three_decimals(years, year):
    reference, current = side(years[2015]), side(years[year])
    found = expected_counts(current, ProbabilityBins.from_sides(reference, current))
    for metric, value in NANNYML[year].items():
        assert found.metric_value(metric) == pytest.approx(value, abs=5e-4)


@pytest.mark.parametrize("year", [2015, 2016, 2017, 2018])
def test_realised_performance_is_the_published_one(years, year):
    reference, current = side(years[2015]), side(years[year])
    found = realised_counts(current, ProbabilityBins.from_sides(reference, current))
    assert found.metric_value("roc_auc") == pytest.approx(REALISED[year], abs=1e-4)


def test_realised_metrics_equal_scikit_learns(years):
    rows = years[2016].slice(0, 3000)
    found = realised_counts(side(rows), ProbabilityBins.from_sides(side(rows), side(rows)))
    truth, made = rows["employed"].to_numpy(), rows["prediction"].to_numpy()
    score = rows["predicted_probability"].to_numpy()
    expected_values = {
        "roc_auc": metrics.roc_auc_score(truth, score),
        "accuracy": metrics.accuracy_score(truth, made),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, made),
        "precision": metrics.precision_score(truth, made),
        "recall": metrics.recall_score(truth, made),
        "specificity": metrics.recall_score(1 - truth, 1 - made),
        "f1": metrics.f1_score(truth, made),
    }
    assert set(expected_values) == set(METRIC_FUNCTIONS)
    for metric, value in expected_values.items():
        assert found.metric_value(metric) == pytest.approx(value, abs=2e-4)


def test_probabilities_that_mislead_are_calibrated_first(years):
    rows = years[2015]
    score = rows["predicted_probability"].to_numpy()
    worse = rows.set_column(3, "predicted_probability", [score**3])
    plain, bent = side(rows), side(worse)
    for metric in ("roc_auc", "accuracy"):
        values = [
            expected_counts(s, ProbabilityBins.from_sides(s, s)).metric_value(metric)
            for s in (plain, bent)
        ]
        assert values[0] == pytest.approx(values[1], abs=1e-3)


def made(rows, seed, spread=2.0):
    """Rows of a model that is too sure of itself, with their true log odds."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-0.5, spread, rows)
    probability = 1 / (1 + np.exp(-1.3 * odds))
    truth = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    return ScoredRows(probability, probability >= 0.5, truth, {})


def test_a_calibration_without_a_block_is_that_of_the_other_rows():
    reference = made(4000, 0)
    ladder = ProbabilityBins.from_sides(reference, reference)
    kept = np.arange(4000) >= 100
    other = ScoredRows(*(v[kept] for v in (reference.probability, reference.decision,
                                       reference.truth)), {})  # fmt: skip
    again = ProbabilityBins.from_sides(other, other)
    at = np.linspace(0.01, 0.99, 50)
    assert ladder.jackknife_maps[0].calibrate(at) == pytest.approx(
        again.calibration.calibrate(at), abs=0.01
    )
    assert not np.allclose(
        ladder.jackknife_maps[0].calibrate(at), ladder.calibration.calibrate(at), atol=1e-4
    )


def test_labels_have_no_part_in_a_calibration():
    rows = made(1000, 0)
    assert (
        len(
            realised_counts(rows, ProbabilityBins.from_sides(rows, rows)).recalibrated_values(
                "roc_auc"
            )
        )
        == 0
    )


def test_the_interval_of_a_drop_is_as_wide_as_repeated_references_differ():
    """What the calibration adds is much of it, where the current rows are harder."""
    found = {metric: [] for metric in ("roc_auc", "accuracy")}
    for seed in range(20):
        old, new = made(3000, 2 * seed), made(3000, 2 * seed + 1, spread=0.5)
        ladder = ProbabilityBins.from_sides(old, new)
        both = expected_counts(old, ladder), expected_counts(new, ladder)
        for metric, drops in found.items():
            drop = _estimate_drop(metric, *both, 0.95)
            error = (drop.interval.high - drop.interval.low) / 4.05  # Student's t of 39, twice
            given = np.hypot(*(jackknife_error(side.jackknife_values(metric)) for side in both))
            drops.append((drop.value, error, given))
    for drops in found.values():
        value, error, given = np.array(drops).T
        assert error.mean() == pytest.approx(value.std(), rel=0.4)
        assert error.mean() > 1.2 * given.mean()


def test_without_labels_probabilities_are_taken_as_given(years):
    rows = years[2015].slice(0, 2000).drop_columns("employed")
    reference = side(rows)
    ladder = ProbabilityBins.from_sides(reference, reference)
    assert not ladder.is_calibrated
    sure = np.maximum(reference.probability, 1 - reference.probability)
    agrees = (reference.probability >= 0.5) == reference.decision
    assert expected_counts(reference, ladder).metric_value("accuracy") == pytest.approx(
        np.where(agrees, sure, 1 - sure).mean(), abs=1e-4
    )


def test_leaving_a_block_out_is_the_metric_of_the_others(years):
    rows = years[2015].slice(0, 4000)
    reference = side(rows)
    ladder = ProbabilityBins.from_sides(reference, reference)
    without = realised_counts(reference, ladder).jackknife_values("accuracy")
    right = rows["employed"].to_numpy() == rows["prediction"].to_numpy()
    assert without[0] == pytest.approx(right[100:].mean())
    assert realised_counts(reference, ladder).window_values("accuracy", 20)[0] == pytest.approx(
        right[:2000].mean()
    )


def test_what_is_undefined_stays_undefined():
    table = pq.read_table(ROOT / "examples/employment/2015.parquet").slice(0, 500)
    all_no = table.filter(table["employed"].to_numpy() == 0)
    found = realised_counts(side(all_no), ProbabilityBins.from_sides(side(table), side(all_no)))
    assert np.isnan(found.metric_value("roc_auc"))
    assert np.isnan(found.metric_value("recall"))
