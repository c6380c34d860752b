"""`assay monitor`: is the model in use still as good, and as fair, as when it was registered?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from assay.cli.console import console, print_facts, print_json, print_text, say, typed, write_file
from assay.cli.options import AsJson, AsOf, Config, Html, Set, Store

if TYPE_CHECKING:
    from pathlib import Path

    from assay.bucket import Bucket
    from assay.config.read import Written
    from assay.evidence.report import Report
    from assay.lessons import Lesson
    from assay.living.looked import Looked


def command(
    config: Config,
    as_of: AsOf = None,
    store: Store = None,
    set_: Set = None,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Read the labels that came, look at what is new since the last look, and write it down.

    Ends with 3 where the model should be trained anew, with 1 where labels could not be read.
    """
    from assay.bucket import Bucket
    from assay.config.read import read
    from assay.store import default_url

    url = store or default_url()
    written = read(config, set_ or ())
    bucket = Bucket.open(url).existing()
    looked = _quiet(bucket, written, as_of)
    if looked is None:
        from assay.cli.orchestrate import flow_outcome

        asked = {"config": str(config), "store": url, "as_of": as_of}
        looked = flow_outcome("monitor", **asked, overrides=tuple(set_ or ()))
    report = _report(bucket, looked)
    if html and report:
        _write(html, report)
    if as_json:
        learnt = [lesson.as_json() for lesson in _recalled(bucket, looked)]
        print_json(_summary(looked, report) | {"lessons": learnt})
    else:
        _tell(looked, report, config, url)
        _tell_learnt(bucket, looked)
        if html and report:
            say(f"written: {html}")
    refused = bool(looked.refused)
    raise typer.Exit(3 if looked.verdict == "retrain" else 1 if refused else 0)


def _quiet(bucket: Bucket, written: Written, as_of: str | None) -> Looked | None:
    """The outcome where nothing at all is new, for which Prefect need not start. What is wrong
    here is also better said before it takes its seconds.
    """
    from assay import moments
    from assay.living.labels import news
    from assay.living.looked import nothing
    from assay.living.looks import next_look
    from assay.living.shadows import ahead as beside

    case = written.use_case
    ahead = next_look(bucket, case.name, case.monitor, moments.moment(as_of))
    wanted = ahead.before is not None and ahead.before.verdict == "retrain"  # and perhaps not told
    if not ahead.idle or wanted or news(bucket, written):
        return None
    if (both := beside(bucket, case)) and both.stale:
        return None
    return nothing(case.name, ahead)


def _recalled(bucket: Bucket, looked: Looked) -> list[Lesson]:
    """What was learnt before of what this look saw."""
    from assay.lessons import causes_of, recalled
    from assay.versions import MONITORED

    entries = bucket.journal(looked.use_case).entries()
    looks = [entry for entry in entries if entry.kind == MONITORED]
    if looked.look is None or not looks:
        return []
    before = [entry for entry in entries if entry.number < looks[-1].number]
    return recalled(before, causes_of(looks[-1]))


def _tell_learnt(bucket: Bucket, looked: Looked) -> None:
    from assay.lessons import in_words

    if learnt := in_words(_recalled(bucket, looked)):
        print_text("seen before:")
        for line in learnt:
            print_text(f"  - {line}")


def _report(bucket: Bucket, looked: Looked) -> Report | None:
    from assay.evidence.report import get_report

    return get_report(bucket, looked.report) if looked.report else None


def _write(path: Path, report: Report) -> None:
    from assay.render.page import page

    facts = {"Judged": report.subject}
    write_file(path, page([report], title="Monitoring", facts=facts))


def _summary(looked: Looked, report: Report | None) -> dict[str, Any]:
    told = looked.model_dump(mode="json", exclude={"report"})
    held = looked.report and str(looked.report.digest)
    return {**told, "evidence": held, "report": report and report.model_dump(mode="json")}


def _tell(looked: Looked, report: Report | None, config: Path, store: str) -> None:
    for name, rows in looked.labels.items():
        print_text(f"{name}: {rows}")
    for error in looked.refused.values():
        say(f"error: {error}")
    if report is None:
        print_text(f"{looked.model}: {looked.why}")
        _tell_shadow(looked, store)
        return
    from assay.render.terminal import show

    show(report, console())
    print_text("")
    facts = {"model": looked.model, "look": str(looked.look), "verdict": str(looked.verdict)}
    if looked.verdict == "retrain":
        retrain = typed(f"assay retrain {config} --because TEXT", store)
        alarm = typed(f"assay false-alarm {looked.use_case} --because TEXT", store)
        facts["next"] = f"{retrain}, or {alarm}"
    print_facts(facts)
    _tell_shadow(looked, store)


def _tell_shadow(looked: Looked, store: str) -> None:
    if told := looked.shadow:
        print_text(f"in shadow: {told.verdict}. {told.summary}")
        print_text("           " + typed(f"assay show {told.model} --gate shadow", store))
