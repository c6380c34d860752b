"""`assay monitor`: is the champion still as good and as fair as when it was registered?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from assay.bucket.journal import Journal
from assay.cli.console import (
    next_command,
    print_facts,
    print_json,
    print_stderr,
    print_text,
    stdout_console,
    write_file,
)
from assay.cli.options import (
    AsOfOption,
    ConfigArgument,
    HtmlOption,
    JsonOption,
    SetOption,
    StoreOption,
)

if TYPE_CHECKING:
    from pathlib import Path

    from assay.bucket.bucket import Bucket
    from assay.config.loaded_use_case import LoadedUseCase
    from assay.gates.report import Report
    from assay.production.monitoring.outcome import MonitorOutcome
    from assay.registry.lessons import Lesson


def command(
    config: ConfigArgument,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    set_: SetOption = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read new labels, judge the champion on what is new since the last look, and record it.

    Exits with 3 if the model should be retrained, with 1 if labels could not be read.
    """
    from assay.cli.existing_bucket import bucket_url, open_existing_bucket
    from assay.config.loaded_use_case import load_use_case

    url = bucket_url(store)
    written = load_use_case(config, set_ or ())
    bucket = open_existing_bucket(url)
    outcome = _outcome_if_idle(bucket, written, as_of)
    if outcome is None:
        from assay.cli.flow_runner import run_named_flow

        outcome = run_named_flow(
            "monitor",
            live=not as_json,
            config=str(config),
            store=url,
            as_of=as_of,
            overrides=tuple(set_ or ()),
        )
    report = _load_report(bucket, outcome)
    if html and report:
        _write_html(html, report)
    if as_json:
        learnt = [lesson.as_json() for lesson in _recall_lessons(bucket, outcome)]
        print_json(_outcome_json(outcome, report) | {"lessons": learnt})
    else:
        _print_outcome(outcome, report, config, url)
        _print_lessons(bucket, outcome)
        if html and report:
            print_stderr(f"written: {html}")
    raise typer.Exit(3 if outcome.verdict == "retrain" else 1 if outcome.refused else 0)


def _outcome_if_idle(
    bucket: Bucket, loaded_use_case: LoadedUseCase, as_of: str | None
) -> MonitorOutcome | None:
    """The outcome if nothing is new, so that Prefect need not start; else None.

    Errors of the use case and the bucket also appear here, before Prefect takes seconds to start.
    """
    from assay.problems.fit_to_question import require_monitoring
    from assay.problems.lookup import problem_type
    from assay.production.labels.label_import import has_new_labels
    from assay.production.monitoring.look import next_look
    from assay.production.monitoring.outcome import idle_outcome
    from assay.production.shadow.comparison import next_comparison
    from assay.util import clock

    case = loaded_use_case.use_case
    require_monitoring(
        problem_type(case.data.target), loaded_use_case.text.locate(("data", "target"))
    )
    look = next_look(bucket, case.name, case.monitor, clock.parse_timestamp(as_of))
    # The event of an earlier verdict may not have been emitted.
    may_want_retraining = look.previous is not None and look.previous.verdict == "retrain"
    if not look.is_idle or may_want_retraining or has_new_labels(bucket, loaded_use_case):
        return None
    if (comparison := next_comparison(bucket, case)) and comparison.is_stale:
        return None
    return idle_outcome(case.name, look)


def _recall_lessons(bucket: Bucket, outcome: MonitorOutcome) -> list[Lesson]:
    """Earlier lessons about the causes that this look found."""
    from assay.registry.history import MONITORED
    from assay.registry.lessons import entry_causes, find_lessons

    entries = Journal(bucket, outcome.use_case).entries()
    looks = [entry for entry in entries if entry.kind == MONITORED]
    if outcome.look is None or not looks:
        return []
    before = [entry for entry in entries if entry.number < looks[-1].number]
    return find_lessons(before, entry_causes(looks[-1]))


def _print_lessons(bucket: Bucket, outcome: MonitorOutcome) -> None:
    from assay.registry.lessons import describe_lessons

    if learnt := describe_lessons(_recall_lessons(bucket, outcome)):
        print_text("seen before:")
        for line in learnt:
            print_text(f"  - {line}")


def _load_report(bucket: Bucket, outcome: MonitorOutcome) -> Report | None:
    from assay.gates.report import get_report

    return get_report(bucket, outcome.report) if outcome.report else None


def _write_html(path: Path, report: Report) -> None:
    from assay.render.html_page import render_html

    facts = {"Judged": report.subject}
    write_file(path, render_html([report], title="Monitoring", facts=facts))


def _outcome_json(outcome: MonitorOutcome, report: Report | None) -> dict[str, Any]:
    return {
        **outcome.model_dump(mode="json", exclude={"report"}),
        "evidence": outcome.report and str(outcome.report.digest),
        "report": report and report.model_dump(mode="json"),
    }


def _print_outcome(
    outcome: MonitorOutcome, report: Report | None, config: Path, store: str
) -> None:
    for name, rows in outcome.labels.items():
        print_text(f"{name}: {rows}")
    for error in outcome.refused.values():
        print_stderr(f"error: {error}")
    if report is None:
        print_text(f"{outcome.model}: {outcome.why}")
        _print_shadow(outcome, store)
        return
    from assay.render.terminal import show_report

    show_report(report, stdout_console())
    print_text("")
    facts = {"model": outcome.model, "look": str(outcome.look), "verdict": str(outcome.verdict)}
    if outcome.verdict == "retrain":
        retrain = next_command(f"assay retrain {config} --because TEXT", store)
        alarm = next_command(f"assay false-alarm {outcome.use_case} --because TEXT", store)
        facts["next"] = f"{retrain}, or {alarm}"
    print_facts(facts)
    _print_shadow(outcome, store)


def _print_shadow(outcome: MonitorOutcome, store: str) -> None:
    if shadow := outcome.shadow:
        print_text(f"in shadow: {shadow.verdict}. {shadow.summary}")
        print_text("           " + next_command(f"assay show {shadow.model} --gate shadow", store))
