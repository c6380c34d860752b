"""Take a look at the champion."""

from assay.bucket.artifacts import JSON, Artifact
from assay.problems.lookup import modules_asked
from assay.production.monitoring.judgement import LookInputs
from assay.production.monitoring.look import Look
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="look")
def run_monitoring_gate(run: Run, look: Look, material: LookInputs, facts: Artifact) -> Step:
    """Yields the `report` and what it `found`: the verdict, its reasons, figures."""
    use_case = run.loaded.use_case

    def work() -> dict[str, Artifact]:
        from assay.gates.monitoring.facts import MonitoringFacts
        from assay.gates.report import put_report
        from assay.production.monitoring.judgement import judge_look

        told = MonitoringFacts.model_validate(run.bucket.get_json(facts))
        found = judge_look(run.bucket, told, material, use_case, look.version)
        said = {
            "verdict": found.verdict,
            "reasons": found.reasons,
            "figures": found.figures,
            "lacks": {name: lack.model_dump() for name, lack in found.lacks.items()},
        }
        return {
            "report": put_report(run.bucket, found.report),
            "found": run.bucket.put_json(said, JSON, "what a look found"),
        }

    return perform_stage(
        run,
        "look",
        core="assay.production.monitoring.judgement",
        also=(run.problem.code["monitor"], run.problem.code["realised"]),
        asked=modules_asked(run.problem),
        settings={
            "monitor": use_case.monitor.model_dump(mode="json"),
            "drift": use_case.drift.model_dump(mode="json"),
            "fairness": [rule.model_dump(mode="json") for rule in use_case.fairness],
            "meaning": use_case.data.column_meaning(),
            "version": look.version.number,
        },
        inputs={**material.tables, "facts": facts},
        work=work,
        label="monitoring",
    )
