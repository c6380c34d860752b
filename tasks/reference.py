"""The rows that a champion was tested on, beside what it said of them."""

from assay.artifacts import Artifact
from assay.living.windows import reference as made_of
from assay.runs import Run
from assay.steps import Step
from assay.tasks.stage import perform, stage
from assay.trained import trained_on
from assay.versions import Version


@stage
def reference(run: Run, version: Version) -> Step:
    """Yields `reference`. Its profile is kept, so that looks cost what is new alone."""
    use_case = run.written.use_case

    def work() -> dict[str, Artifact]:
        return {"reference": made_of(run.bucket, version, use_case)}

    return perform(
        run,
        "reference",
        core="assay.living.windows",
        settings={"meaning": use_case.data.meaning(), "version": version.number},
        inputs={
            "table": trained_on(run.bucket, version),
            "predictions": version.artifact("predictions"),
        },
        work=work,
    )
