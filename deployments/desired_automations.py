"""Reconcile a Prefect server's automations with the use cases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.events.schemas.automations import AutomationCore

from assay.deployments.automation import RUN_DEPLOYMENT, SEND_NOTIFICATION, Automation
from assay.deployments.automations import use_case_automation_names
from assay.deployments.deployment_plan import ASSAY_TAG
from assay.deployments.pauses import split_description


async def reconcile_automations(
    client: PrefectClient,
    automations: Iterable[Automation],
    pool: str,
    *,
    ids: Mapping[str, UUID],
    blocks: Sequence[UUID],
    kept_titles: Collection[str],
) -> list[str]:
    """Create, change and remove a pool's automations, and describe the changes. `ids`: of the
    deployments, by title; `blocks`: of the alerts' destinations, by number; `kept_titles`: of the
    deployments whose automations stay as they are.
    """
    changed = []
    kept = {
        name
        for title in kept_titles
        for name in use_case_automation_names(title.partition("/")[2], kept_titles)
    }
    mark = f"{ASSAY_TAG}:{pool}"
    there = {one.name: one for one in await client.read_automations() if mark in one.tags}
    for automation in automations:
        asked = AutomationCore.model_validate(
            {
                "name": automation.name,
                "description": automation.description,
                "tags": [mark],
                "trigger": automation.trigger,
                "actions": [_with_ids(action, ids, blocks) for action in automation.actions],
            }
        )
        found = there.pop(automation.name, None)
        if found is None:
            await client.create_automation(asked)
        elif _comparable_fields(found) != _comparable_fields(asked):
            notice, _ = split_description(found.description)
            kept_as = {"enabled": found.enabled, "description": notice + asked.description}
            again = asked.model_copy(update=kept_as)
            await client.update_automation(found.id, again)
        else:
            continue
        changed.append(f"automation {automation.name}")
    for name, left in there.items():
        if name in kept:
            continue
        await client.delete_automation(left.id)
        changed.append(f"automation {name} removed")
    return changed


def _comparable_fields(automation: AutomationCore) -> dict[str, Any]:
    """The fields by which two deployments differ, without the pause and server-made fields."""
    kept: Iterable[str] = ("name", "description", "tags", "trigger", "actions")
    core = automation.model_dump(mode="json", include=set(kept))
    _, description = split_description(core["description"])
    return {
        **core,
        "description": description,
        "trigger": _trigger_without_id(core["trigger"]),
    }


def _trigger_without_id(trigger: dict[str, Any]) -> dict[str, Any]:
    sets = {key: sorted(trigger[key]) for key in ("after", "expect", "for_each")}
    return {key: value for key, value in trigger.items() if key != "id"} | sets


def _with_ids(
    action: Mapping[str, Any], ids: Mapping[str, UUID], blocks: Sequence[UUID]
) -> dict[str, Any]:
    plain = dict(action)
    if plain["type"] == RUN_DEPLOYMENT:
        plain["deployment_id"] = ids[plain.pop("deployment")]
    if plain["type"] == SEND_NOTIFICATION:
        plain["block_document_id"] = blocks[plain.pop("alert")]
    return plain
