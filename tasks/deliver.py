"""Write a batch's answers where the use case wants them."""

from prefect.logging import get_run_logger

from assay.config.living import Sink
from assay.living.arrivals import Arrival
from assay.living.sinks import Delivery
from assay.living.sinks import deliver as write
from assay.runs import Run
from assay.steps import Step
from assay.versions import Version
from tasks.stage import stage


@stage(task_run_name="deliver {batch.name}")
def deliver(run: Run, batch: Arrival, predicted: Step, version: Version, sink: Sink) -> str:
    """Where the answers are now. Delivering again changes nothing."""
    delivery = Delivery(
        bucket=run.bucket,
        use_case=run.written.use_case,
        name=batch.file(predicted["table"].digest),
        version=version.number,
        model=str(version.digest),
        table=predicted["table"],
        predictions=predicted["predictions"],
        lines=predicted["lines"],
    )
    place = write(delivery, sink)
    get_run_logger().info(f"{batch.name} is at {place}")
    return place
