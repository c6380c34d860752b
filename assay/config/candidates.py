"""How models are made: which rows they learn from, what is searched, which candidates there are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from assay.config.section import Fraction, Name, Section


class Split(Section):
    """Which rows are locked away for the test. A test row stays one when the data grow."""

    test: Fraction = 0.2
    by: Literal["identity", "time", "group"] = "identity"
    column: str | None = None
    """For time: the date or number to order by. For group: whose rows stay together."""
    after: str | float | None = None
    """For time: the first moment of the test rows; left out, the newest share is taken."""

    @model_validator(mode="after")
    def _column_fits(self) -> Split:
        if (self.by == "identity") != (self.column is None):
            raise ValueError("a split by time or group names its column, one by identity does not")
        if self.after is not None and self.by != "time":
            raise ValueError("'after' belongs to a split by time")
        return self


class Search(Section):
    """How hyper-parameters are chosen."""

    method: Literal["grid", "random"] = "grid"
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    draws: Annotated[int, Field(ge=1)] = 20
    """For the random method: how many combinations are tried."""
    jobs: Annotated[int, Field(ge=1)] | None = None
    """Processes at once; as many as there are processors when left out."""


class Mitigation(Section):
    """A Fairlearn method that trades accuracy for smaller gaps between groups."""

    method: Literal["fairlearn.postprocessing.ThresholdOptimizer"]
    by: Name
    """The sensitive column whose gap is to shrink."""
    constraint: Literal[
        "demographic_parity",
        "true_positive_rate_parity",
        "false_positive_rate_parity",
        "equalized_odds",
    ]
    objective: Literal["accuracy_score", "balanced_accuracy_score"] = "accuracy_score"


class Candidate(Section):
    """One way to answer the question: an estimator, its search space, its treatment."""

    name: str | None = None
    """For people; the estimator's class name when left out."""
    estimator: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")]
    """Import path of any classifier that follows scikit-learn's conventions, your own included."""
    params: dict[str, JsonValue] = {}
    search: dict[str, Annotated[tuple[JsonValue, ...], Field(min_length=1)]] = {}
    preprocess: dict[str, Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]] = {}
    """Column to transformer (import path, or drop, or passthrough), where the default won't do."""
    calibrate: Literal["sigmoid", "isotonic", "none"] = "sigmoid"
    """How scores become probabilities that mean what they say."""
    mitigate: Mitigation | None = None

    def modules(self) -> tuple[str, ...]:
        """The modules that the candidate's own words import: a user's, or a library's."""
        paths = [self.estimator, *self.preprocess.values()]
        return tuple(dict.fromkeys(p.rpartition(".")[0] for p in paths if "." in p))

    @property
    def title(self) -> str:
        if self.name:
            return self.name
        plain = self.estimator.rpartition(".")[2]
        return f"{plain} + {self.mitigate.method.rpartition('.')[2]}" if self.mitigate else plain
