"""Parts that take dates as days since 1970.

Pipelines turn dates into days by pandas' own methods, which skops cannot name and ONNX has no
operation for. The exported parts begin one step later: whoever calls them makes the days.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

_STEPS = (pd.DataFrame.sub, pd.DataFrame.truediv)


def take_dates_as_days(parts: dict[str, Any]) -> dict[str, Any]:
    """A copy of the parts whose pipelines lack the steps from dates to days."""
    copied = deepcopy(parts)
    for pipeline in _find_pipelines(copied, set()):
        methods = tuple(getattr(step, "func", None) for _, step in pipeline.steps[:2])
        if methods == _STEPS:
            pipeline.steps = pipeline.steps[2:] or [("days", FunctionTransformer())]
    return copied


def _find_pipelines(value: Any, seen: set[int]) -> Iterator[Pipeline]:
    """All pipelines within estimators, however they are nested."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Pipeline):
        yield value
    if isinstance(value, dict):
        inner = list(value.values())
    elif isinstance(value, list | tuple):
        inner = list(value)
    else:
        inner = list(getattr(value, "__dict__", {}).values())
    for item in inner:
        yield from _find_pipelines(item, seen)
