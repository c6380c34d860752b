"""Read an incoming batch by the columns that the model was trained on."""

from prefect.logging import get_run_logger

from assay.bucket.artifacts import JSON, Artifact
from assay.errors import SourceError
from assay.production.scoring.incoming_batch import IncomingBatch
from assay.production.scoring.loaded_version import LoadedVersion
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="arrive", task_run_name="arrive {batch.name}")
def read_batch(run: Run, batch: IncomingBatch, by: LoadedVersion, source: str | None) -> Step:
    """Yields `table`, `lines` (where its rows stand in the source), `about` it, and `unfit` if
    rows do not fit.

    `by` says how each column is read, `source` is the fingerprint of what is there.
    """
    columns, rule = by.column_specs, by.identity_rule
    use_case, log = run.loaded.use_case, get_run_logger()

    def work() -> dict[str, Artifact]:
        from assay.production.scoring.batch_reader import parse_batch

        found = parse_batch(
            run.bucket,
            batch.source,
            columns,
            use_case,
            batch.name,
            identity_rule=rule,
            say=log.info,
        )
        if batch.fingerprint(run.loaded) != source:
            raise SourceError(
                "the source changed while it was being read",
                where=batch.name,
                remedy="Score it again once it is complete.",
            )
        about = {"rows": found.rows, "unfit_rows": found.unfit_rows, "extra": found.extra_columns}
        outputs = {
            "table": found.table,
            "lines": found.lines,
            "about": run.bucket.put_json(about, JSON, f"about {batch.name}"),
        }
        return outputs | ({"unfit": found.unfit} if found.unfit else {})

    how = batch.source.model_dump(mode="json", exclude={"path"})
    return perform_stage(
        run,
        "arrive",
        core="assay.production.scoring.batch_reader",
        settings={
            "columns": columns,
            "identity_rule": rule,
            "missing": list(use_case.data.missing),
            "never_store": list(use_case.data.never_store),
            "how": how,
            "source": source,
        },
        inputs={},
        # A source without a fingerprint must be read again, since it may have changed.
        always=source is None,
        work=work,
        label=f"arrive {batch.name}",
    )
