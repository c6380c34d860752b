"""`permutation_importance` alone: single columns, the spread of three repeats, no intervals."""

from __future__ import annotations

from pathlib import Path

from sklearn.inspection import permutation_importance
from threadpoolctl import threadpool_limits

from benchmarks.gates.explanation.fitted import ASKED, SEED, FittedAdult, fit_adult


def prepare(folder: Path) -> FittedAdult:
    """The model."""
    return fit_adult(folder)


def work(_folder: Path, fitted: FittedAdult) -> str:
    """As many rows and repeats as Assay's."""
    rows = fitted.features.iloc[:ASKED]
    with threadpool_limits(limits=1):
        found = permutation_importance(
            fitted.model,
            rows,
            fitted.truth[:ASKED],
            scoring="roc_auc",
            n_repeats=3,
            random_state=SEED,
        )
    chief = int(found.importances_mean.argmax())
    return f"{rows.columns[chief]} {found.importances_mean[chief]:.3f}"
