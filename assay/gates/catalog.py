"""The gates, in the order in which people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

T = TypeVar("T")

# By the stage whose step yields the gate's report.
GATE_BY_STAGE: Final = {
    "validate": "validation",
    "feasibility": "feasibility",
    "rank": "candidates",
    "evaluate": "performance",
    "fairness": "fairness",
    "explain": "explanation",
    "technical": "technical",
}

# Gates that read clocks: the same inputs do not give the same report.
NONDETERMINISTIC_GATES: Final = frozenset({"technical"})


def sort_by_gate(by_gate: Mapping[str, T]) -> dict[str, T]:
    """The same by gate, in reading order: canonical JSON has sorted them by name.

    Gates of a later version, unknown to this one, come last.
    """
    order = list(GATE_BY_STAGE.values())
    known = [gate for gate in order if gate in by_gate]
    return {gate: by_gate[gate] for gate in [*known, *(g for g in by_gate if g not in known)]}
