"""The gates, in the order in which people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

T = TypeVar("T")

# By the stage whose step yields the gate's report.
GATES: Final = {
    "validate": "validation",
    "feasibility": "feasibility",
    "evaluate": "performance",
    "fairness": "fairness",
}


def in_order(by_gate: Mapping[str, T]) -> dict[str, T]:
    """The same by gate, in reading order: canonical JSON has sorted them by name."""
    order = list(GATES.values())
    return {gate: by_gate[gate] for gate in sorted(by_gate, key=order.index)}
