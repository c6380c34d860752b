"""`assay run`: take a use case through every gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from assay.cli.console import (
    next_command,
    print_facts,
    print_json,
    print_text,
    stdout_console,
    write_file,
)
from assay.cli.options import ConfigArgument, JsonOption, SetOption, StoreOption

if TYPE_CHECKING:
    from assay.bucket.artifacts import Artifact
    from assay.bucket.bucket import Bucket
    from assay.registry.decisions.pending_promotion import PendingPromotion
    from assay.registry.lessons import Lesson
    from assay.render.decision_summary import ModelDecision
    from assay.runs.outcome import CandidateOutcome, RunOutcome

_EXIT_CODES = {"registered": 0, "rejected": 3, "stopped": 3}


def command(
    config: ConfigArgument,
    store: StoreOption = None,
    always: Annotated[
        bool, typer.Option("--always", help="Redo every step, cached or not.")
    ] = False,
    set_: SetOption = None,
    reports: Annotated[Path, typer.Option(help="Folder for the HTML report.")] = Path("reports"),
    as_json: JsonOption = False,
) -> None:
    """Take a use case from raw rows to a registered model, or to the reason for having none."""
    from assay.cli.existing_bucket import bucket_url
    from assay.config.loaded_use_case import load_use_case
    from assay.registry.authority import authorize_training
    from assay.registry.open import open_bucket
    from assay.runs.result_cache import find_cached_outcome

    url = bucket_url(store)
    written = load_use_case(config, set_ or ())
    bucket = open_bucket(url)
    outcome = find_cached_outcome(bucket, written)
    if outcome and outcome.model and not always:
        from assay.cli.model_card import renew_changed_card

        renew_changed_card(bucket, written.use_case, outcome.model)
    if outcome is None or always:
        # Errors here appear before Prefect takes seconds to start.
        authorize_training(bucket)
        bucket.prepare()
        from assay.cli.flow_runner import run_named_flow

        outcome = run_named_flow(
            "train",
            live=not as_json,
            config=str(config),
            store=url,
            overrides=tuple(set_ or ()),
            always=always,
        )
    finish_run(url, outcome, reports, as_json=as_json)


def finish_run(store: str, outcome: RunOutcome, reports: Path, *, as_json: bool) -> NoReturn:
    """Write the report's page, print the outcome, and end with its exit code.

    `store` is the bucket's URL.
    """
    from assay.registry.open import open_bucket

    bucket = open_bucket(store)
    page = _write_page(bucket, outcome, reports)
    if as_json:
        awaits, aside = _pending_decision(bucket, outcome), _find_quarantine(bucket, outcome)
        more = {
            "awaits": awaits and awaits.reason,
            "quarantine": aside and str(aside.digest),
            "lessons": [lesson.as_json() for lesson in _recall_lessons(bucket, outcome)],
        }
        print_json(_outcome_json(outcome, page) | more)
    else:
        _print_outcome(outcome, bucket, store, page)
    raise typer.Exit(_EXIT_CODES[outcome.outcome])


def _write_page(bucket: Bucket, outcome: RunOutcome, folder: Path) -> Path:
    """Write the report's page into a folder of the user's."""
    path = folder / f"{outcome.model or outcome.use_case + '-stopped'}.html"
    write_file(path, bucket.get(outcome.page))
    return path


def _outcome_json(outcome: RunOutcome, page: Path) -> dict[str, Any]:
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


def _pending_decision(bucket: Bucket, outcome: RunOutcome) -> PendingPromotion | None:
    from assay.registry.decisions.pending_promotion import find_pending_promotion
    from assay.registry.registry import Registry

    if outcome.model is None:
        return None
    return find_pending_promotion(bucket, *Registry(bucket).resolve_reference(outcome.model))


def _find_quarantine(bucket: Bucket, outcome: RunOutcome) -> Artifact | None:
    """The table of the rows that the run set aside, if there are any."""
    from assay.bucket import canonical_json
    from assay.bucket.artifacts import Artifact

    steps = canonical_json.load(bucket.objects.get(outcome.run))["steps"]
    tables = (step["outputs"].get("quarantine") for step in steps)
    return next((Artifact.model_validate(one) for one in tables if one), None)


def _print_outcome(outcome: RunOutcome, bucket: Bucket, store: str, page: Path) -> None:
    """Print the answer first, then the gates, then what to type."""
    from assay.cli.model_card import card_gap_text
    from assay.gates.report import get_report
    from assay.registry.lessons import describe_lessons
    from assay.render.decision_summary import summarize_decision
    from assay.render.terminal_decision import show_decision, show_gates

    out = stdout_console()
    reports = [get_report(bucket, artifact) for artifact in outcome.reports.values()]
    decision = _decision(bucket, outcome, store)
    summary = summarize_decision(reports, decision)
    out.print()
    show_decision(summary, out)
    out.print()
    show_gates(reports, out)
    out.print()
    if len(outcome.reasons) > 1 and outcome.outcome != "registered":
        print_text("all reasons:")
        _print_bullets(outcome.reasons)
    for judged in outcome.judged if len(outcome.judged) > 1 else ():
        _print_candidate(judged, champion=outcome.champion and judged.model == outcome.model)
    if quarantine := _find_quarantine(bucket, outcome):
        _print_quarantine(bucket, quarantine, store)
    learnt = describe_lessons(_recall_lessons(bucket, outcome))
    if learnt:
        print_text("seen before:")
        _print_bullets(learnt)
    registered = outcome.model if outcome.outcome == "registered" else None
    gaps = card_gap_text(bucket, registered) if registered else ""
    cached = sum(step.cached for step in outcome.steps)
    print_facts(
        {
            **({"to do": summary.next_step} if summary.state != "waiting" else {}),
            "next": _suggest_next(outcome, store),
            **({"then": decision.command} if decision.command else {}),
            **({"card": f"{gaps} (assay show {outcome.model} --card)"} if gaps else {}),
            "report": str(page),
            "steps": f"{len(outcome.steps)}, of which {cached} were cached",
            "run": str(outcome.run),
        }
    )


def _decision(bucket: Bucket, outcome: RunOutcome, store: str) -> ModelDecision:
    """What became of the run as the journal has it now. Its command names the bucket."""
    from assay.registry.registry import Registry
    from assay.render.decision_summary import ModelDecision
    from assay.render.model_decision import version_decision

    if outcome.model is None:
        return ModelDecision(outcome.use_case, outcome.outcome)
    decision = version_decision(bucket, *Registry(bucket).resolve_reference(outcome.model))
    command = next_command(decision.command, store) if decision.command else ""
    return replace(decision, command=command)


def _print_quarantine(bucket: Bucket, quarantine: Artifact, store: str) -> None:
    from assay.sources.quarantine import QuarantineSummary
    from assay.util.printable_text import printable_text
    from assay.util.wording import format_count

    aside = QuarantineSummary.from_table(bucket, quarantine)
    print_text(
        f"{format_count(aside.rows, 'malformed row')} set aside: {printable_text(aside.reasons)}"
    )
    print_text("  " + next_command(f"assay show {aside.table}", store))


def _recall_lessons(bucket: Bucket, outcome: RunOutcome) -> list[Lesson]:
    """Lessons from other runs about the causes that this run's candidates failed by."""
    from assay.bucket.journal import Journal
    from assay.registry.lessons import entry_causes, find_lessons

    entries, question = Journal(bucket, outcome.use_case).entries(), str(outcome.question)
    own = [e for e in entries if e.body.get("question") == question]
    causes = [cause for entry in own for cause in entry_causes(entry)]
    return find_lessons(entries, causes, question=outcome.question)


def _print_candidate(outcome: CandidateOutcome, *, champion: bool) -> None:
    from assay.render.report_text import format_scores

    scores = format_scores(outcome.scores)
    print_text(f"{outcome.model} {outcome.status}{', champion' * champion}: {outcome.candidate}")
    print_text(f"  {scores}")


def _suggest_next(outcome: RunOutcome, store: str) -> str:
    """Commands to type next: show the model, and the gate that failed another candidate."""
    if outcome.model is None:
        return next_command(f"assay log {outcome.use_case}", store)
    show = next_command(f"assay show {outcome.model}", store)
    refused = [judged for judged in outcome.judged if judged.status == "rejected"]
    if not refused:
        return show
    gate = next(gate for gate, verdict in refused[0].gates.items() if verdict == "fail")
    why = next_command(f"assay show {refused[0].model} --gate {gate}", store)
    return why if outcome.outcome == "rejected" else f"{show}, or {why}"


def _print_bullets(reasons: Sequence[str]) -> None:
    for reason in reasons:
        print_text(f"  - {reason}")
