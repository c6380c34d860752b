"""Ask what one candidate leans on, beside the champion."""

from typing import Any

from prefect.logging import get_run_logger

from assay.bucket.artifacts import Artifact
from assay.dataset.row_identity import entity_columns
from assay.errors import DataError
from assay.learning.signature import describe_other_question
from assay.problems.lookup import modules_asked
from assay.registry.history import Version
from assay.registry.registry import Registry
from assay.runs.lineage import candidate_code_roots, champion_inputs
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage

_MODEL_MODULES = ("assay.registry.registry", "assay.learning.scoring_model")


@stage(name="explain")
def run_explanation_gate(run: Run, table: Artifact, train_step: Step) -> Step:
    """Yields `report`."""
    use_case, problem, registry = run.loaded.use_case, run.problem, Registry(run.bucket)
    candidate = train_step.components["settings"]["title"]
    champion = registry.history(run.name).champion_to_beat(run.question(table))
    rival = champion if champion and champion.digest != train_step["model"].digest else None

    def work() -> dict[str, Artifact]:
        from assay.dataset.row_identity import entity_hashes
        from assay.gates.explanation.gate import explain_model
        from assay.gates.report import put_report
        from assay.learning.one_thread import one_thread
        from assay.problems.weighted_rows import TEST_ROWS_NOTE, note_unweighted
        from assay.tables.table import Table

        predictions = Table.read(run.bucket, train_step["predictions"]).to_pandas()
        rows_of_table = Table.read(run.bucket, table)
        model = registry.load_trained(train_step["model"], train_step["signature"])
        known = set(rows_of_table.schema.names)
        other = _load_champion(run, rival, known) if rival else None
        needed = {*model.columns, *(other[1].columns if other else ())}
        names = [name for name in rows_of_table.schema.names if name in needed]
        units = entity_hashes(rows_of_table, use_case)
        with one_thread():
            report = explain_model(
                model,
                rows_of_table.to_pandas(names).iloc[predictions["row"]],
                predictions,
                problem.answer_scale(use_case),
                sensitive=use_case.data.sensitive,
                limits=use_case.technical.flips,
                subject=candidate,
                champion=other,
                units=None if units is None else units.iloc[predictions["row"]],
                seed=use_case.seed,
            )
        told = note_unweighted(report, use_case, TEST_ROWS_NOTE)
        return {"report": put_report(run.bucket, told)}

    chosen = use_case.find_candidate(candidate)
    return perform_stage(
        run,
        "explain",
        core=problem.code["explain"],
        asked=modules_asked(problem),
        also=(
            "assay.gates.explanation.gate",
            "assay.dataset.row_identity",
            "assay.problems.weighted_rows",
            *_MODEL_MODULES,
            *chosen.code_roots(),
            *(candidate_code_roots(run.bucket, rival) if rival else ()),
        ),
        settings={
            "performance": use_case.performance.model_dump(mode="json"),
            "flips": use_case.technical.flips.model_dump(mode="json"),
            "meaning": use_case.data.column_meaning(),
            "sensitive": list(use_case.data.sensitive),  # in which order they are told
            "together": entity_columns(use_case),
            "candidate": candidate,
            "against": rival.number if rival else None,
        },
        inputs={
            "model": train_step["model"],
            "signature": train_step["signature"],
            "predictions": train_step["predictions"],
            "table": table,
            **(champion_inputs(rival) if rival else {}),
        },
        work=work,
        label=f"explain {candidate}",
    )


def _load_champion(run: Run, champion: Version, known: set[str]) -> tuple[str, Any] | None:
    """The champion's name and model; None if it answers another question or needs columns that
    the table has not.
    """
    signature = run.bucket.get_json(champion.artifact("signature"))
    other = describe_other_question(signature, run.loaded.use_case.data.target)
    try:
        if other:
            raise DataError(other)
        model = Registry(run.bucket).load(champion.name)
        if lacking := sorted(set(model.columns) - known):
            raise DataError(f"the table has no {', '.join(lacking)}")
    except DataError as error:
        get_run_logger().warning(f"not explained beside {champion.name}: {error.what}")
        return None
    return champion.name, model
