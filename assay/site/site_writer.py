"""Writes a bucket as a site into a folder: only the pages whose facts changed since the last time.

DIR/index.html              use cases, what happened of late, tables, search
DIR/use-cases/NAME.html     question, champion, lessons, decisions, versions, history
DIR/versions/NAME@N.html    a version's report
DIR/lineage/NAME@N.html     the steps that led to it
DIR/tables/DIGEST.html      columns with their meaning, changes, what was asked
DIR/site.json               what each page was made of
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from assay.bucket import canonical_json
from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import list_journals
from assay.errors import ConfigError, IntegrityError
from assay.registry.batch_ledger import is_ledger
from assay.registry.history import Version
from assay.render.decision_summary import DecisionSummary
from assay.render.model_decision import version_decision
from assay.runs.version_report import render_version_report, version_summary
from assay.runs.version_table import version_page
from assay.site.column_notes import ColumnNotes
from assay.site.pages import (
    render_front_page,
    render_lineage_page,
    render_table_page,
    render_use_case_page,
)
from assay.site.table_catalogue import CatalogueTable, group_uses, previous_tables, read_table
from assay.site.use_case_facts import UseCaseFacts, read_use_case
from assay.site.version_lineage import read_lineage
from assay.steps.code_version import read_code_version

MANIFEST: Final = "site.json"
_FORMAT: Final = 1
_NEWS_DAYS: Final = 7


@dataclass
class WrittenSite:
    """What was done: pages in all, those written anew and removed, and what is amiss."""

    pages: int = 0
    written: int = 0
    removed: int = 0
    problems: list[str] = field(default_factory=list)


def write_site(
    bucket: Bucket, folder: Path, notes: Mapping[str, ColumnNotes], as_of: datetime
) -> WrittenSite:
    """Write or renew the site of a bucket. `as_of`: the end of the week that the first page tells.

    A page that cannot be made, such as the report of a lost object, is left out and named among the
    problems. Raises ConfigError for a folder that holds something else, ChainBroken.
    """
    pages = _PageFolder(folder)
    names = [name for name in list_journals(bucket.store) if not is_ledger(name)]
    use_cases = [read_use_case(bucket, name) for name in sorted(names)]
    tables = _read_tables(bucket, use_cases, notes)
    by_digest = {one.artifact.digest.hex: one for one in tables}
    for table in tables:
        _put_table(pages, table)
    states = {case.name: _put_use_case(pages, bucket, case) for case in use_cases}
    since = (as_of - timedelta(days=_NEWS_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    news = {
        case.name: found
        for case in use_cases
        if (found := [event for event in reversed(case.events) if since <= event.moment <= as_of])
    }
    front = render_front_page(use_cases, states, tables, since.date().isoformat(), news)
    pages.put("index.html", {"bytes": str(Digest.of_bytes(front))}, lambda: front)
    for case in use_cases:
        read = {use.table.digest.hex for use in case.uses}
        known = {c.name for hex_digits in read for c in by_digest[hex_digits].columns}
        pages.done.problems += notes.get(case.name, ColumnNotes()).find_unknown(known)
    unknown = sorted(set(notes) - set(names))
    pages.done.problems += [f"notes on {name}: the bucket has no such use case" for name in unknown]
    return pages.finish()


def _read_tables(
    bucket: Bucket, use_cases: list[UseCaseFacts], notes: Mapping[str, ColumnNotes]
) -> list[CatalogueTable]:
    """All tables, the last read first."""
    by_name = {case.name: case for case in use_cases}
    before = {case.name: previous_tables(case.uses) for case in use_cases}
    found = []
    for hex_digits, uses in group_uses(use_cases).items():
        last = uses[-1].use_case
        own = notes.get(last, ColumnNotes())
        found.append(
            read_table(
                bucket,
                uses,
                by_name[last].asked,
                own,
                before[last].get(hex_digits),
            )
        )
    return sorted(found, key=lambda one: one.uses[-1].at, reverse=True)


def _put_table(pages: _PageFolder, table: CatalogueTable) -> None:
    page = render_table_page(table)
    path = f"tables/{table.artifact.digest.hex}.html"
    pages.put(path, {"bytes": str(Digest.of_bytes(page))}, lambda: page)


def _put_use_case(pages: _PageFolder, bucket: Bucket, case: UseCaseFacts) -> str:
    """Put the pages of a use case and its versions; return its state in a sentence."""
    tables_of = {use.version: use.table for use in case.uses if use.version}
    for version in case.history.versions.values():
        _put_version(pages, bucket, case, version, tables_of.get(version.name))
    summary: DecisionSummary | None = None
    shown = case.shown_version
    if shown is not None:
        try:
            summary = version_summary(bucket, case.history, shown)
        except IntegrityError as error:
            pages.done.problems.append(f"{shown.name}: {error.what}")
    versions = version_page(bucket, case.name) if case.history.versions else None
    page = render_use_case_page(case, summary, versions, tables_of)
    pages.put(f"use-cases/{case.name}.html", {"bytes": str(Digest.of_bytes(page))}, lambda: page)
    if summary is not None:
        return summary.sentence
    return "No version yet: every run stopped." if case.uses else "No run has ended."


def _put_version(
    pages: _PageFolder,
    bucket: Bucket,
    case: UseCaseFacts,
    version: Version,
    table: Artifact | None,
) -> None:
    """A version's report and lineage. Neither is made again while what became of it is the same."""
    history, shadow = case.history, case.history.last_shadow_comparison(version)
    made_of = {
        "entry": str(version.entry.digest),
        "decision": asdict(version_decision(bucket, history, version)),
        "shadow": str(shadow.digest) if shadow else None,
    }
    pages.put(
        f"versions/{version.name}.html",
        made_of,
        lambda: render_version_report(bucket, history, version),
    )
    pages.put(
        f"lineage/{version.name}.html",
        {"entry": str(version.entry.digest), "table": str(table.digest) if table else None},
        lambda: render_lineage_page(case.name, read_lineage(bucket, version), table),
    )


class _PageFolder:
    """A folder of pages, and what each was made of when it was written last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = _read_manifest(folder)
        self._now: dict[str, str] = {}
        self._code = read_code_version("assay.site.site_writer").as_json()
        self.done = WrittenSite()

    def put(self, path: str, made_of: Mapping[str, Any], make: Callable[[], bytes]) -> None:
        """Write a page, unless it lies there and was made of the same by the same code."""
        key = str(Digest.of_bytes(canonical_json.dump({"of": made_of, "code": self._code})))
        target = self._folder / path
        if self._before.get(path) != key or not target.is_file():
            try:
                page = make()
            except IntegrityError as error:
                self.done.problems.append(f"{path}: {error.what}")
                return
            _replace_file(target, page)
            self.done.written += 1
        self._now[path] = key

    def finish(self) -> WrittenSite:
        """Remove the pages of what is gone, and keep what the others were made of."""
        for path in sorted(self._before.keys() - self._now.keys()):
            (self._folder / path).unlink(missing_ok=True)
            self.done.removed += 1
        manifest = {"format": _FORMAT, "pages": self._now}
        _replace_file(self._folder / MANIFEST, json.dumps(manifest, indent=1).encode())
        self.done.pages = len(self._now)
        return self.done


def _read_manifest(folder: Path) -> dict[str, str]:
    """What a site's pages were made of; nothing in a new or an empty folder."""
    file = folder / MANIFEST
    if not file.is_file():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ConfigError(
                "this holds something else than a site",
                where=str(folder),
                remedy=f"Name a new or an empty folder, or one with a {MANIFEST}.",
            )
        return {}
    try:
        held = json.loads(file.read_bytes())
        pages = held["pages"] if held["format"] == _FORMAT else {}
        return {path: key for path, key in pages.items() if _is_page_path(path)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # every page is written anew


def _is_page_path(path: str) -> bool:
    """Whether a path of the manifest is one that this module writes: others are not removed."""
    folder, _, name = path.rpartition("/")
    known = {"", "use-cases", "versions", "lineage", "tables"}
    return folder in known and name.endswith(".html") and ".." not in path


def _replace_file(target: Path, data: bytes) -> None:
    """A reader sees the old page or the new one, never a half."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as temporary:
        temporary.write(data)
    os.chmod(temporary.name, 0o644)
    os.replace(temporary.name, target)
