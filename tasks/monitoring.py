"""Plan a look, record it, and ask for a retraining."""

import uuid

from prefect.events import emit_event
from prefect.events.worker import EventsWorker
from prefect.logging import get_run_logger

from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.errors import AssayError, IntegrityError
from assay.gates.monitoring.facts import Lack, MonitoringFacts
from assay.gates.monitoring.gate import MonitoringResult
from assay.gates.report import get_report
from assay.problems.fit_to_question import check_production
from assay.production.labels.label_import import LabelImport, describe_label_entry, import_labels
from assay.production.monitoring.judgement import LookInputs, look_body, step_costs
from assay.production.monitoring.look import (
    Look,
    PastLook,
    append_look,
    describe_look_conflict,
    next_look,
)
from assay.production.monitoring.outcome import MonitorOutcome, ShadowOutcome
from assay.production.retraining.policy import RetrainingRequest, reason_to_decline
from assay.production.shadow.comparison import (
    ShadowComparison,
    append_comparison,
    next_comparison,
    unfinished_shadow_reason,
)
from assay.registry.batch_ledger import ReceivedLabels
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import stage
from assay.util import clock


@stage(name="about")
def plan_look(run: Run, as_of: str) -> Look:
    """Plan a look at the champion: everything that arrived since the last one."""
    case = run.loaded.use_case
    return next_look(run.bucket, run.name, case.monitor, clock.parse_timestamp(as_of))


@stage(name="beside")
def plan_shadow_comparison(run: Run) -> ShadowComparison | None:
    """Plan a shadow comparison of the challenger; None if there are too few batches of both.

    Raises ConfigError for a question whose type has no shadow deployment.
    """
    check_production(run.problem, run.loaded.use_case, run.loaded.text.locate)
    return next_comparison(run.bucket, run.loaded.use_case)


@stage(name="enter_look")
def record_look(
    run: Run,
    look: Look,
    material: LookInputs,
    facts: MonitoringFacts,
    *,
    earlier_steps: list[Step],
    gate_step: Step,
    quiet: bool = False,
) -> MonitorOutcome:
    """Record what became of a look that `gate_step` judged. A `quiet` one asks for nothing."""
    bucket, last, steps = run.bucket, gate_step, [*earlier_steps, gate_step]
    said, report = bucket.get_json(last["found"]), get_report(bucket, last["report"])
    lacks = {name: Lack.model_validate(lack) for name, lack in said.get("lacks", {}).items()}
    result = MonitoringResult(report, said["verdict"], said["reasons"], said["figures"], lacks)
    entry = look_body(look, material, facts, result, last["report"]) | {"steps": step_costs(steps)}
    entry |= {"quiet": True} if quiet else {}
    log = get_run_logger()
    added = append_look(bucket, look, entry)
    if added is None:
        why = describe_look_conflict(bucket, look)
        log.warning(why)
        return MonitorOutcome(use_case=run.name, model=look.version.name, why=why)
    log.info(f"look {look.number} at {look.version.name}: {result.verdict}")
    return MonitorOutcome(
        use_case=run.name,
        model=look.version.name,
        look=look.number,
        entry=added.number,
        verdict=result.verdict,
        summary=report.summary,
        reasons=result.reasons,
        report=gate_step["report"],
        figures=result.figures,
    )


@stage(name="enter_shadow")
def record_shadow_comparison(
    run: Run, comparison: ShadowComparison, shadow_step: Step, as_of: str
) -> ShadowOutcome:
    """Record a shadow comparison, unless the journal has the same already."""
    report = get_report(run.bucket, shadow_step["report"])
    artifacts = {name: shadow_step[name] for name in ("report", "rows")}
    entry = append_comparison(
        run.bucket, comparison, report, artifacts, clock.parse_timestamp(as_of)
    )
    name = comparison.challenger.name
    news = f"entry {entry.number}" if entry else "as before"
    get_run_logger().info(f"{name} in shadow: {report.verdict} ({news})")
    return ShadowOutcome(
        model=name,
        against=comparison.champion.name,
        verdict=report.verdict.value,
        summary=report.summary,
        report=shadow_step["report"],
        entry=entry.number if entry else None,
    )


@stage(name="label")
def ingest_labels(run: Run, as_of: str, files: tuple[str, ...] | None = None) -> LabelImport:
    """Take in the new labels of `files`; None stands for the use case's labels.source.

    A file that cannot be read is logged, and stops nothing else.
    """
    log = get_run_logger()
    if files == ():
        return LabelImport()

    def tell(entry: ReceivedLabels) -> None:
        log.info(describe_label_entry(run.bucket, entry))

    try:
        taken = import_labels(
            run.bucket, run.loaded, clock.parse_timestamp(as_of), files or (), tell=tell
        )
    except IntegrityError:
        raise
    except AssayError as error:  # no labels can be read, but earlier ones can be judged
        taken = LabelImport(refused=(("labels", error),))
    for name, refusal in taken.refused:
        log.error(f"labels refused, {name}: {refusal.what}")
    return taken


RETRAIN_WANTED_EVENT = "assay.retrain.wanted"

_RETRAIN_WANTED_NAMESPACE = uuid.UUID("6d4b0f3e-6f0b-5d36-9a51-0f5b2d6f2f2a")  # for event ids

_EVENT_TIMEOUT = 10.0  # seconds that a server may take to receive an event


@stage(name="want")
def request_retraining(run: Run, last_look: PastLook, now: str) -> bool:
    """Emit the event for a look that no retraining followed. False if it was not emitted.

    It is emitted at least once, and again if a retraining could begin now: earlier it could not, or
    nobody received the event.
    """
    evidence, memo = last_look.report.digest, run.bucket.memo
    key = Digest.of_bytes(f"{RETRAIN_WANTED_EVENT} {run.name} {evidence}".encode())
    if memo.find("wanted", key) is not None and not _would_begin_or_ask(run, last_look, now):
        return False
    because = last_look.main_reason
    emit_event(
        event=RETRAIN_WANTED_EVENT,
        resource={
            "prefect.resource.id": f"assay.model.{run.name}",
            "prefect.resource.name": run.name,
        },
        payload={"why": because, "evidence": str(evidence), "verdict": last_look.verdict},
        # Servers ignore an id that they have seen.
        id=uuid.uuid5(_RETRAIN_WANTED_NAMESPACE, f"{key} {now}"),
    )
    EventsWorker.drain_all(timeout=_EVENT_TIMEOUT)  # else it would be lost with the process
    memo.remember(
        "wanted", key, {"event": RETRAIN_WANTED_EVENT, "evidence": str(evidence), "needs": []}
    )
    get_run_logger().warning(f"retraining wanted: {because}")
    return True


def _would_begin_or_ask(run: Run, last_look: PastLook, now: str) -> bool:
    """Whether a retraining would begin, or a person would be asked."""
    case, entries = run.loaded.use_case, Journal(run.bucket, run.name).entries()
    request = RetrainingRequest(
        "monitor",
        last_look.main_reason,
        clock.parse_timestamp(now),
        last_look.upto,
        evidence=last_look.report.digest,
    )
    declined = reason_to_decline(
        entries, request, case.retrain, unfinished_shadow_reason(run.bucket, case)
    )
    return declined is None or declined.needs_person
