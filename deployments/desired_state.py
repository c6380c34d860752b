"""Reconcile a Prefect server with the use cases: add, change and remove Assay's objects on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    WorkPoolCreate,
    WorkPoolUpdate,
)
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import WorkQueue as PrefectQueue
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from prefect.utilities.callables import parameter_schema

from assay.config.operations import DEFAULT_OPERATIONS_FILE, Operations
from assay.deployments import alerts
from assay.deployments.automation import Automation
from assay.deployments.automations import build_automations
from assay.deployments.deployment_plan import (
    ASSAY_TAG,
    QUEUE_ENDINGS,
    Deployment,
    UseCaseFile,
    plan_deployments,
)
from assay.deployments.desired_automations import reconcile_automations
from assay.deployments.pauses import apply_pauses, pause_notice, split_description
from assay.deployments.pools import base_job_template
from assay.deployments.schedules import schedule_json
from assay.errors import ConfigError
from assay.registry.decisions.use_case_pause import Pause, Pauses


@dataclass(frozen=True)
class DesiredState:
    """What a server should have. `job_variables` are those of every deployment.

    Of the use cases whose files cannot be read (`bad_files`), it keeps what it has. `pauses` are
    those in the journals of the bucket.
    """

    cases: Sequence[UseCaseFile]
    operations: Operations
    pool: str
    job_variables: Mapping[str, str] = field(default_factory=dict)
    bad_files: Collection[str] = ()
    pauses: Pauses = field(default_factory=Pauses)

    @property
    def deployments(self) -> list[Deployment]:
        return plan_deployments(self.cases, self.operations)

    @property
    def automations(self) -> list[Automation]:
        return build_automations(self.cases, self.deployments, self.operations, self.pool)


async def reconcile_server(desired_state: DesiredState, *, dry_run: bool = False) -> list[str]:
    """Update the server of PREFECT_API_URL to the desired state, and describe the changes.

    With `dry_run` nothing is changed. A deployment that an operator paused stays paused, and what
    the journals say is paused or resumed follows them. Raises
    ConfigError for an alert without a destination.
    """
    async with get_client() as connected:
        find = alerts.find_alert_blocks if dry_run else alerts.ensure_alert_blocks
        blocks = await find(connected, desired_state.operations)
        client = cast(PrefectClient, _ReadingClient(connected)) if dry_run else connected
        changed = await _reconcile_pool(client, desired_state)
        changed += await _reconcile_queues(client, desired_state)
        done, ids, kept = await _reconcile_deployments(client, desired_state)
        changed += done
        used = {title.partition("/")[2] for title in (*ids, *kept)}
        changed += await _remove_queues(client, desired_state, used)
        changed += await reconcile_automations(
            client,
            desired_state.automations,
            desired_state.pool,
            ids=ids,
            blocks=blocks,
            kept_titles=kept,
        )
        paused = await apply_pauses(client, desired_state.pauses, pool=desired_state.pool)
        return changed + [change.text for change in paused]


class _ReadingClient:
    """A client that reads a server, and leaves out what would change it."""

    def __init__(self, client: PrefectClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name) if name.startswith("read_") else self._leave_out

    async def _leave_out(self, *_args: Any, **_more: Any) -> UUID:
        return UUID(int=0)


async def _reconcile_pool(client: PrefectClient, desired_state: DesiredState) -> list[str]:
    asked = {
        "base_job_template": base_job_template(
            desired_state.operations.pool, desired_state.operations.image
        ),
        "concurrency_limit": desired_state.operations.at_once,
    }
    try:
        found = await client.read_work_pool(desired_state.pool)
    except ObjectNotFound:
        kind = desired_state.operations.pool
        await client.create_work_pool(WorkPoolCreate(name=desired_state.pool, type=kind, **asked))
        return [f"work pool {desired_state.pool} made"]
    if found.type != desired_state.operations.pool:
        raise ConfigError(
            f"the work pool {desired_state.pool} is of the type {found.type}, not "
            f"{desired_state.operations.pool}, and a pool cannot change it",
            where=f"{DEFAULT_OPERATIONS_FILE}: pool",
            remedy="Delete the pool in the dashboard under Work Pools, or go back to its type.",
        )
    if all(getattr(found, key) == value for key, value in asked.items()):
        return []
    await client.update_work_pool(desired_state.pool, WorkPoolUpdate(**asked))
    return [f"work pool {desired_state.pool} changed"]


async def _reconcile_queues(client: PrefectClient, desired_state: DesiredState) -> list[str]:
    """Create the queues and set their priorities.

    Prefect numbers a pool's queues one after the other, so only their order matters.
    """
    asked = dict.fromkeys(deployment.queue for deployment in desired_state.deployments)
    ordered = sorted(asked, key=lambda queue: (queue.priority, queue.name))
    there = await _existing_queues(client, desired_state.pool)
    made = [queue for queue in ordered if queue.name not in there]
    for queue in made:
        limit = queue.concurrency_limit
        await client.create_work_queue(
            queue.name, work_pool_name=desired_state.pool, concurrency_limit=limit
        )
    there = await _existing_queues(client, desired_state.pool) if made else there
    ordered = [queue for queue in ordered if queue.name in there]  # in a dry run, not the new ones
    limited = [q for q in ordered if there[q.name].concurrency_limit != q.concurrency_limit]
    for queue in limited:
        await client.update_work_queue(
            there[queue.name].id, concurrency_limit=queue.concurrency_limit
        )
    priorities = [there[queue.name].priority or 0 for queue in ordered]
    moved = priorities != sorted(set(priorities))
    if moved:
        for place, queue in enumerate(ordered, start=1):
            await client.update_work_queue(there[queue.name].id, priority=place)
    told = ["order of the queues"] if moved and not made else []
    return [f"queue {queue.name}" for queue in (*made, *limited)] + told


async def _existing_queues(client: PrefectClient, pool: str) -> dict[str, PrefectQueue]:
    found: list[PrefectQueue] = []
    try:
        while page := await client.read_work_queues(pool, offset=len(found)):
            found += page
    except ObjectNotFound:  # in a dry run, before there is a pool
        return {}
    return {queue.name: queue for queue in found}


async def _remove_queues(
    client: PrefectClient, desired_state: DesiredState, use_cases: Collection[str]
) -> list[str]:
    """Remove the queues of use cases that are gone. Where one of the usual four is missing, they
    are somebody else's.
    """
    there = await _existing_queues(client, desired_state.pool)
    changed = []
    for name in [queue.removesuffix(QUEUE_ENDINGS[0]) for queue in there]:
        queues = [f"{name}{ending}" for ending in QUEUE_ENDINGS]
        if name not in use_cases and all(queue in there for queue in queues):
            for queue in queues:
                await client.delete_work_queue_by_id(there[queue].id)
                changed.append(f"queue {queue} removed")
    return changed


# --- deployments ----------------------------------------------------------------------------


async def _reconcile_deployments(
    client: PrefectClient, desired_state: DesiredState
) -> tuple[list[str], dict[str, UUID], list[str]]:
    """The changes in words, every deployment's id by title, and the titles of those that are kept
    as they are, because their use cases cannot be read.
    """
    there = await _existing_deployments(client)
    # Not every flow takes the file: promote knows its use case by name.
    bad = {d.name for d in there.values() if d.parameters.get("config") in desired_state.bad_files}
    kept = []
    changed, ids = [], {}
    for deployment in desired_state.deployments:
        found = there.pop(deployment.title, None)
        asked = _deployment_settings(deployment, desired_state)
        if found is None or not _is_up_to_date(found, asked):
            pause = desired_state.pauses.in_force.get(deployment.name)
            ids[deployment.title] = await _save_deployment(client, deployment, asked, found, pause)
            changed.append(f"deployment {deployment.title}")
        else:
            ids[deployment.title] = found.id
    for title, left in there.items():
        if left.work_pool_name != desired_state.pool:
            continue
        if left.name in bad:
            kept.append(title)
        else:
            await client.delete_deployment(left.id)
            changed.append(f"deployment {title} removed")
    return changed, ids, kept


async def _existing_deployments(client: PrefectClient) -> dict[str, DeploymentResponse]:
    marked = DeploymentFilter(tags=DeploymentFilterTags(all_=[ASSAY_TAG]))
    found: list[DeploymentResponse] = []
    while page := await client.read_deployments(deployment_filter=marked, offset=len(found)):
        found += page
    flows = {flow.id: flow.name for flow in await client.read_flows()}
    return {f"{flows.get(one.flow_id)}/{one.name}": one for one in found}


def _deployment_settings(deployment: Deployment, desired_state: DesiredState) -> dict[str, Any]:
    flow = getattr(import_module(f"assay.flows.{deployment.flow}"), deployment.flow)
    return {
        "description": deployment.description,
        "entrypoint": deployment.entrypoint,
        "parameters": dict(deployment.parameters),
        "tags": deployment.tags,
        "work_pool_name": desired_state.pool,
        "work_queue_name": deployment.queue.name,
        "job_variables": dict(desired_state.job_variables),
        "parameter_openapi_schema": parameter_schema(flow).model_dump_for_openapi(),
        "schedules": _deployment_schedules(deployment),
    }


def _deployment_schedules(deployment: Deployment) -> list[DeploymentScheduleCreate]:
    if deployment.schedule is None:
        return []
    told = schedule_json(deployment.schedule, deployment.zone)
    return [DeploymentScheduleCreate.model_validate({"schedule": told, "slug": ASSAY_TAG})]


def _is_up_to_date(existing_deployment: DeploymentResponse, settings: Mapping[str, Any]) -> bool:
    plain = {key: value for key, value in settings.items() if key != "schedules"}
    _, description = split_description(existing_deployment.description)
    there = [kept.schedule for kept in existing_deployment.schedules]
    same = sorted(existing_deployment.tags) == sorted(plain.pop("tags"))
    same &= there == [one.schedule for one in settings["schedules"]]
    same &= description == plain.pop("description")
    return same and all(
        _as_plain(getattr(existing_deployment, key)) == value for key, value in plain.items()
    )


def _as_plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else value


async def _save_deployment(
    client: PrefectClient,
    deployment: Deployment,
    settings: Mapping[str, Any],
    existing_deployment: DeploymentResponse | None,
    pause: Pause | None,
) -> UUID:
    """Create or change a deployment. What is paused stays so, and says so."""
    if existing_deployment:
        notice, _ = split_description(existing_deployment.description)
    else:
        notice = pause_notice(pause) if pause else ""
    paused = existing_deployment is not None and any(
        not kept.active for kept in existing_deployment.schedules
    )
    schedules = [s.model_copy(update={"active": not paused}) for s in settings["schedules"]]
    flow = await client.create_flow_from_name(deployment.flow)
    return await client.create_deployment(
        flow,
        deployment.name,
        **{**settings, "schedules": schedules, "description": notice + settings["description"]},
        paused=existing_deployment.paused if existing_deployment else pause is not None,
        enforce_parameter_schema=True,
    )
