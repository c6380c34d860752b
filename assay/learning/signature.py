"""A model's signature: its inputs and outputs, and the cast of any frame to its inputs.

The pipeline sees three kinds of columns and no others: float64 (numbers and booleans, NaN for
missing), `str` (text and categories, NaN for missing) and datetime64[us]. Training and
prediction go through the same cast, so a column cannot mean one thing here and another there.
Infinite numbers are missing, and huge ones are `MAX_NUMBER`, so that no scaler overflows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from assay.config.data import ColumnType, Target
from assay.config.use_case import UseCase
from assay.errors import DataError, nearest_name
from assay.tables.columns import MAX_NUMBER

_ACCEPTED: dict[str, frozenset[str]] = {
    "number": frozenset(
        {"boolean", "integer", "floating", "mixed-integer-float", "decimal", "integer-na"}
    ),
    "text": frozenset({"string"}),
    "date": frozenset({"datetime64", "datetime", "date"}),
}


def pipeline_kind(column: ColumnType) -> str:
    """The kind of column that the pipeline sees: number, text or date."""
    return {"category": "text", "text": "text", "date": "date"}.get(column, "number")


def describe_inputs(
    description: Sequence[dict[str, Any]], frame: pd.DataFrame
) -> list[dict[str, Any]]:
    """The signature's inputs: the columns of `frame`, as the table describes them.

    name, type, whether values were missing in `frame`, and a category's values.
    """
    of = {entry["name"]: entry for entry in description}
    return [{**of[str(name)], "nullable": bool(frame[name].isna().any())} for name in frame.columns]


def add_ranges(entries: Sequence[dict[str, Any]], rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The signature's inputs, each number and date with the `range` that the training `rows` held:
    the lowest and the highest value. Dates as ISO texts.
    """
    return [entry | _value_range(entry, rows[entry["name"]]) for entry in entries]


def _value_range(entry: dict[str, Any], values: pd.Series) -> dict[str, list[Any]]:
    kind = pipeline_kind(entry["type"])
    known = values[np.isfinite(values)] if kind == "number" else values.dropna()
    if kind == "text" or entry["type"] == "boolean" or known.empty:
        return {}
    low, high = known.min(), known.max()
    ends = [low.isoformat(), high.isoformat()] if kind == "date" else [float(low), float(high)]
    return {"range": ends}


def model_signature(
    entries: list[dict[str, Any]], use_case: UseCase, groups: Any
) -> dict[str, Any]:
    """The signature, as JSON. `groups`: the inputs that make a mitigated model's groups."""
    target = use_case.data.target
    limited = target.above is not None
    yes = f"above {target.above:g}" if limited else repr(target.positive)
    return {
        "inputs": entries,
        "groups": groups,
        "outputs": [
            {
                "name": "probability",
                "type": "number",
                "means": f"probability that {target.column} is {yes}",
            },
            {
                "name": "decision",
                "type": "boolean",
                "means": f"whether {target.column} is taken to be {yes}",
            },
        ],
        **({"above": target.above} if limited else {"positive": target.positive}),
    }


def answer_signature(
    entries: list[dict[str, Any]],
    outputs: Sequence[dict[str, Any]],
    problem: str,
    meaning: dict[str, Any],
    groups: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The signature of a model of another type of question, as JSON. `outputs` are the columns of
    its answers: name, type (number or text) and what each means; `meaning` says what they are in,
    `groups` are the inputs that make a row's group, where decisions depend on it.
    """
    return {
        "inputs": entries,
        "groups": groups,
        "outputs": list(outputs),
        "problem": problem,
        **meaning,
    }


def answer_outputs(signature: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns of a model's answers: name, and type (number, boolean or text). A signature that
    names none is of a yes or no.
    """
    found: list[dict[str, Any]] = signature.get("outputs", _YES_NO_OUTPUTS)
    return found


def describe_other_question(signature: dict[str, Any], target: Target) -> str | None:
    """How the question that a model answers differs from the target's, in a clause; None where its
    answers can be held against the same outcomes. The order of classes makes no difference. Of a
    type of somebody's own nothing is known: it may answer by another's models.
    """
    if target.problem is not None:
        return None
    own = signature.get("problem", "binary")
    if own != target.problem_type:
        return f"it answers a {own} question, and the use case asks a {target.problem_type} one"
    classes = signature.get("classes", target.class_labels)
    if set(classes) != set(target.class_labels):
        return (
            f"it tells the classes {', '.join(classes)} apart, and the use case names"
            f" {', '.join(target.class_labels)}"
        )
    unit = signature.get("unit", target.unit)
    if unit != target.unit:
        return f"it answers in {unit}, and the use case asks for {target.unit}"
    return None


_YES_NO_OUTPUTS = [
    {"name": "probability", "type": "number"},
    {"name": "decision", "type": "boolean"},
]


def require_columns(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Raises DataError that lists every column of `names` which the frame lacks."""
    absent = [name for name in names if name not in frame.columns]
    if not absent:
        return
    spare = [str(c) for c in frame.columns if c not in names]
    pairs = [(name, nearest_name(name, spare)) for name in absent]
    hints = [f"{near!r} for {name!r}" for name, near in pairs if near]
    raise DataError(
        f"the model's input lacks {', '.join(map(repr, absent))}",
        remedy=f"Did you mean {', '.join(hints)}?" if hints else "Add them, null where unknown.",
    )


def cast_frame(frame: pd.DataFrame, entries: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The columns that the signature names, in its order and as the pipeline takes them.

    Other columns are ignored; rows keep their order and index. Raises DataError that lists all
    absent columns, or all columns of a wrong type.
    """
    require_columns(frame, [entry["name"] for entry in entries])
    columns, wrong = {}, []
    for entry in entries:
        series = frame[entry["name"]]
        found = pd.api.types.infer_dtype(_values_of_type(series), skipna=True)
        fits = (
            found == "empty"
            or found in _ACCEPTED[pipeline_kind(entry["type"])]
            or series.isna().all()
        )
        if fits and _in_range(series, entry["type"]):
            columns[entry["name"]] = _convert_series(series, pipeline_kind(entry["type"]))
        else:
            wrong.append(f"{entry['name']!r} should be {entry['type']}, but is {found}")
    if wrong:
        raise DataError(
            f"the model's input has wrong types: {'; '.join(wrong)}",
            remedy="Convert these columns; the signature names the types.",
        )
    return pd.DataFrame(columns, index=frame.index)


def _values_of_type(series: pd.Series) -> Any:
    """A categorical's type is that of its categories."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return series.cat.categories
    return series


def _in_range(series: pd.Series, declared: ColumnType) -> bool:
    """Whole numbers for integers, 0 and 1 for booleans: 0.5 of a person is a wrong column."""
    if declared not in {"integer", "boolean"} or series.isna().all():
        return True
    values = _numbers(series.dropna())
    if declared == "boolean":
        return bool(np.isin(values, (0.0, 1.0)).all())
    return bool((values == np.floor(values)).all())


def _numbers(series: pd.Series) -> np.ndarray:
    plain = series.astype(object) if isinstance(series.dtype, pd.CategoricalDtype) else series
    return plain.to_numpy(dtype="float64", na_value=np.nan)


def _convert_series(series: pd.Series, kind: str) -> pd.Series:
    if kind == "number":
        numbers = _numbers(series)
        finite = np.where(np.isinf(numbers), np.nan, numbers)
        return pd.Series(np.clip(finite, -MAX_NUMBER, MAX_NUMBER), index=series.index)
    if kind == "text":
        return series.astype("str")
    dates = pd.to_datetime(series)
    if dates.dt.tz is not None:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    return dates.astype("datetime64[us]")
