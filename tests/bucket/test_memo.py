import pytest

from assay.bucket.digest import Digest
from assay.bucket.memo import Memo
from assay.errors import StoreDenied
from assay.store.memory import MemoryStore

KEY = Digest.of_bytes(b"key")


def test_it_finds_what_it_was_told_and_forgets_on_demand():
    memo = Memo(MemoryStore())
    assert memo.find("train", KEY) is None
    memo.remember("train", KEY, {"needs": [], "outputs": {}})
    assert memo.find("train", KEY) == {"needs": [], "outputs": {}}
    assert memo.find("search", KEY) is None
    memo.forget("train", KEY)
    assert memo.find("train", KEY) is None


def test_who_may_not_delete_may_still_run():
    class NoDelete(MemoryStore):
        def delete(self, key):
            raise StoreDenied("no right to delete")

    memo = Memo(NoDelete())
    memo.remember("train", KEY, {"needs": [], "outputs": {}})
    memo.forget("train", KEY)
    assert memo.find("train", KEY) == {"needs": [], "outputs": {}}


@pytest.mark.parametrize(
    "entry", [[], {}, {"needs": 1}, {"needs": ["sha256:zz"]}, {"needs": [None]}, "needs"]
)
def test_what_is_no_entry_is_removed(entry):
    memo = Memo(MemoryStore())
    memo.remember("train", KEY, entry)
    assert memo.find("train", KEY) is None
    memo.remember("train", KEY, {"needs": []})
    assert memo.find("train", KEY) == {"needs": []}
