"""Which estimators answer which of several."""

from __future__ import annotations

from typing import Any

from assay.config.candidates import Candidate
from assay.errors import ConfigError
from assay.learning.estimators import FieldLocator, require_classifier


def require_class_estimator(
    estimator: Any, candidate: Candidate, path: tuple[str | int, ...], locate: FieldLocator
) -> None:
    """Raise ConfigError for what is no classifier of more than two classes with scores, or asks for
    probabilities that it does not give.
    """
    from sklearn.utils import get_tags

    require_classifier(estimator, candidate, path, locate, "asks which of several")
    tags = get_tags(estimator).classifier_tags
    if tags is not None and not tags.multi_class:
        raise ConfigError(
            f"{candidate.estimator} tells two classes apart, not several",
            where=locate((*path, "estimator")),
            remedy="Name another classifier, such as"
            " sklearn.ensemble.HistGradientBoostingClassifier.",
        )
