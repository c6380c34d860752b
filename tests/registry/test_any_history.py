"""Objects and journals together, in any order of events, beside plain dicts."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from assay.bucket import canonical_json
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.bucket.objects import Objects, object_key
from assay.errors import ChainBroken, ObjectCorrupt, ObjectMissing
from assay.store.memory import MemoryStore

MODELS = st.sampled_from(["income", "income-2"])


class HistoryMachine(RuleBasedStateMachine):
    """Whatever happens, objects are what their names say and journals what was appended."""

    digests = Bundle("digests")

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.bucket = Bucket(self.store).prepare()
        self.objects = Objects(self.store)
        self.kept: dict[Digest, bytes] = {}
        self.spoilt: set[Digest] = set()
        self.appended: dict[str, list[int]] = {"income": [], "income-2": []}
        self.counter = 0

    @initialize(target=digests)
    def absent(self) -> Digest:
        return Digest.of_bytes(b"never stored")

    @rule(target=digests, blobs=st.lists(st.binary(max_size=20), min_size=1, max_size=3))
    def put(self, blobs: list[bytes]) -> Digest:
        digests = self.objects.put_many(blobs)
        self.kept.update(zip(digests, blobs, strict=True))
        return digests[-1]

    @rule(digest=digests)
    def get(self, digest: Digest) -> None:
        if digest in self.spoilt:
            with pytest.raises(ObjectCorrupt):
                self.objects.get(digest)
        elif digest in self.kept:
            assert self.objects.get(digest) == self.kept[digest]
        else:
            with pytest.raises(ObjectMissing):
                self.objects.get(digest)

    @rule(digest=digests, other=st.binary(max_size=20))
    def rot(self, digest: Digest, other: bytes) -> None:
        """What a disk may do to an object; then again what repair does."""
        if digest in self.kept and Digest.of_bytes(other) != digest:
            self.store.delete(object_key(digest))
            self.store.put_if_absent(object_key(digest), other)
            self.spoilt.add(digest)

    @rule(digest=digests)
    def mend(self, digest: Digest) -> None:
        if digest not in self.kept:
            return
        moved = self.objects.quarantine(digest)
        assert (moved is not None) == (digest in self.spoilt)
        self.objects.put(self.kept[digest])
        self.spoilt.discard(digest)

    @rule(model=MODELS, rivals=st.integers(0, 3))
    def append(self, model: str, rivals: int) -> None:
        """`rivals` other writers append while this one decides, each before its next try."""
        journal, left = Journal(self.bucket, model), rivals

        def decide(history):
            nonlocal left
            assert [entry.body["n"] for entry in history] == self.appended[model]
            if left:
                left -= 1
                self._append_now(model)
            self.counter += 1
            return "noted", {"n": self.counter}

        entry = journal.append(decide)
        assert entry is not None
        assert entry.number == len(self.appended[model]) + 1
        self.appended[model].append(self.counter)

    @rule(model=MODELS, data=st.data())
    def tampering_is_seen(self, model: str, data: st.DataObject) -> None:
        """Any entry but the last: the entry after it vouches for it, and is put back here."""
        count = len(self.appended[model])
        if count < 2:
            return
        key = f"journals/{model}/{data.draw(st.integers(1, count - 1)):010d}.json"
        true = self.store.get(key)
        field = data.draw(st.sampled_from(sorted(canonical_json.load(true))))
        self._replace(key, canonical_json.dump({**canonical_json.load(true), field: "forged"}))
        with pytest.raises(ChainBroken):
            Journal(self.bucket, model).entries()
        self.store.delete(key)
        with pytest.raises(ChainBroken):
            Journal(self.bucket, model).entries()
        self._replace(key, true)

    @invariant()
    def journals_hold_what_was_appended(self) -> None:
        for model, numbers in self.appended.items():
            assert [e.body["n"] for e in Journal(self.bucket, model).entries()] == numbers

    @invariant()
    def objects_are_those_that_were_put(self) -> None:
        keys = {entry.key for entry in self.objects.list_entries()}
        assert keys == {object_key(digest) for digest in self.kept}

    def _append_now(self, model: str) -> None:
        self.counter += 1
        Journal(self.bucket, model).append(lambda _: ("noted", {"n": self.counter}))
        self.appended[model].append(self.counter)

    def _replace(self, key: str, data: bytes) -> None:
        self.store.delete(key)
        self.store.put_if_absent(key, data)


TestHistory = HistoryMachine.TestCase
TestHistory.settings = settings(max_examples=30, stateful_step_count=15)
