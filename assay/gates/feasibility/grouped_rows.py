"""Check 8 in part: does a column hold together rows that the split tears apart?

Eight rows of one man are not eight men. Where a split by rows puts some of them into the test, a
model recognises the man, and its test says nothing of a man who is new.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.labelled_rows import FOLDS, LabelledRows, deal_folds
from assay.gates.report import Check, Interval, Sheet, Verdict
from assay.gates.statistics.auc import roc_auc, roc_auc_difference
from assay.gates.statistics.intervals import Bools, Floats

MIN_GROUPS = 20  # values of a column; of fewer, whole values left out say little of a new one
MIN_ROWS_PER_GROUP = 1.5  # on average
MIN_REPEATED_SHARE = 0.3  # of the rows, that have a value in common with another
MIN_LIKENESS = 5.0  # standard deviations by which errors within a value are alike beyond chance
MIN_DROP = 0.01  # of ROC AUC; a smaller one misleads nobody
LEVEL = 0.9973  # of the drop's interval: three standard errors
SHUFFLES = 99
MAX_COLUMNS = 3  # columns that are cross-validated, those whose errors are most alike
MAX_ROWS = 10_000  # of whole groups, which bounds the time
MIN_PROBABILITY = 0.01  # bounds what a single sure error weighs among the residuals


@dataclass(frozen=True, slots=True)
class RowGrouping:
    """What the rows of one value of a column have in common.

    `codes` (rows,) number the groups of rows that stay together if the split goes by `column`;
    `likeness` is that of their errors, in standard deviations from what chance makes.
    """

    column: str
    codes: np.ndarray
    likeness: float


@dataclass(frozen=True, slots=True)
class GroupingEffect:
    """A score without the column as a feature, with folds of rows and of whole groups."""

    grouping: RowGrouping
    groups: int
    by_rows: float
    by_group: float
    drop: Interval

    @property
    def misleads(self) -> bool:
        low = self.drop.low
        return self.by_rows - self.by_group >= MIN_DROP and low is not None and low > 0


@dataclass(frozen=True, slots=True)
class GroupedScore:
    """How the quick learner of a type of question is judged with folds of rows and of groups.

    `residuals`, (rows,) or (rows, k), are those of its answers out of fold. `fit_predict` answers
    the rows of the second mask by a learner of those of the first that does not see a column.
    `compare` gives, on the rows of a mask, the score of two sets of answers, and the interval of
    their difference where rows of one code may be correlated. A score that is larger is better, and
    1 at best.
    """

    name: str
    residuals: Callable[[], Floats]
    fit_predict: Callable[[Bools, Bools, str], Floats]
    compare: Callable[[Bools, Floats, Floats, np.ndarray], tuple[float, float, Interval]]


def check_grouped_rows(data: FeasibilityData) -> tuple[Check, Sheet | None]:
    """The check for a question of yes or no, by ROC AUC."""

    def residuals() -> Floats:
        probability = np.clip(data.probabilities, MIN_PROBABILITY, 1 - MIN_PROBABILITY)
        spread = np.sqrt(probability * (1 - probability))
        return np.asarray((data.labels - probability) / spread)

    def compare(
        rows: Bools, one: Floats, other: Floats, codes: np.ndarray
    ) -> tuple[float, float, Interval]:
        truth, of = data.labels[rows], codes[rows]
        drop = roc_auc_difference(truth, one, other, LEVEL, units=of).interval
        by_rows, by_group = (roc_auc(truth, answers, units=of).value for answers in (one, other))
        return by_rows, by_group, drop

    def fit_predict(train: Bools, held: Bools, column: str) -> Floats:
        return data.fit_predict(train, held, excluded_columns=(column,))

    return find_grouped_rows(data, GroupedScore("ROC AUC", residuals, fit_predict, compare))


def find_grouped_rows(data: LabelledRows, score: GroupedScore) -> tuple[Check, Sheet | None]:
    """A caution that names the column whose values hold rows together, if there is one.

    A column is a candidate whatever it is for, if its values repeat and the split tears them
    apart. Of those within whose values the errors of the quick learner are alike, at most three
    are cross-validated by rows and by group. Not for a split by time, in which the same people may
    come back as they will in use.
    """
    alike = sorted(
        (g for g in _groupings(data, score) if g.likeness >= MIN_LIKENESS),
        key=lambda g: (-g.likeness, g.column),
    )
    effects = [_measure_effect(data, score, g) for g in alike[:MAX_COLUMNS]]
    misleading = sorted((e for e in effects if e.misleads), key=_coarsest_first)
    return _check(data, score, misleading), _sheet(score, effects) if effects else None


def residual_likeness(residuals: Floats, codes: np.ndarray, seed: int) -> float:
    """How alike `residuals` are within the groups of `codes`: the sum over pairs of rows of one
    group of their products, in standard deviations from its mean over shuffles of the groups."""
    rng = np.random.default_rng(seed)

    def pairs(values: Floats) -> float:
        return float((np.bincount(codes, values) ** 2).sum())

    drawn = np.array([pairs(rng.permutation(residuals)) for _ in range(SHUFFLES)])
    spread = float(drawn.std(ddof=1))
    return (pairs(residuals) - float(drawn.mean())) / spread if spread > 0 else 0.0


def _groupings(data: LabelledRows, score: GroupedScore) -> list[RowGrouping]:
    residuals = score.residuals()
    residuals, found = residuals.reshape(len(residuals), -1), []
    for name in _candidate_columns(data):
        codes = _group_codes(data.frame[name].iloc[data.sampled_rows])
        if codes is None or _stay_together(codes, data.units):
            continue
        joined = codes if data.clusters is None else _join_groups(codes, data.units)
        if int(joined.max()) + 1 >= MIN_GROUPS:
            alike = max(residual_likeness(one, joined, data.seed) for one in residuals.T)
            found.append(RowGrouping(name, joined, alike))
    return found


def _candidate_columns(data: LabelledRows) -> list[str]:
    """Every column but the target and what the rows are already divided by."""
    use_case = data.use_case
    known = {use_case.data.target.column, use_case.data.time, use_case.split.column}
    return [str(name) for name in data.frame.columns if str(name) not in known]


def _group_codes(column: pd.Series) -> np.ndarray | None:
    """The group of each row; None for what no rows are grouped by, such as measurements.

    A missing value belongs to no other.
    """
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind):
        return None
    if pd.api.types.is_float_dtype(kind):
        known = column.dropna()
        if not (np.isfinite(known) & (known == known.round())).all():
            return None
    codes, values = pd.factorize(column)
    missing = codes < 0
    groups, rows = len(values), int((~missing).sum())
    if not MIN_GROUPS <= groups <= rows / MIN_ROWS_PER_GROUP:
        return None
    repeated = np.bincount(codes[~missing])[codes[~missing]] > 1
    if repeated.sum() < MIN_REPEATED_SHARE * len(codes):
        return None
    codes[missing] = groups + np.arange(int(missing.sum()))
    return np.asarray(codes)


def _stay_together(codes: np.ndarray, units: np.ndarray) -> bool:
    """Whether rows of one code are always of one unit, which the split keeps whole."""
    pairs = codes.astype(np.int64) * (int(units.max()) + 1) + units
    return len(pd.unique(pairs)) == int(codes.max()) + 1


def _join_groups(codes: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Groups in which neither a code nor a unit is torn apart."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, count = int(codes.max()) + 1, int(codes.max()) + int(units.max()) + 2
    ones = np.ones(len(codes), dtype=np.int8)
    graph = coo_array((ones, (codes, units + first)), shape=(count, count))
    joined: np.ndarray = connected_components(graph, directed=False)[1][codes]
    return np.asarray(pd.factorize(joined)[0])


def _measure_effect(
    data: LabelledRows, score: GroupedScore, grouping: RowGrouping
) -> GroupingEffect:
    codes, rows = grouping.codes, _rows_of_whole_groups(grouping.codes, data.seed)
    by_rows = deal_folds(data.units, data.labels, data.seed)
    by_group = deal_folds(codes, data.labels, data.seed)
    one, other = (_predict(score, rows, f, grouping.column)[rows] for f in (by_rows, by_group))
    value, value_by_group, drop = score.compare(rows, one, other, codes)
    return GroupingEffect(
        grouping=grouping,
        groups=len(pd.unique(codes[rows])),
        by_rows=value,
        by_group=value_by_group,
        drop=drop,
    )


def _rows_of_whole_groups(codes: np.ndarray, seed: int) -> np.ndarray:
    """A mask of all rows, or of about `MAX_ROWS` rows of whole groups drawn at random."""
    if len(codes) <= MAX_ROWS:
        return np.ones(len(codes), dtype=bool)
    counts = np.bincount(codes)
    order = np.random.default_rng(seed).permutation(len(counts))
    drawn = np.cumsum(counts[order]) <= max(MAX_ROWS, counts[order[:MIN_GROUPS]].sum())
    kept = np.zeros(len(counts), dtype=bool)
    kept[order[drawn]] = True
    return np.asarray(kept[codes])


def _predict(score: GroupedScore, rows: np.ndarray, folds: np.ndarray, column: str) -> Floats:
    answers = {}
    for fold in range(FOLDS):
        held = rows & (folds == fold)
        if held.any():
            answers[fold] = score.fit_predict(rows & ~held, held, column)
    one = next(iter(answers.values()))
    found = np.full((len(rows), *one.shape[1:]), np.nan)
    for fold, of_fold in answers.items():
        found[rows & (folds == fold)] = of_fold
    return found


def _coarsest_first(effect: GroupingEffect) -> tuple[int, float]:
    """Of columns that mislead the coarsest: what it holds together, a finer one within it does."""
    return effect.groups, effect.by_group - effect.by_rows


def _check(data: LabelledRows, score: GroupedScore, misleading: list[GroupingEffect]) -> Check:
    worst = misleading[0] if misleading else None
    return Check(
        name="grouped_rows",
        claim="No column groups rows that the split puts on both sides",
        verdict=Verdict.CAUTION if worst else Verdict.PASS,
        statistic=f"{score.name} by rows minus {score.name} by the column's values",
        estimate=worst.by_rows - worst.by_group if worst else None,
        interval=worst.drop if worst else None,
        threshold=MIN_DROP if worst else None,
        why=_why(score, misleading),
        remedy=_remedy(data, worst) if worst else "",
        hard=False,
        rows=len(data.sampled_rows),
    )


def _why(score: GroupedScore, misleading: list[GroupingEffect]) -> str:
    if not misleading:
        return "No column was found whose new values are predicted worse than new rows."
    worst, others = misleading[0], [e.grouping.column for e in misleading[1:]]
    name = worst.grouping.column
    also = f" So do {', '.join(others)}." if len(others) > 1 else ""
    also = f" So does {others[0]}." if len(others) == 1 else also
    return (
        f"{name} groups the rows: {worst.groups:,} values in"
        f" {len(worst.grouping.codes):,} rows. A quick learner has {_with_article(score.name)} of"
        f" {worst.by_rows:.3f} with folds of rows, {worst.by_group:.3f} for values of"
        f" {name} that it has not seen.{also}"
    )


def _with_article(name: str) -> str:
    return f"an {name}" if name.startswith("R2") else f"a {name}"


def _remedy(data: LabelledRows, worst: GroupingEffect) -> str:
    name = worst.grouping.column
    feature = f" and data: {{exclude: [{name}]}}" if name in data.features else ""
    return (
        f"If the model will be asked about new values of {name}, add split: {{by: group, column:"
        f" {name}}}{feature}; its test then shows what it can do there."
    )


def _sheet(score: GroupedScore, effects: list[GroupingEffect]) -> Sheet:
    return Sheet(
        title="Rows that belong together",
        columns=(
            *("column", "values", f"{score.name} by rows"),
            *("by its values", "drop, low", "high"),
        ),
        rows=tuple(
            (
                e.grouping.column,
                e.groups,
                e.by_rows,
                e.by_group,
                e.drop.low,
                e.drop.high,
            )
            for e in effects
        ),
        note="The column is left out of the features. Shown are at most three columns within whose"
        f" values errors are alike. The drop's interval is at {LEVEL:.2%}.",
    )
