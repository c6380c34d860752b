"""Reads the desk: at once for a command, in the background for a page."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock

from assay.bucket.bucket import Bucket
from assay.config.operations import DEFAULT_OPERATIONS_FILE
from assay.deployments.desk.background import BackgroundReading, Reading
from assay.deployments.desk.desk import BucketFacts, Desk, ServerFacts, build_desk
from assay.deployments.desk.use_case_state import UseCaseState, UseCaseStates
from assay.deployments.report_index import ReportIndex
from assay.deployments.todo import SetupFiles, describe_missing_server, read_known_todo
from assay.registry.open import open_bucket
from assay.util import clock


class DeskReader:
    """Reads the desk of the bucket at a URL, again and again; only what is new is read again."""

    def __init__(self, url: str, root: Path | None = None) -> None:
        self._url, self._root = url, root
        self._index = ReportIndex()
        self._states: UseCaseStates | None = None
        self._lock = Lock()  # what reads on from where it stopped is for one at a time
        self._files: tuple[object, SetupFiles] | None = None

    def read_files(self) -> SetupFiles:
        """The files in configs/, read again only if one has changed."""
        folder = (self._root or Path()) / DEFAULT_OPERATIONS_FILE.parent
        stamp = _folder_stamp(folder)
        known = self._files
        if known is None or known[0] != stamp:
            known = stamp, SetupFiles.read(self._root)
            self._files = known
        return known[1]

    def read_states(self, as_of: datetime) -> list[UseCaseState]:
        """The states of all use cases as of a moment. Raises StoreError."""
        bucket: Bucket = open_bucket(self._url)
        cases = {case.name: case for case in self.read_files().cases}
        with self._lock:
            self._states = self._states or UseCaseStates(bucket)
            return self._states.read(cases, self._index.read_outcomes(bucket), as_of)

    def read_bucket(self, as_of: datetime | None = None) -> BucketFacts:
        """What bucket and files tell. Raises StoreError, ConfigError."""
        moment = as_of or clock.parse_timestamp(None)
        files = self.read_files()
        items = read_known_todo(open_bucket(self._url), files, moment, self._root)
        return BucketFacts(moment, items, self.read_states(moment), files)

    def read_server(self, as_of: datetime | None = None) -> ServerFacts | None:
        """What the server of PREFECT_API_URL tells, if any. Raises errors of its client."""
        if not os.environ.get("PREFECT_API_URL"):
            return None
        from assay.deployments.desk.server_runs import read_server_runs
        from assay.deployments.server_todo import read_server_todo

        moment, files = as_of or clock.parse_timestamp(None), self.read_files()
        return ServerFacts(
            read_server_todo(files.cases, files.operations, moment), read_server_runs(moment)
        )

    def read(self, as_of: datetime) -> Desk:
        """The desk as of a moment. Raises StoreError, ConfigError; a server's faults are told."""
        facts, server, problem = self.read_bucket(as_of), None, ""
        try:
            server = self.read_server(as_of)
            problem = "" if server else describe_missing_server(None)
        except Exception as error:  # noqa: BLE001 - whatever its client raises, the bucket was read
            problem = describe_missing_server(error)
        return build_desk(facts, server, self._url, problem)


def _folder_stamp(folder: Path) -> object:
    """What changes with any file of a folder: its names, sizes and times."""
    found = []
    with suppress(OSError):
        for file in sorted(folder.glob("*.y*ml")):
            with suppress(OSError):  # gone meanwhile
                stat = file.stat()
                found.append((file.name, stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return found


class RecentDesk:
    """The desk for many readers: read in the background, waited for a bounded time."""

    def __init__(self, reader: DeskReader, url: str, patience: float = 4.0) -> None:
        self._url, self._patience = url, patience
        self._bucket: BackgroundReading[BucketFacts] = BackgroundReading(reader.read_bucket)
        self._server: BackgroundReading[ServerFacts | None] = BackgroundReading(reader.read_server)

    def latest(self) -> Desk | None:
        """The desk as it was some seconds ago; None while the bucket is read for the first time.

        Raises what the bucket's reading raised.
        """
        self._server.latest(0.0)  # both at the same time
        facts = self._bucket.latest(self._patience)
        if facts.error:
            raise facts.error
        if facts.value is None:
            return None
        server = self._server.latest(self._patience)
        return build_desk(facts.value, server.value, self._url, _server_problem(server))


def _server_problem(reading: Reading[ServerFacts | None]) -> str:
    if reading.value is not None:
        return ""
    if reading.error or not os.environ.get("PREFECT_API_URL"):
        return describe_missing_server(reading.error)
    return describe_missing_server(TimeoutError())
