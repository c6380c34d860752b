"""NannyML's estimates by chunk, and what labels show: run by its own interpreter.

Writes into the folder that is its argument both sets as CSV, and `found.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nannyml
import pandas as pd

CHUNK = 6_000
CLASS_PREFIX = "y_pred_proba_"


def main() -> None:
    """Both sets, one after the other."""
    folder = Path(sys.argv[1])
    pd.options.future.infer_string = False  # NannyML 0.13.1 knows no other strings
    found = {"cars": _cars(folder), "cards": _cards(folder)}
    (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")


def _cars(folder: Path) -> dict[str, dict[str, list[float]]]:
    reference, analysis, labels = nannyml.load_synthetic_car_price_dataset()
    analysis = analysis.assign(y_true=labels["y_true"].to_numpy())
    _write(folder, "cars", reference, analysis)
    others = {"id", "y_pred", "y_true", "timestamp"}
    roles = {"y_pred": "y_pred", "y_true": "y_true", "timestamp_column_name": "timestamp"}
    asked = {**roles, "metrics": ["mae", "rmse"], "chunk_size": CHUNK}
    features = [name for name in reference.columns if name not in others]
    estimator = nannyml.DLE(feature_column_names=features, **asked).fit(reference)
    calculator = nannyml.PerformanceCalculator(problem_type="regression", **asked).fit(reference)
    names = {"mae": "mae", "rmse": "rmse"}
    return _values(estimator.estimate(analysis), calculator.calculate(analysis), names)


def _cards(folder: Path) -> dict[str, dict[str, list[float]]]:
    reference, analysis, labels = nannyml.load_synthetic_multiclass_classification_dataset()
    analysis = analysis.merge(labels, on="id")
    _write(folder, "cards", reference, analysis)
    columns = [name for name in reference.columns if name.startswith(CLASS_PREFIX)]
    asked = {
        "y_pred_proba": {name.removeprefix(CLASS_PREFIX): name for name in columns},
        "y_pred": "y_pred",
        "y_true": "y_true",
        "timestamp_column_name": "timestamp",
        "problem_type": "classification_multiclass",
        "metrics": ["accuracy", "f1", "roc_auc"],
        "chunk_size": CHUNK,
    }
    estimator = nannyml.CBPE(**asked).fit(reference)
    calculator = nannyml.PerformanceCalculator(**asked).fit(reference)
    names = {"accuracy": "accuracy", "f1": "macro_f1", "roc_auc": "roc_auc_ovr"}
    return _values(estimator.estimate(analysis), calculator.calculate(analysis), names)


def _write(folder: Path, name: str, reference: pd.DataFrame, analysis: pd.DataFrame) -> None:
    reference.to_csv(folder / f"{name}_reference.csv", index=False)
    analysis.to_csv(folder / f"{name}_analysis.csv", index=False)


def _values(
    estimated: nannyml.base.AbstractResult, realised: nannyml.base.AbstractResult, names: dict
) -> dict[str, dict[str, list[float]]]:
    """By metric: estimated and realised values of the chunks."""
    sides = {"expected": estimated, "realised": realised}
    frames = {side: one.filter(period="analysis").to_df() for side, one in sides.items()}
    return {
        ours: {side: frame[theirs, "value"].tolist() for side, frame in frames.items()}
        for theirs, ours in names.items()
    }


if __name__ == "__main__":
    main()
