"""Reads the desk: at once for a command, in the background for a page."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from assay.bucket.bucket import Bucket
from assay.deployments.desk.background import BackgroundReading, Reading
from assay.deployments.desk.desk import BucketFacts, Desk, ServerFacts, build_desk
from assay.deployments.desk.use_case_state import UseCaseStates
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

    def read_bucket(self, as_of: datetime | None = None) -> BucketFacts:
        """What bucket and files tell. Raises StoreError, ConfigError."""
        moment = as_of or clock.parse_timestamp(None)
        bucket: Bucket = open_bucket(self._url)
        self._states = self._states or UseCaseStates(bucket)
        files = SetupFiles.read(self._root)
        items = read_known_todo(bucket, files, moment, self._root)
        cases = {case.name: case for case in files.cases}
        states = self._states.read(cases, self._index.read_outcomes(bucket), moment)
        return BucketFacts(moment, items, states, files)

    def read_server(self, as_of: datetime | None = None) -> ServerFacts | None:
        """What the server of PREFECT_API_URL tells, if any. Raises errors of its client."""
        if not os.environ.get("PREFECT_API_URL"):
            return None
        from assay.deployments.desk.server_runs import read_server_runs
        from assay.deployments.server_todo import read_server_todo

        moment, files = as_of or clock.parse_timestamp(None), SetupFiles.read(self._root)
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
