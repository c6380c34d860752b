"""`assay monitor`: is the model in use still as good, and as fair, as when it was registered?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

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
    """Read the labels that came, look at what is new since the last look, and write it down.

    Ends with 3 where the model should be trained anew, with 1 where labels could not be read.
    """
    from assay.bucket.open import open_bucket
    from assay.config.loaded_use_case import load_use_case
    from assay.store.open import default_store_url

    url = store or default_store_url()
    written = load_use_case(config, set_ or ())
    bucket = open_bucket(url).require_existing()
    looked = _outcome_if_idle(bucket, written, as_of)
    if looked is None:
        from assay.cli.flow_runner import run_named_flow

        asked = {"config": str(config), "store": url, "as_of": as_of}
        looked = run_named_flow("monitor", **asked, overrides=tuple(set_ or ()))
    report = _load_report(bucket, looked)
    if html and report:
        _write_html(html, report)
    if as_json:
        learnt = [lesson.as_json() for lesson in _recall_lessons(bucket, looked)]
        print_json(_outcome_json(looked, report) | {"lessons": learnt})
    else:
        _print_outcome(looked, report, config, url)
        _print_lessons(bucket, looked)
        if html and report:
            print_stderr(f"written: {html}")
    refused = bool(looked.refused)
    raise typer.Exit(3 if looked.verdict == "retrain" else 1 if refused else 0)


def _outcome_if_idle(
    bucket: Bucket, written: LoadedUseCase, as_of: str | None
) -> MonitorOutcome | None:
    """The outcome where nothing at all is new, for which Prefect need not start. What is wrong
    here is also better said before it takes its seconds.
    """
    from assay.production.labels.label_import import has_new_labels
    from assay.production.monitoring.look import next_look
    from assay.production.monitoring.outcome import idle_outcome
    from assay.production.shadow.comparison import next_comparison as beside
    from assay.util import clock

    case = written.use_case
    ahead = next_look(bucket, case.name, case.monitor, clock.parse_timestamp(as_of))
    wanted = (
        ahead.previous is not None and ahead.previous.verdict == "retrain"
    )  # and perhaps not told
    if not ahead.is_idle or wanted or has_new_labels(bucket, written):
        return None
    if (both := beside(bucket, case)) and both.is_stale:
        return None
    return idle_outcome(case.name, ahead)


def _recall_lessons(bucket: Bucket, looked: MonitorOutcome) -> list[Lesson]:
    """What was learnt before of what this look saw."""
    from assay.bucket.journal import Journal
    from assay.registry.history import MONITORED
    from assay.registry.lessons import entry_causes, find_lessons

    entries = Journal(bucket.store, looked.use_case).entries()
    looks = [entry for entry in entries if entry.kind == MONITORED]
    if looked.look is None or not looks:
        return []
    before = [entry for entry in entries if entry.number < looks[-1].number]
    return find_lessons(before, entry_causes(looks[-1]))


def _print_lessons(bucket: Bucket, looked: MonitorOutcome) -> None:
    from assay.registry.lessons import describe_lessons

    if learnt := describe_lessons(_recall_lessons(bucket, looked)):
        print_text("seen before:")
        for line in learnt:
            print_text(f"  - {line}")


def _load_report(bucket: Bucket, looked: MonitorOutcome) -> Report | None:
    from assay.gates.report import get_report

    return get_report(bucket, looked.report) if looked.report else None


def _write_html(path: Path, report: Report) -> None:
    from assay.render.html_page import render_html

    facts = {"Judged": report.subject}
    write_file(path, render_html([report], title="Monitoring", facts=facts))


def _outcome_json(looked: MonitorOutcome, report: Report | None) -> dict[str, Any]:
    told = looked.model_dump(mode="json", exclude={"report"})
    held = looked.report and str(looked.report.digest)
    return {**told, "evidence": held, "report": report and report.model_dump(mode="json")}


def _print_outcome(looked: MonitorOutcome, report: Report | None, config: Path, store: str) -> None:
    for name, rows in looked.labels.items():
        print_text(f"{name}: {rows}")
    for error in looked.refused.values():
        print_stderr(f"error: {error}")
    if report is None:
        print_text(f"{looked.model}: {looked.why}")
        _print_shadow(looked, store)
        return
    from assay.render.terminal import show_report

    show_report(report, stdout_console())
    print_text("")
    facts = {"model": looked.model, "look": str(looked.look), "verdict": str(looked.verdict)}
    if looked.verdict == "retrain":
        retrain = next_command(f"assay retrain {config} --because TEXT", store)
        alarm = next_command(f"assay false-alarm {looked.use_case} --because TEXT", store)
        facts["next"] = f"{retrain}, or {alarm}"
    print_facts(facts)
    _print_shadow(looked, store)


def _print_shadow(looked: MonitorOutcome, store: str) -> None:
    if told := looked.shadow:
        print_text(f"in shadow: {told.verdict}. {told.summary}")
        print_text("           " + next_command(f"assay show {told.model} --gate shadow", store))
