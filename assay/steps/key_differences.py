"""Why a step would run again: the components of its key, compared with the last time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from assay.steps.code_version import FILE_PREFIX

# The words for a key's components.
_KIND_BY_PART = {
    "code": "code",
    "distributions": "library",
    "settings": "use case",
    "inputs": "input",
    "seed": "seed",
}
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class KeyDifference:
    """One component that differs. `name`: a module, a distribution, a setting that the stage reads,
    or an input. `before` or `after` is None where there was, or is, none.
    """

    kind: str
    name: str
    before: Any
    after: Any

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        if self.kind == "code":
            what = (
                "is new" if self.before is None else "is gone" if self.after is None else "changed"
            )
            return f"{self.name.removeprefix(FILE_PREFIX)} {what}"
        if self.kind == "input" and self.before is not None and self.after is not None:
            return f"its input {self.name} changed"
        return f"{self.name}: {_shorten(self.before)} -> {_shorten(self.after)}"


def compare_components(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[KeyDifference]:
    """The differences between the components of two steps of one stage, in their order."""
    found: list[KeyDifference] = []
    for part, kind in _KIND_BY_PART.items():
        old, new = before.get(part, {}), after.get(part, {})
        if part == "seed":
            found += [KeyDifference(kind, "seed", old, new)] if old != new else []
        else:
            found += (KeyDifference(kind, *leaf) for leaf in _differing_leaves(old, new))
    if not found and before.get("exact") != after.get("exact"):
        # What canonical JSON writes alike: 1 and 1.0, and keys in another order.
        other = ("the order of keys, or 1 beside 1.0", "as it was", "other")
        found.append(KeyDifference("use case", *other))
    return found


def _differing_leaves(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two JSON values differ, as deep as both have the same shape: (path, old, new)."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{path}.{key}" if path else str(key)
            yield from _differing_leaves(before.get(key, _ABSENT), after.get(key, _ABSENT), inner)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for i, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differing_leaves(old, new, f"{path}.{i}")
    elif before != after:
        yield path, _absent_to_none(before), _absent_to_none(after)


def _absent_to_none(value: Any) -> Any:
    return None if value is _ABSENT else value


def _shorten(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
