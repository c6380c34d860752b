"""Read raw rows into a typed table."""

from prefect.logging import get_run_logger

from assay.bucket.artifacts import JSON, Artifact
from assay.errors import SourceError
from assay.runs.previous_table import inherited_identity_rule
from assay.runs.run import Run
from assay.sources.file_format import reader_modules
from assay.sources.fingerprint import fingerprint
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage
from assay.util.wording import format_count


@stage(name="ingest")
def ingest_source(run: Run) -> Step:
    """Yields `table`, `croissant` (its description for other tools), `source` (what was read);
    if rows were malformed, `quarantine`; if columns are text by a few odd values, `as_text`; if
    rows were left out or infinite values made missing, `notes`."""
    written, log = run.loaded, get_run_logger()
    rule = inherited_identity_rule(run.bucket, run.name)

    def work() -> dict[str, Artifact]:
        from assay.sources.ingestion import store_source_table
        from assay.sources.quarantine import QuarantineSummary
        from assay.tables.croissant import store_croissant

        data = written.use_case.data
        found = store_source_table(
            run.bucket, data, "table", loaded_use_case=written, identity_rule=rule, say=log.info
        )
        if fingerprint(written.use_case.data) != run.source:
            raise SourceError(
                "the source changed while it was being read",
                where=written.text.locate(("data", "source")),
                remedy="Run again once it is complete.",
            )
        if found.quarantine:
            aside = QuarantineSummary.from_table(
                run.bucket, found.quarantine, written.use_case.data.source.path
            )
            log.warning(f"{format_count(aside.rows, 'malformed row')} set aside: {aside.reasons}")
        for hint in found.metadata["hints"]:
            log.info(hint)
        outputs = {
            "table": found.table,
            "source": run.bucket.put_json(found.metadata, JSON, "source"),
            "croissant": store_croissant(run.bucket, found.table),
        }
        if found.text_hints:
            outputs["as_text"] = run.bucket.put_json(list(found.text_hints), JSON, "read as text")
        if found.notes:
            outputs["notes"] = run.bucket.put_json(found.notes.as_json(), JSON, "reading notes")
        return outputs | ({"quarantine": found.quarantine} if found.quarantine else {})

    return perform_stage(
        run,
        "ingest",
        core="assay.sources.ingestion",
        also=("assay.tables.croissant", *reader_modules(written.use_case.data.source)),
        settings={
            "data": written.use_case.data.reading_settings(),
            "source": run.source,
            "identity_rule": rule,
        },
        inputs={},
        # A query without a fingerprint must run again, since its rows may have changed.
        always=run.source is None,
        work=work,
    )
