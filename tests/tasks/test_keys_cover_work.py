"""A step's key holds every first-party module that its work uses: read off the tasks' source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay import tasks
from assay.steps.code_version import find_module_file, read_code_version

FOLDER = Path(tasks.__file__).parent
# They hand a step's work its bucket and tell the dashboard how far it is: they decide nothing.
FRAMEWORK = ("assay.tasks.", "assay.runs.run", "assay.steps.")
# What a task only writes to the log.
LOGGED = {"ingest": {"assay.sources.quarantine", "assay.util.wording"}}


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def performing(function: ast.FunctionDef) -> ast.Call | None:
    """The call of `perform_stage` in a task."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    return next((c for c in calls if getattr(c.func, "id", "") == "perform_stage"), None)


def imported(node: ast.AST) -> dict[str, str]:
    """By the name that is bound, the first-party module that gives it."""
    found = {}
    for statement in ast.walk(node):
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("assay"):
            for alias in statement.names:
                inner = f"{statement.module}.{alias.name}"
                module = inner if find_module_file(inner) else str(statement.module)
                found[alias.asname or alias.name] = module
    return found


def used_names(node: ast.AST, helpers: dict[str, ast.FunctionDef], seen: set[str]) -> Iterator[str]:
    """Names that a piece of code reads, and those read by the module's functions that it calls."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id not in seen:
            seen.add(part.id)
            yield part.id
            if part.id in helpers:
                yield from used_names(helpers[part.id], helpers, seen)


def texts(node: ast.AST, tree: ast.Module) -> set[str]:
    """Module names written in an expression, or in the constants that it names."""
    constants = {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    parts = [node, *(constants[n.id] for n in ast.walk(node) if getattr(n, "id", "") in constants)]
    found = (n.value for part in parts for n in ast.walk(part) if isinstance(n, ast.Constant))
    return {text for text in found if isinstance(text, str)}


def uncovered(file: Path) -> dict[str, set[str]]:
    """By task, the modules that its work uses and its key lacks."""
    tree = ast.parse(file.read_text())
    known, found = functions(tree), {}
    for name, task in known.items():
        call = performing(task)
        if call is None:
            continue
        asked = {keyword.arg: keyword.value for keyword in call.keywords}
        roots = texts(asked["core"], tree) | (
            texts(asked["also"], tree) if "also" in asked else set()
        )
        held = set(read_code_version(*roots, glue=f"assay.tasks.{file.stem}").modules)
        work = next(n for n in ast.walk(task) if getattr(n, "name", "") == "work")
        bound = imported(tree) | imported(task)
        used = {bound[one] for one in used_names(work, known, set()) if one in bound}
        used |= set(imported(work).values())
        lacking = used - held - LOGGED.get(file.stem, set())
        found[name] = {m for m in lacking if not m.startswith(FRAMEWORK)}
    return found


TASKS = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("file", TASKS, ids=lambda file: file.stem)
def test_a_key_holds_every_module_that_the_work_of_its_step_uses(file):
    assert {name: lacks for name, lacks in uncovered(file).items() if lacks} == {}


def test_the_tasks_that_take_a_step_are_found():
    assert sum(len(uncovered(file)) for file in TASKS) == 18


def test_a_module_that_a_key_lacks_is_found(tmp_path):
    task = tmp_path / "weigh.py"
    task.write_text(
        "from assay.gates.report import put_report\n"
        "from assay.registry.history import Version\n"
        "def weigh(run):\n"
        "    def work():\n"
        "        from assay.tables.table import Table\n"
        "        return helper(Table)\n"
        "    return perform_stage(run, 'weigh', core='assay.bucket.digest', work=work)\n"
        "def helper(table):\n"
        "    return put_report(table)\n"
    )
    assert uncovered(task) == {"weigh": {"assay.tables.table", "assay.gates.report"}}


TRAINING = ("search", "train")
CARRIERS = {"aiohttp", "botocore", "s3fs", "fsspec", "cryptography", "cffi", "croniter", "prefect"}


@pytest.mark.parametrize("stage", TRAINING)
def test_a_trainings_key_holds_nothing_that_only_carries_bytes(stage):
    code = read_code_version("assay.learning.train", glue=f"assay.tasks.{stage}")
    assert CARRIERS.isdisjoint(code.distributions)
    plumbing = ("assay.bucket.journal", "assay.bucket.signing", "assay.registry.open")
    stores = {m for m in code.modules if m.startswith("assay.store.")} - {"assay.store.base"}
    assert not stores
    assert [m for m in code.modules if m.startswith(plumbing)] == []
