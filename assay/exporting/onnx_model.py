"""A model as one ONNX graph, from raw columns to probabilities or amounts.

Carried are the probability and decision of a yes or no, the probabilities and decision of classes,
and the amount. Not carried are sets and intervals, and nothing whose decision ONNX could not make:
a probability without the thresholds that a fairness gate passed would be decided upon otherwise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from assay.errors import Ineligible
from assay.exporting.answer_check import AnswerCheck, check_answers
from assay.exporting.evidence import evidence_facts, evidence_files
from assay.exporting.exported_version import ExportedVersion
from assay.exporting.folders import schema_bytes
from assay.exporting.new_folder import write_checksums, write_files
from assay.exporting.onnx_estimators import (
    calibrate_scores,
    decision_scores,
    predict_amounts,
    predict_probabilities,
)
from assay.exporting.onnx_graph import OnnxGraph, Value
from assay.exporting.onnx_preparation import prepare_columns
from assay.exporting.scoring import dates_to_days
from assay.learning.signature import cast_frame, pipeline_kind

TOLERANCE = 1e-5
"""Trees add up in 32 bits in ONNX Runtime: a part in ten million, some hundred times."""
_FILE = "model.onnx"
_NOT_CARRIED = ("set", "low", "high")


def write_onnx(exported: ExportedVersion, folder: Path, rows: pd.DataFrame) -> AnswerCheck:
    """Write the folder with the graph and the evidence. Raises Ineligible, OutputError."""
    graph = OnnxGraph()
    inputs = exported.model.signature["inputs"]
    columns = {
        e["name"]: graph.add_input(e["name"], text=pipeline_kind(e["type"]) == "text")
        for e in inputs
    }
    outputs = _answers(graph, exported, columns)
    left = [o["name"] for o in exported.model.signature["outputs"] if o["name"] not in outputs]
    how = {
        "file": _FILE,
        "not_carried": left,
        "onnx_inputs": "numbers and booleans: double, NaN where missing; text: string, empty where "
        "missing; dates: double, days since 1970-01-01",
    }
    model = graph.finish(outputs, evidence_facts(exported))
    schema = schema_bytes(exported, how)
    write_files(folder, {_FILE: model.SerializeToString(), "schema.json": schema})
    write_files(folder, evidence_files(exported))
    write_checksums(folder)
    found = run_onnx(folder / _FILE, cast_frame(rows, inputs))
    expected = exported.model.predict(rows)
    why = (
        "ONNX adds up trees in 32 bits, and ONNX Runtime may round otherwise. Export to folder, "
        "skops or mlflow, whose answers are the same."
    )
    return check_answers(expected, found, TOLERANCE, "ONNX", why, left_out=_NOT_CARRIED)


def run_onnx(file: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """ONNX Runtime's answers to rows as `cast_frame` gives them."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    known = dates_to_days(rows)
    given = {one.name: _column(known[one.name]) for one in session.get_inputs()}
    names = [one.name for one in session.get_outputs()]
    return pd.DataFrame(dict(zip(names, session.run(names, given), strict=True)), index=rows.index)


def _column(series: pd.Series) -> np.ndarray:
    if pd.api.types.is_float_dtype(series.dtype):
        return series.to_numpy(np.float64).reshape(-1, 1)
    return series.astype(object).where(series.notna(), "").to_numpy(object).reshape(-1, 1)


def _answers(
    graph: OnnxGraph, exported: ExportedVersion, columns: dict[str, Value]
) -> dict[str, tuple[Value, str]]:
    """The outputs by name, each with its type."""
    rule, parts = exported.portable.rule, exported.portable.parts
    _require_plain_decision(exported, rule)
    if rule["kind"] == "amounts":
        return {"prediction": (_amount(graph, rule, parts["pipeline"], columns), "number")}
    if rule["kind"] == "yes_no":
        both = _probabilities(graph, parts["classifier"], columns)
        yes = graph.apply("Gather", both, graph.constant(np.array([1])), axis=1)
        limit = graph.constant(np.float64(rule["threshold"]))
        decided = graph.apply("GreaterOrEqual", yes, limit)
        return {"probability": (yes, "number"), "decision": (decided, "boolean")}
    found = _probabilities(graph, parts["classifier"], columns)
    answers = {"decision": (_decide_class(graph, rule, found), "text")}
    for code, label in enumerate(rule["labels"]):
        place = graph.constant(np.array([code]))
        answers[f"probability_{label}"] = (graph.apply("Gather", found, place, axis=1), "number")
    return answers


def _require_plain_decision(exported: ExportedVersion, rule: dict[str, Any]) -> None:
    if "groups" in rule:
        how = "thresholds for groups"
    elif "lottery" in rule:
        how = "a draw among classifiers"
    elif "abstain" in rule:
        how = "a rule that leaves rows to a person"
    elif rule["kind"] == "yes_no" and rule["threshold"] is None:
        how = "its estimator's own rule"
    else:
        return
    raise Ineligible(
        f"{exported.version.name} decides by {how}, and ONNX would carry its probabilities alone: "
        "whoever decided by these would undo what the fairness gate passed",
        remedy="Export to folder, skops or mlflow, which decide as it does.",
    )


def _probabilities(graph: OnnxGraph, model: Any, columns: dict[str, Value]) -> Value:
    if isinstance(model, CalibratedClassifierCV):
        (calibrated,) = model.calibrated_classifiers_
        pipeline = _unfreeze(calibrated.estimator)
        scores = decision_scores(graph, *_estimator_and_matrix(graph, pipeline, columns))
        return calibrate_scores(graph, calibrated.calibrators, scores)
    return predict_probabilities(graph, *_estimator_and_matrix(graph, model, columns))


def _amount(
    graph: OnnxGraph, rule: dict[str, Any], pipeline: Any, columns: dict[str, Value]
) -> Value:
    if rule["centre"] is not None:
        raise Ineligible(
            "its amounts are corrected by the expected size of errors, which ONNX does not carry",
            remedy="Export to folder, skops or mlflow.",
        )
    value = predict_amounts(graph, *_estimator_and_matrix(graph, pipeline, columns))
    column = graph.apply("Reshape", value, graph.constant(np.array([-1, 1])))
    if rule["log"]:
        column = graph.apply("Exp", column)
    return graph.apply("Mul", column, graph.constant(np.float64(rule["smearing"])))


def _decide_class(graph: OnnxGraph, rule: dict[str, Any], found: Value) -> Value:
    costs = np.array(rule["costs"], np.float64)
    equal = np.array_equal(costs, costs.max() * (1.0 - np.eye(len(costs))))
    if equal:
        code = graph.apply("ArgMax", found, axis=1, keepdims=1)
    else:
        expected = graph.apply("MatMul", found, graph.constant(costs))
        code = graph.apply("ArgMin", expected, axis=1, keepdims=1)
    return graph.apply(
        "LabelEncoder",
        code,
        domain="ai.onnx.ml",
        keys_int64s=list(range(len(costs))),
        values_strings=rule["labels"],
        default_string="",
    )


def _estimator_and_matrix(
    graph: OnnxGraph, pipeline: Any, columns: dict[str, Value]
) -> tuple[Any, Value]:
    if not isinstance(pipeline, Pipeline) or [*pipeline.named_steps] != ["prepare", "model"]:
        kind = type(pipeline)
        raise Ineligible(
            f"{kind.__module__}.{kind.__qualname__} has no converter to ONNX",
            remedy="Export to folder, skops or mlflow, which carry every estimator.",
        )
    matrix = prepare_columns(graph, pipeline.named_steps["prepare"], columns)
    return pipeline.named_steps["model"], matrix


def _unfreeze(model: Any) -> Any:
    while isinstance(model, FrozenEstimator):
        model = model.estimator
    return model
