"""The use case's settings for each gate. A gate reads only its own section."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from assay.config.section import (
    Duration,
    Fraction,
    NonEmptyText,
    PositiveNumber,
    Section,
    Size,
    as_tuples,
)

# Performance metrics of each problem type. Those in `LOWER_IS_BETTER` are losses.
BinaryMetric = Literal[
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
MulticlassMetric = Literal[
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "weighted_f1",
    "log_loss",
    "brier",
    "roc_auc_ovr",
    "roc_auc_ovo",
    "top_2_accuracy",
    "quadratic_kappa",
    "cost",
]
RegressionMetric = Literal[
    "mae",
    "rmse",
    "median_absolute_error",
    "r2",
    "mean_error",
    "pinball_loss",
    "cost",
]
PerformanceMetric = Literal[BinaryMetric, MulticlassMetric, RegressionMetric]
LOWER_IS_BETTER = frozenset(
    {
        "log_loss",
        "brier",
        "cost",
        "mae",
        "rmse",
        "median_absolute_error",
        "mean_error",
        "pinball_loss",
    }
)

# Metrics compared between groups, by Fairlearn's names. Shares of rows:
RateMetric = Literal[
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "true_negative_rate",
    "false_negative_rate",
    "accuracy_score",
    "zero_one_loss",
    "precision_score",
]
# Other metrics of decisions, and metrics of probabilities and amounts. `calibration_error` is the
# mean probability minus the observed share of positives; `mean_error`, of amounts, the mean
# prediction minus the mean outcome; `interval_coverage` the share of outcomes within the interval.
FairnessMetric = Literal[
    RateMetric,
    "balanced_accuracy_score",
    "f1_score",
    "mean_prediction",
    "calibration_error",
    "roc_auc_score",
    "log_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "r2_score",
    "mean_error",
    "root_mean_squared_error",
    "interval_coverage",
]
# Other names, and criteria that hold several metrics to one limit.
MetricFamily = Literal["recall_score", "demographic_parity", "equal_opportunity", "equalized_odds"]
METRIC_FAMILIES: dict[str, tuple[FairnessMetric, ...]] = {
    "recall_score": ("true_positive_rate",),
    "demographic_parity": ("selection_rate",),
    "equal_opportunity": ("true_positive_rate",),
    "equalized_odds": ("true_positive_rate", "false_positive_rate"),
}
# May be negative: without ratio.
SIGNED_METRICS = frozenset({"calibration_error", "r2_score", "mean_error"})


class Expectation(Section):
    """One rule for the data, in Great Expectations' own words."""

    type: NonEmptyText
    kwargs: dict[str, JsonValue] = {}
    severity: Literal["critical", "warning", "info"] = "critical"
    """A broken critical rule stops the run; any other is a caution."""
    because: str = ""


class Feasibility(Section):
    """Requirements that the data must meet before training begins."""

    reach: dict[PerformanceMetric, float] = {}
    """Scores that the model should reach."""
    lift: Annotated[float, Field(ge=0, lt=0.5)] = 0.05
    """The smallest useful ROC AUC above 0.5. Without a signal, the check fails if the rows would
    have shown this much, and is unknown if they are too few.
    """
    events: Annotated[int, Field(ge=20)] = 50
    """Rows of the rarer outcome below which the gate stops. Lower it to continue nevertheless."""
    within: Duration = 30.0
    """Time that the gate may take. It samples rows to keep to it, and the report says so."""
    leak: Annotated[float, Field(gt=0.5, le=1)] = 0.95
    """ROC AUC of a single column that counts as leakage if the interval's lower end is above it."""
    overlap: Fraction = 0.01
    """Share of test rows that may also be among the training rows."""
    noise: Fraction | None = None
    """Share of labels that may be wrong. Left out: what reach.accuracy leaves, if that is set."""
    horizon: PositiveNumber | None = None
    """How old a label may be and still be valid: in days if data.time is a date, otherwise in its
    units.
    """
    as_of: str | float | None = None
    """The moment from which ages count. Left out: that of the table's newest row."""


class ErrorCosts(Section):
    """The cost of each kind of error, in any one unit. Sets the decision threshold."""

    false_positive: PositiveNumber = 1.0
    false_negative: PositiveNumber = 1.0


_MOST_COST = 1e12
"""A cost beyond it overflows, or hides every other one in rounding."""
_MOST_RATIO = 1_000_000


class UnitCost(Section):
    """For amounts: what each unit of an error costs. If they differ, the answer is the quantile
    that costs least.
    """

    too_low: PositiveNumber = 1.0
    too_high: PositiveNumber = 1.0

    @model_validator(mode="after")
    def _moderate(self) -> UnitCost:
        ends = (self.too_low, self.too_high)
        if max(ends) > _MOST_COST or max(ends) > _MOST_RATIO * min(ends):
            raise ValueError(
                f"costs may be {_MOST_COST:g} at most, and one {_MOST_RATIO:,} times the other:"
                " rows cannot tell a rarer quantile"
            )
        return self

    @property
    def quantile(self) -> float:
        """The quantile whose expected cost is least: too_low / (too_low + too_high)."""
        return self.too_low / (self.too_low + self.too_high)


class Slices(Section):
    """How to search for the rows that a model serves worst, and when they are a caution."""

    rows: Annotated[int, Field(ge=40)] = 100
    """The least number of test rows that make a slice."""
    beyond_promise: Annotated[float, Field(ge=0)] = 0.25
    """By how much a slice's loss may exceed what the model's own probabilities imply there, as
    a share of the mean loss.
    """
    beyond_others: Annotated[float, Field(ge=0)] | None = None
    """By how much a slice's loss may exceed that of all other rows, as a share of the mean loss.
    Some rows are harder than others. Left out: the weakest slices are shown and not judged.
    """


class Abstain(Section):
    """For a yes or no: which rows a person decides. Either a `coverage`, from which the band of
    probabilities is learnt, or the two ends of the band.
    """

    coverage: Fraction | None = None
    """Of the rows of each outcome, the share that the machine decides rightly or leaves to a
    person.
    """
    no_below: Annotated[float, Field(ge=0, le=1)] | None = None
    """The machine says no only where the probability is below it."""
    yes_above: Annotated[float, Field(ge=0, le=1)] | None = None
    """The machine says yes only where the probability is above it."""
    gap: Fraction = 0.1
    """How far the share of a group that waits for a person may lie above that of everyone; more is
    a caution.
    """

    @model_validator(mode="after")
    def _one_rule(self) -> Abstain:
        ends = (self.no_below, self.yes_above)
        if self.coverage is not None and ends != (None, None):
            raise ValueError("set either a coverage, or no_below and yes_above")
        if self.coverage is None:
            if self.no_below is None or self.yes_above is None:
                raise ValueError("set a coverage, such as 0.9, or both no_below and yes_above")
            if self.no_below > self.yes_above:
                raise ValueError(
                    f"no_below is {self.no_below:g} and above yes_above, {self.yes_above:g}: a"
                    " probability between them would be a no and a yes"
                )
        return self

    @property
    def in_words(self) -> str:
        """Which rows, in a few words."""
        if self.coverage is None:
            return f"rows whose probability lies from {self.no_below:g} to {self.yes_above:g}"
        return (
            f"rows with no plausible answer or two, so that {self.coverage:g} of each outcome are"
            " decided rightly or left to a person"
        )

    def learning_settings(self) -> dict[str, Any]:
        """What decides which rows a person is sent, as JSON."""
        return self.model_dump(mode="json", exclude={"gap"}, exclude_none=True)


class Performance(Section):
    """What a model must achieve on the locked test rows."""

    choose_by: PerformanceMetric = "roc_auc"
    """Ranks candidates, by cross-validation on the training rows."""
    beat: dict[Literal["dummy", "champion"], float] = {"dummy": 0.0}
    """By how much, at least, `choose_by` must be better than a dummy and the champion."""
    at_least: dict[PerformanceMetric, float] = {}
    """Lower limits for single metrics (upper limits for losses)."""
    cost: ErrorCosts = ErrorCosts()
    cost_matrix: dict[str, dict[str, Annotated[float, Field(ge=0)]]] = {}
    """For several classes: what each error costs, by the true class and then the decided one, such
    as {killed: {none: 50}}. Left out: 1 for every error. A right decision costs nothing.
    """
    unit_cost: UnitCost = UnitCost()
    coverage: Fraction = 0.9
    """For several classes and amounts: the share of outcomes that the delivered set of classes, or
    the delivered interval, should hold.
    """
    regret: Fraction = 0.05
    """What another threshold may save before it is a caution, as a share of the cost of deciding
    without a model.
    """
    calibration_error: Fraction = 0.05
    """How far probabilities may lie from observed shares (root mean square); more is a caution."""
    slices: Slices = Slices()
    # Left out where unset: other use cases keep their keys and bytes.
    abstain: Annotated[Abstain | None, Field(exclude_if=lambda value: value is None)] = None
    """Which rows of a yes or no are sent to a person. Left out: none."""

    @model_validator(mode="after")
    def _moderate_costs(self) -> Performance:
        for truth, costs in self.cost_matrix.items():
            for decided, cost in costs.items():
                if not cost <= _MOST_COST:
                    raise ValueError(
                        f"cost_matrix.{truth}.{decided} is {cost:g}: costs may be {_MOST_COST:g} at"
                        " most; count them in a larger unit"
                    )
        return self

    def decision_settings(self) -> dict[str, Any]:
        """All that decides what a model answers, as JSON."""
        include = {"cost", "cost_matrix", "unit_cost", "coverage"}
        settings = self.model_dump(mode="json", include=include)
        if self.abstain is not None:
            settings["abstain"] = self.abstain.learning_settings()
        return settings

    def abstain_setting(self) -> dict[str, Any]:
        """The setting `abstain` as JSON, where there is one."""
        return self.model_dump(mode="json", include={"abstain"})

    @property
    def cost_declared(self) -> bool:
        """Whether the use case states the costs of errors, even if they are equal."""
        return "cost" in self.model_fields_set


class FlipLimits(Section):
    """Which share of answers may flip when each row's input is a little wrong. An amount flips if
    it moves by more than the model's mean absolute error. Shares without a limit are reported.
    """

    missing: Fraction | None = None
    """One value of each row is missing."""
    noise: Fraction | None = None
    """All numbers are off by a normal error of 5 % of their standard deviation."""
    typos: Fraction | None = None
    """One text of each row is mistyped, and so a value that the model never saw."""
    out_of_range: Fraction | None = None
    """One number of each row is beyond all that are known, by as much as they range."""


class TechnicalLimits(Section):
    """What a model may take to run, on the machine that trained it. Reported in any case."""

    row: Duration | None = None
    """Seconds for a single row, in 95 of 100 calls."""
    batch: PositiveNumber | None = None
    """Least rows per second if many are scored at once."""
    size: Size | None = None
    """Bytes of the stored model."""
    memory: Size | None = None
    """Peak memory of a batch in bytes, beyond the model and the rows."""
    flips: FlipLimits = FlipLimits()
    """How many answers may flip by faults in the input. The explanation gate judges it."""


class FairnessRule(Section):
    """One limit that people set on a gap between groups, and their reason."""

    metric: Literal[FairnessMetric, MetricFamily]
    """The compared metric, by Fairlearn's name. equalized_odds limits both the true and the false
    positive rate.
    """
    by: Annotated[
        tuple[str | tuple[str, ...], ...],
        BeforeValidator(as_tuples, json_schema_input_type=str | tuple[str | tuple[str, ...], ...]),
        Field(min_length=1),
    ]
    """Sensitive columns, or one; a list within the list means their intersection."""
    classes: tuple[str, ...] = ()
    """For several classes: those whose one-against-the-rest metrics are compared. Left out: all."""
    tolerance: PositiveNumber | None = None
    """The largest accepted difference to the reference group: a share, or in the target's unit."""
    ratio: Fraction | None = None
    """Instead of a tolerance: 0.8 accepts four fifths to five quarters of the reference's value."""
    because: NonEmptyText
    """Who agreed on the limit, and what a larger gap would do to people."""
    on_unknown: Literal["hold", "accept"] = "hold"
    """For a group too small to judge: hold the model for a person's approval, or accept it."""

    @model_validator(mode="after")
    def _one_limit(self) -> FairnessRule:
        if (self.tolerance is None) == (self.ratio is None):
            raise ValueError("set either a tolerance or a ratio")
        if self.ratio is not None and self.metric in SIGNED_METRICS:
            raise ValueError(f"{self.metric} may be negative and has no ratio; set a tolerance")
        return self

    @property
    def metrics(self) -> tuple[FairnessMetric, ...]:
        """The metrics that the rule limits: several, if it names a criterion."""
        return METRIC_FAMILIES.get(self.metric, (cast(FairnessMetric, self.metric),))

    @property
    def limit_text(self) -> str:
        """The limit in words: "within 0.1 of", or "0.8 to 1.25 times", the reference's value."""
        if self.ratio is None:
            return f"within {self.tolerance:g} of"
        return f"{self.ratio:g} to {1 / self.ratio:.4g} times"

    def difference_at(self, value: float) -> float:
        """The limit as a difference, if the reference has this `value`; used for planning."""
        if self.tolerance is not None:
            return self.tolerance
        assert self.ratio is not None, "one of the two is set"
        return (1 - self.ratio) * value

    def sensitive_columns(self) -> list[str]:
        """The sensitive columns that the rule names, alone or in an intersection."""
        return [c for group in self.by for c in ((group,) if isinstance(group, str) else group)]


# Metrics that can be estimated without labels: from calibrated probabilities, or for amounts from
# a model of the error.
EstimableMetric = Literal[
    "roc_auc",
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "specificity",
    "f1",
    "macro_f1",
    "roc_auc_ovr",
    "mae",
    "rmse",
]


class DriftSettings(Section):
    """How far data may move from a reference before it counts, and what counts as harm."""

    effect: Fraction = 0.1
    """Jensen-Shannon distance (0 to 1) from which a column's shift counts."""
    level: Fraction = 0.05
    """Accepted share of false alarms among the columns that are reported as shifted."""
    metrics: Annotated[tuple[EstimableMetric, ...], Field(min_length=1)] = ("roc_auc", "accuracy")
    """Metrics whose expected value is estimated without labels; the first ranks the columns."""
    margin: Fraction = 0.05
    """The accepted drop of such a metric."""
    confidence: Fraction = 0.95
    """Confidence that a metric fell by more, over all metrics and groups together."""
    unseen: Fraction = 0.1
    """Share of rows with values that the reference never held, above which the expected performance
    is not relied on.
    """
    separable: Annotated[float, Field(gt=0.5, lt=1)] = 0.6
    """Accepted ROC AUC of a classifier that separates current rows from the reference's."""
    rows: Annotated[int, Field(ge=20)] = 100
    """Fewer rows than this, on either side, are not judged."""
    order: Literal["meaningful", "arbitrary"] = "meaningful"
    """Whether neighbouring rows may be correlated (a day, a place, a household). Then a shift must
    be larger than the differences between stretches of the reference.
    """
