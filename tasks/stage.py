"""What every stage shares: its step taken, its state, its gate's tables and its progress shown."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast, overload
from uuid import UUID

from prefect import Task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import TagsContext
from prefect.logging import get_run_logger
from prefect.states import Completed

from assay import plan, steps, trust
from assay.artifacts import Artifact
from assay.bucket import Bucket
from assay.errors import StoreUnreachable
from assay.evidence.report import get_report
from assay.provenance import code_of
from assay.render.figures import image
from assay.render.history import Told
from assay.render.markdown import markdown
from assay.render.outcome import headline, page
from assay.render.records import key, pictures, records
from assay.runs import Outcome, Run
from assay.steps import Step
from assay.tasks import spans

P = ParamSpec("P")
R = TypeVar("R")


class Stage(Task[P, R]):
    """A Prefect task whose call yields its step.

    A plain task that returns a state, as one found in the memo does to be shown as `Cached`,
    would hand that state to the flow.
    """

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # type: ignore[override]
        if plan.current():
            return self.fn(*args, **kwargs)  # nothing runs, so Prefect need not know
        # The run's tags are not its tasks': before a task with tags begins, and once it has ended,
        # the server is asked for a slot of each.
        with TagsContext(current_tags=set()):
            found: Any = super().__call__(*args, **kwargs)
        return cast(R, found.result() if isinstance(found, State) else found)


_AGAIN = (2, 20, 60)  # seconds before a stage is tried again that could not reach something


@overload
def stage(function: Callable[P, R]) -> Stage[P, R]: ...


@overload
def stage(
    *, name: str | None = None, task_run_name: str | None = None, retries: int = ...
) -> Callable[[Callable[P, R]], Stage[P, R]]: ...


def stage(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    task_run_name: str | None = None,
    retries: int = len(_AGAIN),
) -> Any:
    """`@stage`, or `@stage(name=..., task_run_name=..., retries=...)`: Prefect's options of a task.

    A stage that cannot reach its source or the bucket is tried again: whatever it had stored by
    then is found there, as after a kill.
    """

    def decorate(work: Callable[P, R]) -> Stage[P, R]:
        return Stage(
            work,
            name=name,
            task_run_name=task_run_name,
            retries=retries,
            retry_delay_seconds=[*_AGAIN],
            retry_condition_fn=_may_pass,
            # The memo knows what was done. Prefect's own cache would make a key of the arguments,
            # and so pickle the model of every batch.
            cache_policy=NO_CACHE,
        )

    return decorate(function) if function else decorate


def _may_pass(_task: object, _run: object, state: State) -> bool:
    """Only a network that failed is worth another try."""
    return isinstance(state.result(raise_on_failure=False), ConnectionError | StoreUnreachable)


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
) -> Step:
    """Take a step and tell the dashboard.

    `core` is the module that does the stage's work, `also` are further modules whose code counts,
    such as a user's estimator. Of a step found in the memo Prefect is handed a state named
    `Cached`, which `Stage` unwraps.
    """
    code = code_of(core, *also, glue=f"assay.tasks.{name}")
    seed, always = run.written.use_case.seed, always or run.always
    if planned := plan.current():
        return planned.take(
            run.bucket,
            name,
            code=code,
            inputs=inputs,
            settings=settings,
            seed=seed,
            label=label,
            always=always,
        )
    step = steps.perform(
        run.bucket,
        name,
        code=code,
        inputs=inputs,
        settings=settings,
        seed=seed,
        work=work,
        label=label,
        always=always,
    )
    get_run_logger().info(_sentence(step))
    spans.tell(run, step)
    if "report" in step.outputs:
        publish(run, step)
    if step.cached:
        return cast(Step, Completed(name="Cached", message="found in the memo", data=step))
    return step


def publish(run: Run, step: Step) -> None:
    """Show a gate's report on the dashboard: as text with its pictures, and its checks as a table
    that can be searched. Keys stay the same over runs; sizes and numbers are bounded, because
    Prefect keeps every one in its database.
    """
    report = get_report(run.bucket, step["report"])
    shown, about = key(run.name, step.name), f"{report.gate} of {report.subject}: {report.verdict}"
    drawn = {figure.title: url(svg) for figure, svg in pictures(report)}
    create_markdown_artifact(markdown(report, drawn), shown, about)
    if report.checks:
        create_table_artifact(records(report), f"{shown}-checks", about)


def publish_page(run: Run, outcome: Outcome) -> None:
    """Show what the run came to, and lead to the whole report: where pages are served
    (ASSAY_PAGES), a link to it there; else the place of its object.
    """
    pages, where = os.environ.get("ASSAY_PAGES"), run.bucket.url(outcome.page)
    link = f"{pages.rstrip('/')}/{outcome.page.digest.hex}" if pages else where
    reports = [get_report(run.bucket, report) for report in outcome.reports.values()]
    text = page(outcome, reports, link)
    create_markdown_artifact(text, key(run.name, "report"), headline(outcome))


def publish_history(bucket: Bucket, model: str) -> None:
    """Show what became of a use case so far. One key, so that the dashboard keeps what the page
    said before.
    """
    told = Told.of(bucket, model)
    drawn = {figure.title: url(image(figure)) for figure in told.figures()}
    text = told.page(by=trust.by, pictures=drawn)
    create_markdown_artifact(text, key(model, "history"), told.headline)


def url(svg: bytes) -> str:
    """The picture itself, as a URL."""
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"


def _sentence(step: Step) -> str:
    how = "from the memo" if step.cached else f"{step.seconds:.1f} s"
    verdict = f": {step.verdict}" if step.verdict else ""
    return f"{step.name}{verdict} ({how})"


@contextmanager
def progress(about: str, of: str = "fits") -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on the dashboard and, every tenth of the way, a line in the log."""
    artifact = cast(UUID, create_progress_artifact(0.0, key(about, "progress"), about))
    log, told = get_run_logger(), -1

    def say(done: int, total: int, text: str) -> None:
        nonlocal told
        tenth = 10 * done // max(total, 1)
        if tenth > told:
            told = tenth
            log.info(f"{about}: {done} of {total} {of}" + (f", {text}" if text else ""))
            update_progress_artifact(artifact, progress=100.0 * done / max(total, 1))

    yield say
