"""What every stage shares: its step taken, its state, its gate's tables and its progress shown."""

from __future__ import annotations

import asyncio
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from prefect import Task, get_client
from prefect.artifacts import Artifact as ArtifactRequest
from prefect.artifacts import (
    ImageArtifact,
    MarkdownArtifact,
    TableArtifact,
    create_link_artifact,
    create_progress_artifact,
    update_progress_artifact,
)
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed

from assay import plan, steps
from assay.artifacts import Artifact
from assay.evidence.report import get_report
from assay.provenance import code_of
from assay.render.markdown import markdown
from assay.render.records import pictures, records
from assay.runs import Outcome, Run
from assay.steps import Step


class Stage(Task[..., Any]):
    """A Prefect task whose call yields its step.

    A plain task that returns a state, as one found in the memo does to be shown as `Cached`,
    would hand that state to the flow.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if plan.current():
            return self.fn(*args, **kwargs)  # nothing runs, so Prefect need not know
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
    made_of: dict[str, Any] = {
        "code": code_of(core, *also, glue=f"tasks.{name}"),
        "inputs": inputs,
        "settings": settings,
        "seed": run.written.use_case.seed,
        "label": label,
        "always": always or run.always,
    }
    if planned := plan.current():
        return planned.take(run.bucket, name, **made_of)
    step = steps.perform(run.bucket, name, work=work, **made_of)
    get_run_logger().info(_sentence(step))
    if "report" in step.outputs:
        publish(run, step)
    return Completed(name="Cached", message="found in the memo", data=step) if step.cached else step


def publish(run: Run, step: Step) -> None:
    """Show a gate's report on the dashboard: as text with its pictures, its checks as a table that
    can be searched, and the first pictures by themselves. Keys stay the same over runs; sizes and
    numbers are bounded, because Prefect keeps every one in its database.
    """
    report = get_report(run.bucket, step["report"])
    key = re.sub(r"[^a-z0-9]+", "-", f"{run.name} {step.name}".lower()).strip("-")
    about = f"{report.gate} of {report.subject}: {report.verdict}"
    drawn = [(figure, _url(svg)) for figure, svg in pictures(report)]
    text = markdown(report, {figure.title: url for figure, url in drawn})
    shown: list[ArtifactRequest] = [MarkdownArtifact(key=key, description=about, markdown=text)]
    if report.checks:
        checks = TableArtifact(key=f"{key}-checks", description=about, table=records(report))
        shown.append(checks)
    for number, (figure, url) in enumerate(drawn, start=1):
        said = f"{figure.title}. {figure.alt}"
        shown.append(ImageArtifact(key=f"{key}-{number}", description=said, image_url=url))
    asyncio.run(_create(shown))


def publish_page(run: Run, outcome: Outcome) -> None:
    """Lead from the dashboard to the whole report: where pages are served (ASSAY_PAGES), a link
    to it there; else the place of its object.
    """
    pages, where = os.environ.get("ASSAY_PAGES"), run.bucket.url(outcome.page)
    link = f"{pages.rstrip('/')}/{outcome.page.digest.hex}" if pages else where
    said = f"{outcome.model or run.name}: {outcome.outcome}"
    key = re.sub(r"[^a-z0-9]+", "-", f"{run.name} report".lower())
    create_link_artifact(link, link_text=f"{said}, the whole report", key=key, description=said)


async def _create(artifacts: Sequence[ArtifactRequest]) -> None:
    """All at once: one after the other each would wait for the server."""
    async with get_client() as client:
        await asyncio.gather(*(artifact.acreate(client) for artifact in artifacts))


def _url(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"


def _sentence(step: Step) -> str:
    how = "from the memo" if step.cached else f"{step.seconds:.1f} s"
    verdict = f": {step.verdict}" if step.verdict else ""
    return f"{step.name}{verdict} ({how})"


@contextmanager
def progress(about: str, of: str = "fits") -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on the dashboard and, every tenth of the way, a line in the log."""
    artifact = create_progress_artifact(progress=0.0, description=about)
    log, told = get_run_logger(), -1

    def say(done: int, total: int, text: str) -> None:
        nonlocal told
        tenth = 10 * done // max(total, 1)
        if tenth > told:
            told = tenth
            log.info(f"{about}: {done} of {total} {of}" + (f", {text}" if text else ""))
            update_progress_artifact(artifact, progress=100.0 * done / max(total, 1))

    yield say
