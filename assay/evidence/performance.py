"""The performance gate: what a model achieves on the locked test rows, and against whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import numpy as np
import pandas as pd

from assay.config.gates import LOWER_IS_BETTER, Cost, Performance, Score
from assay.errors import DataError, nearest
from assay.evidence import calibration
from assay.evidence import performance_display as display
from assay.evidence.report import Check, Interval, Report, Verdict, overall
from assay.evidence.scores import FEWEST, Predicted, difference, enough, estimate, score
from assay.evidence.statistics import Bools, Estimate, at_least, at_most

SCORES: tuple[Score, ...] = get_args(Score)


def evaluate(
    predictions: pd.DataFrame,
    performance: Performance,
    *,
    subject: str,
    prevalence: float,
    champion: pd.DataFrame | None = None,
    seed: int = 0,
) -> Report:
    """Judge `predictions` (`truth` bool, `probability` in [0, 1], `decision` bool) of test rows.

    `prevalence` is the share of positives in training: the dummy says it of every row, and
    decides what then costs least. `champion` holds the same rows in the same order. Scores of
    fewer than 10 positives or 10 negatives are unknown, whatever their intervals say. Raises
    DataError for probabilities outside [0, 1], nulls, absent columns, other rows, one class.
    """
    who, truth = _predicted(predictions, "predictions")
    _check_classes(truth)
    rivals = {"dummy": _dummy(len(truth), prevalence, performance.cost)}
    if champion is not None:
        rivals["champion"] = _champion(champion, predictions)
    found = {m: estimate(m, truth, who, performance.cost, seed=seed) for m in SCORES}
    checks = [
        *_beats(truth, who, rivals, performance, seed),
        *_limits(found, performance, truth),
        _cheaper(truth, who, performance.cost),
        *calibration.checks(truth, who.probability),
    ]
    everyone = {"model": who, **rivals}
    return Report(
        gate="performance",
        subject=subject,
        verdict=overall(checks),
        summary=display.summary(found[performance.choose_by], performance.choose_by, len(truth)),
        checks=tuple(checks),
        sheets=(
            display.score_sheet(found, truth, rivals, performance.cost),
            display.confusion_sheet(truth, who),
            display.cost_sheet(truth, everyone, performance.cost),
        ),
        figures=(calibration.curve(truth, who.probability), display.roc_figure(truth, everyone)),
        notes=() if champion is not None else ("There is no champion to compare with.",),
    )


# --- who is judged, and beside whom -----------------------------------------------------------


def _predicted(frame: pd.DataFrame, name: str) -> tuple[Predicted, Bools]:
    for column in ("truth", "probability", "decision"):
        if column not in frame:
            near = nearest(column, map(str, frame.columns))
            remedy = f"Did you mean {near!r}?" if near else None
            raise DataError(f"the {name} have no column {column!r}", remedy=remedy)
        if frame[column].isna().any():
            raise DataError(f"the {name} hold nulls in {column!r}")
    probability = frame["probability"].to_numpy(float)
    outside = (probability < 0) | (probability > 1)
    if outside.any():
        raise DataError(
            f"{int(outside.sum()):,} of {len(frame):,} probabilities lie outside 0 to 1, "
            f"such as {probability[outside][0]:g}",
            where=name,
            remedy="Give the estimator's predict_proba, not its decision function.",
        )
    return Predicted(probability, frame["decision"].to_numpy(bool)), frame["truth"].to_numpy(bool)


def _check_classes(truth: Bools) -> None:
    if truth.all() or not truth.any():
        which = "positive" if len(truth) and truth.all() else "negative"
        raise DataError(
            f"all {len(truth):,} test rows are {which}: nothing can be told apart",
            remedy="Enlarge split.test, or bring rows of the other class.",
        )


def _dummy(rows: int, prevalence: float, cost: Cost) -> Predicted:
    """Knows the base rate and nothing else."""
    say_yes = prevalence * cost.false_negative > (1 - prevalence) * cost.false_positive
    return Predicted(np.full(rows, float(prevalence)), np.full(rows, say_yes))


def _champion(champion: pd.DataFrame, predictions: pd.DataFrame) -> Predicted:
    held = champion if "truth" in champion else champion.assign(truth=False)
    same = len(champion) == len(predictions)
    if same and "row" in champion and "row" in predictions:
        same = bool((champion["row"].to_numpy() == predictions["row"].to_numpy()).all())
    if not same:
        raise DataError(
            "the champion's predictions are of other rows",
            remedy="Let the champion predict the same test rows, in the same order.",
        )
    return _predicted(held, "champion's predictions")[0]


# --- checks -----------------------------------------------------------------------------------


def _beats(
    truth: Bools,
    who: Predicted,
    rivals: Mapping[str, Predicted],
    performance: Performance,
    seed: int,
) -> list[Check]:
    metric, found = performance.choose_by, []
    margins = {str(name): margin for name, margin in performance.beat.items()}
    for name, rival in rivals.items():
        margin = margins.get(name, 0.0)
        gain = difference(metric, truth, who, rival, performance.cost, seed=seed)
        more = f" by more than {margin:g}" if margin else ""
        found.append(
            _compared(
                name=f"beats_{name}",
                claim=f"{display.words(metric)} beats the {name}{more}",
                statistic=f"{metric}, improvement over the {name}",
                gain=gain,
                margin=margin,
                truth=truth,
                # To be worse than the champion is no fault unless the use case says so: such a
                # model is registered, and not promoted.
                hard=name == "dummy" or name in margins,
            )
        )
    return found


def _compared(
    *,
    name: str,
    claim: str,
    statistic: str,
    gain: Estimate,
    margin: float,
    truth: Bools,
    hard: bool = True,
) -> Check:
    rows = len(truth)
    verdict = _better(gain.interval, margin) if enough(truth) else Verdict.UNKNOWN
    low, high = (display.signed(side) for side in (gain.interval.low, gain.interval.high))
    return Check(
        name=name,
        claim=claim,
        verdict=verdict,
        statistic=statistic,
        estimate=gain.value,
        interval=gain.interval,
        threshold=margin,
        why=f"better by {gain.value:+.4f}, between {low} and {high}",
        remedy=_too_few(truth) or display.remedy(verdict, gain, margin, rows),
        hard=hard,
        accepted=not hard,
        rows=rows,
    )


def _better(interval: Interval, margin: float) -> Verdict:
    """Strictly: a model that is exactly as good as its rival does not beat it."""
    if interval.low is not None and interval.low > margin:
        return Verdict.PASS
    return (
        Verdict.FAIL if interval.high is not None and interval.high <= margin else Verdict.UNKNOWN
    )


def _too_few(truth: Bools) -> str:
    """What to do when a class has too few rows; empty when both have enough."""
    if enough(truth):
        return ""
    held = f"{int(truth.sum())} positives and {int((~truth).sum())} negatives"
    return f"At least {FEWEST} of each class are needed to judge; there are {held}."


def _limits(found: Mapping[Score, Estimate], performance: Performance, truth: Bools) -> list[Check]:
    checks, rows = [], len(truth)
    for metric, limit in performance.at_least.items():
        loss = metric in LOWER_IS_BETTER
        now = found[metric]
        judged = (at_most if loss else at_least)(now.interval, limit)
        verdict = judged if enough(truth) else Verdict.UNKNOWN
        low, high = (display.plain(side) for side in (now.interval.low, now.interval.high))
        checks.append(
            Check(
                name=f"at_least[{metric}]",
                claim=f"{display.words(metric)} is at {'most' if loss else 'least'} {limit:g}",
                verdict=verdict,
                statistic=metric,
                estimate=now.value,
                interval=now.interval,
                threshold=limit,
                why=f"{now.value:.4f}, between {low} and {high}",
                remedy=_too_few(truth) or display.remedy(verdict, now, limit, rows),
                rows=rows,
            )
        )
    return checks


def _cheaper(truth: Bools, who: Predicted, cost: Cost) -> Check:
    """Against the cheaper of the policies that need no model."""
    policies = {word: _policy(len(truth), yes) for word, yes in (("yes", True), ("no", False))}
    word = min(policies, key=lambda w: score("cost", truth, policies[w], cost))
    return _compared(
        name="cheaper_than_trivial",
        claim=f"Deciding by the model costs less than always saying {word}",
        statistic=f"mean cost per row saved against always {word}",
        gain=difference("cost", truth, who, policies[word], cost),
        margin=0.0,
        truth=truth,
        hard=False,
    )


def _policy(rows: int, yes: bool) -> Predicted:
    return Predicted(np.full(rows, float(yes)), np.full(rows, yes))
