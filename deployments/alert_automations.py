"""Prefect automations that send alerts: of runs by their states, and of schedules that are silent.

Each alert names the use case and its owner, what is, the limit, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assay.config.due_moments import longest_pause
from assay.config.operations import AlertEvent, Operations
from assay.deployments.automation import (
    ANY_RUN,
    IMMEDIATE_TRIGGER,
    SEND_NOTIFICATION,
    Automation,
    format_limit,
    related_resource,
    silence_name,
)
from assay.deployments.deployment_plan import (
    MAINTENANCE_NAME,
    OWNER_MARK,
    Deployment,
    UseCaseFile,
)
from assay.deployments.schedules import longest_silence


@dataclass(frozen=True, slots=True)
class AlertKind:
    """An alert of runs. `states` are those that they enter, after which Prefect names its events;
    `limit` says which limit was passed, "" where the run's message holds it.
    """

    states: tuple[str, ...]
    remedy: str
    limit: str = ""


def alert_kinds(operations: Operations) -> dict[AlertEvent, AlertKind]:
    """The alerts that the states of runs give."""
    return {
        "failed": AlertKind(
            ("Failed", "TimedOut", "Damaged", "Unanswered"),
            "Mend what the message names. Then press Retry on the run's page, or wait for the "
            "schedule; finished steps are not repeated.",
        ),
        "refused": AlertKind(
            ("Rejected", "Infeasible", "Invalid", "Refused"),
            "Open the report on the run's page. It says what would change the verdict.",
        ),
        "crashed": AlertKind(
            ("Crashed",),
            f"Wait: it is started again at most {operations.resume} times. If it crashes again, "
            "read the worker's log; a process that was killed often lacked memory.",
            f"Silent for {format_limit(operations.lost)}, it counts as lost.",
        ),
        "late": AlertKind(
            ("Late",),
            "Look at `assay up --status`: is there a worker, and is its pool full?",
            f"It was due {format_limit(operations.late)} ago.",
        ),
        "waiting": AlertKind(
            ("Paused", "Suspended"),
            "Open the run, read the evidence, press Resume and answer; or type what `assay todo` "
            "says.",
        ),
    }


def build_alert_automations(
    cases: Iterable[UseCaseFile],
    deployments: Iterable[Deployment],
    operations: Operations,
    pool: str,
) -> list[Automation]:
    """The automations of all alerts. One that names owners or use cases has its own for each kind
    of run, of the deployments that concern it.
    """
    owners = {case.name: case.use_case.owner for case in cases}
    made = [
        automation
        for event, kind in alert_kinds(operations).items()
        for automation in _run_automations(event, kind, operations, pool, owners)
    ]
    for deployment in deployments:
        if deployment.schedule is not None:
            owner = owners.get(deployment.name, "")
            made += _silent_automations(deployment, deployment.schedule, owner, operations)
    return made


def _run_automations(
    event: AlertEvent, kind: AlertKind, operations: Operations, pool: str, owners: dict[str, str]
) -> Iterator[Automation]:
    # One that has not begun has no name of ours yet.
    name = "{{ flow.name }} {{ deployment.name }}" if event == "late" else "{{ flow_run.name }}"
    subject = f"{name}: {{{{ flow_run.state.name }}}}"
    said = f"Runs that end {', '.join(kind.states)}."
    ours = related_resource("work-pool", pool)
    wanted = [n for n, alert in enumerate(operations.alerts) if event in alert.on]
    groups: dict[tuple[str, ...] | None, list[int]] = {}
    for number in wanted:
        alert = operations.alerts[number]
        named = tuple(case for case, owner in owners.items() if alert.concerns(case, owner))
        groups.setdefault(None if alert.is_for_all else named, []).append(number)
    for named_cases, numbers in groups.items():
        trigger = {
            **IMMEDIATE_TRIGGER,
            "expect": [f"prefect.flow-run.{state}" for state in kind.states],
            "match": ANY_RUN,
            "match_related": ours,
        }
        title = f"tell of {event} runs"
        if named_cases is not None:
            if not named_cases:
                continue  # nobody's use cases: an empty list would match all
            trigger["match_related"] = [ours, related_resource("deployment", [*named_cases])]
            title += f" to alerts {', '.join(map(str, numbers))}"
        actions = _notify_actions(numbers, subject, run_body(kind))
        yield Automation(title, said, trigger, actions)


def run_body(kind: AlertKind) -> str:
    """The text of an alert of a run, as Prefect's template."""
    described = "(deployment.description or '')"
    owner = (
        f"{{% if '{OWNER_MARK}' in {described} %}}, owner: "
        f"{{{{ {described}.rpartition('{OWNER_MARK}')[2] }}}}{{% endif %}}"
    )
    lines = [
        f"Use case: {{{{ deployment.name }}}}{owner}",
        "{{ flow_run.state.message or '' }}",
        *([kind.limit] if kind.limit else []),
        f"What to do: {kind.remedy}",
        "{{ flow_run|ui_url }}",
    ]
    return "\n".join(lines)


def _as_template(text: str) -> str:
    """A text that people wrote, as a template of Prefect's that gives it as it is."""
    return text.replace("{", "{{ '{' }}")


def _silent_automations(
    deployment: Deployment, schedule: str, owner: str, operations: Operations
) -> Iterator[Automation]:
    concerned = deployment.name if deployment.name != MAINTENANCE_NAME else ""
    numbers = [
        n
        for n, alert in enumerate(operations.alerts)
        if "silent" in alert.on and alert.concerns(concerned, owner)
    ]
    if not numbers:
        return
    within = longest_silence(schedule, deployment.zone, operations.late)
    every = format_limit(longest_pause(schedule, deployment.zone))
    whose = f", owner: {_as_template(owner)}" if owner else ""
    body = (
        f"Use case: {deployment.name}{whose}\n"
        f"No run of {deployment.title} has begun for {format_limit(within)}.\n"
        f"One is due every {every}, by {schedule!r}.\n"
        "What to do: look whether its schedule is paused, and at `assay up --status`."
    )
    trigger = {
        "type": "event",
        "posture": "Proactive",
        "threshold": 1,
        "within": within,
        "expect": ["prefect.flow-run.Running"],
        "match": ANY_RUN,
        "match_related": [
            related_resource("deployment", deployment.name),
            related_resource("flow", deployment.flow),
        ],
    }
    actions = _notify_actions(numbers, f"{deployment.title} is silent", body)
    yield Automation(
        silence_name(deployment.title), f"It is due by {schedule!r}.", trigger, actions
    )


def _notify_actions(numbers: Sequence[int], subject: str, body: str) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"type": SEND_NOTIFICATION, "alert": n, "subject": subject, "body": body} for n in numbers
    )
