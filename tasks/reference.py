"""Build a champion's reference: the rows it was tested on, with its predictions."""

from assay.bucket.artifacts import Artifact
from assay.problems.lookup import modules_asked
from assay.production.monitoring import windows
from assay.registry.history import Version
from assay.runs.lineage import find_training_table
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="reference")
def build_reference(run: Run, version: Version) -> Step:
    """Yield `reference`. Its profile is kept, so that a look costs only its new rows."""
    use_case = run.loaded.use_case

    def work() -> dict[str, Artifact]:
        return {"reference": windows.build_reference(run.bucket, version, use_case)}

    return perform_stage(
        run,
        "reference",
        core="assay.production.monitoring.windows",
        also=(run.problem.code["labels"],),
        asked=modules_asked(run.problem),
        settings={"meaning": use_case.data.column_meaning(), "version": version.number},
        inputs={
            "table": find_training_table(run.bucket, version),
            "predictions": version.artifact("predictions"),
        },
        work=work,
    )
