"""Are there rows enough to learn several classes from?"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from assay.gates.feasibility.sample_size import (
    MARGIN,
    OPTIMISM,
    SHRINKAGE,
    count_parameters,
)
from assay.gates.feasibility.score_estimates import MIN_PROBABILITY
from assay.gates.report import Check, Sheet, Verdict
from assay.gates.statistics.intervals import Floats
from assay.problems.multiclass.class_rows import ClassRows
from assay.util.wording import format_rounded_up, is_reportable_count

POWERS = np.linspace(0, 1.5, 16)  # 0: the classes' shares for all; 1: the answers as they are


def check_sample_size(data: ClassRows) -> tuple[Check, Sheet, float]:
    """Whether there are rows enough of each class; what is asked for, and how many training rows.

    Fails where a class has fewer rows than the use case asks for (`feasibility.events`), and names
    it. Else an advice: Pate and others, Statistical Methods in Medical Research 32 (2023) 555, for
    multinomial models.
    """
    counts = np.bincount(data.all_rows.truth, minlength=len(data.classes))
    split, limit = data.use_case.split.test, data.use_case.feasibility.events
    rows = round(int(counts.sum()) * (1 - split))
    rare = [
        (name, int(n)) for name, n in zip(data.classes, counts.tolist(), strict=True) if n < limit
    ]
    parameters = max(sum(count_parameters(data.frame[name]) for name in data.features), 1)
    nagelkerke = explained_likelihood(data)
    needs = riley_multinomial(parameters, nagelkerke, counts / counts.sum())
    needed, least = max(needs.values()), int(np.argmin(counts))
    verdict = Verdict.FAIL if rare else Verdict.CAUTION if rows < needed else Verdict.PASS
    asked = (
        f"{format_rounded_up(needed)} training rows"
        if is_reportable_count(needed)
        else "more rows than can be had: the features explain nothing"
    )
    told = ", ".join(
        f"{name} has {n:,} row{'s' * (n != 1)}" for name, n in sorted(rare, key=lambda r: r[1])
    )
    check = Check(
        name="sample_size",
        claim=f"There are rows enough to learn from: {limit} of each class at the least",
        verdict=verdict,
        statistic=f"rows of the rarest class, {data.classes[least]}",
        estimate=float(counts[least]),
        threshold=float(limit),
        why=f"{told}; feasibility.events asks for {limit} of each class."
        if rare
        else f"{rows:,} training rows, {parameters} parameters for each class but one, Nagelkerke"
        f" R2 {nagelkerke:.3f}. Riley's criteria ask for {asked}.",
        remedy=""
        if verdict is Verdict.PASS
        else _remedy(rare, limit, needed / (1 - split) - float(counts.sum())),
        rows=rows,
    )
    return check, _sheet(needs, parameters), needed


def explained_likelihood(data: ClassRows) -> float:
    """Nagelkerke's R2 of the quick learner's answers out of fold; at least 0.

    Answers are first drawn together by one power of them all, the best of a few: a learner of few
    rows is too sure of itself even where it tells the classes apart.
    """
    logs = np.log(np.maximum(data.answers(), MIN_PROBABILITY))
    shares = np.bincount(data.labels, minlength=len(data.classes)) / len(data.labels)
    base = np.log(np.maximum(shares, MIN_PROBABILITY))
    entropy = _entropy(shares)
    losses = [_log_loss(base + power * (logs - base), data.labels) for power in POWERS]
    gained = 1 - math.exp(2 * (min(losses) - entropy))
    return max(gained / (1 - math.exp(-2 * entropy)), 0.0)


def _log_loss(scores: Floats, codes: np.ndarray) -> float:
    from scipy.special import logsumexp

    return float((logsumexp(scores, axis=1) - scores[np.arange(len(codes)), codes]).mean())


def riley_multinomial(parameters: int, nagelkerke: float, shares: Floats) -> dict[str, float]:
    """Training rows that each criterion asks for; infinite where nothing is explained.

    `parameters` of each class's equation, `shares` of the classes. Each pair of classes is taken to
    be explained as well as the whole.
    """
    held = shares[shares > 0]
    pairs = {
        pair: _rows_for_pair(parameters, nagelkerke, *(float(held[k]) for k in pair))
        for pair in combinations(range(len(held)), 2)
    }
    largest = 1 - math.exp(-2 * _entropy(held))
    explained = nagelkerke * largest
    shrinkage = explained / (explained + OPTIMISM * largest) if explained > 0 else SHRINKAGE
    return {
        "coefficients of each pair of classes shrink by a tenth at most": max(pairs.values()),
        "R2 is too good by 0.05 at most": _rows_for_shrinkage(
            (len(held) - 1) * parameters, explained, shrinkage
        ),
        "the share of each class is known to 0.05": _rows_for_shares(held),
    }


def _rows_for_pair(parameters: int, nagelkerke: float, one: float, other: float) -> float:
    both = one + other
    largest = 1 - math.exp(-2 * _entropy(np.array([one, other]) / both))
    return (
        math.ceil(_rows_for_shrinkage(parameters, nagelkerke * largest, SHRINKAGE) / both)
        if (nagelkerke > 0)
        else math.inf
    )


def _rows_for_shrinkage(parameters: int, explained: float, shrinkage: float) -> float:
    if explained <= 0:
        return math.inf
    if explained >= shrinkage:
        return 0.0
    return math.ceil(parameters / ((shrinkage - 1) * math.log(1 - explained / shrinkage)))


def _rows_for_shares(shares: Floats) -> float:
    from scipy.stats import chi2

    widest = float((shares * (1 - shares)).max())
    return math.ceil(float(chi2.ppf(1 - 0.05 / len(shares), 1)) * widest / MARGIN**2)


def _entropy(shares: Floats) -> float:
    held = shares[shares > 0]
    return float(-(held * np.log(held)).sum())


def _remedy(rare: list[tuple[str, int]], limit: int, more: float) -> str:
    if rare:
        names = ", ".join(name for name, _ in rare)
        return (
            f"Add rows of {names}, {limit} of each at the least; or merge it with a neighbouring"
            " class, or take it out of data.target.classes. To go on all the same, lower"
            " feasibility.events."
        )
    if is_reportable_count(more) and more > 0:
        return f"Add about {format_rounded_up(more)} rows, or prefer a penalised model."
    return "Prefer a penalised model, and read each probability with its uncertainty."


def _sheet(needs: dict[str, float], parameters: int) -> Sheet:
    return Sheet(
        title="Training rows needed",
        columns=("so that", "rows"),
        rows=tuple((name, rows if math.isfinite(rows) else None) for name, rows in needs.items()),
        note="Pate and others, Statistical Methods in Medical Research 32 (2023) 555: an advice,"
        f" for a multinomial model with {parameters} parameters for each class but one. Empty: no"
        " number would do.",
    )
