"""One Prefect automation as data, and the parts that several are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

RUN_DEPLOYMENT, SEND_NOTIFICATION = "run-deployment", "send-notification"

ANY_RUN: Final = {"prefect.resource.id": "prefect.flow-run.*"}
IMMEDIATE_TRIGGER: Final = {"type": "event", "posture": "Reactive", "threshold": 1, "within": 0.0}


@dataclass(frozen=True, slots=True)
class Automation:
    """An automation in Prefect's form, with names instead of ids.

    A run-deployment action names its `deployment`; a send-notification action gives the number of
    its `alert` in the operations.
    """

    name: str
    description: str
    trigger: dict[str, Any]
    actions: tuple[dict[str, Any], ...]


def related_resource(role: str, name: str | list[str]) -> dict[str, Any]:
    """What an event must be related to: a resource with this name, or one of these."""
    return {"prefect.resource.role": role, "prefect.resource.name": name}


def silence_name(title: str) -> str:
    """The name of the automation that tells of a silent deployment."""
    return f"tell when {title} is silent"


def format_limit(seconds: float) -> str:
    """A limit in minutes or hours, such as "15 minutes"."""
    minutes = seconds / 60
    return f"{minutes / 60:.3g} hours" if minutes >= 120 else f"{minutes:.3g} minutes"
