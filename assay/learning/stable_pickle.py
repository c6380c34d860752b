"""joblib's pickler, with bytes that follow from what is pickled and not from how it lies in memory.

Pickle writes an object once and from then on refers to it. So what it writes depends on which
equal things happen to be one object: text that was interned, text that crossed a process. Here
equal text is always one object, as are equal dtypes. Sets are written in an order that does not
depend on the seed of their hashes, and bytes of a record that belong to none of its fields (they
hold whatever was in memory) are zero.

What is left to an estimator: the order of its dicts, and clock times among its attributes.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from joblib.numpy_pickle import NumpyPickler

_PICKLE_PROTOCOL = 5


def stable_pickle(value: Any) -> bytes:
    """What `joblib.load` reads, uncompressed."""
    file = io.BytesIO()
    _StablePickler(file, protocol=_PICKLE_PROTOCOL).dump(value)
    return file.getvalue()


class _StablePickler(NumpyPickler):  # type: ignore[misc] # joblib ships no types
    dispatch = NumpyPickler.dispatch.copy()

    def __init__(self, *arguments: Any, **words: Any) -> None:
        super().__init__(*arguments, **words)
        self._one: dict[tuple[type, Any], Any] = {}

    def save(self, obj: Any) -> None:
        kind = type(obj)
        if kind is str or kind is bytes or isinstance(obj, np.dtype):
            obj = self._one.setdefault((kind, obj), obj)
        elif kind is np.ndarray and obj.dtype.hasobject:
            # joblib would hand these to a pickler of its own, which knows nothing of all this.
            super(NumpyPickler, self).save(obj)
            return
        elif kind is np.ndarray and obj.dtype.names:
            obj = _zero_padding(obj)
        super().save(obj)

    def save_set(self, obj: set[Any] | frozenset[Any]) -> None:
        self.save_reduce(type(obj), (sorted(obj, key=stable_pickle),), obj=obj)

    dispatch[set] = dispatch[frozenset] = save_set


def _zero_padding(records: np.ndarray) -> np.ndarray:
    """The same records, with zeros between the fields. (`zeros_like` would leave them as found.)"""
    fortran = records.flags.f_contiguous and not records.flags.c_contiguous
    clean: np.ndarray = np.zeros(records.shape, records.dtype, order="F" if fortran else "C")
    for name in records.dtype.names or ():
        clean[name] = records[name]
    return clean
