"""Fitted estimators as ONNX operations: trees and linear models here, others by skl2onnx."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper
from sklearn.base import is_classifier
from sklearn.calibration import _SigmoidCalibration
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge

from assay.errors import Ineligible
from assay.exporting.onnx_graph import OPSETS, OnnxGraph, Value

_LINEAR_REGRESSORS = (ElasticNet, Lasso, LinearRegression, Ridge)
_IDENTITY_LINKED = {"squared_error", "absolute_error", "quantile"}


def predict_amounts(graph: OnnxGraph, model: Any, matrix: Value) -> Value:
    """What a fitted regressor's `predict` gives, (rows, 1). Raises Ineligible."""
    if type(model) is HistGradientBoostingRegressor:
        raw = _boosted_trees(graph, model, matrix)
        return raw if model.loss in _IDENTITY_LINKED else graph.apply("Exp", raw)
    if type(model) in _LINEAR_REGRESSORS:
        return _linear(graph, model, matrix)
    return graph.to_double(_convert(graph, model, matrix, {}, 0))


def predict_probabilities(graph: OnnxGraph, model: Any, matrix: Value) -> Value:
    """What a fitted classifier's `predict_proba` gives, (rows, classes). Raises Ineligible."""
    if type(model) in {HistGradientBoostingClassifier, LogisticRegression}:
        return _probabilities_of_scores(graph, decision_scores(graph, model, matrix), model)
    return graph.to_double(_convert(graph, model, matrix, {"zipmap": False}, 1))


def decision_scores(graph: OnnxGraph, model: Any, matrix: Value) -> Value:
    """What calibration takes: `decision_function` (rows, 1 or classes), else the probabilities, of
    two classes that of the second. Raises Ineligible.
    """
    if type(model) is HistGradientBoostingClassifier:
        return _boosted_trees(graph, model, matrix)
    if type(model) is LogisticRegression:
        return _linear(graph, model, matrix)
    if hasattr(model, "decision_function"):
        options = {"zipmap": False, "raw_scores": True}
        found = graph.to_double(_convert(graph, model, matrix, options, 1))
    else:
        found = predict_probabilities(graph, model, matrix)
    two = len(model.classes_) == 2
    return graph.apply("Gather", found, graph.constant(np.array([1])), axis=1) if two else found


def calibrate_scores(graph: OnnxGraph, calibrators: list[Any], scores: Value) -> Value:
    """Calibrated probabilities (rows, classes), as CalibratedClassifierCV has them."""
    columns = []
    for number, calibrator in enumerate(calibrators):
        places = graph.constant(np.array([number]))
        score = graph.apply("Gather", scores, places, axis=1)
        if isinstance(calibrator, _SigmoidCalibration):
            product = graph.apply("Mul", score, graph.constant(np.float64(-calibrator.a_)))
            line = graph.apply("Sub", product, graph.constant(np.float64(calibrator.b_)))
            columns.append(graph.apply("Sigmoid", line))
        elif isinstance(calibrator, IsotonicRegression):
            columns.append(_isotonic(graph, calibrator, score))
        else:
            raise _unconvertible_error(calibrator)
    if len(columns) == 1:
        other = graph.apply("Sub", graph.constant(np.float64(1.0)), columns[0])
        return graph.concat([other, columns[0]])
    found = graph.concat(columns)
    axes = graph.constant(np.array([1]))
    return graph.apply("Div", found, graph.apply("ReduceSum", found, axes, keepdims=1))


def _isotonic(graph: OnnxGraph, model: IsotonicRegression, score: Value) -> Value:
    """Straight lines between the fitted points, flat beyond them."""
    at = np.asarray(model.X_thresholds_, np.float64)
    to = np.asarray(model.y_thresholds_, np.float64)
    if len(at) == 1:
        zero = graph.apply("Mul", score, graph.constant(np.float64(0.0)))
        return graph.apply("Add", zero, graph.constant(np.float64(to[0])))
    low, high = graph.constant(np.float64(at[0])), graph.constant(np.float64(at[-1]))
    inside = graph.apply("Min", graph.apply("Max", score, low), high)
    passed = graph.apply("GreaterOrEqual", inside, graph.constant(at[None, 1:-1]))
    counted = graph.apply("Cast", passed, to=TensorProto.INT64)
    place = graph.apply("ReduceSum", counted, graph.constant(np.array([1])), keepdims=1)

    def pick(values: Any) -> Value:
        return graph.apply("Gather", graph.constant(np.asarray(values, np.float64)), place, axis=0)

    along = graph.apply("Sub", inside, pick(at[:-1]))
    risen = graph.apply("Mul", along, pick(np.diff(to) / np.diff(at)))
    return graph.apply("Add", pick(to[:-1]), risen)


def _linear(graph: OnnxGraph, model: Any, matrix: Value) -> Value:
    weights = np.atleast_2d(np.asarray(model.coef_, np.float64)).T
    product = graph.apply("MatMul", matrix, graph.constant(weights))
    start = np.atleast_1d(np.asarray(model.intercept_, np.float64))
    return graph.apply("Add", product, graph.constant(start))


def _probabilities_of_scores(graph: OnnxGraph, scores: Value, model: Any) -> Value:
    if len(model.classes_) > 2:
        return graph.apply("Softmax", scores, axis=1)
    yes = graph.apply("Sigmoid", scores)
    return graph.concat([graph.apply("Sub", graph.constant(np.float64(1.0)), yes), yes])


def _boosted_trees(graph: OnnxGraph, model: Any, matrix: Value) -> Value:
    """The raw sums of the trees, (rows, 1 or classes). Thresholds keep their 64 bits."""
    if model.is_categorical_ is not None:
        raise Ineligible(
            f"{type(model).__qualname__} with categorical_features has no translation into ONNX",
            remedy="Export to folder, skops or mlflow.",
        )
    nodes: dict[str, list[Any]] = {name: [] for name in _NODE_FIELDS}
    leaves: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
    number = 0
    for iteration in model._predictors:
        for target, tree in enumerate(iteration):
            _add_tree(nodes, leaves, number, target, tree.nodes)
            number += 1
    base = np.ravel(model._baseline_prediction).astype(np.float64)
    attributes = {f"nodes_{name}": nodes[name] for name in _NODE_FIELDS if name != "values"}
    attributes |= {f"target_{name}": leaves[name] for name in ("treeids", "nodeids", "ids")}
    found = graph.apply(
        "TreeEnsembleRegressor",
        matrix,
        domain="ai.onnx.ml",
        n_targets=len(base),
        nodes_values_as_tensor=_doubles(nodes["values"]),
        target_weights_as_tensor=_doubles(leaves["weights"]),
        base_values_as_tensor=_doubles(base.tolist()),
        **attributes,
    )
    return graph.to_double(found)


_NODE_FIELDS = (
    *("treeids", "nodeids", "featureids", "modes", "values"),
    *("truenodeids", "falsenodeids", "missing_value_tracks_true"),
)


def _add_tree(nodes: Any, leaves: Any, number: int, target: int, tree: Any) -> None:
    for place, node in enumerate(tree):
        leaf = bool(node["is_leaf"])
        nodes["treeids"].append(number)
        nodes["nodeids"].append(place)
        nodes["featureids"].append(0 if leaf else int(node["feature_idx"]))
        nodes["modes"].append("LEAF" if leaf else "BRANCH_LEQ")
        nodes["values"].append(0.0 if leaf else float(node["num_threshold"]))
        nodes["truenodeids"].append(0 if leaf else int(node["left"]))
        nodes["falsenodeids"].append(0 if leaf else int(node["right"]))
        nodes["missing_value_tracks_true"].append(int(not leaf and node["missing_go_to_left"]))
        if leaf:
            leaves["treeids"].append(number)
            leaves["nodeids"].append(place)
            leaves["ids"].append(target)
            leaves["weights"].append(float(node["value"]))


def _doubles(values: list[float]) -> TensorProto:
    return helper.make_tensor("values", TensorProto.DOUBLE, [len(values)], values)


def _convert(
    graph: OnnxGraph, model: Any, matrix: Value, options: dict[str, bool], output: int
) -> Value:
    """By skl2onnx, in 32 bits, which is all that most of its operations know."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator

    kind = [("rows", FloatTensorType([None, model.n_features_in_]))]
    told = {id(model): options} if is_classifier(model) else None
    try:
        made = to_onnx(model, initial_types=kind, options=told, target_opset=OPSETS)
        return graph.embed(
            made, graph.apply("Cast", matrix, to=TensorProto.FLOAT), made.graph.output[output].name
        )
    except (MissingConverter, MissingShapeCalculator):
        raise _unconvertible_error(model) from None
    except (RuntimeError, ValueError, TypeError, NameError, AttributeError) as error:
        raise _unconvertible_error(model, str(error).splitlines()[0]) from None


def _unconvertible_error(model: Any, why: str = "") -> Ineligible:
    kind = type(model)
    said = f" (skl2onnx: {why})" if why else ""
    return Ineligible(
        f"{kind.__module__}.{kind.__qualname__} has no converter to ONNX{said}",
        remedy="Export to folder, skops or mlflow, which carry every estimator.",
    )
