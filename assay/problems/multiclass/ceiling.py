"""What rows with equal features and different classes leave to any model."""

from __future__ import annotations

import numpy as np

from assay.config.gates import PerformanceMetric
from assay.gates.report import Check, Verdict
from assay.gates.statistics.intervals import Estimate, Floats
from assay.problems.feasibility.repeated_cells import RepeatedCells
from assay.problems.multiclass.class_rows import ClassRows, one_hot


def best_scores(cells: RepeatedCells, codes: np.ndarray, classes: int) -> tuple[Floats, Floats]:
    """Of each cell, the rows that the commonest class gets right, and the least log loss."""
    counts = np.bincount(cells.codes * classes + codes, minlength=cells.count * classes)
    table = counts.reshape(cells.count, classes).astype(float)
    shares = table / cells.sizes[:, None]
    with np.errstate(divide="ignore"):
        logs = np.where(shares > 0, np.log(shares), 0.0)
    return table.max(axis=1), -(table * logs).sum(axis=1)


def noise_bounds(
    cells: RepeatedCells, codes: np.ndarray, classes: int, seed: int
) -> dict[PerformanceMetric, Estimate]:
    """The best accuracy, log loss and Brier score (0 to 2) that any model of these features could
    have, with 95 % intervals; empty where too few rows repeat others.

    Brier's is unbiased. The others take each cell's own shares for true: too good, never too bad.
    """
    if not cells.bounds_anything:
        return {}
    right, entropy = best_scores(cells, codes, classes)
    noise, sizes = cells.noise(one_hot(codes, classes)), cells.sizes.astype(float)

    def mean(total: float, rows: float) -> float:
        return float(total / rows)

    parts: dict[PerformanceMetric, Floats] = {
        "accuracy": right,
        "log_loss": entropy,
        "brier": noise,
    }
    return {name: cells.estimate((part, sizes), mean, seed) for name, part in parts.items()}


def check_contradictions(data: ClassRows, cells: RepeatedCells) -> Check:
    """The share of rows that no rule gets right, against what the target's accuracy leaves.

    A few coarse columns must repeat, and then their outcomes differ by nature: without a target
    that this rules out, such rows are no finding.
    """
    codes, total = data.all_rows.truth, len(data.all_rows.truth)
    right, _ = best_scores(cells, codes, len(data.classes))
    best = float(right.sum() / total)
    goal = data.use_case.feasibility.reach.get("accuracy")
    limit = data.use_case.feasibility.overlap if goal is None else 1 - goal
    mixed = int(cells.sizes[right < cells.sizes].sum())
    verdict = Verdict.PASS
    if goal is not None and best < goal:
        verdict = Verdict.FAIL
    elif goal is None and not cells.bounds_anything and 1 - best > limit:
        verdict = Verdict.CAUTION
    wanted = f"; the use case wants {goal:.1%}" if goal is not None else ""
    return Check(
        name="contradictions",
        claim="Rows with equal features leave room for the target"
        if cells.bounds_anything
        else f"At most {limit:.1%} of the rows contradict others with the same features",
        verdict=verdict,
        statistic="share of rows that no rule can get right",
        estimate=1 - best,
        threshold=limit,
        why=f"No model can be right on more than {best:.1%} of these rows{wanted}: {mixed:,} of"
        f" {total:,} share all features with a row of another class.",
        remedy=""
        if verdict is Verdict.PASS
        else "Add columns that tell these rows apart, or check their classes.",
        rows=total,
    )
