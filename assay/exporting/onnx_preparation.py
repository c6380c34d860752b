"""The preparation of columns as ONNX operations: what `learning.preprocess` makes, and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from assay.errors import Ineligible
from assay.exporting.onnx_graph import OnnxGraph, Value


def prepare_columns(graph: OnnxGraph, transformer: Any, columns: dict[str, Value]) -> Value:
    """The matrix that the fitted ColumnTransformer makes of the columns, float64.

    Raises Ineligible, which names the transformer, for one without a translation.
    """
    made = []
    for _, fitted, names in transformer.transformers_:
        if isinstance(fitted, str):
            if fitted == "passthrough" and names:
                made.append(graph.concat([columns[name] for name in names]))
            continue
        if not len(names):
            continue
        steps = [step for _, step in fitted.steps] if isinstance(fitted, Pipeline) else [fitted]
        made.append(_apply_steps(graph, steps, [columns[name] for name in names]))
    return graph.concat(made)


def _apply_steps(graph: OnnxGraph, steps: list[Any], columns: list[Value]) -> Value:
    if isinstance(steps[0], OneHotEncoder) and len(steps) == 1:
        encoded = [_one_hot(graph, steps[0], n, value) for n, value in enumerate(columns)]
        return graph.concat(encoded)
    if isinstance(steps[0], TargetEncoder):
        rates = [_target_rates(graph, steps[0], n, value) for n, value in enumerate(columns)]
        return _numeric_steps(graph, steps[1:], graph.concat(rates))
    return _numeric_steps(graph, steps, graph.concat(columns))


def _numeric_steps(graph: OnnxGraph, steps: list[Any], matrix: Value) -> Value:
    for step in steps:
        if type(step) is SimpleImputer and not np.isnan(step.statistics_).any():
            matrix = _impute(graph, step, matrix)
        elif type(step) is StandardScaler:
            moved = graph.apply("Sub", matrix, graph.constant(step.mean_))
            matrix = graph.apply("Div", moved, graph.constant(step.scale_))
        else:
            raise _untranslated_error(step)
    return matrix


def _impute(graph: OnnxGraph, step: SimpleImputer, matrix: Value) -> Value:
    absent = graph.apply("IsNaN", matrix)
    filled = graph.apply("Where", absent, graph.constant(step.statistics_), matrix)
    if step.indicator_ is None or not len(step.indicator_.features_):
        return filled
    places = graph.constant(np.asarray(step.indicator_.features_, np.int64))
    marked = graph.to_double(graph.apply("Gather", absent, places, axis=1))
    return graph.concat([filled, marked])


def _one_hot(graph: OnnxGraph, encoder: OneHotEncoder, number: int, text: Value) -> Value:
    """One column a category; rare and unknown ones share a column, if training had rare ones."""
    categories, rare = encoder.categories_[number], encoder.infrequent_categories_[number]
    mapping = getattr(encoder, "_default_to_infrequent_mappings", [None] * (number + 1))[number]
    places = np.arange(len(categories)) if mapping is None else np.asarray(mapping)
    width = int(places.max()) + 1
    table = np.vstack([np.eye(width), np.zeros((1, width))])
    if rare is not None:
        table[-1, width - 1] = 1.0
    return graph.look_up(text, _text_places(categories, places), table)


def _target_rates(graph: OnnxGraph, encoder: TargetEncoder, number: int, text: Value) -> Value:
    """The outcome's rate of each text; of each class where there are several."""
    categories = encoder.categories_[number]
    means = np.atleast_1d(encoder.target_mean_).astype(np.float64)
    own = encoder.encodings_[number * len(means) : (number + 1) * len(means)]
    table = np.vstack([np.column_stack(own), means])
    return graph.look_up(text, _text_places(categories, np.arange(len(categories))), table)


def _text_places(categories: Any, places: Any) -> dict[str, int]:
    """A text that is missing comes in as the empty one, because ONNX knows no missing text."""
    found = {
        "" if pd.isna(c) else str(c): int(at) for c, at in zip(categories, places, strict=True)
    }
    if len(found) < len(categories):
        raise Ineligible(
            "a column holds empty texts beside missing ones, which ONNX cannot tell apart",
            remedy='Add "" to data.missing and train again, or export to folder, skops or mlflow.',
        )
    return found


def _untranslated_error(step: Any) -> Ineligible:
    kind = type(step)
    return Ineligible(
        f"the transformer {kind.__module__}.{kind.__qualname__} has no translation into ONNX",
        remedy="Export to folder, skops or mlflow, which carry every transformer.",
    )
