"""Ask whether these data can answer this question at all."""

from typing import Any

from prefect.logging import get_run_logger

from assay.artifacts import Artifact
from assay.runs import Run
from assay.steps import Step
from tasks.stage import perform, stage

# What the gate reads of the use case, besides what the rows mean.
_SLICE: dict[str, Any] = {
    "feasibility": True,
    "split": True,
    "fairness": True,
    "performance": {"choose_by", "cost"},
}


@stage
def feasibility(run: Run, table: Artifact) -> Step:
    """Yields `report`."""
    use_case, say = run.written.use_case, get_run_logger().info

    def work() -> dict[str, Artifact]:
        from assay.evidence import feasibility as gate
        from assay.evidence.report import put_report
        from assay.tables import Table

        rows = Table.read(run.bucket, table)
        return {"report": put_report(run.bucket, gate.assess(rows, use_case, say=say))}

    settings = use_case.model_dump(mode="json", include=_SLICE)
    return perform(
        run,
        "feasibility",
        core="assay.evidence.feasibility",
        settings={"subject": run.name, **settings, "meaning": use_case.data.meaning()},
        inputs={"table": table},
        work=work,
    )
