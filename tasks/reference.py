"""The rows that a champion was tested on, beside what it said of them."""

from assay.artifacts import Artifact
from assay.living.windows import build_reference as made_of
from assay.runs import Run
from assay.steps import Step
from assay.tasks.stage import perform_stage, stage
from assay.trained import find_training_table
from assay.versions import Version


@stage
def build_reference(run: Run, version: Version) -> Step:
    """Yields `build_reference`. Its profile is kept, so that looks cost what is new alone."""
    use_case = run.loaded.use_case

    def work() -> dict[str, Artifact]:
        return {"reference": made_of(run.bucket, version, use_case)}

    return perform_stage(
        run,
        "reference",
        core="assay.living.windows",
        settings={"meaning": use_case.data.column_meaning(), "version": version.number},
        inputs={
            "table": find_training_table(run.bucket, version),
            "predictions": version.artifact("predictions"),
        },
        work=work,
    )
