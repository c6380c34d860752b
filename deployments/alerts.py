"""Destinations of alerts, as blocks that Prefect keeps."""

from __future__ import annotations

from uuid import UUID

from prefect.blocks.notifications import SlackWebhook
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound
from pydantic import SecretStr

from assay.config.operations import Alert, Operations, expand_variables
from assay.errors import ConfigError


async def ensure_alert_blocks(client: PrefectClient, operations: Operations) -> list[UUID]:
    """The block of each alert, in order.

    Raises ConfigError for a missing block or environment variable, and for a URL that Apprise
    cannot read.
    """
    return [
        await _ensure_alert_block(client, n, alert) for n, alert in enumerate(operations.alerts)
    ]


async def find_alert_blocks(client: PrefectClient, operations: Operations) -> list[UUID]:
    """The block of each alert, in order; the nil UUID for one that is not made yet.

    Raises ConfigError as `ensure_alert_blocks` does.
    """
    return [await _find_alert_block(client, n, alert) for n, alert in enumerate(operations.alerts)]


async def _find_alert_block(client: PrefectClient, number: int, alert: Alert) -> UUID:
    if alert.to.startswith("block://"):
        return await _ensure_alert_block(client, number, alert)
    kind = SlackWebhook.get_block_type_slug()
    try:
        return (await client.read_block_document_by_name(_block_name(number), kind)).id
    except ObjectNotFound:
        return UUID(int=0)


def _block_name(number: int) -> str:
    return f"assay-alert-{number}"


async def _ensure_alert_block(client: PrefectClient, number: int, alert: Alert) -> UUID:
    where = f"configs/operations.yaml: alerts.{number}"
    if alert.to.startswith("block://"):
        kind, name = alert.to.removeprefix("block://").split("/")
        return await _find_block(client, kind, name, where)
    url = expand_variables(alert.to, where)
    _check_url(url, where)
    name = _block_name(number)
    # Of Prefect's blocks the one that hands any URL of Apprise's on, not Slack's alone; its
    # address is kept encrypted.
    block = SlackWebhook(url=SecretStr(url))
    try:
        held = await client.read_block_document_by_name(name, SlackWebhook.get_block_type_slug())
        if held.data.get("url") == url:
            return held.id
    except ObjectNotFound:
        await SlackWebhook.aregister_type_and_schema(client=client)
    return await block.asave(name, overwrite=True, client=client)


async def _find_block(client: PrefectClient, kind: str, name: str, location: str) -> UUID:
    try:
        return (await client.read_block_document_by_name(name, kind, include_secrets=False)).id
    except ObjectNotFound:
        raise ConfigError(
            f"the server has no block {name!r} of the type {kind!r}",
            where=location,
            remedy="Make it in the dashboard under Blocks, or write an Apprise URL.",
        ) from None


def _check_url(url: str, location: str) -> None:
    from apprise import Apprise

    if not Apprise().add(url):
        raise ConfigError(
            "Apprise cannot read this URL",  # without the URL: it holds the secret
            where=location,
            remedy="See https://github.com/caronc/apprise/wiki for how services are written.",
        )
