"""How well what a model sees tells the sensitive groups that it must not see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from assay.gates.explanation.explained_rows import ExplainedRows
from assay.gates.feasibility.encoded_features import encode_features
from assay.gates.statistics.auc import roc_auc
from assay.gates.statistics.intervals import Estimate, Floats

MIN_GROUP_ROWS: Final = 20
"""Rows of a group, and of all others, from which it is asked how well they are told apart."""
TELLS_ALONE: Final = 0.65
"""ROC AUC that a single column must surely reach to be named as a proxy."""
_TREES: Final = 30
_LEAF_ROWS: Final = 5
_CV: Final = 3
_MOST_SINGLE: Final = 8  # columns that are tried alone: those that the trees use most


@dataclass(frozen=True)
class ToldGroup:
    """How well all columns together tell one group from all others, out of fold."""

    group: str
    rows: int
    area: Estimate


@dataclass(frozen=True)
class Proxies:
    """What is known of one sensitive column. `told` is empty where its groups are too small.
    `columns`: those that tell a group by themselves, with the largest ROC AUC, the best first.
    """

    sensitive: str
    told: tuple[ToldGroup, ...]
    columns: Mapping[str, Estimate]

    @property
    def best(self) -> ToldGroup | None:
        """The group that is told best."""
        return max(self.told, key=lambda one: one.area.value, default=None)


def find_proxies(rows: ExplainedRows, sensitive: Sequence[str], *, seed: int = 0) -> list[Proxies]:
    """For each sensitive column, whose groups are columns of the stored predictions, how well the
    features without it tell its groups, and which do so alone.

    The learner is one forest of extremely randomised trees for all groups of a column
    (Geurts, Ernst & Wehenkel, Machine Learning 63 (2006)), cross-validated in three folds, of whole
    units where rows belong together. ROC AUCs are of one group against the rest, with DeLong's
    interval for given answers.
    """
    units = None if rows.clusters is None else rows.clusters.codes
    found = []
    for name in sensitive:
        if name not in rows.predictions:
            continue
        features = rows.features.drop(columns=name, errors="ignore")
        labels = rows.predictions[name].astype(str).to_numpy()
        found.append(_proxies_of(name, features, labels, units, seed))
    return found


def _proxies_of(
    name: str, features: pd.DataFrame, labels: np.ndarray, units: Any, seed: int
) -> Proxies:
    values, rows = np.unique(labels, return_counts=True)
    large = [
        str(value)
        for value, count in zip(values, rows, strict=True)
        if min(count, len(labels) - count) >= MIN_GROUP_ROWS
    ]
    if not large or not features.shape[1]:
        return Proxies(name, (), {})
    classes = np.where(np.isin(labels, large), labels, _OTHERS)
    matrix = encode_features(features).matrix
    folds = list(_folds(classes, units, seed))
    probability, used = _answer_out_of_fold(_forest(seed), matrix, classes, folds)
    if len(probability) == 2:  # who tells one of two tells the other: the rarer one is shown
        rarer = min(large, key=lambda group: (int((labels == group).sum()), group))
        probability = {rarer: probability[rarer]}
    told = tuple(
        ToldGroup(group, int((labels == group).sum()), _area(labels == group, score, units))
        for group, score in probability.items()
        if group != _OTHERS
    )
    alone = {}
    for place in np.argsort(-used, kind="stable")[:_MOST_SINGLE].tolist():
        single, _ = _answer_out_of_fold(_tree(seed), matrix[:, [place]], classes, folds)
        areas = [_area(labels == g, s, units) for g, s in single.items() if g != _OTHERS]
        best = max(areas, key=lambda area: area.value)
        if best.interval.low is not None and best.interval.low >= TELLS_ALONE:
            alone[str(features.columns[place])] = best
    ordered = sorted(alone.items(), key=lambda item: (-item[1].value, item[0]))
    return Proxies(name, told, dict(ordered))


_OTHERS: Final = "\0others"  # groups that are too small, together


def _forest(seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(
        n_estimators=_TREES, min_samples_leaf=_LEAF_ROWS, max_features=0.5, random_state=seed
    )


def _tree(seed: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_leaf_nodes=16, min_samples_leaf=10, random_state=seed)


def _folds(classes: np.ndarray, units: Any, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if units is None:
        split = StratifiedKFold(_CV, shuffle=True, random_state=seed)
        yield from split.split(classes, classes)
    else:
        grouped = StratifiedGroupKFold(_CV, shuffle=True, random_state=seed)
        yield from grouped.split(classes, classes, units)


def _answer_out_of_fold(
    learner: Any, matrix: Floats, classes: np.ndarray, folds: Sequence[Any]
) -> tuple[dict[str, Floats], Floats]:
    """Each group's probability a row, by models that have not seen it, and how much they used each
    column (mean decrease of impurity).
    """
    from sklearn.base import clone

    groups = [str(group) for group in np.unique(classes)]
    found = {group: np.zeros(len(classes)) for group in groups}
    used = np.zeros(matrix.shape[1])
    for training, held_out in folds:
        fitted = clone(learner).fit(matrix[training], classes[training])
        answers = fitted.predict_proba(matrix[held_out])
        for place, group in enumerate(fitted.classes_):
            found[str(group)][held_out] = answers[:, place]
        used += fitted.feature_importances_
    return found, used


def _area(truth: np.ndarray, score: Floats, units: Any) -> Estimate:
    return roc_auc(truth, np.round(score, 12), units=units)
