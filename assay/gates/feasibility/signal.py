"""Check 1: do the features predict the outcome at all?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.linear_columns import linear_columns
from assay.gates.feasibility.ridge_signal import ridge_permutation_p
from assay.gates.feasibility.signal_power import SIMULATED_AREAS, noticed_area, rows_to_notice
from assay.gates.report import Check, Sheet, Verdict
from assay.gates.statistics.auc import roc_auc
from assay.gates.statistics.intervals import Estimate, Floats
from assay.gates.statistics.resampling import PermutationTest, permutation_test
from assay.util.wording import format_rounded_up, is_reportable_count

DRAWS = 999
SHUFFLED_FOLDS = 2  # folds whose labels are shuffled; the others are learned from
ALPHA = 0.05
TESTS = 3  # of boosted trees and of two ridge regressions; the smallest p counts so many times
MAX_RIDGE_CELLS = 4_000_000  # rows times columns of a ridge regression: bounds time and memory
MIN_RIDGE_ROWS, MAX_RIDGE_ROWS = 2_000, 10_000


@dataclass(frozen=True, slots=True)
class SignalPower:
    """Independent rows that were judged, the ROC AUC that is asked for, what the rows show.

    `needed_rows` are those that show the ROC AUC asked for with power 0.9 (see `signal_power`);
    `noticed` is the smallest ROC AUC that these rows show, None if they show none.
    """

    rows: int
    area: float
    needed_rows: float
    noticed: float | None

    @property
    def suffices(self) -> bool:
        return self.rows >= self.needed_rows


def check_signal(data: FeasibilityData) -> tuple[Check, Sheet]:
    """Whether real labels are told better than shuffled ones; and the power that the rows have.

    Fails when they are not, though the rows would show the lift that the use case asks for with
    power 0.9. Unknown when they are not, and fewer rows than that were judged. A signal that is
    there, but uncertain (p > .01) or maybe short of the lift, is a caution.
    """
    power = signal_power(data)
    found = roc_auc(data.labels, data.probabilities, units=data.clusters)
    p = signal_p(data)
    verdict = _verdict(found, p, power)
    check = Check(
        name="signal",
        claim=f"The features predict the outcome with a ROC AUC of at least {power.area:g}",
        verdict=verdict,
        statistic="ROC AUC, cross-validated",
        estimate=found.value,
        interval=found.interval,
        threshold=power.area,
        why=_why(found, p, power),
        remedy=_remedy(verdict, power),
        rows=len(data.sampled_rows),
    )
    return check, _sheet(data)


def signal_p(data: FeasibilityData) -> float:
    """Three times the smallest p of three tests that see different signals, at most one."""
    ridge = [_ridge_p(data, products=products) for products in (False, True)]
    return min(1.0, TESTS * min(run_permutation_test(data).p, *ridge))


def signal_power(data: FeasibilityData) -> SignalPower:
    """What the sampled rows can show; rows of one entity count as one."""
    first = _first_rows(data.entities)
    rows, share = len(first), float(np.clip(data.labels[first].mean(), 1e-6, 1 - 1e-6))
    area, features = 0.5 + data.use_case.feasibility.lift, len(data.features)
    return SignalPower(
        rows=rows,
        area=area,
        needed_rows=rows_to_notice(area, share, features),
        noticed=noticed_area(rows, share, features),
    )


def run_permutation_test(data: FeasibilityData) -> PermutationTest:
    """How often shuffled labels are told apart as well as the real ones, by boosted trees.

    The learner sees three folds; the labels of the other two are shuffled. Given what it
    learned, they are exchangeable if the features say nothing, so the test is exact. In
    cross-validation it would not be: each label teaches the folds that judge the others. Of an
    entity with several rows one is taken, for its labels hang together.
    """
    from scipy.stats import rankdata

    held = data.folds < SHUFFLED_FOLDS
    first = _first_rows(data.entities[held])
    answers = data.fit_predict(~held, held)
    ranks, truth = rankdata(answers[first]), data.labels[held][first]
    positives = int(truth.sum())
    return permutation_test(
        lambda rng: _auc(rng.permutation(ranks)[:positives], len(ranks)),
        _auc(ranks[truth], len(ranks)),
        draws=DRAWS,
        seed=data.seed,
    )


def _ridge_p(data: FeasibilityData, *, products: bool) -> float:
    rows = np.random.default_rng(data.seed).permutation(_first_rows(data.entities))
    few = linear_columns(data.encoded_features, rows[:MIN_RIDGE_ROWS], products=products)
    most = max(min(MAX_RIDGE_CELLS // few.shape[1], MAX_RIDGE_ROWS), MIN_RIDGE_ROWS)
    rows = rows[:most]
    columns = (
        few
        if len(rows) == len(few)
        else linear_columns(data.encoded_features, rows, products=products)
    )
    return ridge_permutation_p(columns, data.labels[rows], data.seed)


def _first_rows(entities: np.ndarray) -> np.ndarray:
    """The number of the first row of each entity."""
    _, first = np.unique(entities, return_index=True)
    return np.asarray(first)


def _auc(positive_ranks: Floats, rows: int) -> float:
    """ROC AUC from the midranks of the positive rows (Mann-Whitney)."""
    m = len(positive_ranks)
    if m in (0, rows):
        return 0.5
    return float((positive_ranks.sum() - m * (m + 1) / 2) / (m * (rows - m)))


def _verdict(auc: Estimate, p: float, power: SignalPower) -> Verdict:
    if p > ALPHA:
        return Verdict.FAIL if power.suffices else Verdict.UNKNOWN
    low = auc.interval.low
    assert low is not None
    return Verdict.CAUTION if p > 0.01 or low < power.area else Verdict.PASS


def _why(auc: Estimate, p: float, power: SignalPower) -> str:
    low, high = auc.interval.low, auc.interval.high
    told = "can" if p <= ALPHA else "cannot"
    text = (
        f"A quick learner has a ROC AUC of {auc.value:.3f} [{low:.3f}, {high:.3f}]; chance has"
        f" 0.5. It {told} be told from shuffled labels (p = {p:.3g})."
    )
    return text if p <= ALPHA else f"{text} {_power_text(power)}"


def _power_text(power: SignalPower) -> str:
    shown = "no ROC AUC below 0.8" if power.noticed is None else f"{power.noticed:.2f} or more"
    return (
        f"In 90 of 100 data sets {power.rows:,} independent rows show a ROC AUC of {shown};"
        f" {power.area:g} is asked for."
    )


def _remedy(verdict: Verdict, power: SignalPower) -> str:
    if verdict is Verdict.CAUTION:
        return "Add rows, or columns that bear on the outcome."
    if verdict is Verdict.FAIL:
        return "Add columns that bear on the outcome, and check that labels belong to their rows."
    if verdict is Verdict.PASS:
        return ""
    more = power.needed_rows - power.rows
    add = f"Add about {format_rounded_up(more)} rows" if is_reportable_count(more) else "Add rows"
    return (
        f"{add} to see whether there is a ROC AUC of {power.area:g}, or columns that bear on the"
        " outcome; or ask for more: feasibility.lift is the least ROC AUC above 0.5 that is of use."
    )


def _sheet(data: FeasibilityData) -> Sheet:
    share, features = float(data.all_rows.truth.mean()), len(data.features)
    return Sheet(
        title="Rows that would show a signal",
        columns=("true ROC AUC", "rows"),
        rows=tuple(
            (area, float(format_rounded_up(rows_to_notice(area, share, features)).replace(",", "")))
            for area in SIMULATED_AREAS
        ),
        note="In 90 of 100 simulated data sets of several shapes; of fewer rows, no signal found"
        " does not mean that there is none. Rows of one entity count as one.",
    )
