"""Lock the test rows away."""

from prefect.logging import get_run_logger

from assay.bucket.artifacts import JSON, Artifact
from assay.errors import locate_data_errors
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="split")
def split_table(run: Run, table: Artifact) -> Step:
    """Yield `membership`, a table with one column `test` for each row, and `sides`.

    `sides` counts the rows and positives of each side.
    """
    use_case, log = run.loaded.use_case, get_run_logger().info

    def work() -> dict[str, Artifact]:
        import pandas as pd

        from assay.learning.split import describe_uneven_split, mark_test_rows, split_counts
        from assay.tables.table import Table
        from assay.tables.table_writer import write_frame

        rows = Table.read(run.bucket, table)
        with locate_data_errors(run.loaded.text.locate(("split",))):
            test = mark_test_rows(rows, use_case)
        sides = split_counts(rows, test, use_case)
        test_side = sides["test"]
        log(f"{sides['training']['rows']:,} training rows")
        log(f"{test_side['rows']:,} test rows, {test_side['positives']:,} of them positive")
        if uneven := describe_uneven_split(sides, use_case):
            get_run_logger().warning(uneven)
        frame = pd.DataFrame({"test": test})
        return {
            "membership": write_frame(run.bucket, frame, "membership"),
            "sides": run.bucket.put_json(sides, JSON, "sides"),
        }

    return perform_stage(
        run,
        "split",
        core="assay.learning.split",
        settings={
            "split": use_case.split.model_dump(mode="json"),
            "identity": use_case.data.identity,
            "target": use_case.data.target.model_dump(mode="json"),
        },
        inputs={"table": table},
        work=work,
    )
