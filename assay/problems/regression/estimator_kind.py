"""Which estimators answer how much."""

from __future__ import annotations

from typing import Any

from assay.config.candidates import Candidate
from assay.errors import ConfigError
from assay.learning.estimators import FieldLocator, import_object


def require_regressor(
    estimator: Any, candidate: Candidate, path: tuple[str | int, ...], locate: FieldLocator
) -> None:
    """Raise ConfigError for what is no regressor, and for a calibration of probabilities."""
    from sklearn.base import is_regressor

    if not is_regressor(estimator):
        raise ConfigError(
            f"{candidate.estimator} is not a regressor",
            where=locate((*path, "estimator")),
            remedy=f"The question asks how much: {_regressor_text(candidate.estimator)}.",
        )
    if "calibrate" in candidate.model_fields_set and candidate.calibrate != "none":
        raise ConfigError(
            "calibrate is of probabilities, and an amount has none",
            where=locate((*path, "calibrate")),
            remedy="Leave it out.",
        )


def _regressor_text(named: str) -> str:
    """Which estimator to name: the regressor of that name, where there is one."""
    twin = named.removesuffix("Classifier").removesuffix("Regressor") + "Regressor"
    try:
        import_object(twin, ())
    except ConfigError:
        return "name a regressor, such as sklearn.ensemble.HistGradientBoostingRegressor"
    return f"name {twin}"
