"""The memo: the outputs of each step, by its key. Safe to delete at any time.

A memo entry is not content-addressed by what it holds but named by its key, so it lies outside
`objects/`. Two writers of one key agree by construction; if they do not (a stage that is not a
function of its inputs) the first stands, and `assay run --always` will show it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from assay.bucket import canonical_json
from assay.bucket.digest import Digest
from assay.errors import KeyAbsent, StoreDenied
from assay.store.base import Store

MEMO_PREFIX = "memo/"


class Memo:
    """The memo of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, stage: str, key: Digest) -> dict[str, Any] | None:
        """The entry for `key`, or None. An unreadable entry counts as none and is removed."""
        try:
            entry = canonical_json.load(self._store.get(_memo_key(stage, key)))
            _ = required_objects(entry)
        except KeyAbsent:
            return None
        except (ValueError, TypeError, KeyError):
            self.forget(stage, key)
            return None
        return dict(entry)

    def remember(self, stage: str, key: Digest, entry: dict[str, Any]) -> None:
        """Keep `entry` for `key`."""
        self._store.put_if_absent(_memo_key(stage, key), canonical_json.dump(entry))

    def forget(self, stage: str, key: Digest) -> None:
        """Delete the entry for `key`, because an object that it names is missing or corrupt.

        Without the right to delete, the entry stays and is ignored again next time.
        """
        with suppress(StoreDenied):
            self._store.delete(_memo_key(stage, key))


def required_objects(entry: Any) -> list[Digest]:
    """The objects that an entry needs. Raises ValueError, TypeError or KeyError for what is no
    entry.
    """
    return [Digest.parse(str(text)) for text in entry["needs"]]


def _memo_key(stage: str, key: Digest) -> str:
    return f"{MEMO_PREFIX}{stage}/{key.hex}.json"
