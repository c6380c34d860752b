"""Write into the ledger whose answers to a batch are about to be delivered."""

from prefect.logging import get_run_logger

from assay.batches import BatchClaim, BatchLedger
from assay.living.sinks import Delivery
from assay.runs import Run
from assay.tasks.stage import stage


@stage(task_run_name="claim {answers.name}")
def claim_batch(run: Run, answers: BatchClaim, void: frozenset[int]) -> BatchClaim | None:
    """The answers that are to be delivered: these, or those of whoever began with the batch before.
    None if it was served meanwhile.
    """
    _ = Delivery.from_claim(
        run.bucket, run.loaded.use_case, answers
    ).schema  # what cannot be is not begun
    found, log = BatchLedger(run.bucket, run.name).claim(answers, void), get_run_logger()
    if found is None:
        log.info(f"{answers.name} was served by another at the same time")
    elif found.version != answers.version:
        log.info(f"{answers.name} was begun by version {found.version}, whose answers stand")
    return found
