"""Groups whose rows were drawn with unequal chances: Fairlearn's metrics, with honest intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fm
from sklearn import metrics as sk

from assay.config.data import Sensitive
from assay.config.gates import FairnessRule
from assay.gates.confusion_cells import ROWS_COLUMN
from assay.gates.fairness.divisions import divide_groups
from assay.gates.fairness.gate import audit_fairness
from assay.gates.fairness.tally import tally_predictions
from assay.gates.statistics.cluster_errors import find_clusters

SENSITIVE = {"sex": Sensitive(reference="M")}
RULE = FairnessRule(
    metric="true_positive_rate", by=("sex",), tolerance=0.2, because="it was agreed so"
)


def sample(rows=600, seed=0):
    rng = np.random.default_rng(seed)
    weights = np.exp(rng.normal(size=rows))
    sex = np.where(rng.random(rows) < 0.4, "F", "M")
    truth = rng.random(rows) < 0.4
    probability = np.clip(0.35 * truth + rng.random(rows) * 0.65 - 0.1 * (weights > 2), 0.01, 0.99)
    frame = pd.DataFrame(
        {"truth": truth, "decision": probability > 0.5, "probability": probability, "sex": sex}
    )
    return frame, weights


def division(frame, weights):
    counted = frame.assign(**{ROWS_COLUMN: weights})
    tally = tally_predictions(counted, ["sex"], find_clusters(None, "", weights))
    return divide_groups(tally, ("sex",), SENSITIVE)


def test_every_metric_is_fairlearns_with_sample_weight():
    frame, weights = sample()
    found = division(frame, weights)
    decisions = {
        "selection_rate": fm.selection_rate,
        "true_positive_rate": fm.true_positive_rate,
        "false_positive_rate": fm.false_positive_rate,
        "accuracy_score": sk.accuracy_score,
        "balanced_accuracy_score": sk.balanced_accuracy_score,
        "precision_score": sk.precision_score,
        "f1_score": sk.f1_score,
    }
    scores = {
        "roc_auc_score": sk.roc_auc_score,
        "log_loss": sk.log_loss,
        "mean_squared_error": sk.mean_squared_error,
        "mean_prediction": fm.mean_prediction,
    }
    for names, answer in (
        (decisions, frame["decision"].astype(int)),
        (scores, frame["probability"]),
    ):
        expected = fm.MetricFrame(
            metrics=names,
            y_true=frame["truth"].astype(int),
            y_pred=answer,
            sensitive_features=frame["sex"],
            sample_params={name: {"sample_weight": weights} for name in names},
        ).by_group
        for name in names:
            for group in ("F", "M"):
                assert found.by_group[name][group] == pytest.approx(
                    float(expected[name][group]), abs=1e-9
                ), name


def test_a_groups_interval_is_that_of_drawing_its_rows_with_their_weights():
    frame, weights = sample(1200)
    found = division(frame, weights)
    place = found.groups.index("F")
    own = np.flatnonzero((frame["sex"] == "F") & frame["truth"])
    rng, hit = np.random.default_rng(0), frame["decision"].to_numpy()
    drawn = [
        np.average(hit[i], weights=weights[i])
        for i in (rng.choice(own, len(own)) for _ in range(500))
    ]
    low, high = (side[place] for side in found.limits("true_positive_rate", 0.95))
    assert high - low == pytest.approx(3.92 * np.std(drawn), rel=0.2)


def test_the_report_tells_rows_and_what_they_are_worth():
    frame, weights = sample()
    told = audit_fairness(frame, [RULE], SENSITIVE, subject="m", weights=weights)
    gap = next(check for check in told.checks if check.family == "true_positive_rate")
    women = ((frame["sex"] == "F") & frame["truth"]).to_numpy()
    worth = weights[women].sum() ** 2 / (weights[women] ** 2).sum()
    assert gap.rows == women.sum()
    assert f"over {women.sum()} positives" in gap.why or f"of {women.sum()} positives" in gap.why
    assert f"(worth {worth:,.0f})" in gap.why
    sheet = next(sheet for sheet in told.sheets if sheet.title == "By sex")
    assert sheet.columns[1:3] == ("rows", "effective rows")
    assert any("Rows count by their weights" in note for note in told.notes)


def test_the_scale_of_weights_changes_nothing():
    frame, weights = sample()
    one, other = (
        audit_fairness(frame, [RULE], SENSITIVE, subject="m", weights=w)
        for w in (weights, weights * 1024)
    )
    assert one.checks == other.checks
    assert [sheet.rows for sheet in one.sheets] == [sheet.rows for sheet in other.sheets]


def test_a_group_of_many_rows_that_few_carry_is_not_judged():
    frame, weights = sample()
    women = np.flatnonzero(frame["sex"] == "F")
    weights = weights.copy()
    weights[women] = 1e-6
    weights[women[:4]] = 1.0
    told = audit_fairness(frame, [RULE], SENSITIVE, subject="m", weights=weights)
    gap = next(check for check in told.checks if check.family == "true_positive_rate")
    assert gap.verdict == "unknown"
    assert "by their weights" in gap.why or "are not judged" in gap.why


def test_a_group_whose_weights_are_small_is_judged_by_its_rows():
    frame = sample(2000)[0]
    small = np.where(frame["sex"] == "F", 1e-4, 1.0)
    told = audit_fairness(frame, [RULE], SENSITIVE, subject="m", weights=small)
    plain = audit_fairness(frame, [RULE], SENSITIVE, subject="m")
    one, other = (
        next(check for check in report.checks if check.family == "true_positive_rate")
        for report in (told, plain)
    )
    assert one.verdict == other.verdict
    assert one.estimate == pytest.approx(other.estimate)
    assert one.interval.low == pytest.approx(other.interval.low, abs=0.01)
    assert one.rows == other.rows
