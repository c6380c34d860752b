"""`assay run`: take a question through every gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from assay.cli.console import console, print_facts, print_json, print_text, write_file
from assay.cli.options import AsJson, Config, Set, Store

if TYPE_CHECKING:
    from assay.bucket import Bucket
    from assay.lessons import Lesson
    from assay.runs import Judged, Outcome

_CODES = {"registered": 0, "rejected": 3, "stopped": 3}


def command(
    config: Config,
    store: Store = None,
    always: Annotated[bool, typer.Option("--always", help="Redo every step.")] = False,
    set_: Set = None,
    reports: Annotated[Path, typer.Option(help="Folder for the HTML report.")] = Path("reports"),
    as_json: AsJson = False,
) -> None:
    """Take a question from raw rows to a registered model, or to the reason why there is none."""
    from assay.bucket import Bucket
    from assay.config.read import read
    from assay.standing import answer
    from assay.store import default_url

    url = store or default_url()
    written = read(config, set_ or ())
    bucket = Bucket.open(url)
    outcome = answer(bucket, written)
    if outcome is None or always:
        # What is wrong here is better said before Prefect takes its seconds to start.
        bucket.prepare()
        from assay.cli.orchestrate import flow_outcome

        asked = {"config": str(config), "overrides": tuple(set_ or ()), "always": always}
        outcome = flow_outcome("train", store=url, **asked)
    finish(bucket, outcome, reports, as_json=as_json)


def finish(bucket: Bucket, outcome: Outcome, reports: Path, *, as_json: bool) -> NoReturn:
    """Write the report's page, tell the outcome, and end with its exit code."""
    page = _write_page(bucket, outcome, reports)
    if as_json:
        learnt = [lesson.as_json() for lesson in _recalled(bucket, outcome)]
        print_json(_summary(outcome, page) | {"lessons": learnt})
    else:
        _tell(outcome, bucket, page)
    raise typer.Exit(_CODES[outcome.outcome])


def _write_page(bucket: Bucket, outcome: Outcome, folder: Path) -> Path:
    """The page beside the user, under a name that a browser opens."""
    path = folder / f"{outcome.model or outcome.use_case + '-stopped'}.html"
    write_file(path, bucket.get(outcome.page))
    return path


def _summary(outcome: Outcome, page: Path) -> dict[str, Any]:
    return {
        "run": str(outcome.run),
        "outcome": outcome.outcome,
        "model": outcome.model,
        "digest": outcome.digest and str(outcome.digest),
        "champion": outcome.champion,
        "gates": outcome.gates,
        "reasons": outcome.reasons,
        "judged": [judged.model_dump() for judged in outcome.judged],
        "steps": [step.model_dump() for step in outcome.steps],
        "report": str(page),
    }


def _tell(outcome: Outcome, bucket: Bucket, page: Path) -> None:
    from assay.evidence.report import get_report
    from assay.lessons import in_words
    from assay.render.terminal import verdicts

    out = console()
    out.print()
    verdicts([get_report(bucket, artifact) for artifact in outcome.reports.values()], out)
    out.print()
    for judged in outcome.judged:
        _tell_fate(judged, champion=outcome.champion and judged.model == outcome.model)
    if outcome.outcome == "stopped":
        print_text(f"{outcome.use_case} stopped: these data cannot bear this question")
        _bullets(outcome.reasons)
    learnt = in_words(_recalled(bucket, outcome))
    if learnt:
        print_text("seen before:")
        _bullets(learnt)
    cached = sum(step.cached for step in outcome.steps)
    out.print()
    print_facts(
        {
            "steps": f"{len(outcome.steps)}, of which {cached} found in the memo",
            "run": str(outcome.run),
            "report": str(page),
            "next": _next(outcome),
        }
    )


def _recalled(bucket: Bucket, outcome: Outcome) -> list[Lesson]:
    """What other answers taught of all that stood in the way of this one's candidates."""
    from assay.lessons import causes_of, recalled

    entries, question = bucket.journal(outcome.use_case).entries(), str(outcome.question)
    own = [e for e in entries if e.body.get("question") == question]
    causes = [cause for entry in own for cause in causes_of(entry)]
    return recalled(entries, causes, question=outcome.question)


def _tell_fate(judged: Judged, *, champion: bool) -> None:
    from assay.render.words import scores_in_words

    scores = scores_in_words(judged.scores)
    print_text(f"{judged.model} {judged.status}{', champion' * champion}: {judged.candidate}")
    print_text(f"  {scores}")
    if judged.status == "rejected":
        _bullets(judged.reasons)


def _next(outcome: Outcome) -> str:
    """What to type next: the model to look at, and the gate that refused another."""
    if outcome.model is None:
        return f"assay log {outcome.use_case}"
    refused = [judged for judged in outcome.judged if judged.status == "rejected"]
    if not refused:
        return f"assay show {outcome.model}"
    gate = next(gate for gate, verdict in refused[0].gates.items() if verdict == "fail")
    why = f"assay show {refused[0].model} --gate {gate}"
    return why if outcome.outcome == "rejected" else f"assay show {outcome.model}, or {why}"


def _bullets(reasons: Sequence[str]) -> None:
    for reason in reasons:
        print_text(f"  - {reason}")
