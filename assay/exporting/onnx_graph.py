"""A graph of ONNX operations under construction. All numbers are 64-bit floats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

OPSETS: Final = {"": 17, "ai.onnx.ml": 3}
_IR_VERSION: Final = 8

Value = str
"""The name of a tensor in the graph. Columns are tensors of shape (rows, 1)."""


class OnnxGraph:
    """Nodes, constants and inputs, in the order in which they were added."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.inputs: list[Any] = []

    def add_input(self, name: str, *, text: bool) -> Value:
        """A column of the caller: text, or a number (NaN where missing)."""
        kind = TensorProto.STRING if text else TensorProto.DOUBLE
        self.inputs.append(helper.make_tensor_value_info(name, kind, [None, 1]))
        return name

    def constant(self, values: Any) -> Value:
        """A constant: float64 or int64, as numpy has it."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def apply(self, operation: str, *inputs: Value, domain: str = "", **attributes: Any) -> Value:
        """The output of one operation."""
        output = f"{operation.lower()}_{len(self.nodes)}"
        node = helper.make_node(operation, inputs, [output], domain=domain, **attributes)
        self.nodes.append(node)
        return output

    def concat(self, columns: Sequence[Value]) -> Value:
        """Columns side by side."""
        return columns[0] if len(columns) == 1 else self.apply("Concat", *columns, axis=1)

    def to_double(self, value: Value) -> Value:
        return self.apply("Cast", value, to=TensorProto.DOUBLE)

    def look_up(self, text: Value, rows: dict[str, int], table: NDArray[np.float64]) -> Value:
        """For each text the row of `table` that `rows` names, else its last row."""
        places = self.apply(
            "LabelEncoder",
            text,
            domain="ai.onnx.ml",
            keys_strings=[*rows],
            values_int64s=[*rows.values()],
            default_int64=len(table) - 1,
        )
        flat = self.apply("Reshape", places, self.constant(np.array([-1])))
        return self.apply("Gather", self.constant(table), flat, axis=0)

    def embed(self, model: ModelProto, source: Value, output: str) -> Value:
        """Another model, which takes `source`, as a part of this graph; its output of that name."""
        prefix = f"embedded_{len(self.nodes)}_"
        names = {model.graph.input[0].name: source}
        for held in model.graph.initializer:
            names[held.name] = prefix + held.name
            copied = TensorProto()
            copied.CopyFrom(held)
            copied.name = names[held.name]
            self.constants.append(copied)
        for node in model.graph.node:
            if any(a.type in {AttributeProto.GRAPH, AttributeProto.GRAPHS} for a in node.attribute):
                raise ValueError(f"{node.op_type} holds a graph of its own")
            copied_node = NodeProto()
            copied_node.CopyFrom(node)
            del copied_node.input[:], copied_node.output[:]
            names.update({name: prefix + name for name in node.output})
            copied_node.input.extend(names.get(name, name) for name in node.input)
            copied_node.output.extend(names[name] for name in node.output)
            copied_node.name = prefix + node.name
            self.nodes.append(copied_node)
        return names[output]

    def finish(self, outputs: dict[str, tuple[Value, str]], notes: dict[str, str]) -> ModelProto:
        """The model. `outputs`: by name a value of shape (rows, 1), and its type (number, boolean
        or text); they come out with shape (rows,). `notes` become its metadata.
        """
        kinds = {"boolean": TensorProto.BOOL, "text": TensorProto.STRING}
        told = []
        for name, (value, kind) in outputs.items():
            shape = self.constant(np.array([-1]))
            self.nodes.append(helper.make_node("Reshape", [value, shape], [name]))
            told.append(
                helper.make_tensor_value_info(name, kinds.get(kind, TensorProto.DOUBLE), [None])
            )
        graph = helper.make_graph(self.nodes, "assay", self.inputs, told, self.constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="assay")
        model.ir_version = _IR_VERSION
        helper.set_model_props(model, notes)
        return model
