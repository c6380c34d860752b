"""Yes or no, as the stages ask for it: by the gates of `assay.gates`, and `assay.learning`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, get_args

from assay.config.candidates import (
    CONSTRAINTS_BY_METHOD,
    EXPONENTIATED_GRADIENT,
    GRID_SEARCH,
    GROUP_LOSS,
    REWEIGHING,
    THRESHOLD_OPTIMIZER,
)
from assay.config.gates import BinaryMetric, RateMetric
from assay.problems.external_files import refuse_options, weigh_frame
from assay.problems.problem_type import (
    AuditRequest,
    Fact,
    HeldOutAnswers,
    ProblemType,
    RowSplit,
    Say,
    StoredSearch,
    TestRows,
    describe_calibration,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from assay.config.candidates import Candidate
    from assay.config.data import Target
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
    from assay.learning.search import SearchOutcome
    from assay.learning.train import TrainedCandidate
    from assay.problems.answer_comparison import AnswerComparison, AnswerPair
    from assay.problems.explained_answer import ExplainedAnswer
    from assay.problems.outcome_format import OutcomeFormat
    from assay.tables.table import Table


class Binary:
    """Yes or no."""

    name: Final = "binary"
    question: Final = "yes or no"
    metrics: Final[tuple[str, ...]] = get_args(BinaryMetric)
    fairness_metrics: Final[tuple[str, ...]] = (
        *get_args(RateMetric),
        "balanced_accuracy_score",
        "f1_score",
        "mean_prediction",
        "calibration_error",
        "roc_auc_score",
        "log_loss",
        "mean_absolute_error",
        "mean_squared_error",
        "r2_score",
    )
    unit_metrics: Final[tuple[str, ...]] = ()
    estimable_metrics: Final[tuple[str, ...]] = (
        "roc_auc",
        "accuracy",
        "balanced_accuracy",
        "precision",
        "recall",
        "specificity",
        "f1",
    )
    has_class_probabilities: Final = False
    estimates_chunks: Final = False
    mitigations: Final[Mapping[str, tuple[str, ...]]] = {
        method: tuple(one for one in CONSTRAINTS_BY_METHOD[method] if one != GROUP_LOSS)
        for method in (THRESHOLD_OPTIMIZER, EXPONENTIATED_GRADIENT, GRID_SEARCH, REWEIGHING)
    }
    has_weights: Final = True
    has_monitoring: Final = True
    has_shadow: Final = True
    code: Final[Mapping[str, str]] = {
        "target": "assay.dataset.target",
        "labels": "assay.problems.binary.outcome_format",
        "weigh": "assay.gates.feasibility.gate",
        "feasibility": "assay.gates.feasibility.gate",
        "split": "assay.learning.split",
        "search": "assay.learning.search",
        "train": "assay.problems.binary.training",
        "rank": "assay.gates.candidates.frontier",
        "evaluate": "assay.problems.binary.performance",
        "fairness": "assay.problems.binary.fairness",
        "explain": "assay.problems.binary.explanation",
        "monitor": "assay.gates.drift.binary_harm",
        "explained": "assay.problems.binary.explained_answer",
        "realised": "assay.gates.monitoring.group_comparison",
        "shadow": "assay.gates.shadow.gate",
    }

    def check_target(self, column: pa.ChunkedArray, target: Target) -> None:
        from assay.dataset.target import labels_from_column

        labels_from_column(column, target)

    def answer_columns(self, target: Target) -> Mapping[str, str]:  # noqa: ARG002 - all alike
        return {"probability": "number", "decision": "boolean"}

    def answer_roles(
        self,
        target: Target,  # noqa: ARG002 - all alike
        columns: Mapping[str, str],
    ) -> ColumnRoles:
        from assay.gates.drift.scored_rows import ColumnRoles

        return ColumnRoles(
            probability=columns["probability"],
            prediction=columns["decision"],
            truth=columns["truth"],
        )

    def group_comparison(
        self,
        target: Target,  # noqa: ARG002 - all alike
        columns: Mapping[str, str],
    ) -> GroupComparison | None:
        from assay.gates.monitoring.group_comparison import DecisionComparison

        return DecisionComparison(columns["truth"], columns["decision"], columns["probability"])

    def outcome_format(self, target: Target) -> OutcomeFormat:
        from assay.problems.binary.outcome_format import BinaryOutcomes

        return BinaryOutcomes(target)

    def explained_answer(self, target: Target) -> ExplainedAnswer:
        from assay.problems.binary.explained_answer import ExplainedDecision

        return ExplainedDecision(target)

    def check_outcomes(self, rows: RowSource, target: Target) -> Check:
        from assay.gates.validation.built_in_checks import check_binary_target

        return check_binary_target(rows, target)

    def check_candidates(self, use_case: UseCase, locate: FieldLocator) -> None:
        from assay.learning.estimators import check_candidates

        check_candidates(use_case, locate)

    def collect_findings(self, table: Table, use_case: UseCase, *, say: Say) -> dict[str, Any]:
        from assay.gates.feasibility import gate

        return gate.collect_findings(table, use_case, say=say).as_json()

    def judge_feasibility(self, found: dict[str, Any], table: Table, use_case: UseCase) -> Report:
        from assay.gates.feasibility import gate
        from assay.gates.feasibility.findings import FeasibilityFindings
        from assay.problems.weighted_rows import FEASIBILITY_NOTE, note_unweighted

        findings = FeasibilityFindings.from_json(use_case, found)
        report = gate.finish_report(findings, table, use_case)
        return note_unweighted(report, use_case, FEASIBILITY_NOTE)

    def split_rows(self, table: Table, use_case: UseCase) -> RowSplit:
        from assay.learning.split import describe_uneven_split, mark_test_rows, split_counts

        test = mark_test_rows(table, use_case)
        sides = split_counts(table, test, use_case)
        held = sides["test"]
        uneven = describe_uneven_split(sides, use_case)
        return RowSplit(
            test,
            sides,
            lines=(
                f"{sides['training']['rows']:,} training rows",
                f"{held['rows']:,} test rows, {held['positives']:,} of them positive",
            ),
            warnings=(uneven,) if uneven else (),
        )

    def search_candidate(
        self,
        table: Table,
        test: np.ndarray,
        candidate: Candidate,
        use_case: UseCase,
        *,
        say: FitProgress,
        locate: FieldLocator,
    ) -> SearchOutcome:
        from assay.learning.train import search_candidate

        return search_candidate(table, test, candidate, use_case, say=say, locate=locate)

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
        from assay.problems.binary.training import train_candidate

        return train_candidate(table, test, candidate, use_case, search, say=say, locate=locate)

    def rank_candidates(
        self, answers: Sequence[HeldOutAnswers], use_case: UseCase
    ) -> CandidateFrontier:
        from assay.gates.candidates.assessment import OutOfFoldPredictions
        from assay.gates.candidates.frontier import rank_candidates
        from assay.problems.weighted_rows import take_weights

        predictions = []
        for one in answers:
            held = take_weights(one.held_out, use_case)
            repeated = len(held.answers) / max(len(one.held_out), 1)  # the test rows will be too
            predictions.append(
                OutOfFoldPredictions(
                    one.title,
                    held.answers,
                    one.about["cross_validated"],
                    one.about["tested"] * repeated,
                    held.weights,
                )
            )
        return rank_candidates(predictions, use_case)

    def trade_off_metric(self, use_case: UseCase) -> str:
        from assay.gates.candidates.display import trade_off_score

        return trade_off_score(use_case.performance.cost)

    def outcome_facts(self, target: Target) -> dict[str, Fact]:
        if target.above is not None:
            return {"Positive outcome": ("", target.column, f" is above {target.above:g}")}
        return {"Positive outcome": ("", target.column, " is ", str(target.positive))}

    def answer_facts(self, use_case: UseCase, candidate: Candidate) -> dict[str, Fact]:
        cost = use_case.performance.cost
        costs = f"a false positive {cost.false_positive:g}, a false negative "
        asked = use_case.performance.abstain
        left = {} if asked is None else {"Left to a person": (asked.in_words,)}
        return {
            "Probabilities": (describe_calibration(candidate),),
            "Costs": (f"{costs}{cost.false_negative:g}",),
            **left,
        }

    def judge_performance(
        self,
        answers: pd.DataFrame,
        use_case: UseCase,
        about: dict[str, Any],
        rows: TestRows,
        *,
        subject: str,
    ) -> Report:
        from assay.problems.binary.performance import judge_performance

        return judge_performance(answers, use_case, about, rows, subject=subject)

    def audit_fairness(
        self,
        answers: pd.DataFrame,
        use_case: UseCase,
        *,
        subject: str,
        units: pd.Series | None = None,
        declarations: Sequence[Check] = (),
    ) -> Report:
        from assay.problems.binary.fairness import audit_fairness

        return audit_fairness(
            answers, use_case, subject=subject, units=units, declarations=declarations
        )

    def answer_scale(self, use_case: UseCase) -> AnswerScale:
        from assay.problems.binary.explanation import DecisionScale

        return DecisionScale(use_case.performance)

    def find_missing_answers(self, roles: ColumnRoles) -> str | None:
        if (roles.prediction or roles.truth or roles.by) and not roles.probability:
            return "performance needs probabilities: add --probability"
        return None

    def estimate_performance(self, seen: DriftObservations) -> PredictionHarm:
        from assay.gates.drift.binary_harm import estimate_binary_performance

        return estimate_binary_performance(seen)

    def judge_shadow(self, seen: ShadowRows, use_case: UseCase) -> Report:
        from assay.gates.shadow.gate import ShadowRequest, compare_versions

        asked = ShadowRequest(
            performance=use_case.performance,
            rules=use_case.fairness,
            sensitive=use_case.data.sensitive,
            drift=use_case.drift,
            unfit=use_case.monitor.malformed,
            seed=use_case.seed,
        )
        return compare_versions(seen.facts, seen.rows, seen.reference, asked)

    def audit_file(self, frame: pd.DataFrame, request: AuditRequest, *, subject: str) -> Report:
        from assay.errors import ConfigError
        from assay.gates.fairness import gate
        from assay.gates.fairness.external_predictions import predictions_from_frame

        refuse_options(self, {"--unit": request.unit})
        if len(request.probabilities) > 1:
            raise ConfigError(
                "--probability stands here twice",
                remedy="Name one column, of the probabilities of yes.",
            )
        probability = next(iter(request.probabilities), None)
        frame, weights = weigh_frame(frame, request)
        predictions = predictions_from_frame(
            frame,
            truth=request.truth,
            prediction=request.prediction,
            by=list(request.sensitive),
            positive=request.positive or _positive_value(request, frame),
            probability=probability,
            rows=request.count,
            sensitive=request.sensitive,
        )
        return gate.audit_fairness(
            predictions,
            request.rules,
            request.sensitive,
            subject=subject,
            seed=request.seed,
            by=request.by,
            weights=weights,
        )

    def compare_answers(
        self, pair: AnswerPair, use_case: UseCase, *, distance: float | None = None
    ) -> AnswerComparison:
        from assay.problems.binary.answer_comparison import compare_answers

        refuse_options(self, {"--distance": distance})
        return compare_answers(pair, use_case)


def _positive_value(request: AuditRequest, frame: pd.DataFrame) -> str | None:
    """The use case's positive value, if the file's labels contain it."""
    if request.target is None or request.target.positive is None:
        return None
    positive, truth = str(request.target.positive), request.truth
    found = truth in frame and positive in set(frame[truth].dropna().unique().astype(str))
    return positive if found else None


PROBLEM: Final[ProblemType] = Binary()
