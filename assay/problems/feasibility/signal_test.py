"""Whether features say anything of classes or amounts, and the rows that would show it."""

from __future__ import annotations

import numpy as np

from assay.gates.feasibility.linear_columns import linear_columns
from assay.gates.statistics.intervals import Floats
from assay.gates.statistics.resampling import permutation_test
from assay.problems.feasibility.linear_signal import linear_permutation_p
from assay.problems.feasibility.question_rows import QuestionRows

TESTS = 3  # of boosted trees and of two ridge regressions; the smallest p counts so many times
ALPHA = 0.05
POWER = 0.9
PLANNED_COLUMNS = 10  # of a linear model that rows are planned for
SHUFFLED_FOLDS = 2
DRAWS = 999
MAX_CELLS = 4_000_000  # rows times columns of a ridge regression
MIN_ROWS, MAX_ROWS = 2_000, 10_000


def signal_p(data: QuestionRows) -> float:
    """Three times the smallest p of three tests that see different signals, at most one."""
    rows = np.random.default_rng(data.seed).permutation(first_rows(data.entities))
    found = [_linear_p(data, rows, products=products) for products in (False, True)]
    return min(1.0, TESTS * min(_tree_p(data), *found))


def first_rows(entities: np.ndarray) -> np.ndarray:
    """The number of the first row of each entity, as rows of one are not exchangeable."""
    return np.asarray(np.unique(entities, return_index=True)[1])


def rows_to_notice(r2: float, columns: int) -> float:
    """Rows that show a share `r2` of explained variance with power 0.9, by the F test's limit.

    For the larger of ten columns and `columns`; infinite where nothing is asked for.
    """
    if r2 <= 0:
        return float("inf")
    width = max(PLANNED_COLUMNS, columns)
    return _noncentrality(width) * (1 - r2) / r2 + width + 1


def noticed_r2(rows: int, columns: int) -> float | None:
    """The smallest share of explained variance that so many rows show; None if they show none."""
    width = max(PLANNED_COLUMNS, columns)
    if rows <= width + 1:
        return None
    found = _noncentrality(width) / (_noncentrality(width) + rows - width - 1)
    return found if found < 0.9 else None


def _noncentrality(width: int) -> float:
    """What a chi-squared test of so many columns finds with power 0.9, at the level of one test."""
    from scipy.optimize import brentq
    from scipy.stats import chi2, ncx2

    limit = chi2.ppf(1 - ALPHA / TESTS, width)
    most = 100.0 + 20.0 * width
    return float(brentq(lambda size: ncx2.sf(limit, width, size) - POWER, 1e-3, most))


def _linear_p(data: QuestionRows, rows: np.ndarray, *, products: bool) -> float:
    few = linear_columns(data.encoded_features, rows[:MIN_ROWS], products=products)
    kept = rows[: max(min(MAX_CELLS // few.shape[1], MAX_ROWS), MIN_ROWS)]
    columns = few
    if len(kept) > len(few):
        columns = linear_columns(data.encoded_features, kept, products=products)
    return linear_permutation_p(columns, data.signal_targets[kept], data.seed)


def _tree_p(data: QuestionRows) -> float:
    """As for a yes or no: trees learn from three folds, and the outcomes of two are shuffled.

    The statistic is the product of answers and outcomes, each target standardised.
    """
    held = data.folds < SHUFFLED_FOLDS
    if held.all() or not held.any():
        return 1.0
    first = first_rows(data.entities[held])
    answers = data.fit_predict(~held, held)[first]
    told = _standardise(answers.reshape(len(first), -1))
    truth = _standardise(data.signal_targets[held][first])
    return permutation_test(
        lambda rng: float((told * truth[rng.permutation(len(truth))]).sum()),
        float((told * truth).sum()),
        draws=DRAWS,
        seed=data.seed,
    ).p


def _standardise(values: Floats) -> Floats:
    spread = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0))
