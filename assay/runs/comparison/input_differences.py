"""What two runs were made of, where it differs: data, settings, code and environment."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from assay.bucket.artifacts import Artifact
from assay.config.loaded_use_case import LoadedUseCase
from assay.errors import IntegrityError
from assay.runs.comparison.compared_run import ComparedRun, readable_use_case
from assay.steps.key_differences import KeyDifference, compare_components
from assay.tables.table import Table


@dataclass(frozen=True)
class TableFacts:
    """A run's table and where its rows came from. `columns` are kinds by name."""

    digest: str
    rows: int | None
    columns: Mapping[str, str]
    source: Mapping[str, Any]


@dataclass(frozen=True)
class DataDifference:
    """Both tables; `changes` are columns that came, went or changed their kind."""

    first: TableFacts
    second: TableFacts
    changes: tuple[KeyDifference, ...] = ()
    problem: str = ""

    @property
    def same_table(self) -> bool:
        return self.first.digest == self.second.digest


@dataclass(frozen=True)
class SettingDifference:
    """A setting with its values in both use cases, and the line of each where it is known."""

    key: str
    first: Any
    second: Any
    first_line: str = ""
    second_line: str = ""


@dataclass(frozen=True)
class CodeDifference:
    """Commits, modules whose text differs, and versions of libraries and of the machine."""

    commits: tuple[str | None, str | None]
    modified: tuple[bool, bool]
    modules: tuple[KeyDifference, ...]
    environment: tuple[KeyDifference, ...]
    problem: str = ""


@dataclass(frozen=True)
class InputDifferences:
    """All that two runs were made of, where it differs."""

    data: DataDifference
    settings: tuple[SettingDifference, ...]
    code: CodeDifference


def compare_inputs(first: ComparedRun, second: ComparedRun) -> InputDifferences:
    """Compare what two runs were made of. What is gone from the bucket is named as a problem."""
    return InputDifferences(
        data=_compare_data(first, second),
        settings=_compare_settings(first, second),
        code=_compare_code(first, second),
    )


# --- data -------------------------------------------------------------------------------------


def _compare_data(first: ComparedRun, second: ComparedRun) -> DataDifference:
    facts, problem = [], ""
    for run in (first, second):
        table = run.table
        digest = str(table.digest) if table else ""
        try:
            held = Table.read(run.bucket, table) if table else None
        except IntegrityError as error:
            held, problem = None, f"the table of {run.name} cannot be read: {error.what}"
        columns = {c["name"]: c["type"] for c in held.description} if held else {}
        facts.append(TableFacts(digest, held.rows if held else None, columns, run.source))
    readable = all(one.rows is not None for one in facts)
    changes = _differences(facts[0].columns, facts[1].columns) if readable else ()
    return DataDifference(facts[0], facts[1], changes, problem)


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[KeyDifference, ...]:
    return tuple(compare_components({"settings": first}, {"settings": second}))


# --- settings ---------------------------------------------------------------------------------


def _compare_settings(first: ComparedRun, second: ComparedRun) -> tuple[SettingDifference, ...]:
    loaded = [readable_use_case(run) for run in (first, second)]
    before, after = (_settings(run, own) for run, own in zip((first, second), loaded, strict=True))
    found = [*_candidate_differences(first, second)]
    found += [
        SettingDifference(
            one.name,
            one.before,
            one.after,
            *(_line(own, one.name, value) for own, value in zip(loaded, _values(one), strict=True)),
        )
        for one in _differences(before, after)
        if one.name != "name"
    ]
    return tuple(found)


_CHOSEN = ("params", "threshold", "mitigate", "calibrate")  # of what training says of a candidate


def _candidate_differences(first: ComparedRun, second: ComparedRun) -> list[SettingDifference]:
    """The candidates, and what was chosen for each, where that differs."""
    chosen = [_candidate_choice(run) for run in (first, second)]
    return [SettingDifference(one.name, one.before, one.after) for one in _differences(*chosen)]


def _candidate_choice(run: ComparedRun) -> dict[str, Any]:
    if run.version is None:
        return {}
    about = run.artifact("about")
    told: dict[str, Any] = {}
    with suppress(IntegrityError):
        told = run.bucket.get_json(about) if about else {}
    chosen = {name: told[name] for name in _CHOSEN if told.get(name) is not None}
    return {"candidate": run.version.entry.body.get("candidate"), "chosen": chosen}


def _values(difference: KeyDifference) -> tuple[Any, Any]:
    return difference.before, difference.after


def _settings(run: ComparedRun, loaded: LoadedUseCase | None) -> dict[str, Any]:
    """A run's settings, with present defaults of keys that its version of Assay did not have."""
    recorded: dict[str, Any] = run.record["configuration"]
    if loaded is None:
        return recorded
    return _fill(recorded, loaded.use_case.model_dump(mode="json"))


def _fill(recorded: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    filled = {**present, **recorded}
    for key, value in filled.items():
        other = present.get(key)
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            filled[key] = _fill(value, other)
        elif isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
            filled[key] = [
                _fill(own, new) if isinstance(own, Mapping) and isinstance(new, Mapping) else own
                for own, new in zip(value, other, strict=True)
            ]
    return filled


def _line(loaded: LoadedUseCase | None, key: str, value: Any) -> str:
    """`file:line` of a setting that the file holds; empty for a default."""
    if loaded is None or value is None:
        return ""
    path = tuple(int(step) if step.isdecimal() else step for step in key.split("."))
    where = loaded.text.locate(path)
    whole = loaded.text.locate(path[:1])
    # Of a key that the file does not hold, that of the section above it would mislead.
    return where if where != whole or len(path) == 1 else ""


# --- code -------------------------------------------------------------------------------------


def _compare_code(first: ComparedRun, second: ComparedRun) -> CodeDifference:
    codes = [run.record["code"] for run in (first, second)]
    modules = compare_components({"code": _modules(first)}, {"code": _modules(second)})
    environments, problem = [], ""
    for run in (first, second):
        try:
            held = run.bucket.get_json(Artifact.model_validate(run.record["environment"]))
        except IntegrityError as error:
            held, problem = {}, f"the environment of {run.name} cannot be read: {error.what}"
        environments.append(held)
    return CodeDifference(
        commits=(codes[0]["commit"], codes[1]["commit"]),
        modified=(bool(codes[0]["diff"]), bool(codes[1]["diff"])),
        modules=tuple(modules),
        environment=() if problem else _differences(environments[0], environments[1]),
        problem=problem,
    )


def _modules(run: ComparedRun) -> dict[str, str]:
    """The digests of the modules behind the steps. Libraries are in the environment."""
    return {
        name: digest for step in run.steps for name, digest in step["components"]["code"].items()
    }
