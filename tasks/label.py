"""Read the labels that came."""

from prefect.logging import get_run_logger

from assay import moments
from assay.batches import ReceivedLabels
from assay.errors import AssayError, IntegrityError
from assay.living.labels import LabelImport, describe_label_entry, import_labels
from assay.runs import Run
from assay.tasks.stage import stage


@stage
def ingest_labels(run: Run, as_of: str, files: tuple[str, ...] = ()) -> LabelImport:
    """What is new in `files`, or where the use case says that labels come from. A file that
    cannot be read is told, and stops nothing.
    """
    log = get_run_logger()

    def tell(entry: ReceivedLabels) -> None:
        log.info(describe_label_entry(run.bucket, entry))

    try:
        taken = import_labels(
            run.bucket, run.loaded, moments.parse_timestamp(as_of), files, tell=tell
        )
    except IntegrityError:
        raise
    except AssayError as error:  # no labels can be read at all; what came before can be looked at
        taken = LabelImport(refused=(("labels", error),))
    for name, refusal in taken.refused:
        log.error(f"labels refused, {name}: {refusal.what}")
    return taken
