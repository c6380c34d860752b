"""Every metric of Fairlearn is there, and to the last digits what Fairlearn makes of the rows."""

import warnings

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as of_fairlearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as of_sklearn

from assay.config.data import Sensitive
from assay.gates.confusion_cells import ROWS_COLUMN, count_cells
from assay.gates.fairness.decision_metrics import decision_metrics
from assay.gates.fairness.divisions import divide_groups
from assay.gates.fairness.metrics import DECISION_METRICS, MEASURES
from assay.gates.fairness.summaries import fairlearn_summaries
from assay.gates.fairness.tally import tally_predictions

SENSITIVE = {"sex": Sensitive(), "race": Sensitive()}
NO_METRICS = {"MetricFrame", "make_derived_metric", "plot_model_comparison"}
NO_METRICS |= {"plot_roc_curve_by_group", "count"}


def calibration_error(y_true, y_pred):
    """Fairlearn has no such metric; its mean prediction less scikit-learn's mean of the truth."""
    return of_fairlearn.mean_prediction(y_true, y_pred) - np.mean(y_true)


def function_of(metric):
    if metric == "calibration_error":
        return calibration_error
    return getattr(of_fairlearn, metric, None) or getattr(of_sklearn, metric)


def made(rows=600, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.random(rows).round(2)
    return pd.DataFrame(
        {
            "truth": rng.random(rows) < p,
            "decision": p > 0.4,
            "probability": p,
            "sex": pd.Series(rng.choice(["Male", "Female"], rows), dtype="str"),
            "race": pd.Series(rng.choice(["A", "B", "C"], rows), dtype="str"),
        }
    )


def by_rows(rows, by, metrics):
    """Fairlearn's MetricFrame on the rows themselves, decisions and probabilities each apart."""
    found = {}
    for names, column in (
        ([m for m in metrics if m in DECISION_METRICS], "decision"),
        ([m for m in metrics if m not in DECISION_METRICS], "probability"),
    ):
        frame = of_fairlearn.MetricFrame(
            metrics={m: function_of(m) for m in names},
            y_true=rows["truth"].astype(int),
            y_pred=rows[column].astype(float if column == "probability" else int),
            sensitive_features=rows[by],
        )
        found |= {m: frame.by_group[m].to_numpy(float) for m in names}
        labels = [" & ".join(g) if isinstance(g, tuple) else g for g in frame.by_group.index]
    return pd.DataFrame(found, index=labels)[list(metrics)]


@pytest.mark.parametrize("by", [["sex"], ["sex", "race"]])
def test_every_metric_is_what_fairlearn_makes_of_the_rows(by):
    rows = made()
    division = divide_groups(tally_predictions(rows, ["sex", "race"]), tuple(by), SENSITIVE)
    expected = by_rows(rows, by, division.metrics)
    assert set(division.metrics) == set(MEASURES)
    found = division.by_group.loc[expected.index, expected.columns]
    decided = list(DECISION_METRICS)
    np.testing.assert_array_equal(found[decided], expected[decided])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@given(st.lists(st.tuples(*[st.booleans()] * 2, st.sampled_from("ab")), min_size=1, max_size=12))
@settings(max_examples=30)
def test_what_fairlearn_says_of_few_rows_is_what_their_counts_say(given_rows):
    rows = pd.DataFrame(given_rows, columns=["truth", "decision", "sex"])
    division = divide_groups(tally_predictions(rows, ["sex"]), ("sex",), {"sex": Sensitive()})
    for metric in DECISION_METRICS:
        own = MEASURES[metric].value(division.sums)
        np.testing.assert_allclose(division.by_group[metric], own, rtol=1e-15)
        low, high = MEASURES[metric].limits(division.sums, 0.95)
        known = ~np.isnan(own)
        assert (low[known] <= own[known] + 1e-12).all()
        assert (own[known] <= high[known] + 1e-12).all()


def test_rates_are_those_of_fairlearns_user_guide():
    # https://fairlearn.org/main/user_guide/assessment/perform_fairness_assessment.html
    cells = count_cells(
        pd.DataFrame(
            {
                "truth": np.array([0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1], bool),
                "decision": np.array([0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0], bool),
                "group": list("bbabbcccaacabccbcc"),
            }
        ),
        ["group"],
    )
    metrics = ("true_positive_rate", "false_positive_rate", "selection_rate")
    found = decision_metrics(cells, ["group"], metrics)
    assert found["true_positive_rate"].round(3).to_dict() == {"a": 0.5, "b": 0.6, "c": 0.4}
    assert found["false_positive_rate"].round(3).to_dict() == {"a": 1, "b": 0, "c": 0.667}
    assert found["selection_rate"].round(3).to_dict() == {"a": 0.75, "b": 0.5, "c": 0.5}
    assert cells.groupby("group")[ROWS_COLUMN].sum().to_dict() == {"a": 4, "b": 6, "c": 8}


def test_every_metric_that_fairlearn_exports_is_had():
    rows = made()
    division = divide_groups(tally_predictions(rows, ["sex", "race"]), ("sex", "race"), SENSITIVE)
    had = {s.name: s.value for s in fairlearn_summaries(division)}
    plain = {name for name in of_fairlearn.__all__ if name in MEASURES}
    assert plain == {"mean_prediction", *(m for m in MEASURES if m.endswith("_rate"))}
    derived = set(of_fairlearn.__all__) - NO_METRICS - plain
    assert derived == set(had)
    scored = ("roc_auc", "log_loss", "mean_absolute", "mean_squared", "r2")
    for name in sorted(derived):
        column = "probability" if name.startswith(scored) else "decision"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = getattr(of_fairlearn, name)(
                rows["truth"].astype(int),
                rows[column].astype(float),
                sensitive_features=rows[["sex", "race"]],
            )
        assert had[name] == pytest.approx(expected, rel=1e-12), name


def test_predictions_without_probabilities_have_no_metrics_of_them():
    division = divide_groups(
        tally_predictions(made().drop(columns="probability"), ["sex"]), ("sex",), SENSITIVE
    )
    assert division.metrics == list(DECISION_METRICS)
    assert not any("roc_auc" in s.name for s in fairlearn_summaries(division))
