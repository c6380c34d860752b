"""The test rows that two versions have in common, and both answers to each.

Versions that were tested on one table share its rows by number. Otherwise a row is the same where
its identity is: that which the use case declares, else all columns but the target that both tables
have. Of several rows with one identity those pair whose other columns are alike too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.bucket.artifacts import Artifact
from assay.config.use_case import UseCase
from assay.dataset.row_identity import entity_hashes, hash_units
from assay.errors import DataError, IntegrityError
from assay.problems.answer_comparison import AnswerPair
from assay.runs.comparison.compared_run import ComparedRun
from assay.tables.table import Table

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class PairedTestRows:
    """Both versions' answers to the test rows that they have in common, ordered by the second's
    table. `test_rows` counts each one's; `relabelled` rows have another outcome by now and are left
    out. `by` says how rows were found to be the same, and `table` is the second's.
    """

    pair: AnswerPair
    test_rows: tuple[int, int]
    relabelled: int
    by: str
    table: Table


def pair_test_rows(first: ComparedRun, second: ComparedRun, judged_by: UseCase) -> PairedTestRows:
    """Pair the test rows of two versions by their stored predictions.

    Raises DataError, in a sentence, where they cannot be paired: predictions or rows that are gone,
    runs without a model, or no test row in common.
    """
    frames = [_read_predictions(run) for run in (first, second)]
    tables = [_read_table(run) for run in (first, second)]
    if tables[0].artifact.digest == tables[1].artifact.digest:
        keys = [frame["row"].to_numpy(np.uint64) for frame in frames]
        by = "both were tested on the same table"
    else:
        use_cases = [run.loaded.use_case for run in (first, second)]
        keys, by = _identity_keys(tables, use_cases, [frame["row"].to_numpy() for frame in frames])
    places = _common_places(keys[0], keys[1])
    if not len(places[0]):
        raise DataError(f"{first.name} and {second.name} have no test row in common")
    before, after = (
        frame.iloc[place].reset_index(drop=True)
        for frame, place in zip(frames, places, strict=True)
    )
    same = (before["truth"].to_numpy() == after["truth"].to_numpy()).astype(bool)
    before, after = (frame[same].reset_index(drop=True) for frame in (before, after))
    if not len(after):
        raise DataError(f"{first.name} and {second.name} have no outcome in common")
    entities = entity_hashes(tables[1], judged_by)
    units = None if entities is None else entities.iloc[after["row"]].reset_index(drop=True)
    if units is not None:
        units.name = entities.name if entities is not None else None
    return PairedTestRows(
        AnswerPair(before, after, units),
        (len(frames[0]), len(frames[1])),
        int((~same).sum()),
        by,
        tables[1],
    )


def _read_predictions(run: ComparedRun) -> pd.DataFrame:
    artifact = run.artifact("predictions")
    if run.version is None or artifact is None:
        raise DataError(f"{run.name} stopped before it had a model")
    return _read(run, artifact, "predictions").to_pandas().sort_values("row", ignore_index=True)


def _read_table(run: ComparedRun) -> Table:
    if run.table is None:
        raise DataError(f"the record of {run.name} names no table")
    return _read(run, run.table, "rows")


def _read(run: ComparedRun, artifact: Artifact, what: str) -> Table:
    """A table whose parts are all there. Raises DataError where they are not."""
    try:
        table = Table.read(run.bucket, artifact)
    except IntegrityError:
        raise _gone_error(run, what) from None
    if run.bucket.objects.find_missing(part.digest for part in table.parts):
        raise _gone_error(run, what)
    return table


def _gone_error(run: ComparedRun, what: str) -> DataError:
    return DataError(f"the {what} of {run.name} are gone or damaged: `assay verify` says more")


# --- identity ---------------------------------------------------------------------------------


def _identity_keys(
    tables: list[Table], use_cases: list[UseCase], rows: list[NDArray[np.int64]]
) -> tuple[list[Hashes], str]:
    """A key for each test row of both tables, equal for the same row, and what it is made of."""
    shared = [n for n in tables[0].schema.names if n in set(tables[1].schema.names)]
    targets = {use_case.data.target.column for use_case in use_cases}
    features = [name for name in shared if name not in targets]
    declared = [list(use_case.data.identity) for use_case in use_cases]
    if declared[0] and declared[0] == declared[1]:
        identity, by = declared[0], f"rows are the same by {', '.join(declared[0])}"
    else:
        identity, by = features, f"rows are the same where all {len(features)} columns are"
    if not identity:
        raise DataError("the two tables have no column in common that tells rows apart")
    rule = min(table.identity_rule for table in tables)
    own = [
        _hash_rows(table, identity, rule)[place] for table, place in zip(tables, rows, strict=True)
    ]
    repeated = np.union1d(*(_repeated(keys) for keys in own))
    if len(repeated) and set(identity) != set(features):
        whole = [
            _hash_rows(table, features, rule)[place]
            for table, place in zip(tables, rows, strict=True)
        ]
        own = [
            np.where(np.isin(keys, repeated), keys ^ (more * np.uint64(0x9E3779B97F4A7C15)), keys)
            for keys, more in zip(own, whole, strict=True)
        ]
    return own, by


def _hash_rows(table: Table, columns: list[str], rule: int) -> Hashes:
    parts = [hash_units(batch, rule) for batch in table.batches(columns)]
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def _repeated(keys: Hashes) -> Hashes:
    values, counts = np.unique(keys, return_counts=True)
    return np.asarray(values[counts > 1])


def _common_places(first: Hashes, second: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the keys of both stand, in the second's order; equal keys pair in their order."""
    frames = [
        pd.DataFrame({"key": keys, "nth": pd.Series(keys).groupby(keys).cumcount()})
        for keys in (first, second)
    ]
    frames = [
        frame.assign(**{f"place{i}": np.arange(len(frame))}) for i, frame in enumerate(frames)
    ]
    joined = frames[1].merge(frames[0], on=["key", "nth"], how="inner").sort_values("place1")
    return joined["place0"].to_numpy(np.int64), joined["place1"].to_numpy(np.int64)
