"""Which columns say nearly the same, and so are explained together.

Of two columns that say the same, either can be exchanged without harm, and both would look useless
(Strobl et al., BMC Bioinformatics 9 (2008) 307). As scikit-learn's guide on multicollinear features
does, columns are clustered by how closely they are associated, and a cluster is one group.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from assay.gates.statistics.intervals import Floats

TOGETHER: Final = 0.7
"""|Spearman's rho| from which two numbers are of one group."""
TEXTS_TOGETHER: Final = 0.45
"""Cramer's V from which a text and another column are. It is the lower limit because V is a mean
over the directions in which two texts may agree: two of which one direction of five agrees wholly,
such as married or not, have the square root of 1/5.
"""
_LEVELS: Final = 20  # values of a text column; rarer ones count as one
_BINS: Final = 10  # of a number that is compared with a text
_MOST_TEXTS: Final = 60  # above, text columns are not compared: pairs grow with the square


@dataclass(frozen=True, eq=False)
class ColumnGroups:
    """The groups in the table's order, and how closely each two columns are associated: |Spearman's
    rho| of two numbers, else Cramer's V without its bias (Bergsma, Journal of the Korean
    Statistical Society 42 (2013) 323-328), numbers cut into ten bins.
    """

    groups: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    association: Floats
    texts_compared: bool = True

    def nearest(self, group: Sequence[str]) -> tuple[str, float] | None:
        """The column outside a group that is associated most with one in it."""
        inside = np.isin(self.names, list(group))
        if inside.all() or not inside.any():
            return None
        between = self.association[np.ix_(inside, ~inside)].max(axis=0)
        place = int(between.argmax())
        return np.asarray(self.names)[~inside][place].item(), float(between[place])


def group_columns(features: pd.DataFrame, alone: Collection[str] = ()) -> ColumnGroups:
    """Cluster the columns of `features` by complete linkage: every two columns of a group reach
    the limit of their kind. Those in `alone` stay by themselves.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    names = tuple(str(name) for name in features.columns)
    association, limits, compared = _associations(features)
    if len(names) < 2:
        return ColumnGroups((names,) if names else (), names, association, compared)
    distance = np.exp(-association / limits)  # any falling function: linkage goes by order
    apart = np.isin(names, list(alone))
    distance[apart] = distance[:, apart] = 1.0
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "complete")
    codes = fcluster(tree, np.exp(-1.0) + 1e-12, criterion="distance")
    groups: dict[int, list[str]] = {}
    for name, code in zip(names, codes.tolist(), strict=True):
        groups.setdefault(code, []).append(name)
    return ColumnGroups(tuple(map(tuple, groups.values())), names, association, compared)


def _associations(features: pd.DataFrame) -> tuple[Floats, Floats, bool]:
    """Associations, (columns, columns), the limit of each, and whether texts were compared."""
    count = features.shape[1]
    found = np.eye(count)
    numeric = [pd.api.types.is_float_dtype(kind) or _is_date(kind) for kind in features.dtypes]
    numbers = [place for place, is_number in enumerate(numeric) if is_number]
    ranked = pd.DataFrame({place: _as_numbers(features.iloc[:, place]) for place in numbers})
    if numbers:
        rho = ranked.corr(method="spearman").abs().to_numpy()
        found[np.ix_(numbers, numbers)] = np.nan_to_num(rho, nan=0.0)
    texts = [place for place in range(count) if not numeric[place]]
    compared = len(texts) <= _MOST_TEXTS
    if texts and compared:
        coded = {place: _text_codes(features.iloc[:, place]) for place in texts}
        coded |= {place: _bin_codes(ranked[place]) for place in numbers[: 4 * _MOST_TEXTS]}
        for text in texts:
            for other, codes in coded.items():
                if other not in texts or other < text:
                    found[text, other] = found[other, text] = _cramers_v(coded[text], codes)
    np.fill_diagonal(found, 1.0)
    limits = np.full((count, count), TEXTS_TOGETHER)
    limits[np.ix_(numbers, numbers)] = TOGETHER
    return np.clip(found, 0.0, 1.0), limits, compared


def _is_date(kind: Any) -> bool:
    return bool(pd.api.types.is_datetime64_any_dtype(kind))


def _as_numbers(column: pd.Series) -> pd.Series:
    if _is_date(column.dtype):
        column = (column - pd.Timestamp(0).as_unit("us")) / pd.Timedelta(days=1)
    return column.astype(float).reset_index(drop=True)


def _text_codes(column: pd.Series) -> np.ndarray:
    """The most frequent values by themselves, rarer ones together; a missing value is one too."""
    texts = column.astype(object).where(column.notna(), None)
    codes, values = pd.factorize(texts, sort=False, use_na_sentinel=False)
    counts = np.bincount(codes, minlength=len(values))
    rank = np.empty(len(values), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(values))
    return np.minimum(rank, _LEVELS - 1)[codes]


def _bin_codes(column: pd.Series) -> np.ndarray:
    binned = pd.qcut(column, _BINS, labels=False, duplicates="drop")
    codes: np.ndarray = binned.fillna(-1).to_numpy(dtype=np.int64) + 1
    return codes


def _cramers_v(first: np.ndarray, second: np.ndarray) -> float:
    from scipy.stats import chi2_contingency
    from scipy.stats.contingency import crosstab

    table = crosstab(first, second).count
    rows, levels = float(table.sum()), np.array(table.shape, dtype=float)
    if levels.min() < 2 or rows < 2:
        return 0.0
    squared = float(chi2_contingency(table, correction=False).statistic) / rows
    squared = max(squared - float(np.prod(levels - 1)) / (rows - 1), 0.0)
    corrected = levels - (levels - 1) ** 2 / (rows - 1)
    return float(np.sqrt(squared / max(float(corrected.min()) - 1, 1e-12)))
