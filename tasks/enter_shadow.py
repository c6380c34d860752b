"""Write into the journal what a challenger's answers in shadow came to, once."""

from prefect.logging import get_run_logger

from assay import moments
from assay.evidence.report import get_report
from assay.living.looked import Shadowed
from assay.living.shadows import Shadow, record
from assay.runs import Run
from assay.steps import Step
from assay.tasks.stage import stage


@stage
def enter_shadow(run: Run, about: Shadow, compared: Step, as_of: str) -> Shadowed:
    """What was found, whether or not that is news."""
    report = get_report(run.bucket, compared["report"])
    held = {name: compared[name] for name in ("report", "rows")}
    entry = record(run.bucket, about, report, held, moments.moment(as_of))
    name = about.challenger.name
    told = f"entry {entry.number}" if entry else "as before"
    get_run_logger().info(f"{name} in shadow: {report.verdict} ({told})")
    return Shadowed(
        model=name,
        against=about.champion.name,
        verdict=report.verdict.value,
        summary=report.summary,
        report=compared["report"],
        entry=entry.number if entry else None,
    )
