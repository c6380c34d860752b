"""Judge one candidate's time and size against the limits."""

from assay.bucket.artifacts import Artifact
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="technical")
def run_technical_gate(run: Run, train_step: Step) -> Step:
    """Yield `report`."""
    use_case, timing = run.loaded.use_case, train_step["timing"]
    candidate = train_step.components["settings"]["title"]

    def work() -> dict[str, Artifact]:
        from assay.gates.report import put_report
        from assay.gates.technical import judge_technical_limits

        found = run.bucket.get_json(timing)
        report = judge_technical_limits(found, use_case.technical, subject=candidate)
        return {"report": put_report(run.bucket, report)}

    return perform_stage(
        run,
        "technical",
        core="assay.gates.technical",
        settings={
            "technical": use_case.technical.model_dump(mode="json", exclude={"flips"}),
            "candidate": candidate,
        },
        inputs={"timing": timing},
        work=work,
        label=f"technical {candidate}",
    )
