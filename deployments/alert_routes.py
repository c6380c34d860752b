"""Who is sent which alert: what in the routes of configs/operations.yaml reaches nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.config.operations import DEFAULT_OPERATIONS_FILE, Operations
from assay.deployments.deployment_plan import UseCaseFile


def describe_route_gaps(operations: Operations, cases: Sequence[UseCaseFile]) -> list[str]:
    """A line for each alert that no use case concerns, for use cases whose alerts nobody is sent,
    and for the bucket's own; empty without alerts, of which `assay up` tells by itself.
    """
    return list(_gaps(operations, cases)) if operations.alerts else []


def _gaps(operations: Operations, cases: Sequence[UseCaseFile]) -> Iterator[str]:
    for number, alert in enumerate(operations.alerts):
        if not any(alert.concerns(case.name, case.use_case.owner) for case in cases):
            named = " and ".join(
                f"{key} {', '.join(names)}"
                for key, names in (("owner", alert.owner), ("use_case", alert.use_case))
                if names
            )
            if named:
                where = f"{DEFAULT_OPERATIONS_FILE}: alerts.{number}"
                yield f"{where}: no use case here has {named}, so it is sent nothing"
    forgotten = [
        case.name
        for case in cases
        if not any(a.concerns(case.name, case.use_case.owner) for a in operations.alerts)
    ]
    if forgotten:
        more = f" and {len(forgotten) - 3} more" if len(forgotten) > 3 else ""
        yield f"alerts: nobody is sent those of {', '.join(forgotten[:3])}{more}"
    if not any(alert.is_for_all for alert in operations.alerts):
        yield (
            "alerts: nobody is sent those of the bucket's maintenance; an alert without owner and "
            "use_case takes them"
        )
