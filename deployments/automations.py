"""Prefect automations as data: retraining and scoring on events, alerts, restarts of lost runs.

Prefect identifies deployments and blocks by ids that each server makes. Here they have names, and
`assay.deployments.desired_state` fills the ids in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from assay.config.operations import Operations
from assay.deployments.alert_automations import build_alert_automations
from assay.deployments.automation import (
    ANY_RUN,
    IMMEDIATE_TRIGGER,
    RUN_DEPLOYMENT,
    Automation,
    format_limit,
    related_resource,
    silence_name,
)
from assay.deployments.deployment_plan import Deployment, UseCaseFile

_CHANGE_STATE = "change-flow-run-state"
_NEVER_BEGAN_STATE = "Unbegun"  # the state of a run that crashed before it began
_CRASH_REPORT_WINDOW = 15.0  # seconds in which all who notice a crash have said so
_DAY = 86400.0  # seconds


def build_automations(
    cases: Iterable[UseCaseFile],
    deployments: Iterable[Deployment],
    operations: Operations,
    pool: str,
) -> list[Automation]:
    """All automations that Assay needs on a server, each with its own name."""
    made = [automation for case in cases for automation in _use_case_automations(case.name)]
    made += _lost_run_automations(operations, pool)
    if operations.resume:
        made += _restart_automations(operations, pool)
    return made + build_alert_automations(cases, deployments, operations, pool)


# --- on events ------------------------------------------------------------------------------


def _use_case_automations(name: str) -> list[Automation]:
    model = {"prefect.resource.id": f"assay.model.{name}"}
    because = {"because": "{{ event.payload.why }}", "evidence": "{{ event.payload.evidence }}"}
    return [
        Automation(
            _retrain_name(name),
            "The monitor's reason and its evidence go along.",
            {**IMMEDIATE_TRIGGER, "expect": ["assay.retrain.wanted"], "match": model},
            (_run_action(f"retrain/{name}", {**because, "by": "monitor"}),),
        ),
        Automation(
            _arrival_name(name),
            "Whoever delivers batches emits assay.batch.arrived, with the files as its payload.",
            {**IMMEDIATE_TRIGGER, "expect": ["assay.batch.arrived"], "match": model},
            (_run_action(f"score/{name}", {"files": _EVENT_FILES}),),
        ),
        Automation(
            f"ask a person about a challenger of {name}",
            "What its gates let through, but what its use case does not promote by itself.",
            {
                **IMMEDIATE_TRIGGER,
                "expect": ["prefect.flow-run.Challenger"],
                "match": ANY_RUN,
                "match_related": related_resource("deployment", name),
            },
            (_run_action(f"promote/{name}", {"reference": _STATE_MESSAGE}),),
        ),
    ]


_STATE_MESSAGE = "{{ event.resource['prefect.state-message'] }}"
_EVENT_FILES = {
    "__prefect_kind": "json",
    "value": {
        "__prefect_kind": "jinja",
        "template": "{{ event.payload.files | default([]) | tojson }}",
    },
}


def use_case_automation_names(name: str, titles: Iterable[str]) -> set[str]:
    """The names of the automations of one use case, whose deployments have these titles."""
    return {automation.name for automation in _use_case_automations(name)} | {
        silence_name(title) for title in titles
    }


def pausable_automations(name: str, titles: Iterable[str]) -> set[str]:
    """The names of the automations that stand still while a use case is paused. A person is still
    asked about the challenger of a run that was under way.
    """
    starting = {_retrain_name(name), _arrival_name(name)}
    return starting | {silence_name(title) for title in titles}


def _retrain_name(name: str) -> str:
    return f"retrain {name} when its monitor wants it"


def _arrival_name(name: str) -> str:
    return f"score {name} when a batch arrives"


def _run_action(deployment: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": RUN_DEPLOYMENT,
        "source": "selected",
        "deployment": deployment,
        "parameters": parameters,
    }


# --- runs that were lost --------------------------------------------------------------------


def _lost_run_automations(operations: Operations, pool: str) -> list[Automation]:
    """Mark runs as crashed that nothing was heard of for too long.

    Any event of a run is a sign of life, not only heartbeats and Prefect's own final states:
    Assay's runs also end as Rejected or Scored, and a run that waits for a retry is not lost.

    A worker that dies with a run leaves it Pending, and no other worker takes it. It may also wait
    there for its image or for room, so it counts as lost only once it is late.
    """
    ours = related_resource("work-pool", pool)
    return [
        Automation(
            "lost runs have crashed",
            f"No sign of life for {format_limit(operations.lost)}: its process is gone.",
            {**_silence_trigger(["heartbeat"], operations.lost), "match": ANY_RUN},
            (_crash_action(f"no sign of life for {format_limit(operations.lost)}"),),
        ),
        Automation(
            "runs that were taken and do not begin have crashed",
            f"Taken {format_limit(operations.late)} ago and not begun: its worker is gone.",
            {
                **_silence_trigger(["Pending", "Submitting"], operations.late),
                "match": ANY_RUN,
                "match_related": ours,
            },
            (
                _crash_action(
                    f"it was taken, and has not begun for {format_limit(operations.late)}"
                ),
            ),
        ),
    ]


def _crash_action(message: str, **more: Any) -> dict[str, Any]:
    return {"type": _CHANGE_STATE, "state": "CRASHED", "message": message, **more}


def _silence_trigger(after: Sequence[str], seconds: float) -> dict[str, Any]:
    """Fires if no event of a run follows one of these events for this many seconds."""
    return {
        "type": "event",
        "posture": "Proactive",
        "threshold": 1,
        "within": seconds,
        "after": [f"prefect.flow-run.{event}" for event in after],
        "expect": ["prefect.flow-run.*"],
        "for_each": ["prefect.resource.id"],
    }


def _restart_automations(operations: Operations, pool: str) -> list[Automation]:
    """Restart crashed runs after a delay, and only a limited number of times.

    A crash is often reported twice, and without the delay the second report would crash the waiting
    run. The limit counts how often the run began. A run that crashed before it began has no count:
    it is marked once a day, and marked runs are restarted.
    """
    counts = [str(begun) for begun in range(1, operations.resume + 1)]
    ours = related_resource("work-pool", pool)
    again = {
        "type": _CHANGE_STATE,
        "name": "AwaitingRetry",
        "state": "SCHEDULED",
        "message": "it crashed, and is started again",
    }
    return [
        Automation(
            "crashed runs are started again",
            f"At most {operations.resume} times; steps that were finished are not done twice.",
            {
                **_silence_trigger(["Crashed"], _CRASH_REPORT_WINDOW),
                "match": {**ANY_RUN, "prefect.run-count": counts},
                "match_related": ours,
            },
            (again,),
        ),
        Automation(
            "runs that crashed before they began are marked",
            "Once a day: what ends each time before it begins is not started for ever.",
            {
                **IMMEDIATE_TRIGGER,
                "within": _DAY,
                "for_each": ["prefect.resource.id"],
                "expect": ["prefect.flow-run.Crashed"],
                "match": {**ANY_RUN, "prefect.run-count": "0"},
                "match_related": ours,
            },
            (_crash_action("it crashed before it began", name=_NEVER_BEGAN_STATE, force=True),),
        ),
        Automation(
            "marked runs are started again",
            "They crashed before they began.",
            {
                **_silence_trigger([_NEVER_BEGAN_STATE], _CRASH_REPORT_WINDOW),
                "match": ANY_RUN,
                "match_related": ours,
            },
            (again,),
        ),
    ]
