"""The to-do list of a set-up: what its bucket, its server and its use cases' files say together."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from assay.bucket.bucket import Bucket
from assay.config.operations import DEFAULT_OPERATIONS_FILE, Operations
from assay.deployments.deployment_plan import BadUseCase, UseCaseFile, scan_use_cases
from assay.deployments.schedules import due_moments, longest_pause
from assay.errors import AssayError
from assay.production.todo_item import (
    TodoItem,
    WatchedUseCase,
    shorten_text,
    sort_by_urgency,
)
from assay.production.todo_list import find_bucket_todo
from assay.util import clock

_REUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class TodoList:
    """What waits for a person, most urgent first; `notes` say what could not be asked."""

    items: Sequence[TodoItem]
    notes: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        return {"todo": [item.as_json() for item in self.items], "notes": list(self.notes)}


def read_todo_list(bucket: Bucket, as_of: datetime, root: Path | None = None) -> TodoList:
    """The to-do list of a bucket. `root` is the folder with configs/; default: the working folder.

    The server of PREFECT_API_URL is asked, if there is one. Raises StoreError, ConfigError.
    """
    folder = Path(DEFAULT_OPERATIONS_FILE.parent)
    cases, bad = scan_use_cases(root / folder if root else folder)
    try:
        operations = _read_operations(root)
    except AssayError as error:
        operations = Operations()
        bad = [*bad, BadUseCase(str(DEFAULT_OPERATIONS_FILE), error)]
    items = find_bucket_todo(
        bucket, {case.name: watch_use_case(case, as_of) for case in cases}, as_of
    )
    items += [describe_bad_file(one, root) for one in bad]
    found, notes = _ask_server(cases, operations, as_of)
    return TodoList(sort_by_urgency([*items, *found]), notes)


def describe_item(item: TodoItem) -> str:
    """What waits, since when and for whom, in one line."""
    since = f"since {clock.display_timestamp(item.since)}" if item.since else ""
    owner = f"owner: {item.owner}" if item.owner else ""
    details = "; ".join(part for part in (since, owner) if part)
    return f"{item.subject}: {item.what}{f' ({details})' if details else ''}"


class RecentTodoList:
    """The to-do list of a bucket, read again after some seconds: many readers cost one reading."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._read_at = float("-inf")
        self._list = TodoList(())

    def read(self, bucket: Bucket) -> TodoList:
        """The list as it was at most some seconds ago. Raises StoreError, ConfigError."""
        with self._lock:
            if time.monotonic() - self._read_at > _REUSE_SECONDS:
                self._list = read_todo_list(bucket, clock.parse_timestamp(None))
                self._read_at = time.monotonic()
            return self._list


def describe_bad_file(bad: BadUseCase, root: Path | None = None) -> TodoItem:
    """The item of a file in configs/ that cannot be read."""
    since = None
    with suppress(OSError):
        since = datetime.fromtimestamp(((root or Path()) / bad.file).stat().st_mtime, UTC)
    where = f"{bad.error.where}: " if bad.error.where else ""
    remedy = f". {bad.error.remedy}" if bad.error.remedy else ""
    what = f"cannot be read: {where}{bad.error.what}{remedy}"
    return TodoItem("bad_use_case", bad.file, shorten_text(what), since, "", "assay up")


def _read_operations(root: Path | None) -> Operations:
    path = (root or Path()) / DEFAULT_OPERATIONS_FILE
    return Operations.read(path) if path.is_file() else Operations()


def watch_use_case(case: UseCaseFile, as_of: datetime) -> WatchedUseCase:
    """What the to-do list takes from a use case as of a moment."""
    schedule, by = case.use_case.schedule, case.use_case.score.by
    pause = longest_pause(schedule.monitor, schedule.zone) if schedule.monitor else None
    return WatchedUseCase(
        case.name,
        case.file,
        case.use_case.owner,
        case.use_case.monitor,
        monitor_pause=pause,
        deadlines=due_moments(by, schedule.score, schedule.zone, as_of) if by else (),
        scored_by=f"{by} {schedule.zone}" if by else "",
    )


def _ask_server(
    cases: Sequence[UseCaseFile], operations: Operations, as_of: datetime
) -> tuple[list[TodoItem], list[str]]:
    unknown = "failed runs and schedules that stand still are not listed"
    if not os.environ.get("PREFECT_API_URL"):
        return [], [f"no server of this bucket runs here: {unknown}"]
    try:
        from assay.deployments.server_todo import read_server_todo

        return read_server_todo(cases, operations, as_of), []
    except Exception as error:  # noqa: BLE001 - whatever its client raises, the bucket was read
        return [], [f"the server did not answer ({type(error).__name__}): {unknown}"]
