"""Write a look into the journal, once, and say so."""

from prefect.logging import get_run_logger

from assay.evidence.monitoring import Monitored
from assay.evidence.monitoring.facts import Facts
from assay.evidence.report import get_report
from assay.living.looked import Looked
from assay.living.looking import Material, body, taken
from assay.living.looks import Look, record, why_not
from assay.runs import Run
from assay.steps import Step
from assay.tasks.stage import stage


@stage
def enter_look(
    run: Run, about: Look, material: Material, facts: Facts, steps: list[Step]
) -> Looked:
    """What became of the look; the last of `steps` took it."""
    bucket, last = run.bucket, steps[-1]
    said, report = bucket.get_json(last["found"]), get_report(bucket, last["report"])
    found = Monitored(report, said["verdict"], said["reasons"], said["figures"])
    entry = body(about, material, facts, found, last["report"]) | {"steps": taken(steps)}
    log = get_run_logger()
    if record(bucket, about, entry) is None:
        why = why_not(bucket, about)
        log.warning(why)
        return Looked(use_case=run.name, model=about.version.name, why=why)
    log.info(f"look {about.number} at {about.version.name}: {found.verdict}")
    return Looked(
        use_case=run.name,
        model=about.version.name,
        look=about.number,
        verdict=found.verdict,
        summary=report.summary,
        reasons=found.reasons,
        report=last["report"],
        figures=found.figures,
    )
