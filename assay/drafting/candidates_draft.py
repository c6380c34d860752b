"""Candidates that fit the number of rows and columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

FEW_ROWS: Final = 1_000  # below which boosted trees are kept small
MANY_COLUMNS: Final = 1_000  # beyond which one combination of trees is tried


@dataclass(frozen=True)
class DraftCandidate:
    """An estimator with its fixed parameters and the combinations to try, and why."""

    estimator: str
    reason: str
    params: dict[str, Any]
    search: dict[str, list[Any]]


def draft_candidates(problem_type: str, rows: int, columns: int) -> list[DraftCandidate]:
    """A linear model, which people can read, and boosted trees, which see interactions."""
    classifies = problem_type != "regression"
    linear = (
        DraftCandidate(
            "sklearn.linear_model.LogisticRegression",
            "linear: the simplest that may do",
            {"max_iter": 1000},
            {"C": [0.1, 1, 10]},
        )
        if classifies
        else DraftCandidate(
            "sklearn.linear_model.Ridge",
            "linear: the simplest that may do",
            {},
            {"alpha": [0.1, 1, 10]},
        )
    )
    leaves = [7, 15] if rows < FEW_ROWS else [15, 31]
    search: dict[str, list[Any]] = {"learning_rate": [0.05, 0.1], "max_leaf_nodes": leaves}
    if columns > MANY_COLUMNS:
        search = {"max_leaf_nodes": [leaves[0]]}
    kind = "Classifier" if classifies else "Regressor"
    small = f", small ones for {rows:,} rows" if rows < FEW_ROWS else ""
    trees = DraftCandidate(
        f"sklearn.ensemble.HistGradientBoosting{kind}",
        f"boosted trees: bends and interactions{small}",
        {},
        search,
    )
    return [linear, trees]


def count_fits(candidates: list[DraftCandidate], folds: int = 5) -> int:
    """How many fits the search takes."""
    total = 0
    for one in candidates:
        combinations = 1
        for values in one.search.values():
            combinations *= len(values)
        total += combinations * folds
    return total
