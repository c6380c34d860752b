"""Destinations of alerts, as blocks that Prefect keeps, and the alerts that no automation can send:
of use cases that cannot be read, and of missed deadlines.

The server's automations send all others: it knows of runs, and neither of files nor of batches.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block
from prefect.blocks.notifications import SlackWebhook
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from prefect.exceptions import ObjectNotFound
from pydantic import SecretStr

from assay.config.loaded_use_case import read_yaml_with_lines
from assay.config.operations import Alert, AlertEvent, Operations, expand_variables
from assay.deployments.deployment_plan import BadUseCase, describe_bad_use_case
from assay.errors import AssayError, ConfigError

_TOLD_VARIABLE = "assay_told_use_cases"  # of Prefect's: by pool, the marks of files that were told


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


async def alert_bad_use_cases(
    operations: Operations, pool: str, bad: Sequence[BadUseCase], *, ensure: bool = True
) -> list[str]:
    """Alert of each bad use case whose file has changed since the last alert of it.

    Returns a line for each alert that was sent or could not be; that one is tried again the next
    time. The server of PREFECT_API_URL keeps what was told. Without `ensure`, destinations that
    the last update of the server did not make are an error (ConfigError).
    """
    if not any("unreadable" in alert.on for alert in operations.alerts):
        return []
    async with get_client() as client:
        stored = await client.read_variable_by_name(_TOLD_VARIABLE)
        told = dict(stored.value) if stored and isinstance(stored.value, dict) else {}
        present = {_file_mark(one): one for one in bad}
        kept, lines = [mark for mark in told.get(pool, []) if mark in present], []
        for mark in present.keys() - set(kept):
            one = present[mark]
            wanted = _routes("unreadable", operations, *_use_case_and_owner(one))
            find = _ensure_alert_block if ensure else _present_alert_block
            blocks = [await find(client, n, operations.alerts[n]) for n in wanted]
            subject = f"{one.file} is no use case"
            failed = await _send_to_all(client, blocks, subject, describe_bad_use_case(one))
            if failed:
                lines.append(f"alert of {one.file} not sent: {failed}")
                continue
            if blocks:
                lines.append(f"alert of {one.file} sent")
            kept.append(mark)
        if sorted(kept) != told.get(pool, []):
            value = {**told, pool: sorted(kept)}
            if stored is None:
                await client.create_variable(VariableCreate(name=_TOLD_VARIABLE, value=value))
            else:
                await client.update_variable(VariableUpdate(name=_TOLD_VARIABLE, value=value))
        return sorted(lines)


async def send_alert(
    client: PrefectClient, number: int, alert: Alert, message: tuple[str, str]
) -> str:
    """Send a message (its subject and text) to one destination; why it failed, "" if it did not."""
    try:
        block = await _present_alert_block(client, number, alert)
    except ConfigError as error:
        return error.what
    return await _send_to_all(client, [block], *message)


def _routes(event: AlertEvent, operations: Operations, use_case: str, owner: str) -> list[int]:
    """The numbers of the alerts that take such an event of a use case."""
    return [
        number
        for number, alert in enumerate(operations.alerts)
        if event in alert.on and alert.concerns(use_case, owner)
    ]


def _use_case_and_owner(bad: BadUseCase) -> tuple[str, str]:
    """The use case and the owner that a file would name, as far as it can be read."""
    tree: Any = None
    with suppress(AssayError):
        tree, _ = read_yaml_with_lines(Path(bad.file))
    written = tree if isinstance(tree, dict) else {}
    return str(written.get("name") or Path(bad.file).stem), str(written.get("owner") or "")


def _file_mark(bad: BadUseCase) -> str:
    """A mark of a file's name and its present bytes."""
    try:
        data = Path(bad.file).read_bytes()
    except OSError as error:
        data = str(error.strerror).encode()
    return hashlib.sha256(bad.file.encode() + b"\0" + data).hexdigest()[:16]


async def _send_to_all(
    client: PrefectClient, blocks: Sequence[UUID], subject: str, body: str
) -> str:
    """Send a message to each block, and say why one failed; "" if none did."""
    failed = ""
    for block_id in blocks:
        try:
            document = await client.read_block_document(block_id, include_secrets=True)
            block = cast(NotificationBlock, Block._from_block_document(document))
            with block.raise_on_failure():
                # Typed as synchronous where it may be both.
                await cast(Awaitable[None], block.notify(body=body, subject=subject))
        except Exception as error:  # noqa: BLE001 - a receiver that is down must not keep `up` from its work
            failed = type(error).__name__  # without its text: it may hold the URL
    return failed


async def _find_alert_block(client: PrefectClient, number: int, alert: Alert) -> UUID:
    if alert.to.startswith("block://"):
        return await _ensure_alert_block(client, number, alert)
    kind = SlackWebhook.get_block_type_slug()
    try:
        return (await client.read_block_document_by_name(_block_name(number), kind)).id
    except ObjectNotFound:
        return UUID(int=0)


async def _present_alert_block(client: PrefectClient, number: int, alert: Alert) -> UUID:
    """The block that the last update of the server made for this very destination.

    Raises ConfigError if there is none: to another, what was meant for this one must not go.
    """
    if alert.to.startswith("block://"):
        return await _ensure_alert_block(client, number, alert)
    where = f"configs/operations.yaml: alerts.{number}"
    try:
        held = await client.read_block_document_by_name(
            _block_name(number), SlackWebhook.get_block_type_slug()
        )
    except ObjectNotFound:
        held = None
    url = held.data.get("url") if held else None
    with suppress(ConfigError):  # the variables may be known where the server was updated alone
        url = expand_variables(alert.to, where) if held else None
    if held is None or url != held.data.get("url"):
        raise ConfigError(
            "this destination is new since the last update of the server",
            where=where,
            remedy="Run `assay up`.",
        )
    return held.id


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
