"""What people ask of each gate. A gate reads its own section and nothing else."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from assay.config.section import Duration, Fraction, Positive, Section, Text

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
