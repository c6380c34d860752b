"""Write a look into the journal, once, and say so."""

from prefect.logging import get_run_logger

from assay.evidence.monitoring import MonitoringResult
from assay.evidence.monitoring.facts import MonitoringFacts
from assay.evidence.report import get_report
from assay.living.looked import MonitorOutcome
from assay.living.looking import LookInputs, look_body, step_costs
from assay.living.looks import Look, append_look, describe_look_conflict
from assay.runs import Run
from assay.steps import Step
from assay.tasks.stage import stage


@stage
def record_look(
    run: Run, look: Look, material: LookInputs, facts: MonitoringFacts, steps: list[Step]
) -> MonitorOutcome:
    """What became of the look; the last of `steps` took it."""
    bucket, last = run.bucket, steps[-1]
    said, report = bucket.get_json(last["found"]), get_report(bucket, last["report"])
    found = MonitoringResult(report, said["verdict"], said["reasons"], said["figures"])
    entry = look_body(look, material, facts, found, last["report"]) | {"steps": step_costs(steps)}
    log = get_run_logger()
    if append_look(bucket, look, entry) is None:
        why = describe_look_conflict(bucket, look)
        log.warning(why)
        return MonitorOutcome(use_case=run.name, model=look.version.name, why=why)
    log.info(f"look {look.number} at {look.version.name}: {found.verdict}")
    return MonitorOutcome(
        use_case=run.name,
        model=look.version.name,
        look=look.number,
        verdict=found.verdict,
        summary=report.summary,
        reasons=found.reasons,
        report=last["report"],
        figures=found.figures,
    )
