"""How much, as the stages ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, get_args

from assay.config.candidates import GRID_SEARCH, GROUP_LOSS
from assay.config.gates import RegressionMetric
from assay.problems.external_files import refuse_options, weigh_frame
from assay.problems.problem_type import (
    AuditRequest,
    Fact,
    HeldOutAnswers,
    ProblemType,
    RowSplit,
    Say,
    SearchResult,
    StoredSearch,
    TestRows,
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
    from assay.learning.train import TrainedCandidate
    from assay.problems.answer_comparison import AnswerComparison, AnswerPair
    from assay.problems.explained_answer import ExplainedAnswer
    from assay.problems.outcome_format import OutcomeFormat
    from assay.tables.table import Table


class Regression:
    """How much."""

    name: Final = "regression"
    question: Final = "how much"
    metrics: Final[tuple[str, ...]] = get_args(RegressionMetric)
    fairness_metrics: Final[tuple[str, ...]] = (
        "mean_error",
        "mean_absolute_error",
        "root_mean_squared_error",
        "mean_prediction",
        "interval_coverage",
    )
    unit_metrics: Final[tuple[str, ...]] = (
        "mean_error",
        "mean_absolute_error",
        "root_mean_squared_error",
        "mean_prediction",
    )
    estimable_metrics: Final[tuple[str, ...]] = ("mae", "rmse")
    has_class_probabilities: Final = False
    estimates_chunks: Final = True
    mitigations: Final[Mapping[str, tuple[str, ...]]] = {GRID_SEARCH: (GROUP_LOSS,)}
    has_weights: Final = True
    has_monitoring: Final = True
    has_shadow: Final = True
    code: Final[Mapping[str, str]] = {
        "target": "assay.problems.regression.outcome_check",
        "labels": "assay.problems.regression.outcome_format",
        "weigh": "assay.problems.regression.feasibility",
        "feasibility": "assay.problems.regression.feasibility",
        "split": "assay.problems.regression.outcomes",
        "search": "assay.problems.regression.training",
        "train": "assay.problems.regression.training",
        "rank": "assay.problems.ranking",
        "evaluate": "assay.problems.regression.performance",
        "fairness": "assay.problems.regression.fairness",
        "explain": "assay.problems.regression.explanation",
        "monitor": "assay.problems.regression.expected_loss",
        "explained": "assay.problems.regression.explained_answer",
        "realised": "assay.problems.regression.realised_fairness",
        "shadow": "assay.problems.regression.shadow_answers",
    }

    def check_target(self, column: pa.ChunkedArray, target: Target) -> None:
        from assay.problems.regression.outcomes import read_outcomes

        read_outcomes(column, target)

    def answer_columns(self, target: Target) -> Mapping[str, str]:  # noqa: ARG002 - all alike
        return {"prediction": "number", "low": "number", "high": "number"}

    def answer_roles(
        self,
        target: Target,  # noqa: ARG002 - all alike
        columns: Mapping[str, str],
    ) -> ColumnRoles:
        from assay.gates.drift.scored_rows import ColumnRoles

        return ColumnRoles(prediction=columns["prediction"], truth=columns["truth"])

    def group_comparison(
        self, target: Target, columns: Mapping[str, str]
    ) -> GroupComparison | None:
        from assay.problems.regression.realised_fairness import AmountComparison

        return AmountComparison(columns, target.unit or "")

    def outcome_format(self, target: Target) -> OutcomeFormat:
        from assay.problems.regression.outcome_format import RegressionOutcomes

        return RegressionOutcomes(target)

    def explained_answer(self, target: Target) -> ExplainedAnswer:
        from assay.problems.regression.explained_answer import ExplainedAmount

        return ExplainedAmount(target)

    def check_outcomes(self, rows: RowSource, target: Target) -> Check:
        from assay.problems.regression.outcome_check import check_outcomes

        return check_outcomes(rows, target)

    def check_candidates(self, use_case: UseCase, locate: FieldLocator) -> None:
        from assay.problems.regression.training import check_candidates

        check_candidates(use_case, locate)

    def collect_findings(self, table: Table, use_case: UseCase, *, say: Say) -> dict[str, Any]:
        from assay.problems.regression.feasibility import collect_findings

        return collect_findings(table, use_case, say=say)

    def judge_feasibility(self, found: dict[str, Any], table: Table, use_case: UseCase) -> Report:
        from assay.problems.regression.feasibility import judge_feasibility
        from assay.problems.weighted_rows import FEASIBILITY_NOTE, note_unweighted

        report = judge_feasibility(found, table, use_case)
        return note_unweighted(report, use_case, FEASIBILITY_NOTE)

    def split_rows(self, table: Table, use_case: UseCase) -> RowSplit:
        from assay.problems.regression.outcomes import split_rows

        return split_rows(table, use_case)

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
        from assay.problems.regression.training import search_candidate

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
        from assay.problems.regression.training import train_candidate

        return train_candidate(table, test, candidate, use_case, search, say=say, locate=locate)

    def rank_candidates(
        self, answers: Sequence[HeldOutAnswers], use_case: UseCase
    ) -> CandidateFrontier:
        from assay.problems.ranking import rank_candidates

        return rank_candidates(self, answers, use_case)

    def trade_off_metric(self, use_case: UseCase) -> str:
        return use_case.performance.choose_by

    def outcome_facts(self, target: Target) -> dict[str, Fact]:
        log = ", learnt as logarithms" if target.log else ""
        return {"Amounts": ("", target.column, f", in {target.unit}{log}")}

    def answer_facts(
        self,
        use_case: UseCase,
        candidate: Candidate,  # noqa: ARG002 - all candidates alike
    ) -> dict[str, Fact]:
        asked, cost = use_case.performance, use_case.performance.unit_cost
        answer = "the mean amount"
        if cost.too_low != cost.too_high:
            answer = f"the amount that {cost.quantile:.0%} of outcomes do not exceed"
        return {
            "Answer": (answer,),
            "Costs": (f"of each unit too low {cost.too_low:g}, too high {cost.too_high:g}",),
            "Intervals": (f"hold the amount in {asked.coverage:.0%} of rows",),
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
        from assay.problems.regression.performance import judge_performance
        from assay.problems.weighted_rows import take_weights

        held = take_weights(answers, use_case)
        rows = held.repeat_rows(rows)
        return judge_performance(
            held.answers,
            use_case.performance,
            use_case.data.target,
            subject=subject,
            training_outcomes=about["outcomes"],
            champion=rows.champion,
            newest_rows=rows.newest,
            challenger_number=rows.challenger_number,
            features=rows.features,
            units=rows.units,
            weights=held.weights,
            seed=use_case.seed,
        )

    def audit_fairness(
        self,
        answers: pd.DataFrame,
        use_case: UseCase,
        *,
        subject: str,
        units: pd.Series | None = None,
        declarations: Sequence[Check] = (),
    ) -> Report:
        from assay.problems.regression.fairness import audit_fairness
        from assay.problems.weighted_rows import take_weights

        held = take_weights(answers, use_case)
        return audit_fairness(
            held.answers,
            use_case.fairness,
            use_case.data.sensitive,
            use_case.data.target,
            subject=subject,
            seed=use_case.seed,
            units=held.repeat(units),
            weights=held.weights,
            declarations=declarations,
        )

    def answer_scale(self, use_case: UseCase) -> AnswerScale:
        from assay.problems.regression.explanation import AmountScale

        return AmountScale(use_case.performance, use_case.data.target)

    def find_missing_answers(self, roles: ColumnRoles) -> str | None:
        if roles.probability or roles.probabilities:
            return "an amount has no probabilities: leave --probability out"
        if (roles.truth or roles.by) and not roles.prediction:
            return "performance needs predictions: add --prediction"
        if roles.prediction and not roles.truth:
            return "errors are learnt from the reference's labels: add --truth"
        return None

    def estimate_performance(self, seen: DriftObservations) -> PredictionHarm:
        from assay.problems.regression.expected_loss import estimate_performance

        return estimate_performance(seen)

    def judge_shadow(self, seen: ShadowRows, use_case: UseCase) -> Report:
        from assay.problems.regression.shadow_answers import ShadowAmounts
        from assay.problems.shadow_gate import compare_versions

        return compare_versions(self, ShadowAmounts(use_case, seen.reference), seen, use_case)

    def audit_file(self, frame: pd.DataFrame, request: AuditRequest, *, subject: str) -> Report:
        from assay.config.data import Target
        from assay.problems.regression.external_predictions import answers_from_frame
        from assay.problems.regression.fairness import audit_fairness

        given = {
            "--positive": request.positive,
            "--count": request.count,
            "--probability": request.probabilities or None,
        }
        refuse_options(self, given)
        frame, weights = weigh_frame(frame, request)
        target = request.target or Target(column=request.truth, unit=request.unit or "units")
        answers = answers_from_frame(
            frame,
            truth=request.truth,
            prediction=request.prediction,
            sensitive=request.sensitive,
        )
        return audit_fairness(
            answers,
            request.rules,
            request.sensitive,
            target,
            subject=subject,
            seed=request.seed,
            by=request.by,
            weights=weights,
        )

    def compare_answers(
        self, pair: AnswerPair, use_case: UseCase, *, distance: float | None = None
    ) -> AnswerComparison:
        from assay.problems.regression.answer_comparison import compare_answers

        return compare_answers(pair, use_case, distance=distance)


PROBLEM: Final[ProblemType] = Regression()
