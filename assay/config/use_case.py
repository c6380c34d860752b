"""A use case: one question, its data, its people, its gates, its candidates.

Every model is strict (no silent conversion), frozen, and refuses keys it does not know. Each
stage reads its own slice and nothing else, because the slice is part of the step's memo key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from assay.config.data import Data
from assay.config.section import Duration, Fraction, Name, Positive, Section, Text

# Performance metrics. Those in `LOWER_IS_BETTER` are losses.
Score = Literal[
    "roc_auc",
    "average_precision",
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "log_loss",
    "brier",
    "cost",
]
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "cost"})

# Fairlearn's names. Each is a share of rows, so that Wilson's and Newcombe's intervals apply.
Rate = Literal[
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "true_negative_rate",
    "false_negative_rate",
    "accuracy_score",
    "precision_score",
]


class Expectation(Section):
    """One rule for the data, in Great Expectations' own words."""

    type: Text
    kwargs: dict[str, JsonValue] = {}
    severity: Literal["critical", "warning", "info"] = "critical"
    """A broken critical rule stops the run; others are a caution."""
    because: str = ""


class Feasibility(Section):
    """What the data must be able to bear before training begins."""

    reach: dict[Score, float] = {}
    """Scores that the model is meant to reach."""
    lift: Annotated[float, Field(ge=0, lt=0.5)] = 0.01
    """ROC AUC above chance that the data must show at the least."""
    within: Duration = 30.0
    """Time the gate may take; kept by sampling rows, and said so in the report."""
    leak: Annotated[float, Field(gt=0.5, le=1)] = 0.95
    """Single-column ROC AUC whose lower bound above this is taken for leakage."""
    overlap: Fraction = 0.01
    """Share of test rows that may also stand in the training rows."""


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


class Cost(Section):
    """What each kind of error costs, in any one unit. Sets the decision threshold."""

    false_positive: Positive = 1.0
    false_negative: Positive = 1.0


class Performance(Section):
    """What a model must achieve on the locked test rows."""

    choose_by: Score = "roc_auc"
    """Ranks candidates, by cross-validation on the training rows."""
    beat: dict[Literal["dummy", "champion"], float] = {"dummy": 0.0}
    """By how much `choose_by` must be better, at the least, than a dummy and the champion."""
    at_least: dict[Score, float] = {}
    """Limits for single metrics (at most, for losses)."""
    cost: Cost = Cost()


class Fairness(Section):
    """One limit that people set on a gap between groups, and why."""

    metric: Rate
    by: Annotated[tuple[str | tuple[str, ...], ...], Field(min_length=1)]
    """Sensitive columns; a list within the list means their intersection."""
    tolerance: Fraction
    """The largest gap to the reference group that is accepted."""
    because: Text
    """Who agreed on the tolerance, and what a larger gap would do to people."""
    on_unknown: Literal["hold", "accept"] = "hold"
    """A group too small to judge: hold the model for a person's approval, or accept it."""

    def columns(self) -> list[str]:
        """The sensitive columns that the rule names, alone or in an intersection."""
        return [c for group in self.by for c in ((group,) if isinstance(group, str) else group)]


class Promotion(Section):
    """How a registered model becomes champion."""

    first: Literal["automatic", "approval"] = "approval"
    later: Literal["automatic", "approval"] = "approval"


class UseCase(Section):
    """One question from raw rows to a model that may be trusted."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    """Name of the model and its journal; the file's name when left out."""
    question: Text
    decision: Text
    """What is decided by the answer."""
    harm: Text
    """What a wrong answer does, and to whom."""
    owner: Text
    data: Data
    expectations: tuple[Expectation, ...] = ()
    feasibility: Feasibility = Feasibility()
    split: Split = Split()
    search: Search = Search()
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1)]
    performance: Performance = Performance()
    fairness: tuple[Fairness, ...] = ()
    promotion: Promotion = Promotion()
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0

    @model_validator(mode="after")
    def _distinct_candidates(self) -> UseCase:
        titles = [candidate.title for candidate in self.candidates]
        for title in titles:
            if titles.count(title) > 1:
                raise ValueError(f"two candidates are called {title!r}; give one a name")
        return self

    def features(self, columns: Sequence[str]) -> list[str]:
        """Those of the table's `columns` that a model may see, in the table's order."""
        data = self.data
        withheld = {data.target.column, *data.identity, *data.exclude, *data.after_outcome}
        withheld |= {name for name, group in data.sensitive.items() if not group.feature}
        if self.split.column:
            withheld.add(self.split.column)
        return [name for name in columns if name not in withheld]

    def roles(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Every place where the use case names a column: (path into the file, column name)."""
        data = self.data
        found: list[tuple[tuple[str | int, ...], str]] = [
            (("data", "target", "column"), data.target.column)
        ]
        for key in ("identity", "exclude", "after_outcome", "never_store"):
            found += [(("data", key, i), name) for i, name in enumerate(getattr(data, key))]
        for key in ("types", "categories", "dates", "sensitive"):
            found += [(("data", key, name), name) for name in getattr(data, key)]
        if self.split.column:
            found.append((("split", "column"), self.split.column))
        for i, candidate in enumerate(self.candidates):
            found += [
                (("candidates", i, "preprocess", name), name) for name in candidate.preprocess
            ]
        return found

    @model_validator(mode="after")
    def _groups_declared(self) -> UseCase:
        named = [column for rule in self.fairness for column in rule.columns()]
        named += [c.mitigate.by for c in self.candidates if c.mitigate]
        for column in named:
            if column not in self.data.sensitive:
                raise ValueError(f"{column!r} is used as a group, but not under data.sensitive")
        return self
