"""The rival: what the income example trains, as a bare scikit-learn script.

The same data, split share, search spaces, calibration, metrics and Fairlearn audit, by hand and
with nothing kept: no validation, no feasibility gate, no intervals, no record.
"""

from __future__ import annotations

import joblib
import pandas as pd
from fairlearn.metrics import MetricFrame, selection_rate
from fairlearn.postprocessing import ThresholdOptimizer
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits


def main(folder: str) -> None:
    frame = pd.read_parquet("examples/income/adult.parquet").replace("?", None)
    truth = (frame.pop("income") == ">50K").astype(int)
    people = frame[["sex", "race"]]
    rows = frame.drop(columns=["sex", "race", "fnlwgt", "education"])
    split = train_test_split(rows, truth, people, test_size=0.2, random_state=7, stratify=truth)
    learn, test, learn_truth, test_truth, learn_people, test_people = split
    spaces = {
        LogisticRegression(max_iter=1000): {"C": [0.1, 1, 10]},
        HistGradientBoostingClassifier(random_state=7): {
            "learning_rate": [0.05, 0.1],
            "max_leaf_nodes": [15, 31],
        },
    }
    models = []
    for estimator, space in spaces.items():
        prepare = make_column_transformer(
            (StandardScaler(), make_column_selector(dtype_include="number")),
            (
                OneHotEncoder(
                    handle_unknown="infrequent_if_exist", min_frequency=10, sparse_output=False
                ),
                make_column_selector(dtype_exclude="number"),
            ),
        )
        grid = {f"{type(estimator).__name__.lower()}__{k}": v for k, v in space.items()}
        search = GridSearchCV(
            make_pipeline(prepare, estimator), grid, scoring="roc_auc", cv=5, n_jobs=2
        )
        with joblib.parallel_config(backend="loky", inner_max_num_threads=1), threadpool_limits(1):
            search.fit(learn, learn_truth)
            calibrated = CalibratedClassifierCV(search.best_estimator_, cv=5, ensemble=False)
            models.append(calibrated.fit(learn, learn_truth))
    fair = ThresholdOptimizer(
        estimator=models[-1],
        constraints="demographic_parity",
        prefit=True,
        predict_method="predict_proba",
    ).fit(learn, learn_truth, sensitive_features=learn_people["sex"])
    decisions = [model.predict(test) for model in models]
    decisions.append(fair.predict(test, sensitive_features=test_people["sex"], random_state=7))
    for number, decided in enumerate(decisions):
        for by in (["sex"], ["race"], ["sex", "race"]):
            metrics = {"selection": selection_rate, "accuracy": accuracy_score}
            MetricFrame(
                metrics=metrics,
                y_true=test_truth,
                y_pred=decided,
                sensitive_features=test_people[by],
            ).difference()
        joblib.dump(models[min(number, 1)], f"{folder}/model-{number}.joblib")
    print(f"roc_auc {roc_auc_score(test_truth, models[-1].predict_proba(test)[:, 1]):.4f}")


if __name__ == "__main__":
    import sys

    main(sys.argv[1])
