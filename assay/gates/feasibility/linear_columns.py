"""Features as columns of a linear model: ranks of numbers, indicators of values."""

from __future__ import annotations

import numpy as np

from assay.gates.feasibility.encoded_features import EncodedFeatures
from assay.gates.statistics.intervals import Floats

MAX_LEVEL_COLUMNS = 30  # values of a category that have a column each
MAX_COLUMNS = 4_000  # columns in all; of more features, categories have fewer columns each
_BLOCK = 500  # columns of which the spread is measured at a time
MAX_MULTIPLIED = 20  # numbers whose products are made: 190 columns


def linear_columns(features: EncodedFeatures, rows: np.ndarray, *, products: bool) -> Floats:
    """The features of `rows` (numbers of rows) as columns (rows, columns) of mean 0 and variance 1.

    A number becomes its rank, so that no outlier decides; a category an indicator of each of its
    frequent values; a missing value the mean, with an indicator beside it. With `products` come
    the absolute values of the ranks and the products of any two of the first twenty. Without any
    column that varies, one of zeros.
    """
    levels = int(np.clip(MAX_COLUMNS // max(len(features.names), 1), 1, MAX_LEVEL_COLUMNS))
    numbers, indicators = [], []
    for position, categorical in enumerate(features.is_categorical):
        values = features.matrix[rows, position]
        missing = np.isnan(values)
        if categorical:
            known = 0 if missing.all() else int(values[~missing].max()) + 1
            indicators += [values == code for code in range(min(known, levels))]
        elif not missing.all():
            numbers.append(_centred_ranks(values, missing))
        indicators.append(missing)
    if len(features.names) > MAX_COLUMNS:  # those without a change are dropped below in any case
        indicators = [column for column in indicators if column.any() and not column.all()]
    made = [*numbers, *(column.astype(float) for column in indicators)]
    if products:
        made += [np.abs(one) for one in numbers[:MAX_MULTIPLIED]]
        made += [
            one * other
            for place, one in enumerate(numbers[:MAX_MULTIPLIED])
            for other in numbers[:place]
        ]
    columns = np.column_stack(made) if made else np.zeros((len(rows), 1))
    del made, numbers, indicators
    return _standardise(columns)


def _centred_ranks(values: Floats, missing: np.ndarray) -> Floats:
    from scipy.stats import rankdata

    ranks = np.zeros(len(values))
    known = rankdata(values[~missing])
    ranks[~missing] = (known - known.mean()) / len(known)
    return ranks


def _standardise(columns: Floats) -> Floats:
    """The columns that vary, centred and of variance 1. Centres in place: copies of a wide table
    are large."""
    columns -= columns.mean(axis=0)
    blocks = np.array_split(columns, max(columns.shape[1] // _BLOCK, 1), axis=1)
    spread = np.concatenate([block.std(axis=0) for block in blocks])
    varying = spread > 1e-9
    if not varying.any():
        return np.zeros((len(columns), 1))
    kept = columns[:, varying]
    kept /= spread[varying]
    return np.asarray(kept)
