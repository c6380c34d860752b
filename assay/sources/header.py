"""The column names of a source: none empty, none twice, the same in all of its files."""

from __future__ import annotations

from assay.errors import SourceError


def check_column_names(names: list[str], location: str) -> list[str]:
    first: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        if not name:
            raise SourceError(
                f"column {position} has no name",
                where=location,
                remedy="Name it in the header. An index that pandas wrote goes away with "
                "to_csv(index=False).",
            )
        if first.setdefault(name, position) != position:
            raise SourceError(
                f"columns {first[name]} and {position} are both called {name!r}",
                where=location,
                remedy="Give one of them another name.",
            )
    return names


def check_same_columns(header: list[str], columns: list[str], location: str, first: str) -> None:
    if set(header) != set(columns):
        odd = sorted(set(header) ^ set(columns))[0]
        raise SourceError(
            f"column {odd!r} stands only in {location if odd in header else first}",
            where=location,
            remedy="Files that are read as one table need the same columns.",
        )
