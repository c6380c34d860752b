"""Compare one candidate's decisions across groups of people."""

from typing import Any

from assay.bucket.artifacts import Artifact
from assay.dataset.row_identity import entity_columns
from assay.problems.lookup import modules_asked
from assay.production.retraining.newest_rows import mask_newest_rows, training_cutoff
from assay.registry.registry import Registry
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="fairness")
def run_fairness_gate(
    run: Run, table: Artifact, train_step: Step, row_origins: Artifact | None = None
) -> Step:
    """Yields `report`. With `row_origins`, the newest rows are also judged alone."""
    use_case, problem, predictions = run.loaded.use_case, run.problem, train_step["predictions"]
    candidate = train_step.components["settings"]["title"]
    since = _champion_learnt_up_to(run, table) if row_origins else None

    def work() -> dict[str, Artifact]:
        from assay.dataset.row_identity import entity_hashes
        from assay.gates.fairness.gate import join_newest_report
        from assay.gates.fairness.undeclared import check_declarations
        from assay.gates.report import put_report
        from assay.tables.table import Table

        frame = Table.read(run.bucket, predictions).to_pandas()
        rows_of_table = Table.read(run.bucket, table)
        of = entity_hashes(rows_of_table, use_case)
        units = None if of is None else of.iloc[frame["row"]].set_axis(frame.index)

        def audit(rows: Any, declarations: Any = ()) -> Any:
            return problem.audit_fairness(
                rows,
                use_case,
                subject=candidate,
                units=None if units is None else units[rows.index],
                declarations=declarations,
            )

        report = audit(frame, check_declarations(rows_of_table.schema.names, use_case.data))
        if row_origins and since is not None and use_case.fairness:
            newest = mask_newest_rows(run.bucket, row_origins, frame["row"].tolist(), since)
            if newest is not None:
                report = join_newest_report(report, audit(frame[newest]), int(newest.sum()))
        return {"report": put_report(run.bucket, report)}

    sensitive = {n: s.model_dump(mode="json") for n, s in use_case.data.sensitive.items()}
    return perform_stage(
        run,
        "fairness",
        core=problem.code["fairness"],
        asked=modules_asked(problem),
        also=(
            "assay.gates.fairness.gate",
            "assay.dataset.row_identity",
            "assay.gates.fairness.undeclared",
            "assay.problems.weighted_rows",
            "assay.production.retraining.newest_rows",
            "assay.tables.table",
        ),
        settings={
            "fairness": [rule.model_dump(mode="json") for rule in use_case.fairness],
            "sensitive": sensitive,
            "sensitive_declared": "sensitive" in use_case.data.model_fields_set,
            "not_sensitive": list(use_case.data.not_sensitive),
            "target": use_case.data.target.column,
            "identity": list(use_case.data.identity),
            **use_case.data.weight_setting(),
            "candidate": candidate,
            **use_case.performance.abstain_setting(),
            "together": entity_columns(use_case),
            **({} if since is None else {"since": since}),
        },
        inputs={
            "predictions": predictions,
            "table": table,
            **({"arrived": row_origins} if row_origins else {}),
        },
        work=work,
        label=f"fairness {candidate}",
    )


def _champion_learnt_up_to(run: Run, table: Artifact) -> int | None:
    """The last entry of the batch ledger that the champion has learnt from; None without one."""
    champion = Registry(run.bucket).history(run.name).champion_to_beat(run.question(table))
    return training_cutoff(champion) if champion else None
