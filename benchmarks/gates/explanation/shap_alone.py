"""SHAP's TreeExplainer on the same rows: contributions to log odds, by encoded column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shap
from threadpoolctl import threadpool_limits

from benchmarks.gates.explanation.fitted import ASKED, FittedAdult, fit_adult


def prepare(folder: Path) -> FittedAdult:
    """The model."""
    return fit_adult(folder)


def work(_folder: Path, fitted: FittedAdult) -> str:
    """The mean absolute contribution of each encoded column."""
    prepare_rows, trees = fitted.model[:-1], fitted.model[-1]
    matrix = prepare_rows.transform(fitted.features.iloc[:ASKED])
    with threadpool_limits(limits=1):
        values = np.asarray(shap.TreeExplainer(trees).shap_values(matrix))
    size = np.abs(values).mean(axis=0)
    chief = int(size.argmax())
    name = prepare_rows.get_feature_names_out()[chief].rpartition("__")[2]
    return f"{name} {size[chief]:.3f} of log odds"
