"""Lock the test rows away."""

from prefect.logging import get_run_logger

from assay.bucket.artifacts import JSON, Artifact
from assay.errors import locate_data_errors
from assay.problems.lookup import modules_asked
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="split")
def split_table(run: Run, table: Artifact) -> Step:
    """Yield `membership`, a table with one column `test` for each row, and `sides`.

    `sides` counts the rows and outcomes of each side.
    """
    use_case, problem = run.loaded.use_case, run.problem

    def work() -> dict[str, Artifact]:
        import pandas as pd

        from assay.tables.table import Table
        from assay.tables.table_writer import write_frame

        rows = Table.read(run.bucket, table)
        with locate_data_errors(run.loaded.text.locate(("split",))):
            split = problem.split_rows(rows, use_case)
        for line in split.lines:
            get_run_logger().info(line)
        for line in split.warnings:
            get_run_logger().warning(line)
        frame = pd.DataFrame({"test": split.test})
        return {
            "membership": write_frame(run.bucket, frame, "membership"),
            "sides": run.bucket.put_json(split.sides, JSON, "sides"),
        }

    return perform_stage(
        run,
        "split",
        core=problem.code["split"],
        asked=modules_asked(problem),
        settings={
            "split": use_case.split.model_dump(mode="json"),
            "identity": use_case.data.identity,
            "target": use_case.data.target.model_dump(mode="json"),
            **use_case.data.weight_setting(),
        },
        inputs={"table": table},
        work=work,
    )
