"""Kill runs at chosen points, start them again, and tell what became of their buckets.

    python killing.py < scenarios.json

A scenario is {"name", "config", "before": configs of runs that went before, "place": a folder or
s3://bucket/prefix, "points": "all", or how many of each kind to pass over}. The train flow's own
story is run, its stages, memo, registry and journal as they are. What the stages' work wrote the
first time is kept, so that later runs write the very same, in the same order, without the
learning in between. Then, for each point: a process forked from this one comes as far as that
point and gets SIGKILL; another one runs again. One line of JSON for each.

A point is just before or after anything is stored, between a file's temporary name and its key,
and where a step begins or ends. Hooks are put in from here; production code knows of none.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import assay.tasks.stage
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal
from assay.registry.open import open_bucket
from assay.registry.registry import Registry
from assay.runs import run_record
from assay.runs.result_cache import find_cached_outcome
from assay.steps.step import key_components, step_key
from assay.store import local, s3
from assay.upkeep.verification import verify_bucket


@dataclass
class Points:
    """Everything that a run passes, in order; where it ends, if anywhere."""

    passed: list[str] = field(default_factory=list)
    end: int | None = None

    def at(self, name: str) -> None:
        self.passed.append(name)
        if self.end == len(self.passed):
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Work:
    """What the work of each step stored, and what it yielded, by the step's key; the steps that
    worked in this run; what the one at work has stored so far.
    """

    known: dict[str, tuple[list[tuple[str, bytes]], Any]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    storing: list[tuple[str, bytes]] | None = None


POINTS, WORK = Points(), Work()


def hook_stores() -> None:
    """Let every `put_if_absent` that has something to do pass its points."""
    for store, is_there in ((local.LocalStore, _is_file), (s3.S3Store, _is_listed)):
        store.put_if_absent = _passing(store.put_if_absent, is_there)
    link, tried = local._link, set()

    def linked(temporary: Path, path: Path) -> bool:
        # Whether its folder is there yet depends on digests that hold times, and a second attempt
        # follows where it is not. Each write passes both points, or runs could not be compared.
        name = _short("/".join(path.parts[-4:]))
        if temporary not in tried:
            tried.add(temporary)
            POINTS.at(f"with all bytes, without its name: {name}")
        if path.parent.is_dir():
            POINTS.at(f"with all bytes, without its name in its folder: {name}")
        return link(temporary, path)

    local._link = linked


def _passing(put: Callable[..., bool], is_there: Callable[..., bool]) -> Callable[..., bool]:
    def put_if_absent(self: Any, key: str, content: bytes | Path) -> bool:
        if WORK.storing is not None:
            data = content.read_bytes() if isinstance(content, Path) else content
            WORK.storing.append((key, data))
        if is_there(self, key):
            return put(self, key, content)
        POINTS.at(f"before {_short(key)}")
        created = put(self, key, content)
        POINTS.at(f"after {_short(key)}")
        return created

    return put_if_absent


def _is_file(store: local.LocalStore, key: str) -> bool:
    return (store.folder / key).is_file()


def _is_listed(store: s3.S3Store, key: str) -> bool:
    return any(entry.key == key for entry in store.list(key))


def _short(key: str) -> str:
    folder, _, name = key.rpartition("/")
    return f"{folder}/{name[:10]}" if folder else name[:10]


def hook_steps() -> None:
    """Keep what work stored the first time; later store the same instead of learning again."""
    perform = assay.tasks.stage.perform

    def performed(bucket: Bucket, stage: str, *, work: Callable[[], Any], **rest: Any) -> Any:
        made_of = {k: rest[k] for k in ("code", "inputs", "settings", "seed")}
        key = str(step_key(key_components(stage, **made_of)))
        POINTS.at(f"step {rest['label'] or stage} begins")
        step = perform(bucket, stage, work=lambda: _work(bucket, key, work), **rest)
        POINTS.at(f"step {rest['label'] or stage} ends")
        return step

    assay.tasks.stage.perform = performed


def _work(bucket: Bucket, key: str, work: Callable[[], Any]) -> Any:
    WORK.done.append(key)
    if key not in WORK.known:
        WORK.storing = []
        try:
            WORK.known[key] = WORK.storing, work()
        finally:
            WORK.storing = None
        return WORK.known[key][1]
    stored, outputs = WORK.known[key]
    for name, data in stored:
        bucket.store.put_if_absent(name, data)
    return outputs


def without_prefect() -> None:
    """Stages as plain functions: neither engine nor server, whose start takes ten seconds."""
    from prefect.client.schemas.objects import State

    def called(stage: Any, *args: Any, **kwargs: Any) -> Any:
        found = stage.fn(*args, **kwargs)
        return found.result() if isinstance(found, State) else found

    assay.tasks.stage.Stage.__call__ = called
    for name in ("publish", "publish_page", "publish_history"):
        setattr(assay.tasks.stage, name, lambda *shown: None)
    assay.tasks.stage.progress_bar = lambda *about: nullcontext(lambda done, total, text: None)


def steady() -> None:
    """What costs a run most besides its work, and cannot change from one to the next."""
    state, installed = run_record.read_git_state(), run_record.describe_environment()
    run_record.read_git_state = lambda: state
    run_record.describe_environment = lambda: installed


def take(config: str, store: str) -> Any:
    """One run: what it came to, as `assay run` would do it."""
    from prefect.logging import disable_run_logger

    from assay.config.loaded_use_case import load_use_case
    from assay.flows.train import train

    bucket = open_bucket(store)
    if standing := find_cached_outcome(bucket, load_use_case(config)):
        return standing
    bucket.prepare()
    with disable_run_logger():
        return train.fn(config, store).data


def told(config: str, store: str) -> dict[str, Any]:
    """Run, and tell what the bucket says then."""
    WORK.done.clear()
    outcome, bucket = take(config, store), open_bucket(store)
    redone = [*WORK.done]
    entries = Journal(bucket, outcome.use_case).entries()
    return {
        "outcome": outcome.outcome,
        "model": outcome.model,
        "digest": str(outcome.digest),
        "champion": outcome.champion,
        "gates": outcome.gates,
        "judged": [(one.model, one.status, one.candidate) for one in outcome.judged],
        "reports": {gate: str(report.digest) for gate, report in outcome.reports.items()},
        "kinds": [entry.kind for entry in entries],
        "redone": redone,
        "stands": take(config, store).model_dump(mode="json")["run"] == str(outcome.run),
        "loads": bool(outcome.model and Registry(bucket).load(outcome.model)),
        **seen(bucket),
    }


def seen(bucket: Bucket) -> dict[str, Any]:
    """The state of a bucket between runs."""
    keys = [entry.key for entry in bucket.store.list("memo/")]
    return {
        "problems": [(p.kind, p.key, p.what) for p in verify_bucket(bucket).problems],
        "memo": [f"sha256:{key[-69:-5]}" for key in keys if "/run/" not in key],
    }


def again(config: str, store: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return seen(open_bucket(store)), told(config, store)


def in_child(work: Callable[[], Any]) -> tuple[int, Any]:
    """What `work` returned, from a forked process; the signal that ended it, if one did."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            POINTS.passed.clear()
            with open(writer, "w") as out:
                json.dump(work(), out)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - whatever it is, the parent is told
            traceback.print_exc()
            os._exit(1)
    os.close(writer)
    with open(reader) as said:
        text = said.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("the run failed; see above")
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, json.loads(text or "null")


@contextmanager
def ending_at(number: int) -> Iterator[None]:
    POINTS.end = number
    try:
        yield
    finally:
        POINTS.end = None


def chosen(passed: list[str], points: str | int) -> list[int]:
    """The points to end at. What is kept by name, memo, journal and mark, weighs most: of its
    points each `points`-th, of those of objects and steps each `4 * points`-th.
    """
    if points == "all":
        return [*range(1, len(passed) + 1)]
    others = [n for n, name in enumerate(passed, 1) if "sha256/" in name or "step " in name]
    named = [n for n in range(1, len(passed) + 1) if n not in others]
    return sorted([*named[:: int(points)], *others[:: 4 * int(points)]])


def play(name: str, config: str, before: list[str], place: str, points: str | int) -> None:
    """One scenario, told line by line."""

    def earlier(store: str) -> str:
        for one in before:
            take(one, store)
        POINTS.passed.clear()
        return store

    def whole() -> tuple[dict[str, Any], list[str]]:
        store = earlier(f"{place}/whole")
        take(config, store)
        passed = [*POINTS.passed]
        return told(config, store), passed

    def killed(store: str, number: int) -> None:
        earlier(store)
        with ending_at(number):
            take(config, store)

    _, (expected, passed) = in_child(whole)
    say(scenario=name, point=None, after=expected)
    for number in chosen(passed, points):
        store = f"{place}/{number}"
        ended, _ = in_child(lambda store=store, number=number: killed(store, number))
        between, after = in_child(lambda store=store: again(config, store))[1]
        point = f"{number}: {passed[number - 1]}"
        say(scenario=name, point=point, ended=ended, between=between, after=after)


def say(**value: Any) -> None:
    print(json.dumps(value), flush=True)  # noqa: T201 - what this program is for


def main(scenarios: list[dict[str, Any]]) -> None:
    without_prefect()
    hook_stores()
    hook_steps()
    steady()
    # Learnt here, in a process that lives on, and on the disk: a client of a server, once it is
    # there, would be inherited.
    for configs in {(*one["before"], one["config"]) for one in scenarios}:
        with TemporaryDirectory() as store:
            for config in configs:
                take(config, store)
    for one in scenarios:
        play(**one)


if __name__ == "__main__":
    main(json.load(sys.stdin))
