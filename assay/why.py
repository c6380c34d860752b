"""Why a step would run again: what its key is made of, compared with the last time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

# What a step's components are called by people.
_KINDS = {
    "code": "code",
    "distributions": "library",
    "settings": "use case",
    "inputs": "input",
    "seed": "seed",
}
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. `name`: a module, a distribution, a key of the use case as the
    stage reads it, an input. `before` and `after` are None where there was, or is, nothing.
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
            return f"{self.name} {what}"
        if self.kind == "input" and self.before is not None and self.after is not None:
            return f"its input {self.name} changed"
        return f"{self.name}: {_shown(self.before)} -> {_shown(self.after)}"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What differs between the components of two steps of one stage, in their order."""
    found: list[Difference] = []
    for part, kind in _KINDS.items():
        old, new = before.get(part, {}), after.get(part, {})
        if part == "seed":
            found += [Difference(kind, "seed", old, new)] if old != new else []
        else:
            found += (Difference(kind, *leaf) for leaf in _leaves(old, new))
    if not found and before.get("exact") != after.get("exact"):
        # What canonical JSON writes alike: 1 and 1.0, and keys in another order.
        other = ("the order of keys, or 1 beside 1.0", "as it was", "other")
        found.append(Difference("use case", *other))
    return found


def _leaves(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two JSON values differ, as deep as both have the same shape: (path, old, new)."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{path}.{key}" if path else str(key)
            yield from _leaves(before.get(key, _ABSENT), after.get(key, _ABSENT), inner)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for i, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _leaves(old, new, f"{path}.{i}")
    elif before != after:
        yield path, _held(before), _held(after)


def _held(value: Any) -> Any:
    return None if value is _ABSENT else value


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
