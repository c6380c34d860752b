"""Pauses on a Prefect server: deployments and automations follow the bucket's journals.

A deployment that is paused here says so at the beginning of its description, by whom and why. That
is also how it is told apart from one that somebody paused on the dashboard, which stays as it is.
Runs that were begun, or that somebody asked for, go on and wait as before.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.events.schemas.automations import Automation, AutomationCore, Posture

from assay.deployments.automations import pausable_automations
from assay.deployments.deployment_plan import ASSAY_TAG, MAINTENANCE_NAME
from assay.errors import IntegrityError
from assay.registry.decisions.use_case_pause import Pause, Pauses, read_pauses
from assay.registry.open import open_bucket
from assay.render.markdown import escape_markdown
from assay.store.open import default_store_url
from assay.tasks.stage import publish_history
from assay.util import clock

if TYPE_CHECKING:
    from prefect.client.schemas.responses import DeploymentResponse

    from assay.bucket.bucket import Bucket

_MARK: Final = "**Paused** "
_MARK_END: Final = "\n\n"


def pause_notice(pause: Pause) -> str:
    """What a description begins with, as long as its use case is paused."""
    said = pause.describe().removeprefix("paused ")
    command = f"assay resume {pause.use_case}"
    return f"{_MARK}{escape_markdown(' '.join(said.split()))}. End it with `{command}`.{_MARK_END}"


def split_description(text: str | None) -> tuple[str, str]:
    """The notice of a pause of ours, or "", and the rest of a description."""
    written = text or ""
    if not written.startswith(_MARK):
        return "", written
    notice, end, rest = written.partition(_MARK_END)
    return notice + end, rest


@dataclass(frozen=True, slots=True)
class PauseChange:
    """What was changed on the server for a use case, in words."""

    use_case: str
    text: str


async def apply_pauses(
    client: PrefectClient,
    pauses: Pauses,
    *,
    pool: str | None = None,
    use_cases: Collection[str] | None = None,
) -> list[PauseChange]:
    """Pause on the server what is paused in the journals, resume what is no more, and describe
    the changes. `pool` and `use_cases` limit what is looked at.
    """
    found = await _deployments(client, pool, use_cases)
    there = {title: one for title, one in found.items() if one.name not in pauses.unknown}
    changed = []
    for title, deployment in there.items():
        pause = pauses.in_force.get(deployment.name)
        if done := await _apply_to_deployment(client, deployment, pause):
            changed.append(PauseChange(deployment.name, f"deployment {title} {done}"))
    wanted = {
        name: case
        for case in {deployment.name for deployment in there.values()}
        for name in pausable_automations(case, [t for t, d in there.items() if d.name == case])
    }
    for automation in await client.read_automations():
        is_ours = any(tag.partition(":")[0] == ASSAY_TAG for tag in automation.tags)
        if is_ours and automation.name in wanted:
            case = wanted[automation.name]
            if done := await _apply_to_automation(client, automation, pauses.in_force.get(case)):
                changed.append(PauseChange(case, f"automation {automation.name} {done}"))
    return changed


def follow_journals(pool: str | None = None, use_cases: Collection[str] | None = None) -> list[str]:
    """`apply_pauses` on the server of PREFECT_API_URL with the bucket of ASSAY_STORE, as of now.

    The pages of use cases that were paused or resumed are published again.
    """
    bucket = open_bucket(default_store_url())
    changed = asyncio.run(_follow_bucket(bucket, pool, use_cases))
    for use_case in sorted({change.use_case for change in changed}):
        with suppress(IntegrityError), warnings.catch_warnings():  # of which `assay verify` tells
            # Prefect would rather have a run publish it, and nothing runs here.
            warnings.simplefilter("ignore", FutureWarning)
            publish_history(bucket, use_case)
    return [change.text for change in changed]


async def _follow_bucket(
    bucket: Bucket, pool: str | None, use_cases: Collection[str] | None
) -> list[PauseChange]:
    async with get_client() as client:
        there = await _deployments(client, pool, use_cases)
        names = {deployment.name for deployment in there.values()}
        pauses = read_pauses(bucket, names, clock.parse_timestamp(None))
        return await apply_pauses(client, pauses, pool=pool, use_cases=use_cases)


async def _deployments(
    client: PrefectClient, pool: str | None, use_cases: Collection[str] | None
) -> dict[str, DeploymentResponse]:
    """The deployments of use cases, by title."""
    marked = DeploymentFilter(tags=DeploymentFilterTags(all_=[ASSAY_TAG]))
    found: list[DeploymentResponse] = []
    while page := await client.read_deployments(deployment_filter=marked, offset=len(found)):
        found += page
    flows = {flow.id: flow.name for flow in await client.read_flows()}
    return {
        f"{flows.get(one.flow_id)}/{one.name}": one
        for one in _within(found, pool, use_cases)
        if (flows.get(one.flow_id), one.name) != ("maintain", MAINTENANCE_NAME)
    }


def _within(
    deployments: Iterable[DeploymentResponse], pool: str | None, use_cases: Collection[str] | None
) -> list[DeploymentResponse]:
    return [
        one
        for one in deployments
        if pool in {None, one.work_pool_name} and (use_cases is None or one.name in use_cases)
    ]


async def _apply_to_deployment(
    client: PrefectClient, deployment: DeploymentResponse, pause: Pause | None
) -> str:
    """What was done: "paused", "resumed" or ""."""
    notice, plain = split_description(deployment.description)
    wanted, done = pause_notice(pause) if pause else "", ""
    if pause and deployment.paused and not notice:
        return ""  # somebody paused it on the dashboard, and it stays so
    if pause and not deployment.paused:
        await client.pause_deployment(deployment.id)
        done = "paused"
    elif notice and not pause:
        await client.resume_deployment(deployment.id)
        done = "resumed"
    if notice != wanted:
        told = DeploymentUpdate(description=wanted + plain)
        await client.update_deployment(deployment.id, told)
    return done


async def _apply_to_automation(
    client: PrefectClient, automation: Automation, pause: Pause | None
) -> str:
    """What was done: "paused", "resumed" or ""."""
    notice, plain = split_description(automation.description)
    wanted = pause_notice(pause) if pause else ""
    if notice == wanted and automation.enabled is not bool(pause):
        return ""
    if not notice and not automation.enabled:
        return ""  # somebody disabled it on the dashboard, and it stays so
    fields = {"name", "description", "enabled", "tags", "trigger", "actions"}
    core = AutomationCore.model_validate(automation.model_dump(mode="json", include=fields))
    new = core.model_copy(update={"description": wanted + plain, "enabled": pause is None})
    if pause is None and getattr(automation.trigger, "posture", None) is Posture.Proactive:
        # Made anew: it would count the silence of the pause, and alert at once.
        await client.delete_automation(automation.id)
        await client.create_automation(new)
    else:
        await client.update_automation(automation.id, new)
    return "paused" if pause else "resumed"
