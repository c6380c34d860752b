"""Each fold's rows as numbers: encoded once, kept in a file, and mapped by the processes that fit.

A fit in a process of its own would hold the whole frame, its fold's rows and their encoding, which
is several times as large. Here only the process that searches holds the frame. It encodes one fold
after the other; every fit on a fold maps the same file, so that its pages lie in memory once.

The numbers and their order in memory are those of the pipeline's own `fit_transform`, to the bit.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.lib import format as npy
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from assay.errors import DataError
from assay.learning.fit_warnings import mask_addresses, record_fit_warnings
from assay.learning.folds import Fold
from assay.learning.one_thread import limit_to_one_thread, one_thread
from assay.learning.preprocess import RECIPES

_BLOCK_ROWS = 65_536
"""Rows that are encoded at a time; what they take at once is all that is needed beside the file."""


class EncodingFailed(Exception):
    """An encoder raised: type and message of what it raised."""


@dataclass(frozen=True)
class EncodedRows:
    """A file of encoded rows, or the error that encoding them raised; and what it warned of."""

    path: Path | None
    error: str | None
    warned: tuple[str, ...]

    def read(self) -> Any:
        """What the model takes. An array is mapped; a fit that writes to it keeps that to itself.

        Raises EncodingFailed if there is none.
        """
        if self.path is None:
            raise EncodingFailed(self.error)
        if self.path.suffix == ".npy":
            return np.asarray(np.load(self.path, mmap_mode="c"))
        return joblib.load(self.path)

    def delete(self) -> None:
        """Delete the file. Processes that have mapped it keep what they see."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class FoldMatrices:
    """One fold: the rows to fit on, and those held out, encoded by a fit to the former."""

    fit: EncodedRows
    held: EncodedRows

    def delete(self) -> None:
        """Delete both files."""
        self.fit.delete()
        self.held.delete()


def encode_fold(
    pipeline: Pipeline, rows: pd.DataFrame, outcomes: np.ndarray, fold: Fold, stem: Path
) -> FoldMatrices:
    """Encode a fold's rows by all steps of `pipeline` before its model, into files named `stem`-*.

    `pipeline` is not fitted. `outcomes`: those of the rows to fit on. What an encoder raises is
    kept for the fits that need the rows. Raises DataError for a full disk.
    """
    fit, held = fold
    unfitted = limit_to_one_thread(clone(pipeline))
    encoder = _Encoder(list(unfitted.steps[:-1]))
    taught = _record(
        unfitted, lambda: encoder.write_fitted(rows.iloc[fit], outcomes, Path(f"{stem}-fit"))
    )
    if taught.error:
        return FoldMatrices(taught, taught)
    return FoldMatrices(
        taught,
        _record(unfitted, lambda: encoder.write_held_out(rows.iloc[held], Path(f"{stem}-held"))),
    )


def _record(pipeline: Pipeline, encode: Callable[[], Path]) -> EncodedRows:
    path, error = None, None
    with record_fit_warnings(pipeline) as warned, one_thread():
        try:
            path = encode()
        except Exception as raised:
            if isinstance(raised, OSError) and raised.errno == errno.ENOSPC:
                raise DataError(
                    f"{tempfile.gettempdir()} has no room for the encoded rows of a fold",
                    remedy="Make room there, or set TMPDIR to a folder on a larger disk.",
                ) from raised
            error = f"{type(raised).__name__}: {mask_addresses(raised)}"
    return EncodedRows(path, error, warned.texts)


class _Encoder:
    """The steps before the model; in blocks where that is sure to give the same numbers."""

    def __init__(self, steps: list[tuple[str, Any]]) -> None:
        self._steps = Pipeline(steps) if steps else None
        self._parts: list[tuple[Any, list[str]]] | None = None
        match steps:
            case [(_, ColumnTransformer() as prepare)] if _is_own_recipe(prepare):
                self._parts = [(made, list(names)) for _, made, names in prepare.transformers]

    def write_fitted(self, rows: pd.DataFrame, outcomes: np.ndarray, stem: Path) -> Path:
        """Fit to these rows, and write them encoded."""
        if self._parts is None:
            return _write(rows if self._steps is None else self._fit_whole(rows, outcomes), stem)
        # By one-hot encoding a matrix becomes wide, and that is done row by row; the others give
        # few columns, of which some depend on all rows (target rates are cross-fitted).
        narrow: list[np.ndarray | None] = []
        for made, names in self._parts:
            if _is_wide(made):
                made.fit(rows[names], outcomes)
                narrow.append(None)
            else:
                narrow.append(made.fit_transform(rows[names], outcomes))
        head = self._block(rows.iloc[:2], [one if one is None else one[:2] for one in narrow])
        if not head.flags.c_contiguous:
            return _write(self._block(rows, narrow), stem)
        path = stem.with_suffix(".npy")
        with path.open("wb") as file:
            shape = (len(rows), head.shape[1])
            described = {"descr": head.dtype.str, "fortran_order": False, "shape": shape}
            npy.write_array_header_1_0(file, described)
            for part in _row_blocks(len(rows)):
                block = self._block(
                    rows.iloc[part], [one if one is None else one[part] for one in narrow]
                )
                file.write(np.ascontiguousarray(block).data)
        return path

    def write_held_out(self, rows: pd.DataFrame, stem: Path) -> Path:
        """Write other rows encoded. All at once: an encoder warns of what is unknown in them."""
        if self._parts is not None:
            return _write(self._block(rows, [None] * len(self._parts)), stem)
        encoded: Any = rows
        # Step by step, as `predict` does: a Pipeline's own `transform` refuses one that keeps no
        # state, because it looks unfitted.
        for made in self._steps or ():
            encoded = encoded if made is None or isinstance(made, str) else made.transform(encoded)
        return _write(encoded, stem)

    def _fit_whole(self, rows: pd.DataFrame, outcomes: np.ndarray) -> Any:
        assert self._steps is not None
        return self._steps.fit_transform(rows, outcomes)

    def _block(self, rows: pd.DataFrame, known: list[np.ndarray | None]) -> np.ndarray:
        """These rows encoded; `known` has the columns of parts that are encoded already."""
        assert self._parts is not None
        found = [
            made.transform(rows[names]) if part is None else part
            for (made, names), part in zip(self._parts, known, strict=True)
        ]
        return np.hstack(found)


def _is_own_recipe(prepare: ColumnTransformer) -> bool:
    """Whether it consists of our own recipes alone, of which is known what they depend on."""
    return {name for name, _, _ in prepare.transformers} <= set(RECIPES)


def _is_wide(made: Any) -> bool:
    return type(made).__name__ == "OneHotEncoder"


def _row_blocks(rows: int) -> Iterator[slice]:
    for start in range(0, rows, _BLOCK_ROWS):
        yield slice(start, min(start + _BLOCK_ROWS, rows))


def _write(encoded: Any, stem: Path) -> Path:
    """Write what a model takes: arrays of numbers so that they can be mapped."""
    if isinstance(encoded, np.ndarray) and not encoded.dtype.hasobject:
        path = stem.with_suffix(".npy")
        np.save(path, encoded)
        return path
    path = stem.with_suffix(".joblib")
    with path.open("wb") as file:
        joblib.dump(encoded, file)
    return path
