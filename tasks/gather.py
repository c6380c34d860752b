"""Build the table that a retraining learns from."""

from prefect.logging import get_run_logger

from assay.bucket.artifacts import JSON, Artifact
from assay.problems.lookup import modules_asked
from assay.production.retraining.policy import RetrainingAttempt
from assay.registry.batch_ledger import BatchLedger
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="gather")
def build_training_table(run: Run, first: Artifact, attempt: RetrainingAttempt) -> Step:
    """Yield `table`, `arrived` (the ledger entry that brought each row) and `sides` (row counts).

    `first` is the table that the source gives now; `sides` counts its rows and the later ones.
    """
    use_case, retrain = run.loaded.use_case, run.loaded.use_case.retrain
    batches = BatchLedger(run.bucket, run.name).read().truncate(attempt.upto)

    def work() -> dict[str, Artifact]:
        from assay.production.labels.known_labels import KnownLabels
        from assay.production.retraining.training_rows import (
            RowSelection,
            training_sources,
            write_training_rows,
        )

        choice = RowSelection(retrain.window, attempt.since, attempt.as_of, use_case.monitor.rows)
        labels = KnownLabels.from_batches(run.bucket, batches, use_case)
        sources = training_sources(run.bucket, first, batches, labels, use_case)
        found = write_training_rows(run.bucket, sources, use_case, choice)
        counts = found.row_counts
        get_run_logger().info(
            f"{counts['first']:,} rows of the first table, {counts['later']:,} later"
        )
        return {
            "table": found.table,
            "arrived": found.arrival_entries,
            "sides": run.bucket.put_json(found.row_counts, JSON, "sides"),
        }

    return perform_stage(
        run,
        "gather",
        core="assay.production.retraining.training_rows",
        also=("assay.production.labels.known_labels", run.problem.code["labels"]),
        asked=modules_asked(run.problem),
        settings={
            "window": retrain.model_dump(mode="json", include={"window"})["window"],
            "since": attempt.since,
            "least": use_case.monitor.rows,
            "as_of": None if isinstance(retrain.window, str) else attempt.as_of.isoformat(),
            "identity": use_case.data.identity,
            **use_case.data.weight_setting(),
            "target": use_case.data.target.model_dump(mode="json"),
            "known": use_case.labels.known,
        },
        inputs={
            "first": first,
            **{f"batch {one.number}": one.table for one in batches.scored_batches},
            **{f"labels {one.number}": one.table for one in batches.received_labels},
        },
        work=work,
    )
