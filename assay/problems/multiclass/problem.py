"""Which of several, as the stages ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, get_args

from assay.config.candidates import CLASS_THRESHOLDS, CONSTRAINTS_BY_METHOD, REWEIGHING
from assay.config.gates import MulticlassMetric
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
    describe_calibration,
    listed,
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


class Multiclass:
    """Which of several."""

    name: Final = "multiclass"
    question: Final = "which of several"
    metrics: Final[tuple[str, ...]] = get_args(MulticlassMetric)
    fairness_metrics: Final[tuple[str, ...]] = (
        "selection_rate",
        "true_positive_rate",
        "false_positive_rate",
        "true_negative_rate",
        "false_negative_rate",
        "precision_score",
        "accuracy_score",
        "mean_prediction",
        "interval_coverage",
    )
    unit_metrics: Final[tuple[str, ...]] = ()
    estimable_metrics: Final[tuple[str, ...]] = ("accuracy", "macro_f1", "roc_auc_ovr")
    has_class_probabilities: Final = True
    estimates_chunks: Final = True
    mitigations: Final[Mapping[str, tuple[str, ...]]] = {
        method: CONSTRAINTS_BY_METHOD[method] for method in (CLASS_THRESHOLDS, REWEIGHING)
    }
    has_weights: Final = True
    has_monitoring: Final = True
    has_shadow: Final = True
    code: Final[Mapping[str, str]] = {
        "target": "assay.problems.multiclass.outcome_check",
        "labels": "assay.problems.multiclass.outcome_format",
        "weigh": "assay.problems.multiclass.feasibility",
        "feasibility": "assay.problems.multiclass.feasibility",
        "split": "assay.problems.multiclass.outcomes",
        "search": "assay.problems.multiclass.training",
        "train": "assay.problems.multiclass.training",
        "rank": "assay.problems.multiclass.ranking",
        "evaluate": "assay.problems.multiclass.performance",
        "fairness": "assay.problems.multiclass.fairness",
        "explain": "assay.problems.multiclass.explanation",
        "monitor": "assay.problems.multiclass.expected_performance",
        "explained": "assay.problems.multiclass.explained_answer",
        "realised": "assay.problems.multiclass.realised_fairness",
        "shadow": "assay.problems.multiclass.shadow_answers",
    }

    def check_target(self, column: pa.ChunkedArray, target: Target) -> None:
        from assay.problems.multiclass.outcomes import read_outcomes

        read_outcomes(column, target)

    def answer_columns(self, target: Target) -> Mapping[str, str]:
        probabilities = {f"probability_{label}": "number" for label in target.class_labels}
        return {**probabilities, "decision": "text", "set": "text"}

    def answer_roles(self, target: Target, columns: Mapping[str, str]) -> ColumnRoles:
        from assay.gates.drift.scored_rows import ColumnRoles

        named = {label: columns[f"probability_{label}"] for label in target.class_labels}
        return ColumnRoles(
            probabilities=named, prediction=columns["decision"], truth=columns["truth"]
        )

    def group_comparison(
        self, target: Target, columns: Mapping[str, str]
    ) -> GroupComparison | None:
        from assay.problems.multiclass.realised_fairness import ClassComparison

        return ClassComparison(columns, target)

    def outcome_format(self, target: Target) -> OutcomeFormat:
        from assay.problems.multiclass.outcome_format import MulticlassOutcomes

        return MulticlassOutcomes(target)

    def explained_answer(self, target: Target) -> ExplainedAnswer:
        from assay.problems.multiclass.explained_answer import ExplainedClass

        return ExplainedClass(target)

    def check_outcomes(self, rows: RowSource, target: Target) -> Check:
        from assay.problems.multiclass.outcome_check import check_outcomes

        return check_outcomes(rows, target)

    def check_candidates(self, use_case: UseCase, locate: FieldLocator) -> None:
        from assay.problems.multiclass.training import check_candidates

        check_candidates(use_case, locate)

    def collect_findings(self, table: Table, use_case: UseCase, *, say: Say) -> dict[str, Any]:
        from assay.problems.multiclass.feasibility import collect_findings

        return collect_findings(table, use_case, say=say)

    def judge_feasibility(self, found: dict[str, Any], table: Table, use_case: UseCase) -> Report:
        from assay.problems.multiclass.feasibility import judge_feasibility
        from assay.problems.weighted_rows import FEASIBILITY_NOTE, note_unweighted

        report = judge_feasibility(found, table, use_case)
        return note_unweighted(report, use_case, FEASIBILITY_NOTE)

    def split_rows(self, table: Table, use_case: UseCase) -> RowSplit:
        from assay.problems.multiclass.outcomes import split_rows

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
        from assay.problems.multiclass.training import search_candidate

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
        from assay.problems.multiclass.training import train_candidate

        return train_candidate(table, test, candidate, use_case, search, say=say, locate=locate)

    def rank_candidates(
        self, answers: Sequence[HeldOutAnswers], use_case: UseCase
    ) -> CandidateFrontier:
        from assay.problems.multiclass.ranking import rank_class_candidates

        return rank_class_candidates(self, answers, use_case)

    def trade_off_metric(self, use_case: UseCase) -> str:
        from assay.problems.multiclass.ranking import trade_off_metric

        return trade_off_metric(use_case)

    def outcome_facts(self, target: Target) -> dict[str, Fact]:
        ordered = ", which ascend" if target.ordered else ""
        classes = f" is one of {listed(target.class_labels)}{ordered}"
        return {"Classes": ("", target.column, classes)}

    def answer_facts(self, use_case: UseCase, candidate: Candidate) -> dict[str, Fact]:
        asked = use_case.performance
        priced = [
            f"{cost:g} for deciding {decided} where it is {truth}"
            for truth, costs in asked.cost_matrix.items()
            for decided, cost in costs.items()
        ]
        return {
            "Probabilities": (describe_calibration(candidate),),
            "Costs": (f"{'; '.join([*priced, '1 for any other error'])}",),
            "Sets": (f"hold the true class in {asked.coverage:.0%} of rows",),
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
        from assay.problems.multiclass.performance import judge_performance
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
        from assay.problems.multiclass.fairness import audit_fairness
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
        from assay.problems.multiclass.explanation import ClassScale

        return ClassScale(use_case.performance, use_case.data.target)

    def find_missing_answers(self, roles: ColumnRoles) -> str | None:
        if roles.probability or len(roles.probabilities) in {1, 2}:
            return "name a column for each of three or more classes: --probability CLASS=COLUMN"
        if not roles.probabilities and (roles.prediction or roles.truth or roles.by):
            return "performance needs probabilities: add --probability CLASS=COLUMN for each class"
        if roles.probabilities and not roles.prediction:
            return "performance needs the decided classes: add --prediction"
        if roles.probabilities and not roles.truth:
            return "probabilities are calibrated on the reference's labels: add --truth"
        return None

    def estimate_performance(self, seen: DriftObservations) -> PredictionHarm:
        from assay.problems.multiclass.expected_performance import estimate_performance

        return estimate_performance(seen)

    def judge_shadow(self, seen: ShadowRows, use_case: UseCase) -> Report:
        from assay.problems.multiclass.shadow_answers import ShadowClasses
        from assay.problems.shadow_gate import compare_versions

        return compare_versions(self, ShadowClasses(use_case), seen, use_case)

    def audit_file(self, frame: pd.DataFrame, request: AuditRequest, *, subject: str) -> Report:
        from assay.problems.multiclass.external_predictions import (
            answers_from_frame,
            parse_probabilities,
        )
        from assay.problems.multiclass.fairness import audit_fairness

        given = {
            "--positive": request.positive,
            "--count": request.count,
            "--unit": request.unit,
        }
        refuse_options(self, given)
        frame, weights = weigh_frame(frame, request)
        read = answers_from_frame(
            frame,
            truth=request.truth,
            prediction=request.prediction,
            sensitive=request.sensitive,
            probabilities=parse_probabilities(request.probabilities),
            target=request.target,
        )
        return audit_fairness(
            read.answers,
            request.rules,
            request.sensitive,
            read.target,
            subject=subject,
            seed=request.seed,
            by=request.by,
            weights=weights,
        )

    def compare_answers(
        self, pair: AnswerPair, use_case: UseCase, *, distance: float | None = None
    ) -> AnswerComparison:
        from assay.problems.multiclass.answer_comparison import compare_answers

        refuse_options(self, {"--distance": distance})
        return compare_answers(pair, use_case)


PROBLEM: Final[ProblemType] = Multiclass()
