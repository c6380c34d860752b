"""A store in this process's memory: for tests, and the reference the other backends follow."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from assay.errors import KeyAbsent
from assay.store.base import StoreEntry, check_key

_shared_stores: dict[str, MemoryStore] = {}


class MemoryStore:
    """Keys and bytes in a dict behind a lock."""

    def __init__(self, name: str = "") -> None:
        self.root = f"memory://{name}"
        self._held: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()

    @classmethod
    def get_shared(cls, name: str) -> MemoryStore:
        """The same store for the same name within this process."""
        return _shared_stores.setdefault(name, cls(name))

    def get(self, key: str) -> bytes:
        try:
            return self._held[check_key(key)][0]
        except KeyError:
            raise KeyAbsent(f"no key {key!r}", where=self.root) from None

    def open(self, key: str) -> BinaryIO:
        return io.BytesIO(self.get(key))

    def put_if_absent(self, key: str, content: bytes | Path) -> bool:
        data = content.read_bytes() if isinstance(content, Path) else bytes(content)
        with self._lock:
            if check_key(key) in self._held:
                return False
            self._held[key] = (data, datetime.now(UTC))
            return True

    def list(self, prefix: str = "") -> Iterator[StoreEntry]:
        with self._lock:
            held = sorted(self._held.items())
        for key, (data, modified) in held:
            if key.startswith(prefix):
                yield StoreEntry(key, len(data), modified)

    def delete(self, key: str) -> None:
        with self._lock:
            self._held.pop(check_key(key), None)

    def url(self, key: str) -> str:
        return f"{self.root}/{check_key(key)}"
