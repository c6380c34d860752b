"""Hold what was found of the data against the fairness rules: can they answer this question?"""

from assay.bucket.artifacts import Artifact
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="feasibility")
def run_feasibility_gate(run: Run, table: Artifact, measure_step: Step) -> Step:
    """Yields `report`. A changed rule asks again for this alone, not for what took the time."""
    use_case = run.loaded.use_case

    def work() -> dict[str, Artifact]:
        from assay.gates.feasibility import gate
        from assay.gates.feasibility.findings import FeasibilityFindings
        from assay.gates.report import put_report
        from assay.tables.table import Table

        found = FeasibilityFindings.from_json(use_case, run.bucket.get_json(measure_step["found"]))
        report = gate.finish_report(found, Table.read(run.bucket, table), use_case)
        return {"report": put_report(run.bucket, report)}

    return perform_stage(
        run,
        "feasibility",
        core="assay.gates.feasibility.gate",
        settings={
            "subject": run.name,
            "reach": use_case.feasibility.reach,
            "split": use_case.split.model_dump(mode="json"),
            "fairness": [rule.model_dump(mode="json") for rule in use_case.fairness],
            "meaning": use_case.data.column_meaning(),
        },
        inputs={"table": table, "found": measure_step["found"]},
        work=work,
    )
