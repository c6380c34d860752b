"""Compares two runs: which outputs differ, and which of these with equal inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry
from assay.gates.catalog import GATE_BY_STAGE, NONDETERMINISTIC_GATES
from assay.registry.history import PROMOTED, RETRAINED
from assay.reproduce.output_differences import explain_difference
from assay.reproduce.rebuild import RebuiltRun
from assay.reproduce.recorded_run import RecordedRun
from assay.reproduce.value_differences import value_differences
from assay.steps.key_differences import KeyDifference
from assay.steps.key_differences import compare_components as components_that_differ
from assay.steps.step import Step

StepStatus = Literal["identical", "timed", "taken", "differs", "follows", "not rebuilt", "new"]
"""`timed`: it yields clock times alone, so only its verdict was compared. `taken`: its outputs come
from the record. `differs`: with equal inputs. `follows`: it differs, and so do its inputs.
"""

SAME_STATUSES: frozenset[StepStatus] = frozenset({"identical", "timed", "taken"})

REGISTER_STEP = "register"
# What holds clock times: the same inputs do not give the same.
_CLOCK_OUTPUTS = frozenset({"timing"})
# What an entry says that a rebuild must say too; the rest names the run, or reads clocks.
_COMPARED_FIELDS = ("version", "candidate", "against", "model", "signature", "predictions", "about")


@dataclass(frozen=True)
class OutputDifference:
    """One output that differs, and how. `before` or `after` is None where that run has no such
    output.
    """

    name: str
    before: Artifact | None
    after: Artifact | None
    differences: list[str]

    def as_json(self) -> dict[str, Any]:
        before, after = ((a and str(a.digest)) for a in (self.before, self.after))
        return {"output": self.name, "recorded": before, "rebuilt": after, "how": self.differences}


@dataclass(frozen=True)
class StepComparison:
    """One step of both runs. `outputs` are those that differ, `compared_count` is how many were
    compared, `changed_inputs` the inputs that differed already, and `component_changes` the other
    differences between the steps' keys.
    """

    name: str
    status: StepStatus
    compared_count: int = 0
    outputs: list[OutputDifference] = field(default_factory=list)
    changed_inputs: list[str] = field(default_factory=list)
    component_changes: list[KeyDifference] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "step": self.name,
            "status": self.status,
            "compared": self.compared_count,
            "outputs": [output.as_json() for output in self.outputs],
            "after": self.changed_inputs,
            "because": [difference.as_json() for difference in self.component_changes],
        }


@dataclass(frozen=True)
class RunComparison:
    """The steps of both runs, in the order of the recorded one."""

    steps: list[StepComparison]

    @property
    def identical(self) -> bool:
        """Whether every repeated step gave the same outputs."""
        return self.first_divergence is None

    @property
    def first_divergence(self) -> StepComparison | None:
        """The first step that diverges."""
        return next((step for step in self.steps if step.status not in SAME_STATUSES), None)

    @property
    def compared_count(self) -> int:
        """How many outputs were compared."""
        return sum(step.compared_count for step in self.steps)


def compare_runs(
    recorded: RecordedRun, rebuilt: RebuiltRun, *, ingestion_taken: bool = False
) -> RunComparison:
    """Compare every step's outputs with those of the rebuild, except outputs that hold clock times.

    `ingestion_taken`: ingestion was not repeated; its outputs come from the record.
    """
    now = {step.name: step for step in rebuilt.steps}
    found = []
    for step in recorded.steps:
        if ingestion_taken and step.components["stage"] == "ingest":
            found.append(StepComparison(step.name, "taken"))
        elif step.name not in now:
            found.append(StepComparison(step.name, "not rebuilt"))
        else:
            found.append(_compare_step(step, now[step.name], recorded.bucket, rebuilt.bucket))
    known = {step.name for step in recorded.steps}
    found += [StepComparison(step.name, "new") for step in rebuilt.steps if step.name not in known]
    return RunComparison(
        [*found, _compare_entries(recorded, rebuilt, diverged=_has_divergence(found))]
    )


def _has_divergence(steps: Iterable[StepComparison]) -> bool:
    return any(step.status not in SAME_STATUSES for step in steps)


def _compare_step(before: Step, after: Step, old: Bucket, new: Bucket) -> StepComparison:
    judged = [n for n in {**before.outputs, **after.outputs} if _is_compared(before, n)]
    differing = [n for n in judged if not _same_output(before, after, n, old, new)]
    moved = [
        name
        for name in {**before.inputs, **after.inputs}
        if name not in _CLOCK_OUTPUTS
        and not _same_digest(before.inputs.get(name), after.inputs.get(name))
    ]
    outputs = [
        _output_difference(n, before.outputs.get(n), after.outputs.get(n), old, new)
        for n in differing
    ]
    if not differing and before.verdict != after.verdict:
        outputs = [_verdict_difference(before, after)]
    same: StepStatus = "identical" if judged else "timed"
    status: StepStatus = same if not outputs else "follows" if moved else "differs"
    because = components_that_differ(before.components, after.components)
    return StepComparison(
        name=before.name,
        status=status,
        compared_count=len(judged),
        outputs=outputs,
        changed_inputs=moved,
        component_changes=[difference for difference in because if difference.kind != "input"],
    )


def _is_compared(step: Step, output: str) -> bool:
    measured = (
        GATE_BY_STAGE.get(step.components["stage"]) in NONDETERMINISTIC_GATES and output == "report"
    )
    return output not in _CLOCK_OUTPUTS and not measured


def _same_digest(before: Artifact | None, after: Artifact | None) -> bool:
    return (before.digest if before else None) == (after.digest if after else None)


def _same_output(before: Step, after: Step, name: str, old: Bucket, new: Bucket) -> bool:
    was, is_ = before.outputs.get(name), after.outputs.get(name)
    if _same_digest(was, is_):
        return True
    if was is None or is_ is None or (before.components["stage"], name) != ("ingest", "source"):
        return False
    # The time at which somebody last touched the file is no property of its rows.
    return bool(_without_times(old.get_json(was)) == _without_times(new.get_json(is_)))


def _without_times(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_times(held) for key, held in value.items() if key != "modified"}
    return [_without_times(held) for held in value] if isinstance(value, list) else value


def _output_difference(
    name: str, before: Artifact | None, after: Artifact | None, old: Bucket, new: Bucket
) -> OutputDifference:
    if before is None or after is None:
        how = ["it yields this now" if before is None else "it does not yield this now"]
        return OutputDifference(name, before, after, how)
    return OutputDifference(name, before, after, explain_difference(before, after, old, new))


def _verdict_difference(before: Step, after: Step) -> OutputDifference:
    """Compare the verdict of a gate that reads clocks; its report may differ."""
    how = [f"verdict: {before.verdict} -> {after.verdict}, by times that were measured anew"]
    return OutputDifference(
        "report", before.outputs.get("report"), after.outputs.get("report"), how
    )


def _compare_entries(
    recorded: RecordedRun, rebuilt: RebuiltRun, *, diverged: bool
) -> StepComparison:
    """Compare the journals' entries, version by version."""
    before, after = (_entry_values(entries) for entries in (recorded.entries, rebuilt.entries))
    how = value_differences(before, after)
    outputs = [OutputDifference("journal entries", None, None, how)] if how else []
    status: StepStatus = "identical" if not how else "follows" if diverged else "differs"
    return StepComparison(REGISTER_STEP, status, len(before), outputs)


def _entry_values(entries: Iterable[JournalEntry]) -> dict[str, Any]:
    said = {}
    for entry in entries:
        body = entry.body
        if entry.kind in {PROMOTED, RETRAINED}:
            continue  # people promote too; an end says what the versions say
        held = {name: _digest(body[name]) for name in _COMPARED_FIELDS if name in body}
        for key in ("reports", "gates"):
            of_gate = body.get(key, {}).items()
            held[key] = {
                gate: _digest(v) for gate, v in of_gate if gate not in NONDETERMINISTIC_GATES
            }
        said[f"version {body['version']}" if "version" in body else entry.kind] = {
            "status": entry.kind,
            **held,
        }
    return said


def _digest(value: Any) -> Any:
    return value["digest"] if isinstance(value, Mapping) and "digest" in value else value
