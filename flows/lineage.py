"""Hooks that tell of a flow's run as events of OpenLineage: see `assay.tasks.lineage`.

What is imported by name here is no part of the code that a result depends on.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def lineage_hooks(hook: Callable[[Any, Any, Any], None]) -> list[Any]:
    """The hook, where configs/operations.yaml names a receiver as a flow is imported; else none,
    because Prefect writes a line into the log for each.
    """
    return [hook] if import_module("assay.tasks.lineage").configured_receiver() else []


def tell_start(flow: Any, flow_run: Any, state: Any) -> None:
    """Tell that a run begins."""
    _tell("START", flow, flow_run, state)


def tell_end(flow: Any, flow_run: Any, state: Any) -> None:
    """Tell how a run ended: COMPLETE, FAIL, or ABORT for one that crashed or was cancelled."""
    ends = {"COMPLETED": "COMPLETE", "FAILED": "FAIL"}
    _tell(ends.get(state.type.value, "ABORT"), flow, flow_run, state)


def _tell(kind: str, flow: Any, flow_run: Any, state: Any) -> None:
    import_module("assay.tasks.lineage").tell_run(kind, flow.name, flow_run, state)
