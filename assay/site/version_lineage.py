"""How a version came to be: the steps of its run, each with where its inputs were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from assay.bucket.bucket import Bucket
from assay.registry.history import Version
from assay.util.url_secrets import redact_text


@dataclass(frozen=True)
class LineageInput:
    """An input of a step: its name, its digest, and the number of the step that made it, if any."""

    name: str
    digest: str
    made_by: int | None


@dataclass(frozen=True)
class LineageStep:
    """A step of a run. `outputs` are names with digests. `ours`: the model rests on it."""

    number: int
    name: str
    verdict: str
    seconds: float
    inputs: tuple[LineageInput, ...]
    outputs: tuple[tuple[str, str], ...]
    ours: bool


@dataclass(frozen=True)
class VersionLineage:
    """All steps of a version's run, and what it stood on. `commit` is Assay's own, `team` that of
    the repository in which the run was started; "" where there was none.
    """

    version: str
    source: str
    commit: str
    uncommitted: bool
    team: str
    packages: str
    steps: tuple[LineageStep, ...]


def read_lineage(bucket: Bucket, version: Version) -> VersionLineage:
    """The lineage from the run's record. Raises ObjectMissing, ObjectCorrupt."""
    record: dict[str, Any] = bucket.get_json(version.artifact("run"))
    made_by: dict[str, int] = {}
    steps: list[LineageStep] = []
    for number, step in enumerate(record["steps"], start=1):
        inputs = tuple(
            LineageInput(name, held["digest"], made_by.get(held["digest"]))
            for name, held in sorted(step["inputs"].items())
        )
        outputs = tuple((name, held["digest"]) for name, held in sorted(step["outputs"].items()))
        steps.append(
            LineageStep(
                number=number,
                name=step["name"],
                verdict=step["verdict"] or "",
                seconds=step["seconds"],
                inputs=inputs,
                outputs=outputs,
                ours=False,
            )
        )
        for _, digest in outputs:
            made_by.setdefault(digest, number)
    code = record.get("code") or {}
    return VersionLineage(
        version=version.name,
        source=_describe_source(record["configuration"]),
        commit=str(code.get("commit") or ""),
        uncommitted=code.get("diff") is not None,
        team=str((record.get("team") or {}).get("commit") or ""),
        packages=record["environment"]["digest"],
        steps=_mark_ancestors(steps, made_by.get(str(version.digest))),
    )


def _mark_ancestors(steps: list[LineageStep], last: int | None) -> tuple[LineageStep, ...]:
    """The steps, those marked that the model's own step rests on."""
    by_number = {step.number: step for step in steps}
    reached: set[int] = set()
    waiting = [last] if last else []
    while waiting:
        number = waiting.pop()
        if number not in reached:
            reached.add(number)
            waiting += [one.made_by for one in by_number[number].inputs if one.made_by]
    return tuple(replace(step, ours=step.number in reached) for step in steps)


def _describe_source(configuration: Mapping[str, Any]) -> str:
    source = configuration["data"]["source"]
    if isinstance(source, Mapping):
        source = source.get("path") or source.get("sql") or ""
    return redact_text(str(source))
