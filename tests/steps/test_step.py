import pytest

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.bucket.objects import object_key
from assay.steps.code_version import CodeVersion
from assay.steps.step import perform
from assay.store.memory import MemoryStore


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


class Stage:
    """A stage that counts how often its work is done."""

    def __init__(self, bucket):
        self.bucket, self.done = bucket, 0
        self.asked = {
            "code": CodeVersion({"m": "sha256:1"}, {"numpy": "2"}),
            "inputs": {"in": bucket.put(b"in", artifacts.JSON, "in")},
            "settings": {"tolerance": 0.1},
            "seed": 7,
        }

    def __call__(self, always=False, **changed):
        return perform(
            self.bucket, "stage", work=self._work, always=always, **{**self.asked, **changed}
        )

    def _work(self):
        self.done += 1
        return {"out": self.bucket.put(b"out", artifacts.JSON, "out")}


@pytest.fixture
def stage(bucket):
    return Stage(bucket)


def test_the_same_step_is_done_once(stage):
    first, second = stage(), stage()
    assert (first.cached, second.cached, stage.done) == (False, True, 1)
    assert second.outputs == first.outputs
    assert second.key == first.key


@pytest.mark.parametrize(
    "changed",
    [
        {"code": CodeVersion({"m": "sha256:2"}, {"numpy": "2"})},
        {"code": CodeVersion({"m": "sha256:1"}, {"numpy": "3"})},
        {"settings": {"tolerance": 0.2}},
        {"seed": 8},
    ],
    ids=["code", "version", "setting", "seed"],
)
def test_whatever_it_depends_on_changes_does_it_again(stage, changed):
    stage()
    assert not stage(**changed).cached
    assert stage.done == 2


def test_a_whole_number_and_a_float_are_not_the_same_setting(stage):
    stage(settings={"max_features": 1})
    assert not stage(settings={"max_features": 1.0}).cached


def test_keys_in_another_order_are_not_the_same_setting(stage):
    stage(settings={"by": {"sex": {}, "race": {}}})
    assert not stage(settings={"by": {"race": {}, "sex": {}}}).cached


def test_a_memo_entry_that_was_altered_is_no_hit_and_no_harm(stage, bucket):
    step = stage()
    bucket.memo.forget("stage", step.key)
    bucket.memo.remember("stage", step.key, {"needs": [], "outputs": "none"})
    assert not stage().cached
    assert stage().cached


def test_another_input_does_it_again_but_the_inputs_name_is_for_people(stage, bucket):
    stage()
    renamed = bucket.put(b"in", artifacts.JSON, "another name")
    assert stage(inputs={"in": renamed}).cached
    other = bucket.put(b"other", artifacts.JSON, "in")
    assert not stage(inputs={"in": other}).cached


def test_a_hit_whose_output_is_gone_is_none(stage, bucket):
    out = stage()["out"]
    bucket.store.delete(object_key(out.digest))
    assert not stage().cached
    assert bucket.get(out) == b"out"


def test_a_memo_that_was_deleted_or_garbled_costs_work_and_nothing_else(stage, bucket):
    first = stage()
    (entry,) = bucket.store.list("memo/")
    bucket.store.delete(entry.key)
    assert stage().outputs == first.outputs
    bucket.store.delete(entry.key)
    bucket.store.put_if_absent(entry.key, b"{half")
    assert stage().outputs == first.outputs
    assert stage().cached


def test_always_does_the_work_again(stage):
    stage()
    assert not stage(always=True).cached
    assert stage.done == 2


def test_a_step_that_fails_leaves_no_memo(stage, bucket, monkeypatch):
    monkeypatch.setattr(stage, "_work", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        stage()
    assert list(bucket.store.list("memo/")) == []


def test_the_components_of_its_key_are_kept_to_tell_what_differs(stage, bucket):
    step = stage()
    entry = bucket.memo.find("stage", step.key)
    assert entry["components"] == step.components
    assert step.components["settings"] == {"tolerance": 0.1}
