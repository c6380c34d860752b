"""Ask whether these data can answer this question at all, whatever is asked of fairness."""

from typing import Any

from prefect.logging import get_run_logger

from assay.bucket.artifacts import JSON, Artifact
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage

# What is read of the use case, besides what the rows mean.
_USE_CASE_FIELDS: dict[str, Any] = {
    "feasibility": True,
    "split": True,
    "performance": {"choose_by", "cost"},
}


@stage(name="weigh")
def measure_feasibility(run: Run, table: Artifact) -> Step:
    """Yields what was `found`."""
    use_case, say = run.loaded.use_case, get_run_logger().info

    def work() -> dict[str, Artifact]:
        from assay.gates.feasibility import gate
        from assay.tables.table import Table

        found = gate.collect_findings(Table.read(run.bucket, table), use_case, say=say)
        return {"found": run.bucket.put_json(found.as_json(), JSON, "found of the data")}

    settings = use_case.model_dump(mode="json", include=_USE_CASE_FIELDS)
    return perform_stage(
        run,
        "weigh",
        core="assay.gates.feasibility.gate",
        settings={**settings, "meaning": use_case.data.column_meaning()},
        inputs={"table": table},
        work=work,
    )
