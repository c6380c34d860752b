"""The tables of a bucket: their columns, what is in them, and what was asked of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.errors import IntegrityError, StoreError
from assay.site.column_notes import ColumnNotes
from assay.site.use_case_facts import TableUse, UseCaseFacts
from assay.tables.profile import ColumnProfile
from assay.tables.profiled_table import table_profile
from assay.tables.table import Table
from assay.util.wording import format_count

_MOST_NAMED_VALUES: Final = 8  # of a column of few distinct texts
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True)
class CatalogueColumn:
    """One column: its type, its part in the question, and what it holds, in words."""

    name: str
    kind: str
    role: str
    missing: str
    content: str
    note: tuple[str, ...] = ()


@dataclass(frozen=True)
class CatalogueTable:
    """One table. `uses` are the runs that read it, oldest first. `changes` are sentences about what
    differs from the use case's table before it. `problem` says why its columns are not shown.
    """

    artifact: Artifact
    uses: tuple[TableUse, ...]
    rows: int = 0
    parts: int = 0
    columns: tuple[CatalogueColumn, ...] = ()
    notes: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    previous: Artifact | None = None
    problem: str = ""

    @property
    def title(self) -> str:
        """By the use case that read it last: "income 0228828805c6"."""
        return f"{self.uses[-1].use_case} {self.artifact.digest.short}"

    @property
    def size(self) -> str:
        return f"{format_count(self.rows, 'row')}, {format_count(len(self.columns), 'column')}"

    @property
    def weak_for(self) -> list[TableUse]:
        """The runs for whose question these rows were too weak."""
        return [use for use in self.uses if use.too_weak]


def group_uses(use_cases: Iterable[UseCaseFacts]) -> dict[str, list[TableUse]]:
    """All uses of each table, by its digest in hex, oldest first."""
    found: dict[str, list[TableUse]] = {}
    for use in sorted((one for each in use_cases for one in each.uses), key=lambda one: one.at):
        found.setdefault(use.table.digest.hex, []).append(use)
    return found


def previous_tables(uses: Sequence[TableUse]) -> dict[str, Artifact]:
    """For each table of a use case, the one that its runs read before, by digest in hex."""
    found: dict[str, Artifact] = {}
    before: Artifact | None = None
    for use in uses:
        if use.gathered:
            continue  # its columns are not the source's alone
        if before is not None and before.digest != use.table.digest:
            found.setdefault(use.table.digest.hex, before)
        before = use.table
    return found


def read_table(
    bucket: Bucket,
    uses: Sequence[TableUse],
    asked: Mapping[str, Any],
    notes: ColumnNotes,
    previous: Artifact | None = None,
) -> CatalogueTable:
    """The facts of the table that `uses` read. `asked` is the configuration that gives its columns
    their parts. A table whose objects are gone says so.
    """
    artifact = uses[0].table
    try:
        table = Table.read(bucket, artifact)
    except IntegrityError as error:
        return CatalogueTable(artifact, tuple(uses), notes=notes.table, problem=error.what)
    profiles, problem = _read_profiles(table)
    columns = tuple(
        CatalogueColumn(
            name=column["name"],
            kind=column["type"],
            role=_describe_role(column["name"], asked),
            missing=_describe_missing(profiles.get(column["name"])),
            content=_describe_content(column["name"], profiles.get(column["name"]), asked),
            note=notes.columns.get(column["name"], ()),
        )
        for column in table.description
    )
    return CatalogueTable(
        artifact=artifact,
        uses=tuple(uses),
        rows=table.rows,
        parts=len(table.parts),
        columns=columns,
        notes=notes.table,
        changes=_describe_changes(bucket, table, previous) if previous else (),
        previous=previous,
        problem=problem,
    )


def _read_profiles(table: Table) -> tuple[Mapping[str, ColumnProfile], str]:
    try:
        return table_profile(table).columns, ""
    except (IntegrityError, StoreError) as error:
        return {}, f"not profiled: {error.what}"


def _describe_role(name: str, asked: Mapping[str, Any]) -> str:
    """What the newest question of the use case takes a column for."""
    data = asked.get("data") or {}
    roles = {
        "target": [(data.get("target") or {}).get("column")],
        "identity": data.get("identity") or (),
        "sensitive": data.get("sensitive") or (),
        "time": [data.get("time")],
        "weight": [(data.get("weight") or {}).get("column")],
        "left out": data.get("exclude") or (),
        "known only afterwards": data.get("after_outcome") or (),
    }
    return ", ".join(role for role, named in roles.items() if name in named) or "feature"


def _describe_missing(profile: ColumnProfile | None) -> str:
    if profile is None or not profile.rows:
        return ""
    return f"{profile.missing / profile.rows:.1%}" if profile.missing else "none"


def _describe_content(name: str, profile: ColumnProfile | None, asked: Mapping[str, Any]) -> str:
    """A range, the values of a column that has few, or how many it has.

    Values that name rows are never shown, nor the texts of a column that has many: they may be
    about one person.
    """
    if profile is None:
        return ""
    distinct = format_count(profile.distinct, "distinct value")
    if name in ((asked.get("data") or {}).get("identity") or ()):
        return distinct
    if profile.numeric:
        if profile.low is None or profile.high is None:
            return distinct
        ends = (_shown_number(profile, profile.low), _shown_number(profile, profile.high))
        return f"{ends[0]} to {ends[1]}, {distinct}"
    if profile.names is None or profile.distinct > _MOST_NAMED_VALUES:
        return distinct
    counts = zip(profile.distribution.counts.tolist(), profile.names, strict=True)
    return ", ".join(
        f"{value} ({count / profile.rows:.1%})"
        for count, value in sorted(counts, key=lambda one: (-one[0], one[1]))
    )


def _shown_number(profile: ColumnProfile, value: float) -> str:
    if profile.kind == "date":
        return datetime.fromtimestamp(value / _MICROSECONDS, UTC).date().isoformat()
    return f"{value:,.0f}" if value == round(value) else f"{value:,.6g}"


def _describe_changes(bucket: Bucket, table: Table, previous: Artifact) -> tuple[str, ...]:
    try:
        before = Table.read(bucket, previous)
    except IntegrityError as error:
        return (f"The table before it cannot be read: {error.what}",)
    old = {column["name"]: column["type"] for column in before.description}
    new = {column["name"]: column["type"] for column in table.description}
    said = [f"{format_count(table.rows, 'row')}, {before.rows:,} before."]
    if came := [name for name in new if name not in old]:
        said.append(f"New columns: {', '.join(came)}.")
    if gone := [name for name in old if name not in new]:
        said.append(f"Columns that are gone: {', '.join(gone)}.")
    said += [
        f"{name} is {new[name]}, it was {old[name]}."
        for name in new
        if name in old and new[name] != old[name]
    ]
    kept = {part.digest for part in before.parts} & {part.digest for part in table.parts}
    said.append(f"{len(kept):,} of {format_count(len(table.parts), 'part')} are the same bytes.")
    return tuple(said)
