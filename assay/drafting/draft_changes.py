"""In what a use case that people edited differs from a draft of today's data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from assay.config.yaml_reader import parse_yaml

# What people said, or chose; a draft knows nothing better.
_THEIRS: Final = frozenset(
    {"question", "decision", "harm", "owner", "candidates", "promotion", "seed", "name"}
)


@dataclass(frozen=True)
class DraftChange:
    """A setting by its dotted path: what the file says, or None, and what a draft says."""

    path: str
    written: Any
    drafted: Any

    def __str__(self) -> str:
        if self.written is None:
            return f"{self.path}: add {self.drafted!r}"
        return f"{self.path}: {self.written!r} is written, {self.drafted!r} was seen"

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path, "written": self.written, "drafted": self.drafted}


def find_changes(written: str, drafted: str) -> list[DraftChange]:
    """What a draft says that the file does not: settings that differ, and members of lists that are
    lacking. What the file says beyond the draft is people's business.

    Rules are compared by type and column: of bounds, only those that later data have left.
    """
    mine, new = parse_yaml(written, "written"), parse_yaml(drafted, "drafted")
    return [*_compare(mine, new, ())]


def _compare(mine: Any, new: Any, path: tuple[str, ...]) -> Iterator[DraftChange]:
    for key, value in new.items():
        at, held = (*path, str(key)), mine.get(key) if mine else None
        if at[0] in _THEIRS or at == ("data", "source"):
            continue
        if key == "expectations":
            yield from _compare_rules(held or [], value)
        elif isinstance(value, dict) and at[0] == "data" and key != "target":
            yield from _compare(held or {}, value, at)
        elif isinstance(value, list):
            lacking = [one for one in value if one not in (held or [])]
            if lacking:
                yield DraftChange(".".join(at), _plain(held), _plain(lacking))
        elif key == "target":
            yield from _compare_target(held or {}, value, at)
        elif held is None:
            yield DraftChange(".".join(at), None, _plain(value))


def _compare_target(mine: Any, new: Any, path: tuple[str, ...]) -> Iterator[DraftChange]:
    """The type of the question is people's; what rows lack an outcome, and new classes, are not."""
    if new.get("unlabelled") and not mine.get("unlabelled"):
        yield DraftChange(".".join((*path, "unlabelled")), None, new["unlabelled"])
    lacking = [one for one in new.get("classes", []) if one not in mine.get("classes", [])]
    if lacking and mine.get("classes"):
        yield DraftChange(".".join((*path, "classes")), _plain(mine["classes"]), _plain(lacking))


def _compare_rules(mine: Any, new: Any) -> Iterator[DraftChange]:
    held = {(one["type"], one.get("kwargs", {}).get("column")): one for one in mine}
    for rule in new:
        kind, column = rule["type"], rule["kwargs"].get("column")
        known = held.get((kind, column))
        if known is None:
            continue  # a rule that people took out, or never wanted
        kwargs, drafted = known.get("kwargs", {}), rule["kwargs"]
        for bound, wider in (("min_value", min), ("max_value", max)):
            a, b = kwargs.get(bound), drafted.get(bound)
            if a is not None and b is not None and wider(a, b) != a:
                yield DraftChange(f"expectations.{kind}[{column}].{bound}", a, b)
        values = [v for v in drafted.get("value_set", []) if v not in kwargs.get("value_set", [])]
        if values:
            yield DraftChange(
                f"expectations.{kind}[{column}].value_set", _plain(kwargs["value_set"]), values
            )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
