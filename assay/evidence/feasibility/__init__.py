"""The feasibility gate: can these data answer this question at all?

Made before a minute of tuning is spent, by a quick learner and by counting. Everything follows
from the rows, the use case and the seed: the same inputs give the same report.
"""

from __future__ import annotations

from collections.abc import Callable

from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.evidence.feasibility.answer import Answer
from assay.evidence.feasibility.ceiling import ceiling
from assay.evidence.feasibility.duplicates import duplicates
from assay.evidence.feasibility.group_power import group_power, sensitive_labels
from assay.evidence.feasibility.label_noise import label_noise
from assay.evidence.feasibility.leakage import leakage
from assay.evidence.feasibility.learning_curve import Curve, curve_figure, learning_curve, trace
from assay.evidence.feasibility.material import FOLDS, Material
from assay.evidence.feasibility.missingness import missingness
from assay.evidence.feasibility.periods import periods
from assay.evidence.feasibility.reach import reach
from assay.evidence.feasibility.sample_size import sample_size
from assay.evidence.feasibility.signal import signal
from assay.evidence.feasibility.staleness import staleness
from assay.evidence.feasibility.stationarity import stationarity, unusable
from assay.evidence.feasibility.whole import counted, time_column
from assay.evidence.report import Check, Report, Verdict
from assay.evidence.rows import FrameOrTable
from assay.ordered import distinct

FEWEST = 20  # rows of each class, below which nothing can be estimated

Say = Callable[[str], object]


def _silent(_text: str) -> None:
    """Nobody listens."""


def assess(
    rows: FrameOrTable, use_case: UseCase, *, seed: int | None = None, say: Say = _silent
) -> Report:
    """Judge a frame or a stored table against the question before anything is trained on it.

    `seed` defaults to the use case's; `say` is told of each check as it begins. A table is read
    once, in bounded memory. Rows without a label are left out and counted. What stops at once
    (no target, one class, no feature) is a failing check, not an error. Raises DataError for
    columns that the use case names and the table lacks, and for sensitive columns that form no
    groups.
    """
    return hold(weigh(rows, use_case, seed=seed, say=say), rows, use_case)


def weigh(
    rows: FrameOrTable, use_case: UseCase, *, seed: int | None = None, say: Say = _silent
) -> Answer:
    """All of `assess` that the fairness rules have no say in, which is what takes the time."""
    from threadpoolctl import threadpool_limits

    answer = Answer(use_case)
    # Threads of the learner, left free on shared cores, have been seen to take ten times as long.
    with threadpool_limits(limits=1):
        try:
            material = Material.of(rows, use_case, use_case.seed if seed is None else seed)
        except DataError as error:
            if error.where:
                raise
            why = f"{error.what[0].upper()}{error.what[1:]}."
            answer.add(_stop("target", why, error.remedy))
            return answer
        answer.note(material)
        if refusal := _countable(material) or _spread(material):
            answer.add(refusal)
        else:
            _judge(material, answer, say)
    return answer


def hold(answer: Answer, rows: FrameOrTable, use_case: UseCase) -> Report:
    """The report: what was found, held against the fairness rules. Needs the target and the
    sensitive columns alone.
    """
    if not answer.stopped and use_case.fairness:
        truth, columns = counted(rows, use_case)
        checks, sheets, figures = group_power(truth, sensitive_labels(columns, use_case), use_case)
        answer.add(*checks, sheets=sheets, figures=figures)
    return answer.report()


def _judge(material: Material, answer: Answer, say: Say) -> None:
    labels = sensitive_labels(material.whole.columns, material.use_case)
    answer.before(material, labels)
    say("signal: a quick learner against shuffled labels")
    found = signal(material)
    answer.add(found)
    say("reach, ceiling, learning curve: the scores that the use case asks for")
    _scores(material, answer)
    say("sample size")
    enough, needs, needed = sample_size(material, found)
    answer.add(enough, sheets=[needs])
    say("leakage: each column alone")
    leaks, single, figure = leakage(material)
    answer.add(*leaks, sheets=[single], figures=[figure])
    say("duplicates, contradictions, wrong labels")
    answer.add(*duplicates(material))
    noise, doubted = label_noise(material)
    answer.add(*filter(None, [noise]), sheets=[doubted])
    say("time, missing values")
    _over_time(material, answer, needed)


def _scores(material: Material, answer: Answer) -> None:
    goals = material.use_case.feasibility.reach
    chosen = list(goals) or [material.use_case.performance.choose_by]
    curves: dict[str, Curve | None] = {name: trace(material, name) for name in chosen}
    bounds, sheet = ceiling(material, goals)
    for name, goal in goals.items():
        answer.add(reach(material, name, goal, curves[name]))
    answer.add(*bounds, sheets=[sheet] if sheet else [])
    for name in chosen:
        if curve := curves[name]:
            wanted = goals.get(name)
            checks = [] if wanted is None else [learning_curve(material, curve, wanted)]
            answer.add(*checks, figures=[curve_figure(curve, wanted)])


def _over_time(material: Material, answer: Answer, needed: float) -> None:
    by_time, why = periods(material)
    if by_time:
        checks, sheets = stationarity(material, by_time)
        answer.add(*checks, sheets=sheets)
    elif time_column(material.use_case):
        answer.add(unusable(why))
        answer.skip(why, "tells_time")
    else:
        answer.skip(why, "stationarity", "tells_time")
    labels = sensitive_labels(material.whole.columns.iloc[material.kept], material.use_case)
    gaps, missing = missingness(material, labels, by_time)
    answer.add(gaps, sheets=[missing] if missing.rows else [])
    stale, reason = staleness(material, needed)
    if stale:
        answer.add(stale)
    else:
        answer.skip(reason, "staleness")


def _countable(material: Material) -> Check | None:
    truth = material.whole.truth
    rarest = int(min(truth.sum(), (~truth).sum()))
    if rarest < FEWEST:
        return _stop(
            "classes",
            f"The rarer class has {rarest} rows; below {FEWEST} nothing can be estimated.",
            f"Add at least {FEWEST - rarest} rows of it.",
        )
    if not material.features:
        return _stop(
            "features",
            "No column is left that a model may see and that holds a value.",
            "Identity, sensitive, excluded and empty columns are no features: add others.",
        )
    return None


def _spread(material: Material) -> Check | None:
    """Each fold needs entities with positives and entities with negatives."""
    counts = [len(distinct(material.units[material.labels == side])) for side in (True, False)]
    if min(counts) >= FOLDS:
        return None
    return _stop(
        "classes",
        f"The rows of one class belong to {min(counts)} entities; {FOLDS} folds need {FOLDS}.",
        "Add rows of other entities, or check data.identity and split.column.",
    )


def _stop(name: str, why: str, remedy: str | None) -> Check:
    claim = "There are rows of both classes, and columns, to learn from"
    return Check(name=name, claim=claim, verdict=Verdict.FAIL, why=why, remedy=remedy or "")
