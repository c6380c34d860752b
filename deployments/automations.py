"""Prefect automations as data: retraining and scoring on events, alerts, restarts of lost runs.

Prefect identifies deployments and blocks by ids that each server makes. Here they have names, and
`assay.deployments.desired_state` fills the ids in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from assay.config.operations import AlertEvent, Operations
from assay.deployments.deployment_plan import Deployment, UseCaseFile
from assay.deployments.schedules import longest_silence

RUN_DEPLOYMENT, SEND_NOTIFICATION = "run-deployment", "send-notification"

# Prefect names the event of a run that entered a state after the state.
_ALERT_STATES: dict[AlertEvent, tuple[str, ...]] = {
    "failed": ("Failed", "TimedOut", "Damaged", "Unanswered"),
    "refused": ("Rejected", "Infeasible", "Invalid", "Refused"),
    "crashed": ("Crashed",),
    "late": ("Late",),
    "waiting": ("Paused", "Suspended"),
}
_ANY_RUN = {"prefect.resource.id": "prefect.flow-run.*"}
_CHANGE_STATE = "change-flow-run-state"
_NEVER_BEGAN_STATE = "Unbegun"  # the state of a run that crashed before it began
_CRASH_REPORT_WINDOW = 15.0  # seconds in which all who notice a crash have said so
_DAY = 86400.0  # seconds
_IMMEDIATE_TRIGGER = {"type": "event", "posture": "Reactive", "threshold": 1, "within": 0.0}


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
    return made + _alert_automations(deployments, operations, pool)


# --- on events ------------------------------------------------------------------------------


def _use_case_automations(name: str) -> list[Automation]:
    model = {"prefect.resource.id": f"assay.model.{name}"}
    because = {"because": "{{ event.payload.why }}", "evidence": "{{ event.payload.evidence }}"}
    return [
        Automation(
            f"retrain {name} when its monitor wants it",
            "The monitor's reason and its evidence go along.",
            {**_IMMEDIATE_TRIGGER, "expect": ["assay.retrain.wanted"], "match": model},
            (_run_action(f"retrain/{name}", {**because, "by": "monitor"}),),
        ),
        Automation(
            f"score {name} when a batch arrives",
            "Whoever delivers batches emits assay.batch.arrived, with the files as its payload.",
            {**_IMMEDIATE_TRIGGER, "expect": ["assay.batch.arrived"], "match": model},
            (_run_action(f"score/{name}", {"files": _EVENT_FILES}),),
        ),
        Automation(
            f"ask a person about a challenger of {name}",
            "What its gates let through, but what its use case does not promote by itself.",
            {
                **_IMMEDIATE_TRIGGER,
                "expect": ["prefect.flow-run.Challenger"],
                "match": _ANY_RUN,
                "match_related": _related_resource("deployment", name),
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
        _silence_name(title) for title in titles
    }


def _silence_name(title: str) -> str:
    return f"tell when {title} is silent"


def _run_action(deployment: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": RUN_DEPLOYMENT,
        "source": "selected",
        "deployment": deployment,
        "parameters": parameters,
    }


def _related_resource(role: str, name: str) -> dict[str, str]:
    return {"prefect.resource.role": role, "prefect.resource.name": name}


# --- runs that were lost --------------------------------------------------------------------


def _lost_run_automations(operations: Operations, pool: str) -> list[Automation]:
    """Mark runs as crashed that nothing was heard of for too long.

    Any event of a run is a sign of life, not only heartbeats and Prefect's own final states:
    Assay's runs also end as Rejected or Scored, and a run that waits for a retry is not lost.

    A worker that dies with a run leaves it Pending, and no other worker takes it. It may also wait
    there for its image or for room, so it counts as lost only once it is late.
    """
    ours = _related_resource("work-pool", pool)
    return [
        Automation(
            "lost runs have crashed",
            f"No sign of life for {_format_duration(operations.lost)}: its process is gone.",
            {**_silence_trigger(["heartbeat"], operations.lost), "match": _ANY_RUN},
            (_crash_action(f"no sign of life for {_format_duration(operations.lost)}"),),
        ),
        Automation(
            "runs that were taken and do not begin have crashed",
            f"Taken {_format_duration(operations.late)} ago and not begun: its worker is gone.",
            {
                **_silence_trigger(["Pending", "Submitting"], operations.late),
                "match": _ANY_RUN,
                "match_related": ours,
            },
            (
                _crash_action(
                    f"it was taken, and has not begun for {_format_duration(operations.late)}"
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
    ours = _related_resource("work-pool", pool)
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
                "match": {**_ANY_RUN, "prefect.run-count": counts},
                "match_related": ours,
            },
            (again,),
        ),
        Automation(
            "runs that crashed before they began are marked",
            "Once a day: what ends each time before it begins is not started for ever.",
            {
                **_IMMEDIATE_TRIGGER,
                "within": _DAY,
                "for_each": ["prefect.resource.id"],
                "expect": ["prefect.flow-run.Crashed"],
                "match": {**_ANY_RUN, "prefect.run-count": "0"},
                "match_related": ours,
            },
            (_crash_action("it crashed before it began", name=_NEVER_BEGAN_STATE, force=True),),
        ),
        Automation(
            "marked runs are started again",
            "They crashed before they began.",
            {
                **_silence_trigger([_NEVER_BEGAN_STATE], _CRASH_REPORT_WINDOW),
                "match": _ANY_RUN,
                "match_related": ours,
            },
            (again,),
        ),
    ]


# --- alerts ---------------------------------------------------------------------------------

_SUBJECT = "{{ flow_run.name }}: {{ flow_run.state.name }}"
# One that has not begun has no name of ours yet.
_LATE_SUBJECT = "{{ flow.name }} {{ deployment.name }}: {{ flow_run.state.name }}"
_BODY = "{{ flow_run.state.message or '' }}\n{{ flow_run|ui_url }}"


def _alert_automations(
    deployments: Iterable[Deployment], operations: Operations, pool: str
) -> list[Automation]:
    made = []
    for kind, states in _ALERT_STATES.items():
        tell = _notify_actions(
            kind, operations, _LATE_SUBJECT if kind == "late" else _SUBJECT, _BODY
        )
        expect = [f"prefect.flow-run.{state}" for state in states]
        trigger = {**_IMMEDIATE_TRIGGER, "expect": expect, "match": _ANY_RUN}
        trigger["match_related"] = _related_resource("work-pool", pool)
        if tell:
            said = f"Runs that end {', '.join(states)}."
            made.append(Automation(f"tell of {kind} runs", said, trigger, tell))
    for deployment in deployments:
        if deployment.schedule is not None:
            made += _silent_deployment_automations(deployment, deployment.schedule, operations)
    return made


def _silent_deployment_automations(
    deployment: Deployment, schedule: str, operations: Operations
) -> list[Automation]:
    within = longest_silence(schedule, deployment.zone, operations.late)
    said = f"no run of it has begun for {_format_duration(within)}"
    tell = _notify_actions("silent", operations, f"{deployment.title} is silent", said)
    trigger = {
        "type": "event",
        "posture": "Proactive",
        "threshold": 1,
        "within": within,
        "expect": ["prefect.flow-run.Running"],
        "match": _ANY_RUN,
        "match_related": [
            _related_resource("deployment", deployment.name),
            _related_resource("flow", deployment.flow),
        ],
    }
    name = _silence_name(deployment.title)
    return [Automation(name, f"It is due by {schedule!r}.", trigger, tell)] if tell else []


def _notify_actions(
    kind: AlertEvent, operations: Operations, subject: str, body: str
) -> tuple[dict[str, Any], ...]:
    to: Sequence[int] = [n for n, alert in enumerate(operations.alerts) if kind in alert.on]
    return tuple(
        {"type": SEND_NOTIFICATION, "alert": n, "subject": subject, "body": body} for n in to
    )


def _format_duration(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes / 60:.3g} hours" if minutes >= 120 else f"{minutes:.3g} minutes"
