"""A step's key holds every first-party module that its work uses: read off the tasks' source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay import tasks
from assay.problems.lookup import modules_asked, named_problem_type
from assay.problems.problem_type import ProblemType
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


PROBLEMS = tuple(map(named_problem_type, ("binary", "multiclass", "regression")))


def stages_asked(node: ast.AST) -> set[str]:
    """The stages whose code a problem type is asked for, as in `problem.code["train"]`."""
    asked = (part for part in ast.walk(node) if isinstance(part, ast.Subscript))
    return {
        part.slice.value
        for part in asked
        if getattr(part.value, "attr", "") == "code" and isinstance(part.slice, ast.Constant)
    }


def roots_of(call: ast.Call, tree: ast.Module, problem: ProblemType) -> set[str]:
    """The modules whose code is part of a step's key, and all that they import."""
    parts = [k.value for k in call.keywords if k.arg in {"core", "also"}]
    stages = set().union(*map(stages_asked, parts))
    written = set().union(*(texts(part, tree) for part in parts)) - stages
    return written | {problem.code[stage] for stage in stages}


def uncovered(file: Path, problem: ProblemType = PROBLEMS[0]) -> dict[str, set[str]]:
    """By task, the modules that its work uses and its key lacks."""
    tree = ast.parse(file.read_text())
    known, found = functions(tree), {}
    for name, task in known.items():
        call = performing(task)
        if call is None:
            continue
        asks = any(keyword.arg == "asked" for keyword in call.keywords)
        glue = (f"assay.tasks.{file.stem}", *(modules_asked(problem) if asks else ()))
        held = set(read_code_version(*roots_of(call, tree, problem), glue=glue).modules)
        work = next(n for n in ast.walk(task) if getattr(n, "name", "") == "work")
        bound = imported(tree) | imported(task)
        used = {bound[one] for one in used_names(work, known, set()) if one in bound}
        used |= set(imported(work).values())
        lacking = used - held - LOGGED.get(file.stem, set())
        found[name] = {m for m in lacking if not m.startswith(FRAMEWORK)}
    return found


TASKS = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
@pytest.mark.parametrize("file", TASKS, ids=lambda file: file.stem)
def test_a_key_holds_every_module_that_the_work_of_its_step_uses(file, problem):
    assert {name: lacks for name, lacks in uncovered(file, problem).items() if lacks} == {}


# The task whose step asks the type by this method.
ASKED_IN = {
    "check_target": "validate",
    "check_outcomes": "validate",
    "collect_findings": "weigh",
    "judge_feasibility": "feasibility",
    "split_rows": "split",
    "search_candidate": "search",
    "train_candidate": "train",
    "rank_candidates": "rank",
    "judge_performance": "evaluate",
    "audit_fairness": "fairness",
    "answer_scale": "explain",
    "outcome_format": "window",
    "estimate_performance": "look",
    "group_comparison": "look",
    "judge_shadow": "shadow",
}


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
@pytest.mark.parametrize("method", ASKED_IN)
def test_a_key_holds_every_module_that_a_type_uses_when_it_is_asked(problem, method):
    source = ast.parse(Path(find_module_file(type(problem).__module__)).read_text())
    (kind,) = (node for node in source.body if isinstance(node, ast.ClassDef))
    (asked,) = (node for node in kind.body if getattr(node, "name", "") == method)
    task = FOLDER / f"{ASKED_IN[method]}.py"
    tree = ast.parse(task.read_text())
    (call,) = filter(None, map(performing, functions(tree).values()))
    held = set(read_code_version(*roots_of(call, tree, problem)).modules)
    assert set(imported(asked).values()) - held == set()


def test_the_tasks_that_take_a_step_are_found():
    assert sum(len(uncovered(file)) for file in TASKS) == 20


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
    code = read_code_version("assay.learning.train", glue=[f"assay.tasks.{stage}"])
    assert CARRIERS.isdisjoint(code.distributions)
    plumbing = ("assay.bucket.journal", "assay.bucket.signing", "assay.registry.open")
    stores = {m for m in code.modules if m.startswith("assay.store.")} - {"assay.store.base"}
    assert not stores
    assert [m for m in code.modules if m.startswith(plumbing)] == []
