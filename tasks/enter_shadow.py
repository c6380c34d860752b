"""Write into the journal what a challenger's answers in shadow came to, once."""

from prefect.logging import get_run_logger

from assay import moments
from assay.evidence.report import get_report
from assay.living.looked import ShadowOutcome
from assay.living.shadows import ShadowComparison, append_comparison
from assay.runs import Run
from assay.steps import Step
from assay.tasks.stage import stage


@stage
def record_shadow_comparison(
    run: Run, comparison: ShadowComparison, shadow_step: Step, as_of: str
) -> ShadowOutcome:
    """What was found, whether or not that is news."""
    report = get_report(run.bucket, shadow_step["report"])
    held = {name: shadow_step[name] for name in ("report", "rows")}
    entry = append_comparison(run.bucket, comparison, report, held, moments.parse_timestamp(as_of))
    name = comparison.challenger.name
    told = f"entry {entry.number}" if entry else "as before"
    get_run_logger().info(f"{name} in shadow: {report.verdict} ({told})")
    return ShadowOutcome(
        model=name,
        against=comparison.champion.name,
        verdict=report.verdict.value,
        summary=report.summary,
        report=shadow_step["report"],
        entry=entry.number if entry else None,
    )
