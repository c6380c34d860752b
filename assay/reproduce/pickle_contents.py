"""The contents of a model's pickle, read without running any code that it names.

A pickle is a programme. This unpickler knows no class and no function: it puts a stub with the name
and the arguments in place of each. Only plain numpy arrays and dtypes are made for real. So even a
refused model, or one of other library versions, can be inspected.
"""

from __future__ import annotations

import io
import pickle
from typing import Any, ClassVar

import numpy as np

_ARRAY_WRAPPER = "joblib.numpy_pickle.NumpyArrayWrapper"


class _NamedStub:
    """Stands for an object of a class, or for what a function would have made."""

    class_name: ClassVar[str] = ""

    def __new__(cls, *arguments: Any, **words: Any) -> Any:
        made = super().__new__(cls)
        made.__dict__.update(arguments=[*arguments, *([words] if words else [])], state=None)
        made.__dict__.update(items=[], entries={})
        return made

    def __init__(self, *_: Any, **__: Any) -> None:
        """`__new__` has kept the arguments."""

    def __setstate__(self, state: Any) -> None:
        self.__dict__["state"] = state

    def append(self, item: Any) -> None:
        self.__dict__["items"].append(item)

    def extend(self, items: Any) -> None:
        self.__dict__["items"].extend(items)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.__dict__["entries"][repr(key)] = value


# The one in Python: joblib writes arrays between its opcodes. Its types name the one in C.
_PythonUnpickler: Any = pickle._Unpickler


class _InertUnpickler(_PythonUnpickler):  # type: ignore[misc] # see above
    dispatch = _PythonUnpickler.dispatch.copy()

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self._file = file
        self._kinds: dict[str, Any] = {}

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full == "numpy.dtype":
            return np.dtype
        if full not in self._kinds:
            self._kinds[full] = type(name, (_NamedStub,), {"class_name": full})
        return self._kinds[full]

    def load_build(self) -> None:
        super().load_build()
        made = self.stack[-1]
        if isinstance(made, _NamedStub) and made.class_name == _ARRAY_WRAPPER:
            self.stack[-1] = self._array(made.__dict__["state"])

    dispatch[pickle.BUILD[0]] = load_build

    def _array(self, about: dict[str, Any]) -> Any:
        """The array whose bytes stand here, as joblib wrote them."""
        dtype = about["dtype"]
        if dtype.hasobject:
            return _InertUnpickler(self._file).load()
        if about.get("numpy_array_alignment_bytes") is not None:
            self._file.read(self._file.read(1)[0])
        count = int(np.prod(about["shape"], dtype=np.int64))
        flat = np.frombuffer(self._file.read(count * dtype.itemsize), dtype=dtype, count=count)
        return flat.reshape(about["shape"], order="F" if about["order"] == "F" else "C")


def pickle_contents(data: bytes) -> Any:
    """What a model's bytes hold, as plain values: dicts, lists, numbers, text, numpy arrays.

    An object is a dict of its class and of what it holds. Raises ValueError for bytes that are
    no pickle of joblib's.
    """
    try:
        return _plain_value(_InertUnpickler(io.BytesIO(data)).load(), {})
    except Exception as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _plain_value(value: Any, values_by_id: dict[int, Any]) -> Any:
    """`values_by_id` maps the identity of each object met so far to the object (to keep it alive)
    and its plain value.
    """
    if id(value) in values_by_id:
        return values_by_id[id(value)][1]
    made: Any = value
    if isinstance(value, _NamedStub | dict):
        values_by_id[id(value)] = value, (made := {})
        made.update(
            _plain_object(value, values_by_id)
            if isinstance(value, _NamedStub)
            else _plain_entries(value, values_by_id)
        )
    elif isinstance(value, list | tuple):
        values_by_id[id(value)] = value, (made := [])
        made.extend(_plain_value(item, values_by_id) for item in value)
    elif isinstance(value, set | frozenset):
        made = sorted(repr(_plain_value(item, values_by_id)) for item in value)
    elif isinstance(value, type) and issubclass(value, _NamedStub):
        made = f"<{value.class_name}>"
    return made


def _plain_entries(value: dict[Any, Any], values_by_id: dict[int, Any]) -> dict[str, Any]:
    return {
        k if isinstance(k, str) else repr(k): _plain_value(v, values_by_id)
        for k, v in value.items()
    }


def _plain_object(value: _NamedStub, values_by_id: dict[int, Any]) -> dict[str, Any]:
    """An object's class with its attributes or, without any, its arguments."""
    held = value.__dict__
    state = _plain_value(held["state"], values_by_id)
    made: dict[str, Any] = {"class": value.class_name}
    if isinstance(state, dict):
        made |= state
    elif state is not None:
        made["state"] = state
    for name in ("arguments", "items", "entries"):
        if held[name]:
            made[f"({name})"] = _plain_value(held[name], values_by_id)
    return made
