"""Pages about models that are made when they are asked for: all versions of one, and two compared.

`/use-case/NAME` is the table of a use case's versions; `/compare?a=NAME@1&b=NAME@2` compares two
versions of one use case. Nothing else can be asked. One comparison is made at a time, of at most
`MAX_ROWS` test rows, and the last ones are kept: versions do not change.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from typing import Final
from urllib.parse import parse_qsl

from assay.bucket.bucket import Bucket
from assay.deployments.report_index import ReportIndex
from assay.errors import DataError, ReferenceUnknown
from assay.registry.history import Version
from assay.registry.registry import Registry
from assay.render.version_page import PAGE_POLICY, render_version_page
from assay.runs.version_table import version_page

USE_CASE_PATH: Final = "use-case/"
COMPARE_PATH: Final = "compare"
MAX_ROWS: Final = 1_000_000
_MAX_KEPT = 8  # comparisons
_PATIENCE = 60.0  # seconds that one waits for another comparison
_MODEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,100}")
_VERSION = re.compile(r"[a-z0-9][a-z0-9_-]{0,100}@[A-Za-z0-9_-]{1,40}")
VERSIONS_POLICY: Final = f"sandbox allow-scripts; {PAGE_POLICY}; frame-ancestors 'none'"
"""The page of versions runs its own script and nothing else; links lead to reports."""


class ModelPages:
    """Makes the pages. What was compared is kept for the next reader."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def versions(self, bucket: Bucket, index: ReportIndex, model: str) -> bytes:
        """The table of a use case's versions. Raises ReferenceUnknown, ChainBroken."""
        if not _MODEL.fullmatch(model):
            raise ReferenceUnknown("there is no such use case")
        reports = {
            name: f"/{digest.hex}"
            for digest, outcome in index.find_reports(bucket).items()
            if outcome.use_case == model
            for name in (*(one.model for one in outcome.judged), outcome.model)
            if name
        }
        return render_version_page(version_page(bucket, model, reports))

    def comparison(self, bucket: Bucket, query: str) -> bytes:
        """Two versions of one use case. Raises ReferenceUnknown for what names no two, and
        DataError for rows that are too many, or where others are compared just now.
        """
        versions = [Registry(bucket).find_version(name) for name in _asked_versions(query)]
        if versions[0].model != versions[1].model:
            raise ReferenceUnknown("versions of one use case are compared here")
        key = tuple(str(version.entry.digest) for version in versions)
        if not self._lock.acquire(timeout=_PATIENCE):
            raise DataError("another comparison is being made: try again in a minute")
        try:
            if key not in self._kept:
                self._kept[key] = _compare(bucket, versions)
            self._kept.move_to_end(key)
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]
        finally:
            self._lock.release()


def _asked_versions(query: str) -> list[str]:
    asked = dict(parse_qsl(query, max_num_fields=4))
    names = [asked.get(key, "") for key in ("a", "b")]
    for name in names:
        if not _VERSION.fullmatch(name):
            raise ReferenceUnknown("two versions are compared: /compare?a=income@1&b=income@2")
    return names


def _compare(bucket: Bucket, versions: list[Version]) -> bytes:
    from assay.render.comparison_page import render_comparison
    from assay.runs.comparison.model_comparison import compare_models
    from assay.runs.comparison.sections import comparison_page
    from assay.tables.table import Table
    from assay.util.freed_memory import release_freed_memory

    for version in versions:
        if (
            "predictions" in version.entry.body
            and Table.read(bucket, version.artifact("predictions")).rows > MAX_ROWS
        ):
            command = f"assay compare {versions[0].name} {versions[1].name}"
            raise DataError(f"more than {MAX_ROWS:,} test rows: use `{command}`")
    page = comparison_page(compare_models(bucket, [version.name for version in versions]))
    release_freed_memory()
    return render_comparison(page)
