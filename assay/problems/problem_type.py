"""What every stage asks of a problem type, and nothing else about it.

Stages do not branch on the type of a question: they ask the object that stands for it. A type is a
package with one such object, and whoever writes a fourth edits nothing here (see `lookup`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # light for the command line: what a type needs it imports when it is asked
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from assay.config.candidates import Candidate
    from assay.config.data import Sensitive, Target
    from assay.config.gates import FairnessRule
    from assay.config.row_weight import RowWeight
    from assay.config.use_case import UseCase
    from assay.dataset.row_source import RowSource
    from assay.gates.candidates.frontier import CandidateFrontier
    from assay.gates.drift.prediction_harm import DriftObservations, PredictionHarm
    from assay.gates.drift.scored_rows import ColumnRoles
    from assay.gates.explanation.answer_scale import AnswerScale
    from assay.gates.monitoring.group_comparison import GroupComparison
    from assay.gates.report import Check, Report
    from assay.gates.shadow.rows import ShadowRows
    from assay.learning.estimators import FieldLocator
    from assay.learning.learning_problem import FitProgress
    from assay.learning.train import TrainedCandidate
    from assay.problems.answer_comparison import AnswerComparison, AnswerPair
    from assay.problems.explained_answer import ExplainedAnswer
    from assay.problems.outcome_format import OutcomeFormat
    from assay.tables.table import Table

Say = Callable[[str], object]


Fact = tuple[str, ...]
"""A sentence in parts: words, a name from the use case, words, a name, and so on."""


@dataclass(frozen=True)
class RowSplit:
    """Which rows are locked away. `test` is bool, one entry a row; `sides` counts both sides, as
    JSON; `lines` tell people of it, and `warnings` what to mind.
    """

    test: np.ndarray
    sides: dict[str, Any]
    lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeldOutAnswers:
    """A candidate's answers to the training rows, by models that were not fitted to them, and what
    training said `about` it.
    """

    title: str
    held_out: pd.DataFrame
    about: dict[str, Any]


@dataclass(frozen=True)
class TestRows:
    """What a gate knows of the locked test rows beside a candidate's answers to them.

    Everything is in the order of the answers. `champion` holds that model's answers to the same
    rows. `newest` marks the rows that came since it was trained, and `challenger_number` counts the
    models that were compared with it, from 1. `units` says which rows belong together, and by its
    name of what they are.
    """

    features: pd.DataFrame | None = None
    units: pd.Series | None = None
    champion: pd.DataFrame | None = None
    newest: np.ndarray | None = None
    challenger_number: int = 1


@dataclass(frozen=True)
class StoredSearch:
    """What a search handed over: the JSON `tried`, and the frame `scores`."""

    tried: dict[str, Any]
    scores: pd.DataFrame


_MOST_LISTED = 12


def listed(names: Sequence[str]) -> str:
    """Names with commas; of many, the first and how many more there are."""
    more = f" and {len(names) - _MOST_LISTED:,} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(names[:_MOST_LISTED]) + more


def describe_calibration(candidate: Candidate) -> str:
    """Whose probabilities a candidate gives."""
    if candidate.calibrate == "none":
        return "as the estimator gives them"
    return f"calibrated ({candidate.calibrate})"


@dataclass(frozen=True)
class AuditRequest:
    """What is to be compared in a file of predictions made anywhere: columns, groups and limits.

    `probabilities` are the words of that option, as a type reads them. `count` is the column of how
    many rows each row stands for, `weight` that of how much each counts, and `unit` what amounts
    are counted in. `target` is that of the use case, where there is one. `by` are the divisions to
    table; None for all.
    """

    truth: str
    prediction: str
    sensitive: Mapping[str, Sensitive]
    rules: Sequence[FairnessRule]
    by: Sequence[str | tuple[str, ...]] | None = None
    probabilities: tuple[str, ...] = ()
    count: str | None = None
    weight: RowWeight | None = None
    positive: str | None = None
    unit: str | None = None
    target: Target | None = None
    seed: int = 0


class SearchResult(Protocol):
    """What a search hands over to training: JSON, and a frame with one row a training row."""

    def as_json(self) -> dict[str, Any]: ...

    def frame(self) -> pd.DataFrame: ...


class ProblemType(Protocol):
    """One type of question."""

    @property
    def name(self) -> str:
        """As `Target.problem_type` says it."""

    @property
    def question(self) -> str:
        """What is asked, in a few words for people: "yes or no"."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The performance metrics that it has, by their names in a use case."""

    @property
    def fairness_metrics(self) -> tuple[str, ...]:
        """The metrics that its fairness rules may limit."""

    @property
    def unit_metrics(self) -> tuple[str, ...]:
        """Those of `fairness_metrics` that are counted in the target's unit; others are shares."""

    @property
    def estimable_metrics(self) -> tuple[str, ...]:
        """The metrics that can be estimated without labels."""

    @property
    def has_class_probabilities(self) -> bool:
        """Whether an answer holds a probability for each of several classes."""

    @property
    def estimates_chunks(self) -> bool:
        """Whether `estimate_performance` also tells of chunks of current rows."""

    @property
    def mitigations(self) -> Mapping[str, tuple[str, ...]]:
        """The methods that make gaps between groups smaller, with the constraints of each."""

    @property
    def has_weights(self) -> bool:
        """Whether its learning and its gates count rows by `data.weight`."""

    @property
    def has_monitoring(self) -> bool:
        """Whether looks at a champion judge its answers."""

    @property
    def has_shadow(self) -> bool:
        """Whether `judge_shadow` compares a challenger's answers with the champion's."""

    @property
    def code(self) -> Mapping[str, str]:
        """For each stage the module whose code does its work: part of the stage's key."""

    def check_target(self, column: pa.ChunkedArray, target: Target) -> None:
        """Raise DataError for outcomes that cannot be learnt."""

    def answer_columns(self, target: Target) -> Mapping[str, str]:
        """The columns of an answer that looks and comparisons in shadow read, with their kinds (see
        `tables.columns`).
        """

    def answer_roles(self, target: Target, columns: Mapping[str, str]) -> ColumnRoles:
        """What the drift gate takes these columns for. `columns`: what `answer_columns` and `truth`
        are called in a table.
        """

    def group_comparison(
        self, target: Target, columns: Mapping[str, str]
    ) -> GroupComparison | None:
        """How looks at a champion judge fairness rules, where labels have come; None where they do
        not. `columns` as for `answer_roles`.
        """

    def outcome_format(self, target: Target) -> OutcomeFormat:
        """How outcomes are held that arrive after their rows."""

    def explained_answer(self, target: Target) -> ExplainedAnswer:
        """What of an answer its reasons explain."""

    def check_outcomes(self, rows: RowSource, target: Target) -> Check:
        """The validation gate's check of the outcomes."""

    def check_candidates(self, use_case: UseCase, locate: FieldLocator) -> None:
        """Raise ConfigError for candidates, metrics and rules that do not fit the question."""

    def collect_findings(self, table: Table, use_case: UseCase, *, say: Say) -> dict[str, Any]:
        """What the feasibility gate measures, apart from fairness rules, as JSON."""

    def judge_feasibility(self, found: dict[str, Any], table: Table, use_case: UseCase) -> Report:
        """The feasibility gate's report, from what `collect_findings` gave."""

    def split_rows(self, table: Table, use_case: UseCase) -> RowSplit:
        """Divide the rows into training and test. Raises DataError."""

    def search_candidate(
        self,
        table: Table,
        test: np.ndarray,
        candidate: Candidate,
        use_case: UseCase,
        *,
        say: FitProgress,
        locate: FieldLocator,
    ) -> SearchResult:
        """Choose the candidate's parameters on the training rows. Raises ConfigError, DataError."""

    def train_candidate(
        self,
        table: Table,
        test: np.ndarray,
        candidate: Candidate,
        use_case: UseCase,
        search: StoredSearch,
        *,
        say: FitProgress,
        locate: FieldLocator,
    ) -> TrainedCandidate:
        """Fit with the parameters that the search found, and answer the test rows. Raises as
        `search_candidate` does.
        """

    def rank_candidates(
        self, answers: Sequence[HeldOutAnswers], use_case: UseCase
    ) -> CandidateFrontier:
        """The order in which candidates are tried, from training rows alone."""

    def trade_off_metric(self, use_case: UseCase) -> str:
        """The performance metric that pictures set against the gaps between groups."""

    def outcome_facts(self, target: Target) -> dict[str, Fact]:
        """What a model card says of the outcomes, by its titles."""

    def answer_facts(self, use_case: UseCase, candidate: Candidate) -> dict[str, Fact]:
        """What a model card says of how answers are made: probabilities, costs, intervals."""

    def judge_performance(
        self,
        answers: pd.DataFrame,
        use_case: UseCase,
        about: dict[str, Any],
        rows: TestRows,
        *,
        subject: str,
    ) -> Report:
        """Judge answers to the test rows. `about`: what training said of the candidate."""

    def audit_fairness(
        self,
        answers: pd.DataFrame,
        use_case: UseCase,
        *,
        subject: str,
        units: pd.Series | None = None,
        declarations: Sequence[Check] = (),
    ) -> Report:
        """Compare groups. `declarations` are checks of what the use case declares."""

    def answer_scale(self, use_case: UseCase) -> AnswerScale:
        """How the explanation gate reads answers. A type whose `code` names no stage `explain` is
        not asked, and its models are not explained.
        """

    def find_missing_answers(self, roles: ColumnRoles) -> str | None:
        """What else has to be named before performance can be estimated from columns with these
        roles, in a sentence; None where nothing is missing, or no performance was asked for.
        """

    def estimate_performance(self, seen: DriftObservations) -> PredictionHarm:
        """Whether what the drift gate saw harms the predictions: expected performance without
        labels, and realised performance where labels came. Raises DataError for columns that hold
        no answers.
        """

    def judge_shadow(self, seen: ShadowRows, use_case: UseCase) -> Report:
        """Compare a challenger's answers with the champion's to the same rows, of which some may
        have labels.
        """

    def audit_file(self, frame: pd.DataFrame, request: AuditRequest, *, subject: str) -> Report:
        """Compare groups in predictions made anywhere. Raises ConfigError, DataError."""

    def compare_answers(
        self, pair: AnswerPair, use_case: UseCase, *, distance: float | None = None
    ) -> AnswerComparison:
        """Compare two models' answers to the same test rows, judged as `use_case` judges.
        `distance`, in the target's unit: how far an amount must move to count as another answer.

        Raises DataError for what holds no answers to this question or cannot be told apart, and
        ConfigError for a distance where answers are no amounts.
        """
