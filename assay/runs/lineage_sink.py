"""Delivers events of OpenLineage: one POST each, or one file each. Never harms whoever runs."""

from __future__ import annotations

import json
import os
import threading
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from assay.config.operations import Lineage, expand_variables
from assay.util.url_secrets import redact_text

_SOCKET_TIMEOUT: Final = 3.0
_MOST_SECONDS: Final = 5.0
"""How long a run waits for a receiver, whatever it does: it may send a byte a second."""
_PLACE: Final = "configs/operations.yaml: lineage"


def deliver_event(event: dict[str, Any], to: Lineage) -> str | None:
    """Deliver one event; returns why it failed, in a sentence without secrets, or None."""
    try:
        send = _file_writer(event, to) if to.folder is not None else _poster(event, to)
    except Exception as error:  # noqa: BLE001 - lineage is told beside the run
        return f"the lineage event was not sent: {redact_text(str(error))}"
    failures: list[BaseException] = []
    sender = threading.Thread(target=partial(_try, send, failures), daemon=True)
    sender.start()
    sender.join(_MOST_SECONDS)
    if sender.is_alive():
        return f"the receiver of lineage events did not answer within {_MOST_SECONDS:g} s"
    if failures:
        why = f"{type(failures[0]).__name__}: {redact_text(str(failures[0]))}"
        return f"the lineage event was not taken: {why}"
    return None


def _try(send: Callable[[], None], failures: list[BaseException]) -> None:
    try:
        send()
    except Exception as error:  # noqa: BLE001 - whatever a receiver does
        failures.append(error)


def _poster(event: dict[str, Any], to: Lineage) -> Callable[[], None]:
    url = expand_variables(str(to.url), f"{_PLACE}.url")
    if not url.startswith(("http://", "https://")):
        raise ValueError("lineage.url is no http or https address")
    headers = {"Content-Type": "application/json"}
    if to.token is not None:
        headers["Authorization"] = f"Bearer {expand_variables(to.token, f'{_PLACE}.token')}"
    data = json.dumps(event).encode()
    request = urllib.request.Request(url, data, headers, method="POST")  # noqa: S310 - checked above

    def post() -> None:
        with urllib.request.urlopen(request, timeout=_SOCKET_TIMEOUT):  # noqa: S310 - as above
            pass

    return post


def _file_writer(event: dict[str, Any], to: Lineage) -> Callable[[], None]:
    folder = Path(str(to.folder))
    moment = event["eventTime"].replace(":", "")
    name = f"{moment}-{event['job']['name']}-{event['run']['runId']}-{event['eventType']}.json"

    def write() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        half = folder / f".{name}"
        half.write_text(json.dumps(event) + "\n", encoding="utf-8")
        os.replace(half, folder / name)  # readers see whole events only

    return write
