"""The to-do list of a set-up: what its bucket, its server and its use cases' files say together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assay.bucket.bucket import Bucket
from assay.config.due_moments import deadline_moments, longest_pause
from assay.config.operations import DEFAULT_OPERATIONS_FILE, Operations
from assay.deployments.deployment_plan import BadUseCase, UseCaseFile, scan_use_cases
from assay.errors import AssayError
from assay.production.todo_item import (
    TodoItem,
    WatchedUseCase,
    shorten_text,
    sort_by_urgency,
)
from assay.production.todo_list import find_bucket_todo
from assay.util import clock


@dataclass(frozen=True, slots=True)
class TodoList:
    """What waits for a person, most urgent first; `notes` say what could not be asked."""

    items: Sequence[TodoItem]
    notes: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        return {"todo": [item.as_json() for item in self.items], "notes": list(self.notes)}


@dataclass(frozen=True, slots=True)
class SetupFiles:
    """The files in configs/: use cases, those that are none, the operating settings."""

    cases: Sequence[UseCaseFile]
    bad: Sequence[BadUseCase]
    operations: Operations

    @classmethod
    def read(cls, root: Path | None = None) -> SetupFiles:
        """The files below `root`; default: the working folder. A bad one is named, never raised."""
        folder = Path(DEFAULT_OPERATIONS_FILE.parent)
        cases, bad = scan_use_cases(root / folder if root else folder)
        try:
            operations = _read_operations(root)
        except AssayError as error:
            operations = Operations()
            bad = [*bad, BadUseCase(str(DEFAULT_OPERATIONS_FILE), error)]
        return cls(cases, bad, operations)


def read_todo_list(bucket: Bucket, as_of: datetime, root: Path | None = None) -> TodoList:
    """The to-do list of a bucket. `root` is the folder with configs/; default: the working folder.

    The server of PREFECT_API_URL is asked, if there is one. Raises StoreError, ConfigError.
    """
    files = SetupFiles.read(root)
    items = read_known_todo(bucket, files, as_of, root)
    found, notes = _ask_server(files, as_of)
    return TodoList(merge_items(items, found), notes)


def merge_items(known: Sequence[TodoItem], server: Sequence[TodoItem]) -> list[TodoItem]:
    """All items by urgency. That a schedule of a paused use case is silent is no item."""
    paused = {item.subject for item in known if item.kind == "paused"}
    loud = [one for one in server if one.kind != "silent" or one.use_case not in paused]
    return sort_by_urgency([*known, *loud])


def read_known_todo(
    bucket: Bucket, files: SetupFiles, as_of: datetime, root: Path | None = None
) -> list[TodoItem]:
    """The items that bucket and files tell, without a server. Raises StoreError, ConfigError."""
    cases = {case.name: watch_use_case(case, as_of) for case in files.cases}
    items = find_bucket_todo(bucket, cases, as_of)
    return [*items, *(describe_bad_file(one, root) for one in files.bad)]


def describe_item(item: TodoItem) -> str:
    """What waits, since when and for whom, in one line."""
    since = f"since {clock.display_timestamp(item.since)}" if item.since else ""
    owner = f"owner: {item.owner}" if item.owner else ""
    details = "; ".join(part for part in (since, owner) if part)
    return f"{item.subject}: {item.what}{f' ({details})' if details else ''}"


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
        deadlines=deadline_moments(by, schedule.score, schedule.zone, as_of) if by else (),
        scored_by=f"{by} {schedule.zone}" if by else "",
    )


def _ask_server(files: SetupFiles, as_of: datetime) -> tuple[list[TodoItem], list[str]]:
    if not os.environ.get("PREFECT_API_URL"):
        return [], [describe_missing_server(None)]
    try:
        from assay.deployments.server_todo import read_server_todo

        return read_server_todo(files.cases, files.operations, as_of), []
    except Exception as error:  # noqa: BLE001 - whatever its client raises, the bucket was read
        return [], [describe_missing_server(error)]


def describe_missing_server(error: Exception | None) -> str:
    """What is not listed without a server's answer; `error` is None where there is no server."""
    unknown = "failed runs and schedules that stand still are not listed"
    if error is None:
        return f"no server of this bucket runs here: {unknown}"
    return f"the server did not answer ({type(error).__name__}): {unknown}"
