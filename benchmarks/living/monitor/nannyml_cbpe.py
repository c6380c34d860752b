"""NannyML's CBPE, fitted on the reference before; all rows as one chunk."""

from __future__ import annotations

from pathlib import Path

import nannyml
import pandas as pd

_NAMES = ["predicted_probability", "prediction", "employed"]


def prepare(folder: Path) -> nannyml.CBPE:
    known = pd.read_parquet(folder / "reference.parquet", columns=_NAMES)
    return nannyml.CBPE(
        y_pred_proba="predicted_probability",
        y_pred="prediction",
        y_true="employed",
        problem_type="classification_binary",
        metrics=["roc_auc", "accuracy"],
        chunk_number=1,
    ).fit(known)


def work(folder: Path, estimator: nannyml.CBPE) -> str:
    rows = pd.read_parquet(folder / "rows.parquet", columns=_NAMES[:2])
    found = estimator.estimate(rows).filter(period="analysis").to_df(multilevel=True)
    auc, accuracy = (float(found[m]["value"].iloc[0]) for m in ("roc_auc", "accuracy"))
    return f"ROC AUC {auc:.4f}, accuracy {accuracy:.4f}"
