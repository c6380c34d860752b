"""What a stage held is the system's again."""

import gc
import sys
import weakref

import pyarrow as pa
import pytest

from assay.util import freed_memory
from assay.util.freed_memory import release_freed_memory


def test_arrow_gives_back_what_nothing_uses(monkeypatch):
    released = []

    class Pool:
        def release_unused(self):
            released.append(True)

    monkeypatch.setattr(pa, "default_memory_pool", Pool)
    release_freed_memory()
    assert released == [True]


def test_nothing_is_imported_for_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "pyarrow")
    release_freed_memory()
    assert "pyarrow" not in sys.modules


def test_another_c_library_has_no_such_call(monkeypatch):
    monkeypatch.setattr(freed_memory.ctypes, "CDLL", lambda _: object())
    release_freed_memory()


class Cycle:
    def __init__(self):
        self.itself = self


@pytest.mark.parametrize(("resident", "collected"), [(500 << 20, True), (100 << 20, False)])
def test_unreachable_objects_are_looked_for_where_much_is_held(monkeypatch, resident, collected):
    monkeypatch.setattr(freed_memory, "_resident_bytes", lambda: resident)
    gc.collect()
    gc.disable()
    try:
        gone = weakref.ref(Cycle())
        release_freed_memory()
        assert (gone() is None) is collected
    finally:
        gc.enable()


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_small_pieces_that_were_freed_leave_the_process():
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    pieces = [bytes(50_000) for _ in range(4_000)]
    kept = pieces[::400]  # between them, freed pieces do not leave by themselves
    del pieces
    before = resident()
    release_freed_memory()
    assert resident() < before - 50_000_000
    assert len(kept) == 10
