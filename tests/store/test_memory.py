"""The store in memory, which the others are measured against."""

from __future__ import annotations

import pytest

from assay.store.memory import MemoryStore
from assay.store.open import open_store
from assay.testing import StoreConformance


class TestMemoryStore(StoreConformance):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


def test_one_name_is_one_store_in_this_process() -> None:
    open_store("memory://shared").put_if_absent("k", b"x")
    assert open_store("memory://shared").get("k") == b"x"
    assert list(open_store("memory://other").list()) == []
