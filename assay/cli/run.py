"""`assay run`: take a question through every gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from assay.cli.console import console, print_facts, print_json, print_text, typed, write_file
from assay.cli.options import AsJson, Config, Set, Store

if TYPE_CHECKING:
    from assay.artifacts import Artifact
    from assay.bucket import Bucket
    from assay.decisions.waiting import Waiting
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
    finish(url, outcome, reports, as_json=as_json)


def finish(store: str, outcome: Outcome, reports: Path, *, as_json: bool) -> NoReturn:
    """Write the report's page, tell the outcome, and end with its exit code. `store`: the
    bucket's URL.
    """
    from assay.bucket import Bucket

    bucket = Bucket.open(store)
    page = _write_page(bucket, outcome, reports)
    if as_json:
        awaits, aside = _waiting(bucket, outcome), _quarantine(bucket, outcome)
        more = {
            "awaits": awaits and awaits.why,
            "quarantine": aside and str(aside.digest),
            "lessons": [lesson.as_json() for lesson in _recalled(bucket, outcome)],
        }
        print_json(_summary(outcome, page) | more)
    else:
        _tell(outcome, bucket, store, page)
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


def _waiting(bucket: Bucket, outcome: Outcome) -> Waiting | None:
    from assay.decisions.waiting import waiting
    from assay.registry import Registry

    if outcome.model is None:
        return None
    return waiting(bucket, *Registry(bucket).look_up(outcome.model))


def _quarantine(bucket: Bucket, outcome: Outcome) -> Artifact | None:
    """The table of the rows that the run set aside, if it did."""
    from assay import canonical
    from assay.artifacts import Artifact

    steps = canonical.load(bucket.objects.get(outcome.run))["steps"]
    held = (step["outputs"].get("quarantine") for step in steps)
    return next((Artifact.model_validate(one) for one in held if one), None)


def _tell(outcome: Outcome, bucket: Bucket, store: str, page: Path) -> None:
    from assay.evidence.report import get_report
    from assay.lessons import in_words
    from assay.render.terminal import verdicts

    out = console()
    out.print()
    verdicts([get_report(bucket, artifact) for artifact in outcome.reports.values()], out)
    out.print()
    for judged in outcome.judged:
        _tell_fate(judged, champion=outcome.champion and judged.model == outcome.model)
    if awaits := _waiting(bucket, outcome):
        print_text(f"  {awaits.why}")
    if outcome.outcome == "stopped":
        print_text(f"{outcome.use_case} stopped: {_stopped(outcome)}")
        _bullets(outcome.reasons)
    if quarantine := _quarantine(bucket, outcome):
        _tell_aside(bucket, quarantine, store)
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
            "next": _next(outcome, store),
            **({"then": typed(awaits.command, store)} if awaits else {}),
        }
    )


def _stopped(outcome: Outcome) -> str:
    """What it means that the last of the gates said no."""
    if "feasibility" in outcome.gates:
        return "these data cannot bear this question"
    return "the data do not keep the rules that they are held to"


def _tell_aside(bucket: Bucket, quarantine: Artifact, store: str) -> None:
    from assay.evidence.amounts import some
    from assay.render.words import printable
    from assay.sources.aside import SetAside

    aside = SetAside.of(bucket, quarantine)
    print_text(f"{some(aside.rows, 'malformed row')} set aside: {printable(aside.reasons)}")
    print_text("  " + typed(f"assay show {aside.table}", store))


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


def _next(outcome: Outcome, store: str) -> str:
    """What to type next: the model to look at, and the gate that refused another."""
    if outcome.model is None:
        return typed(f"assay log {outcome.use_case}", store)
    show = typed(f"assay show {outcome.model}", store)
    refused = [judged for judged in outcome.judged if judged.status == "rejected"]
    if not refused:
        return show
    gate = next(gate for gate, verdict in refused[0].gates.items() if verdict == "fail")
    why = typed(f"assay show {refused[0].model} --gate {gate}", store)
    return why if outcome.outcome == "rejected" else f"{show}, or {why}"


def _bullets(reasons: Sequence[str]) -> None:
    for reason in reasons:
        print_text(f"  - {reason}")
