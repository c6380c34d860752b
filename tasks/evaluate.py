"""Measure one candidate on the locked test rows, and compare it with a dummy and the champion."""

from typing import Any

from prefect.logging import get_run_logger

from assay.bucket.artifacts import Artifact
from assay.errors import DataError
from assay.learning.signature import describe_other_question
from assay.problems.lookup import modules_asked
from assay.problems.problem_type import TestRows
from assay.production.retraining.newest_rows import mask_newest_rows, training_cutoff
from assay.registry.history import Version
from assay.registry.registry import Registry
from assay.runs.lineage import candidate_code_roots, champion_inputs
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage

# How the champion's answers are made.
_PREDICTION_MODULES = ("assay.registry.registry", "assay.learning.scoring_model")
# Which rows belong together, and which are the newest.
_ROW_MODULES = ("assay.dataset.row_identity", "assay.production.retraining.newest_rows")


@stage(name="evaluate")
def run_performance_gate(
    run: Run, table: Artifact, train_step: Step, row_origins: Artifact | None = None
) -> Step:
    """Yields `report`. With `row_origins`, the candidate must also beat the champion on the newest
    rows.
    """
    use_case, problem, predictions = run.loaded.use_case, run.problem, train_step["predictions"]
    candidate = train_step.components["settings"]["title"]
    history, question = Registry(run.bucket).history(run.name), run.question(table)
    standing = history.champion_to_beat(question)
    rival = standing if standing and _worth_comparing(run, train_step, standing) else None
    number = history.challenger_number(rival, question) if rival else 1

    def work() -> dict[str, Artifact]:
        from assay.dataset.row_identity import entity_hashes
        from assay.gates.report import put_report
        from assay.tables.table import Table

        frame = Table.read(run.bucket, predictions).to_pandas()
        about, rows = run.bucket.get_json(train_step["about"]), Table.read(run.bucket, table)
        features = rows.to_pandas(use_case.feature_columns(rows.schema.names)).iloc[frame["row"]]
        test_rows = frame["row"].tolist()
        entities = entity_hashes(rows, use_case)
        newest = (
            mask_newest_rows(run.bucket, row_origins, test_rows, training_cutoff(rival))
            if row_origins
            else None
        )
        known = TestRows(
            features=features,
            units=None if entities is None else entities.iloc[frame["row"]],
            champion=_champion_predictions(run, rival, table, test_rows) if rival else None,
            newest=newest if rival else None,
            challenger_number=number,
        )
        report = problem.judge_performance(frame, use_case, about, known, subject=candidate)
        return {"report": put_report(run.bucket, report)}

    return perform_stage(
        run,
        "evaluate",
        core=problem.code["evaluate"],
        asked=modules_asked(problem),
        also=(
            *_ROW_MODULES,
            "assay.problems.weighted_rows",
            *((*_PREDICTION_MODULES, *candidate_code_roots(run.bucket, rival)) if rival else ()),
        ),
        settings={
            "performance": use_case.performance.model_dump(mode="json"),
            "cost_declared": use_case.performance.cost_declared,
            "split": use_case.split.model_dump(mode="json", include={"by", "column"}),
            "identity": list(use_case.data.identity),
            "meaning": use_case.data.column_meaning(),
            "candidate": candidate,
            "against": standing.number if standing else None,
            "challenger_number": number,
        },
        inputs={
            "predictions": predictions,
            "about": train_step["about"],
            "table": table,
            **({"arrived": row_origins} if row_origins else {}),
            **(champion_inputs(rival) if rival else {}),
        },
        work=work,
        label=f"evaluate {candidate}",
    )


def _worth_comparing(run: Run, train_step: Step, champion: Version) -> bool:
    """Whether the champion is another model, or the use case demands that it be beaten."""
    required = "champion" in run.loaded.use_case.performance.beat
    return required or champion.digest != train_step["model"].digest


def _champion_predictions(run: Run, champion: Version, table: Artifact, rows: list[int]) -> Any:
    """The champion's predictions for these rows.

    None if it does not fit the table or the question any more and the use case does not demand to
    beat it.
    """
    target = run.loaded.use_case.data.target
    try:
        signature = run.bucket.get_json(champion.artifact("signature"))
        if other := describe_other_question(signature, target):
            raise DataError(other)
        return Registry(run.bucket).predict_rows(champion, table, rows)
    except DataError as error:
        if "champion" in run.loaded.use_case.performance.beat:
            where = run.loaded.text.locate(("performance", "beat", "champion"))
            raise DataError(
                f"the candidate cannot be compared with {champion.name}: {error.what}",
                where=where,
                remedy="Restore the question and the columns that it had, or remove champion from"
                " performance.beat.",
            ) from None
        get_run_logger().warning(f"no comparison with {champion.name}: {error.what}")
        return None
