"""Measure what the feasibility gate judges, apart from the fairness rules."""

from typing import Any

from prefect.logging import get_run_logger

from assay.bucket.artifacts import JSON, Artifact
from assay.problems.lookup import modules_asked
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage

# The parts of the use case that are read, besides the meaning of columns.
_USE_CASE_FIELDS: dict[str, Any] = {
    "feasibility": True,
    "split": True,
    "performance": {"choose_by", "cost", "cost_matrix", "unit_cost"},
}


@stage(name="weigh")
def measure_feasibility(run: Run, table: Artifact) -> Step:
    """Yield `found`: everything that was measured."""
    use_case, problem, say = run.loaded.use_case, run.problem, get_run_logger().info

    def work() -> dict[str, Artifact]:
        from assay.tables.table import Table

        found = problem.collect_findings(Table.read(run.bucket, table), use_case, say=say)
        return {"found": run.bucket.put_json(found, JSON, "found of the data")}

    settings = use_case.model_dump(mode="json", include=_USE_CASE_FIELDS)
    return perform_stage(
        run,
        "weigh",
        core=problem.code["weigh"],
        asked=modules_asked(problem),
        settings={**settings, "meaning": use_case.data.column_meaning()},
        inputs={"table": table},
        work=work,
    )
