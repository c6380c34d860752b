"""The plan of a run: which steps it would take, and why, without taking any.

The flow runs as always, but each stage computes only its step's key. A step that the memo knows has
its outputs. A step that would run gets placeholder outputs, so that the steps that depend on them
would run too, and name the cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.steps.code_version import CodeVersion
from assay.steps.key_differences import KeyDifference, compare_components
from assay.steps.step import ArtifactMap, Step, find_step, key_components, step_key


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step: whether it would run, what differs from the last time, and which earlier steps
    would change its inputs. `has_run` is false for a step that has never run here.
    `refused_entry`: why a result that lies in the cache for it does not count.
    """

    name: str
    would_run: bool
    has_run: bool = True
    differences: Sequence[KeyDifference] = ()
    upstream_steps: Sequence[str] = ()
    refused_entry: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "step": self.name,
            "would_run": self.would_run,
            "known": self.has_run,
            "differs": [difference.as_json() for difference in self.differences],
            "after": list(self.upstream_steps),
            "refused": self.refused_entry,
        }


class _PlaceholderStep(Step):
    """A step that would run. Its outputs are placeholders."""

    def __getitem__(self, name: str) -> Artifact:
        return _placeholder_artifact(self.name, name)


_PLACEHOLDER_TYPE = "application/vnd.assay.not-made-yet"


def _placeholder_artifact(step: str, output: str) -> Artifact:
    digest = Digest.of_bytes(f"not made yet: {output} of {step}".encode())
    return Artifact(media_type=_PLACEHOLDER_TYPE, digest=digest, size=0, name=step)


@dataclass
class RunPlan:
    """Filled while the flow is planned. `last_steps`: see `runs.lineage.last_steps`."""

    last_steps: Mapping[str, Mapping[str, Any]]
    always: bool = False
    steps: list[PlannedStep] = field(default_factory=list)

    def unforeseen_steps(self) -> list[str]:
        """Steps of the last run that cannot be planned before those above have run."""
        known = {planned.name for planned in self.steps}
        waits = any(planned.would_run for planned in self.steps)
        return [name for name in self.last_steps if name not in known] if waits else []

    def plan_step(
        self,
        bucket: Bucket,
        stage: str,
        *,
        code: CodeVersion,
        inputs: ArtifactMap,
        settings: Mapping[str, Any],
        seed: int,
        label: str | None = None,
        always: bool = False,
    ) -> Step:
        """The step from the memo, or a placeholder for it."""
        made_of = key_components(stage, code=code, inputs=inputs, settings=settings, seed=seed)
        name = label or stage
        found = find_step(bucket, made_of, inputs=inputs, label=label)
        if found and not always and not self.always:
            self.steps.append(PlannedStep(name, would_run=False))
            return found
        before = self.last_steps.get(name)
        explained = _explain_step(name, before, made_of, inputs)
        refused = bucket.memo.explain_refusal(stage, step_key(made_of))
        self.steps.append(replace(explained, refused_entry=refused))
        outputs = {
            output: _placeholder_artifact(name, output)
            for output in (before or {}).get("outputs", {})
        }
        return _PlaceholderStep(
            name=name,
            key=step_key(made_of),
            components=made_of,
            inputs=dict(inputs),
            outputs=outputs,
            cached=False,
            seconds=0.0,
            verdict="pass",
        )


def _explain_step(
    name: str,
    last_step: Mapping[str, Any] | None,
    components: Mapping[str, Any],
    inputs: ArtifactMap,
) -> PlannedStep:
    anew = {key: a.name for key, a in inputs.items() if a.media_type == _PLACEHOLDER_TYPE}
    after = list(dict.fromkeys(anew.values()))
    if last_step is None:
        return PlannedStep(name, would_run=True, has_run=False, upstream_steps=after)
    found = compare_components(last_step["components"], components)
    own = [d for d in found if not (d.kind == "input" and d.name in anew)]
    return PlannedStep(name, would_run=True, differences=own, upstream_steps=after)


class EndOfPlan(Exception):
    """The rest depends on a step's outputs, or belongs to a real run alone."""


_CURRENT_PLAN: ContextVar[RunPlan | None] = ContextVar("plan", default=None)


def current_plan() -> RunPlan | None:
    """The plan in progress, if there is one."""
    return _CURRENT_PLAN.get()


def end_plan() -> None:
    """End a plan where the flow would change the journal. Raises EndOfPlan."""
    if current_plan():
        raise EndOfPlan


@contextmanager
def use_plan(plan: RunPlan) -> Iterator[None]:
    """Within, stages add to the plan instead of doing their work."""
    token = _CURRENT_PLAN.set(plan)
    try:
        yield
    finally:
        _CURRENT_PLAN.reset(token)
