"""Judge whether the data can answer the question under the use case's fairness rules."""

from assay.bucket.artifacts import Artifact
from assay.problems.lookup import modules_asked
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="feasibility")
def run_feasibility_gate(run: Run, table: Artifact, measure_step: Step) -> Step:
    """Yield `report`. A changed rule repeats only this stage, not the slow measurement."""
    use_case, problem = run.loaded.use_case, run.problem

    def work() -> dict[str, Artifact]:
        from assay.gates.report import put_report
        from assay.tables.table import Table

        found = run.bucket.get_json(measure_step["found"])
        report = problem.judge_feasibility(found, Table.read(run.bucket, table), use_case)
        return {"report": put_report(run.bucket, report)}

    return perform_stage(
        run,
        "feasibility",
        core=problem.code["feasibility"],
        also=("assay.problems.weighted_rows",),
        asked=modules_asked(problem),
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
