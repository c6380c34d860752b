"""A plan: what a run would do, without doing it."""

from __future__ import annotations

from typing import Any

import pytest

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal
from assay.runs.lineage import last_steps
from assay.steps import plan
from assay.steps.code_version import CodeVersion
from assay.steps.plan import RunPlan, use_plan
from assay.steps.step import Step, perform
from assay.store.memory import MemoryStore


@pytest.fixture
def bucket() -> Bucket:
    return Bucket.from_store(MemoryStore()).prepare()


def story(bucket: Bucket, take: Any, *, code: str = "1", tolerance: float = 0.1) -> list[Step]:
    """Three steps: the second takes what the first yields, the third the second's."""

    def step(name: str, inputs: dict[str, Any], settings: dict[str, Any], modules: Any) -> Step:
        made_of = {
            "inputs": inputs,
            "settings": settings,
            "seed": 7,
            "code": CodeVersion(modules, {}),
        }
        return take(bucket, name, **made_of)

    first = step("ingest", {}, {"source": "x"}, {"a": code})
    second = step("train", {"table": first["table"]}, {}, {"b": "1"})
    third = step("fairness", {"answers": second["table"]}, {"tolerance": tolerance}, {"c": "1"})
    return [first, second, third]


def done(bucket: Bucket, **asked: Any) -> list[Step]:
    def take(bucket: Bucket, name: str, **made_of: Any) -> Step:
        def work() -> dict[str, Any]:
            return {"table": bucket.put(name.encode(), artifacts.JSON, "table")}

        return perform(bucket, name, work=work, **made_of)

    return story(bucket, take, **asked)


def planned(bucket: Bucket, last: list[Step], **asked: Any) -> RunPlan:
    made = RunPlan({step.name: step.as_json() for step in last})
    story(bucket, made.plan_step, **asked)
    return made


def told(made: RunPlan) -> dict[str, list[str] | None]:
    """By step that would run: what differs, then what comes before it."""
    return {
        step.name: [*map(str, step.differences), *step.upstream_steps] if step.would_run else None
        for step in made.steps
    }


def test_when_nothing_changed_nothing_would_run(bucket: Bucket) -> None:
    last = done(bucket)
    assert told(planned(bucket, last)) == {"ingest": None, "train": None, "fairness": None}


def test_a_changed_setting_runs_its_step_alone(bucket: Bucket) -> None:
    last = done(bucket)
    assert told(planned(bucket, last, tolerance=0.05)) == {
        "ingest": None,
        "train": None,
        "fairness": ["tolerance: 0.1 -> 0.05"],
    }


def test_what_depends_on_a_step_that_would_run_says_so(bucket: Bucket) -> None:
    last = done(bucket)
    assert told(planned(bucket, last, code="2")) == {
        "ingest": ["a changed"],
        "train": ["ingest"],
        "fairness": ["train"],
    }


def test_a_step_that_never_ran_is_told_as_such(bucket: Bucket) -> None:
    made = planned(bucket, [])
    assert [(step.has_run, step.would_run) for step in made.steps] == [(False, True)] * 3


def test_planning_leaves_nothing_in_the_bucket(bucket: Bucket) -> None:
    last = done(bucket)
    before = [*bucket.store.list()]
    planned(bucket, last, code="2")
    assert [*bucket.store.list()] == before


def test_what_cannot_be_foreseen_is_named(bucket: Bucket) -> None:
    last = {step.name: step.as_json() for step in done(bucket)}
    made = RunPlan({**last, "evaluate": last["fairness"]})
    story(bucket, made.plan_step, code="2")
    assert made.unforeseen_steps() == ["evaluate"]
    calm = RunPlan({**last, "evaluate": last["fairness"]})
    story(bucket, calm.plan_step)
    assert calm.unforeseen_steps() == []


def test_always_runs_all(bucket: Bucket) -> None:
    last = done(bucket)
    made = RunPlan({step.name: step.as_json() for step in last}, always=True)
    story(bucket, made.plan_step)
    assert all(step.would_run for step in made.steps)


def test_a_plan_ends_before_the_journal_is_written() -> None:
    plan.end_plan()  # no plan is being made: the run goes on
    with use_plan(RunPlan({})), pytest.raises(plan.EndOfPlan):
        plan.end_plan()
    assert plan.current_plan() is None


def ran(bucket: Bucket, kind: str, *steps: dict[str, str], **more: Any) -> None:
    record = bucket.put_json({"steps": steps}, artifacts.RECORD, "run")
    body = {"run": record.as_json(), **more}
    Journal(bucket, "income").append(lambda _: (kind, body))


def test_the_last_steps_are_those_of_the_newest_record(bucket: Bucket) -> None:
    assert last_steps(bucket, "income") == {}
    ran(bucket, "registered", {"name": "first"})
    ran(bucket, "registered", {"name": "second"})
    Journal(bucket, "income").append(lambda _: ("promoted", {"alias": "champion"}))
    assert list(last_steps(bucket, "income")) == ["second"]


def test_the_last_steps_are_not_those_of_a_retraining(bucket: Bucket) -> None:
    ran(bucket, "registered", {"name": "ingest"}, {"name": "validate", "table": "first"})
    ran(bucket, "registered", {"name": "gather"}, {"name": "validate"}, retraining=2)
    assert last_steps(bucket, "income") == {
        "ingest": {"name": "ingest"},
        "validate": {"name": "validate", "table": "first"},
    }


def test_what_a_stopped_run_did_not_come_to_is_known_from_the_one_before(bucket: Bucket) -> None:
    ran(bucket, "registered", {"name": "ingest", "of": "1"}, {"name": "train"})
    ran(bucket, "stopped", {"name": "ingest", "of": "2"})
    ran(bucket, "stopped", {"name": "ingest", "of": "3"})
    found = last_steps(bucket, "income")
    assert found == {"ingest": {"name": "ingest", "of": "3"}, "train": {"name": "train"}}
