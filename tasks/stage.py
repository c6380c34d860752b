"""What every stage shares: its step taken, its state, its gate's tables and its progress shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prefect import Task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    update_progress_artifact,
)
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed

from assay import steps
from assay.artifacts import Artifact
from assay.evidence.report import get_report
from assay.provenance import code_of
from assay.render.markdown import markdown
from assay.runs import Run
from assay.steps import Step


class Stage(Task[..., Any]):
    """A Prefect task whose call yields its step.

    A plain task that returns a state, as one found in the memo does to be shown as `Cached`,
    would hand that state to the flow.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found = super().__call__(*args, **kwargs)
        return found.result() if isinstance(found, State) else found


def stage(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """`@stage`, or `@stage(retries=2)` with the options of a Prefect task."""
    return Stage(function, **options) if function else lambda f: Stage(f, **options)


def perform(
    run: Run,
    name: str,
    *,
    core: str,
    settings: Mapping[str, Any],
    inputs: Mapping[str, Artifact],
    work: Callable[[], Mapping[str, Artifact]],
    also: tuple[str, ...] = (),
    label: str | None = None,
    always: bool = False,
) -> Step | State[Step]:
    """Take a step and tell the dashboard. `core` is the module that does the stage's work,
    `also` further modules whose code counts, such as a user's estimator.
    """
    step = steps.perform(
        run.bucket,
        name,
        code=code_of(core, *also, glue=f"tasks.{name}"),
        inputs=inputs,
        settings=settings,
        seed=run.written.use_case.seed,
        work=work,
        label=label,
        always=always or run.always,
    )
    get_run_logger().info(_sentence(step))
    if "report" in step.outputs:
        publish(run, step)
    return Completed(name="Cached", message="found in the memo", data=step) if step.cached else step


def publish(run: Run, step: Step) -> None:
    """Show a gate's report on the dashboard, under a key that stays the same over runs."""
    report = get_report(run.bucket, step["report"])
    create_markdown_artifact(
        key=re.sub(r"[^a-z0-9]+", "-", f"{run.name} {step.name}".lower()).strip("-"),
        markdown=markdown(report),
        description=f"{report.gate} of {report.subject}: {report.verdict}",
    )


def _sentence(step: Step) -> str:
    how = "from the memo" if step.cached else f"{step.seconds:.1f} s"
    verdict = f": {step.verdict}" if step.verdict else ""
    return f"{step.name}{verdict} ({how})"


@contextmanager
def progress(about: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on the dashboard and, every tenth of the way, a line in the log."""
    artifact = create_progress_artifact(progress=0.0, description=about)
    log, told = get_run_logger(), -1

    def say(done: int, total: int, text: str) -> None:
        nonlocal told
        tenth = 10 * done // max(total, 1)
        if tenth > told:
            told = tenth
            log.info(f"{about}: {done} of {total} fits" + (f", {text}" if text else ""))
            update_progress_artifact(artifact, progress=100.0 * done / max(total, 1))

    yield say
