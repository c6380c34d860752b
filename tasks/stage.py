"""What every stage shares: its step, its state, its gate's report and its progress bar."""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread
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

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.errors import StoreUnreachable
from assay.gates.report import get_report
from assay.production.monitoring.look_summary import look_headline, render_look_outcome
from assay.production.monitoring.outcome import MonitorOutcome
from assay.registry import authority
from assay.render.dashboard import artifact_key, check_rows, report_pictures
from assay.render.markdown import render_markdown
from assay.render.svg.figure import figure_svg_file
from assay.render.use_case_page import UseCasePage
from assay.runs.outcome import RunOutcome
from assay.runs.outcome_page import outcome_headline, render_outcome
from assay.runs.run import Run
from assay.steps import plan
from assay.steps.code_version import read_code_version
from assay.steps.step import Step, perform
from assay.tasks import spans
from assay.util.freed_memory import release_freed_memory
from assay.util.progress import (
    EVENT_TOLD,
    StageEnded,
    StageFailed,
    StageStarted,
    UnitsDone,
    publish_progress,
)

P = ParamSpec("P")
R = TypeVar("R")


class Stage(Task[P, R]):
    """A Prefect task whose call returns its step.

    A plain task that returns a state, as a cached stage does to appear as `Cached`, would hand
    that state to the flow.
    """

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # type: ignore[override]
        if plan.current_plan():
            return self.fn(*args, **kwargs)  # nothing runs, so Prefect is not involved
        # Tasks do not inherit the run's tags: for each tag of a task, the server is asked for a
        # concurrency slot before it begins and after it ends.
        with TagsContext(current_tags=set()):
            found: Any = super().__call__(*args, **kwargs)
        return cast(R, found.result() if isinstance(found, State) else found)


_RETRY_DELAYS = (2, 20, 60)  # seconds before each retry of a stage whose connection failed


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
    retries: int = len(_RETRY_DELAYS),
) -> Any:
    """`@stage`, or `@stage(name=..., task_run_name=..., retries=...)` with Prefect's task options.

    A stage that cannot reach its source or the bucket is retried. It finds what it had stored by
    then, as after a kill.
    """

    def decorate(work: Callable[P, R]) -> Stage[P, R]:
        made = Stage(
            work,
            name=name,
            task_run_name=task_run_name,
            retries=retries,
            retry_delay_seconds=[*_RETRY_DELAYS],
            retry_condition_fn=_is_transient,
            # The memo is the cache. Prefect's own would hash the arguments, and so pickle the
            # model for every batch.
            cache_policy=NO_CACHE,
        )
        if name:
            # Prefect derives it from the function's name; metrics and stored runs use the stage's.
            made.task_key = f"{name}-{made.task_key.rpartition('-')[2]}"
        return made

    return decorate(function) if function else decorate


def _is_transient(_task: object, _run: object, state: State) -> bool:
    """Whether a network failed: only that is worth a retry."""
    return isinstance(state.result(raise_on_failure=False), ConnectionError | StoreUnreachable)


def perform_stage(
    run: Run,
    name: str,
    *,
    core: str,
    settings: Mapping[str, Any],
    inputs: Mapping[str, Artifact],
    work: Callable[[], Mapping[str, Artifact]],
    also: tuple[str, ...] = (),
    asked: tuple[str, ...] = (),
    label: str | None = None,
    always: bool = False,
) -> Step:
    """Perform a step, or find its result in the cache, and show it on the dashboard.

    `core` is the module that does the stage's work; `also` are further modules whose code is part
    of the key, such as a user's estimator; of modules in `asked`, such as a problem type, the own
    text counts and not what they import. For a cached step, Prefect gets a state named
    `Cached`, which `Stage` unwraps.
    """
    code = read_code_version(core, *also, glue=(f"assay.tasks.{name}", *asked))
    seed, always = run.loaded.use_case.seed, always or run.always
    if planned := plan.current_plan():
        return planned.plan_step(
            run.bucket,
            name,
            code=code,
            inputs=inputs,
            settings=settings,
            seed=seed,
            label=label,
            always=always,
        )

    log = get_run_logger()

    def work_with_progress() -> Mapping[str, Artifact]:
        say = partial(log.info, extra=EVENT_TOLD)
        with _publish_work(name, label or name), announce_long_work(label or name, say):
            outputs = work()
        release_freed_memory()
        return outputs

    step = perform(
        run.bucket,
        name,
        code=code,
        inputs=inputs,
        settings=settings,
        seed=seed,
        work=work_with_progress,
        label=label,
        always=always,
    )
    publish_progress(
        StageEnded(name, step.name, step.seconds, verdict=step.verdict, cached=step.cached)
    )
    log.info(_describe_step(step), extra=EVENT_TOLD)
    spans.annotate_span(run, step)
    if "report" in step.outputs:
        publish_report(run, step)
    if step.cached:
        return cast(Step, Completed(name="Cached", message="found in the result cache", data=step))
    return step


def publish_report(run: Run, step: Step) -> None:
    """Show a gate's report on the dashboard: text with pictures, and a searchable table of checks.

    Keys stay the same over runs. Sizes are bounded, because Prefect's database keeps every version.
    """
    report = get_report(run.bucket, step["report"])
    key = artifact_key(run.name, step.name)
    headline = f"{report.gate} of {report.subject}: {report.verdict}"
    pictures = {figure.title: data_url(svg) for figure, svg in report_pictures(report)}
    create_markdown_artifact(render_markdown(report, pictures), key, headline)
    if report.checks:
        create_table_artifact(check_rows(report), f"{key}-checks", headline)


def publish_page(run: Run, outcome: RunOutcome) -> None:
    """Show the run's outcome with a link to the whole report.

    The link leads to the page server (ASSAY_PAGES) if there is one, else to the object.
    """
    pages, where = os.environ.get("ASSAY_PAGES"), run.bucket.url(outcome.page)
    link = f"{pages.rstrip('/')}/{outcome.page.digest.hex}" if pages else where
    reports = [get_report(run.bucket, report) for report in outcome.reports.values()]
    text = render_outcome(outcome, reports, link)
    create_markdown_artifact(text, artifact_key(run.name, "report"), outcome_headline(outcome))


def publish_look(outcome: MonitorOutcome, *, quiet: bool = False) -> None:
    """Show what a look found, with a link to its report on the page server, if there is one."""
    pages = os.environ.get("ASSAY_PAGES")
    link = f"{pages.rstrip('/')}/look/{outcome.use_case}/{outcome.entry}" if pages else None
    key = artifact_key(outcome.use_case, "look")
    page = render_look_outcome(outcome, link, quiet=quiet)
    create_markdown_artifact(page, key, look_headline(outcome))


def publish_history(bucket: Bucket, model: str) -> None:
    """Show the use case's history. Its key is constant, so the dashboard keeps earlier versions."""
    page = UseCasePage.load(bucket, model)
    pictures = {figure.title: data_url(figure_svg_file(figure)) for figure in page.figures()}
    text = page.to_markdown(actor_of=partial(authority.describe_author, bucket), pictures=pictures)
    if pages := os.environ.get("ASSAY_PAGES"):
        text += f"\n[All versions, to sort and to filter]({pages.rstrip('/')}/use-case/{model})\n"
    create_markdown_artifact(text, artifact_key(model, "history"), page.headline)


def data_url(svg: bytes) -> str:
    """A picture as a data URL."""
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"


def _describe_step(step: Step) -> str:
    how = "cached" if step.cached else f"{step.seconds:.1f} s"
    verdict = f": {step.verdict}" if step.verdict else ""
    return f"{step.name}{verdict} ({how})"


@contextmanager
def _publish_work(name: str, label: str) -> Iterator[None]:
    """Publish that a stage begins to work, and that it fails if it does."""
    started = time.monotonic()
    publish_progress(StageStarted(name, label))
    try:
        yield
    except Exception:
        publish_progress(StageFailed(name, label, time.monotonic() - started))
        raise


_LONGEST_SILENCE = 30.0  # seconds
_LEAST_SILENCE = 10.0  # seconds between two log lines of a progress bar


@contextmanager
def announce_long_work(
    label: str, say: Callable[[str], None], every: float = _LONGEST_SILENCE
) -> Iterator[None]:
    """Say each `every` seconds that a stage is still at work, however little it says itself."""
    started, ended = time.monotonic(), Event()

    def announce() -> None:
        while not ended.wait(every):
            say(f"{label}: at work for {time.monotonic() - started:.0f} s")

    thread = Thread(target=announce, name=f"progress of {label}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def progress_bar(title: str, unit: str = "fits") -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar: on the dashboard by tenths, and for whoever listens in this process.

    The log has a line at a tenth that comes ten seconds after the last line: short work has none.
    """
    artifact = cast(UUID, create_progress_artifact(0.0, artifact_key(title, "progress"), title))
    log, last_tenth, last_line = get_run_logger(), -1, time.monotonic()

    def say(count: int, total: int, text: str) -> None:
        nonlocal last_tenth, last_line
        publish_progress(UnitsDone(count, total, unit, text))
        tenth, now = 10 * count // max(total, 1), time.monotonic()
        if tenth <= last_tenth:
            return
        last_tenth = tenth
        update_progress_artifact(artifact, progress=100.0 * count / max(total, 1))
        if now - last_line >= _LEAST_SILENCE and count < total:
            last_line = now
            line = f"{title}: {count} of {total} {unit}" + (f", {text}" if text else "")
            log.info(line, extra=EVENT_TOLD)

    yield say
