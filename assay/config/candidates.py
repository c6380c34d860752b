"""How models are trained: the split, the search of hyper-parameters, the candidates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_validator,
)

from assay.config.section import ColumnName, Fraction, NonEmptyText, Section, as_tuples


class Split(Section):
    """Which rows are locked away for the test. A test row stays one when the data grow."""

    test: Fraction = 0.2
    by: Literal["identity", "time", "group"] = "identity"
    column: str | None = None
    """For time: the date or number that orders the rows. For group: the column whose rows stay
    together.
    """
    after: str | float | None = None
    """For time: the first moment of the test rows. Left out: the newest share is taken."""

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
    """For the random method: the number of combinations that are tried."""
    jobs: Annotated[int, Field(ge=1)] | None = None
    """Number of parallel processes. Left out: the number of processors, and one for tables of more
    than 1,000 columns, of which each process would hold copies.
    """


Constraint = Literal[
    "demographic_parity",
    "true_positive_rate_parity",
    "true_negative_rate_parity",
    "false_positive_rate_parity",
    "false_negative_rate_parity",
    "error_rate_parity",
    "equalized_odds",
    "bounded_group_loss",
]
Strength = Annotated[float, Field(gt=0, le=1)]

THRESHOLD_OPTIMIZER = "fairlearn.postprocessing.ThresholdOptimizer"
EXPONENTIATED_GRADIENT = "fairlearn.reductions.ExponentiatedGradient"
GRID_SEARCH = "fairlearn.reductions.GridSearch"
REWEIGHING = "assay.reweighing"
CLASS_THRESHOLDS = "assay.class_thresholds"
REDUCTIONS = (EXPONENTIATED_GRADIENT, GRID_SEARCH)

_REDUCIBLE: tuple[Constraint, ...] = (
    "demographic_parity",
    "true_positive_rate_parity",
    "false_positive_rate_parity",
    "error_rate_parity",
    "equalized_odds",
)
GROUP_LOSS: Constraint = "bounded_group_loss"
"""Of amounts; the other constraints are about decisions."""
CONSTRAINTS_BY_METHOD: dict[str, tuple[Constraint, ...]] = {
    THRESHOLD_OPTIMIZER: tuple(
        c for c in get_args(Constraint) if c not in {"error_rate_parity", GROUP_LOSS}
    ),
    EXPONENTIATED_GRADIENT: _REDUCIBLE,
    GRID_SEARCH: (*_REDUCIBLE, GROUP_LOSS),
    REWEIGHING: ("demographic_parity",),
    CLASS_THRESHOLDS: ("demographic_parity",),
}


class Mitigation(Section):
    """A method that trades accuracy for smaller gaps between groups."""

    method: Literal[
        "fairlearn.postprocessing.ThresholdOptimizer",
        "fairlearn.reductions.ExponentiatedGradient",
        "fairlearn.reductions.GridSearch",
        "assay.reweighing",
        "assay.class_thresholds",
    ]
    """A threshold for each group, which needs the group of everyone who is decided about; or
    training under a constraint, or on reweighted rows (Kamiran & Calders 2012), which does not.
    These three need an estimator that takes sample_weight. Of several classes:
    assay.class_thresholds (a threshold for each class and group), or assay.reweighing. Of amounts:
    GridSearch with bounded_group_loss.
    """
    by: Annotated[
        tuple[ColumnName, ...],
        BeforeValidator(as_tuples, json_schema_input_type=str | tuple[str, ...]),
        Field(min_length=1),
    ]
    """The sensitive column whose gap is to shrink. Several mean their intersection."""
    constraint: Annotated[Constraint | None, Field(validate_default=True)] = None
    """What is to be equal for all groups. Reweighing and class thresholds support only demographic
    parity. bounded_group_loss: the squared error of the group that is worst off is to fall.
    """
    strength: Annotated[
        tuple[Strength, ...],
        BeforeValidator(as_tuples, json_schema_input_type=float | tuple[float, ...]),
        Field(min_length=1),
    ] = (1.0,)
    """The share of the gap that is to be closed. Each of several values makes a candidate."""
    max_iter: Annotated[int, Field(ge=1, le=200)] = 10
    """For the reductions: iterations of ExponentiatedGradient, with about two fits each (nine at
    the most), or the fits of GridSearch.
    """

    @field_validator("constraint")
    @classmethod
    def _is_known(cls, constraint: Constraint | None, info: ValidationInfo) -> Constraint | None:
        method = info.data.get("method")
        if method is None or (constraint is None and method in {REWEIGHING, CLASS_THRESHOLDS}):
            return constraint
        if constraint not in CONSTRAINTS_BY_METHOD[method]:
            raise ValueError(f"{method} takes one of {', '.join(CONSTRAINTS_BY_METHOD[method])}")
        return constraint

    @field_validator("by", "strength")
    @classmethod
    def _distinct(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(set(values)) < len(values):
            raise ValueError("each may stand here once")
        return values

    @model_validator(mode="after")
    def _iterates(self) -> Mitigation:
        if "max_iter" in self.model_fields_set and self.method not in REDUCTIONS:
            raise ValueError(f"{self.method} has no use for max_iter")
        return self

    @property
    def trains_on_weights(self) -> bool:
        """Whether the method trains on weighted rows."""
        return not self.decides_by_group

    @property
    def decides_by_group(self) -> bool:
        """Whether decisions depend on the group of whoever is decided about."""
        return self.method in {THRESHOLD_OPTIMIZER, CLASS_THRESHOLDS}

    @property
    def title(self) -> str:
        """The method's name, with the strength if it is not the full one."""
        (strength,) = self.strength
        name = self.method.rpartition(".")[2]
        return name if strength == 1 else f"{name} at {strength:g}"


def code_roots(import_paths: Iterable[str], depends: Iterable[str]) -> tuple[str, ...]:
    """The modules of import paths (`drop`, `passthrough` have none), and declared dependencies."""
    modules = [path.rpartition(".")[0] for path in import_paths if "." in path]
    return tuple(dict.fromkeys([*modules, *depends]))


class Candidate(Section):
    """One way to answer the question: an estimator, its search space, its mitigation."""

    name: str | None = None
    """Name for people. Left out: the estimator's class name."""
    estimator: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")]
    """Import path of any classifier that follows scikit-learn's conventions, also your own."""
    params: dict[str, JsonValue] = {}
    search: dict[str, Annotated[tuple[JsonValue, ...], Field(min_length=1)]] = {}
    preprocess: dict[str, Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]] = {}
    """Transformers by column (import path, drop or passthrough), where the default won't do."""
    calibrate: Literal["sigmoid", "isotonic", "none"] = "sigmoid"
    """How scores are calibrated to probabilities."""
    mitigate: Mitigation | None = None
    depends: tuple[NonEmptyText, ...] = ()
    """What your own estimator reads, or imports by a computed name: modules, files or folders
    (relative to the working folder). If they change, the candidate is trained again.
    """

    def code_roots(self) -> tuple[str, ...]:
        """The roots of the candidate's code: the modules of its import paths, and `depends`."""
        return code_roots([self.estimator, *self.preprocess.values()], self.depends)

    def expand_strengths(self) -> tuple[Candidate, ...]:
        """The candidate once for each strength of its mitigation; itself if it has only one."""
        if self.mitigate is None or len(self.mitigate.strength) == 1:
            return (self,)
        ways = [self.mitigate.model_copy(update={"strength": (s,)}) for s in self.mitigate.strength]
        return tuple(self.model_copy(update={"mitigate": way}) for way in ways)

    @property
    def title(self) -> str:
        """The display name. Only for candidates with at most one strength: expand others first."""
        if self.mitigate is None:
            return self.name or self._estimator_name
        if self.name is None:
            return f"{self._estimator_name} + {self.mitigate.title}"
        (strength,) = self.mitigate.strength
        return self.name if strength == 1 else f"{self.name} at {strength:g}"

    @property
    def _estimator_name(self) -> str:
        return self.estimator.rpartition(".")[2]
