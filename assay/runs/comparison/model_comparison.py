"""Models side by side: a first, and each of the others against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assay.bucket.bucket import Bucket
from assay.config.gates import LOWER_IS_BETTER
from assay.config.use_case import UseCase
from assay.errors import AssayError, ConfigError, DataError, IntegrityError
from assay.gates.report import Measurement
from assay.gates.stored_measurements import get_measured_report
from assay.problems.answer_comparison import AnswerComparison, PairedScore
from assay.problems.lookup import problem_type
from assay.problems.weighted_rows import TEST_ROWS_NOTE
from assay.runs.comparison.changed_rows import (
    ChangeCount,
    ChangedRow,
    count_changes,
    find_examples,
)
from assay.runs.comparison.compared_run import (
    ComparedRun,
    find_compared_run,
    readable_use_case,
)
from assay.runs.comparison.input_differences import InputDifferences, compare_inputs
from assay.runs.comparison.paired_test_rows import PairedTestRows, pair_test_rows
from assay.runs.comparison.run_costs import RunCosts, read_costs

MAX_COMPARED = 12


@dataclass(frozen=True, eq=False)
class PairedAnswers:
    """Both versions' answers to the test rows that they share, compared. `judged_by` is the use
    case of the one that was judged later, and `margin` the loss of its headline metric that it
    accepts, in the metric's unit.
    """

    rows: PairedTestRows
    answers: AnswerComparison
    counts: tuple[ChangeCount, ...]
    examples: tuple[ChangedRow, ...]
    margin: float

    @property
    def headline(self) -> PairedScore:
        return self.answers.headline

    @property
    def finding(self) -> str:
        """ "better", "worse", "no worse" or "unclear"; "the same" for answers that are alike."""
        gain, counted = self.headline.gain, self.counts[0]
        low, high = gain.interval.low, gain.interval.high
        if low == high == 0 and not counted.count:
            return "the same"
        if low is not None and low > 0:
            return "better"
        if high is not None and high < 0:
            return "worse"
        return "no worse" if low is not None and low >= -self.margin else "unclear"


@dataclass(frozen=True, eq=False)
class PairComparison:
    """The second run against the first. Without `paired`, `problem` says why not."""

    first: ComparedRun
    second: ComparedRun
    inputs: InputDifferences
    costs: tuple[RunCosts, RunCosts]
    own_scores: tuple[tuple[Measurement, ...], tuple[Measurement, ...]]
    paired: PairedAnswers | None = None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class ModelComparison:
    """All comparisons with the first run."""

    pairs: tuple[PairComparison, ...]

    @property
    def runs(self) -> list[ComparedRun]:
        return [self.pairs[0].first, *(pair.second for pair in self.pairs)]


def compare_models(
    bucket: Bucket, references: Sequence[str], *, distance: float | None = None
) -> ModelComparison:
    """Compare versions (income@2), runs (digests) and use cases (their champions) with the first.

    `distance`: how far an amount must move to count as another answer. Raises DataError for
    questions of different types, ConfigError for fewer than two references or too many, and
    ReferenceUnknown.
    """
    if not 2 <= len(references) <= MAX_COMPARED:
        raise ConfigError(
            f"{len(references)} given, and 2 to {MAX_COMPARED} can be compared",
            remedy="Write `assay compare income@1 income@2`.",
        )
    runs = [find_compared_run(bucket, reference) for reference in references]
    types = [_problem_name(run) for run in runs]
    for run, kind in zip(runs, types, strict=True):
        if kind != types[0]:
            raise DataError(
                f"{runs[0].name} answers a {types[0]} question and {run.name} a {kind} one: there "
                "is nothing to compare",
                remedy="Compare models of one type of question.",
            )
    return ModelComparison(
        tuple(_compare_pair(runs[0], run, distance=distance) for run in runs[1:])
    )


def _problem_name(run: ComparedRun) -> str:
    loaded = readable_use_case(run)
    if loaded is not None:
        return loaded.use_case.data.target.problem_type
    target = run.record["configuration"]["data"]["target"]
    if target.get("problem"):
        return str(target["problem"])
    return (
        "regression" if target.get("unit") else "multiclass" if target.get("classes") else "binary"
    )


def _compare_pair(
    first: ComparedRun, second: ComparedRun, *, distance: float | None
) -> PairComparison:
    paired, problem = None, ""
    try:
        paired = compare_paired(first, second, distance=distance)
    except ConfigError as error:
        if distance is not None:
            raise
        problem = error.what
    except (DataError, IntegrityError) as error:
        problem = error.what
    return PairComparison(
        first=first,
        second=second,
        inputs=compare_inputs(first, second),
        costs=(read_costs(first), read_costs(second)),
        own_scores=(_own_scores(first), _own_scores(second)),
        paired=paired,
        problem=problem,
    )


def compare_paired(
    first: ComparedRun, second: ComparedRun, *, distance: float | None = None
) -> PairedAnswers:
    """Compare two versions' answers to the test rows that they share.

    Raises DataError or ConfigError, in a sentence, where there is no such comparison.
    """
    later = max((first, second), key=lambda run: (run.entry.at, run.entry.number))
    judged_by = later.loaded.use_case
    _require_same_question(first, second)
    rows = pair_test_rows(first, second, judged_by)
    answers = problem_type(judged_by.data.target).compare_answers(
        rows.pair, judged_by, distance=distance
    )
    if judged_by.data.weight:
        answers = replace(answers, notes=(*answers.notes, TEST_ROWS_NOTE))
    return PairedAnswers(
        rows=rows,
        answers=answers,
        counts=count_changes(answers.changed, rows, judged_by),
        examples=find_examples(
            answers.changed, rows, [first.loaded.use_case, second.loaded.use_case]
        ),
        margin=_accepted_loss(answers.headline, judged_by),
    )


def _require_same_question(first: ComparedRun, second: ComparedRun) -> None:
    """Raise DataError where the two answer questions about different outcomes."""
    targets = [run.loaded.use_case.data.target for run in (first, second)]
    for name in ("unit", "positive", "above"):
        values = [getattr(target, name) for target in targets]
        if values[0] != values[1]:
            raise DataError(
                f"{first.name} and {second.name} answer different questions: data.target.{name} is "
                f"{values[0]} and {values[1]}"
            )
    classes = [set(target.class_labels) for target in targets]
    if classes[0] != classes[1]:
        raise DataError(f"{first.name} and {second.name} tell different classes apart")


def _accepted_loss(score: PairedScore, use_case: UseCase) -> float:
    """The fall of the metric that the use case accepts of a model in use (drift.margin); of losses
    a share of their value.
    """
    margin = use_case.drift.margin
    losses = score.metric in LOWER_IS_BETTER
    return margin * min(abs(score.first.value), abs(score.second.value)) if losses else margin


def _own_scores(run: ComparedRun) -> tuple[Measurement, ...]:
    """The scores that the performance gate reported, each with its own interval."""
    if run.version is None or "performance" not in run.version.reports:
        return ()
    try:
        report = get_measured_report(run.bucket, run.version.reports["performance"])
    except AssayError:
        return ()
    return tuple(report.measurements_of("score"))
