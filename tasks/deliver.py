"""Write a batch's answers where the use case wants them."""

from prefect.logging import get_run_logger

from assay.batches import BatchClaim
from assay.config.living import Sink
from assay.living.sinks import Delivery
from assay.living.sinks import write_delivery as write
from assay.runs import Run
from assay.tasks.stage import stage


@stage(task_run_name="deliver {answers.name}")
def deliver_batch(run: Run, answers: BatchClaim, sink: Sink) -> str:
    """Where the answers are now. Delivering again changes nothing."""
    place = write(Delivery.from_claim(run.bucket, run.loaded.use_case, answers), sink)
    get_run_logger().info(f"{answers.name} is at {place}")
    return place
