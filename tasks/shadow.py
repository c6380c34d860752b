"""Compare a challenger's predictions in shadow with the champion's."""

from assay.bucket.artifacts import JSON, Artifact
from assay.problems.lookup import modules_asked
from assay.production.shadow.comparison import ShadowComparison
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="shadow")
def run_shadow_gate(run: Run, comparison: ShadowComparison) -> Step:
    """Yield `report`, `rows` (those that both scored) and `facts` about them."""
    use_case = run.loaded.use_case

    def work() -> dict[str, Artifact]:
        from assay.gates.report import put_report
        from assay.problems.weighted_rows import SCORED_ROWS_NOTE, note_unweighted
        from assay.production.shadow.paired_rows import judge_comparison, pair_rows

        found = pair_rows(run.bucket, comparison, use_case)
        facts = found.facts.model_dump(mode="json")
        report = judge_comparison(run.bucket, comparison, found, use_case)
        return {
            "report": put_report(run.bucket, note_unweighted(report, use_case, SCORED_ROWS_NOTE)),
            "rows": found.rows,
            "facts": run.bucket.put_json(facts, JSON, "facts of a comparison in shadow"),
        }

    return perform_stage(
        run,
        "shadow",
        core="assay.production.shadow.paired_rows",
        also=(
            run.problem.code["shadow"],
            run.problem.code["realised"],
            run.problem.code["labels"],
            "assay.problems.weighted_rows",
        ),
        asked=modules_asked(run.problem),
        settings={
            "versions": [comparison.challenger.number, comparison.champion.number],
            "asked": comparison.required_batches,
            "performance": use_case.performance.model_dump(mode="json"),
            "fairness": [rule.model_dump(mode="json") for rule in use_case.fairness],
            "drift": use_case.drift.model_dump(mode="json"),
            "unfit": use_case.monitor.malformed,
            "known": use_case.labels.known,
            "meaning": use_case.data.column_meaning(),
            # The ledger's facts of each batch: when it came, its seconds, whether one lacks a pair.
            "came": comparison.batch_facts,
        },
        inputs=comparison.inputs,
        work=work,
    )
