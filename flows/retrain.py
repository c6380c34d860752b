"""From rows that came since to a challenger, or to the reason why there is none."""

from typing import Literal, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from assay import moments
from assay.artifacts import Artifact
from assay.errors import DataError
from assay.flows.answer import answer
from assay.flows.named import named
from assay.living.retraining import Begun, Declined
from assay.runs import Anew, Outcome, Run
from assay.tasks.begin_again import begin_again
from assay.tasks.finish import finish
from assay.tasks.gather import gather
from assay.tasks.ingest import ingest
from assay.tasks.read import read
from assay.tasks.stage import publish_history


@flow(name="retrain", flow_run_name=named)
def retrain(
    config: str,
    store: str | None = None,
    because: str = "the schedule",
    evidence: str | None = None,
    by: Literal["monitor", "schedule", "person"] = "schedule",
    as_of: str | None = None,
    overrides: tuple[str, ...] = (),
) -> State:
    """Train the model anew, and hold what comes of it against the champion.

    Nothing is promoted beyond what the use case's `promotion` lets happen by itself. `evidence` is
    the digest of the monitoring report that asks for it: each asks once. `as_of` is the moment
    that this is about, else now.
    """
    run, now = read(config, store, overrides, False), moments.moment(as_of)
    begun = begin_again(run, by, because, now, evidence)
    if isinstance(begun, Declined):
        publish_history(run.bucket, run.name)  # it may ask a person
        return Completed(name="Declined", message=begun.why, data=begun)
    first = ingest(run)["table"]
    try:
        state = _trained(run, begun, first)
    except DataError as error:  # these rows will not do, however often they are tried
        finish(run, begun, error)
        raise
    finish(run, begun, cast(Outcome, state.data))
    return state


def _trained(run: Run, begun: Begun, first: Artifact) -> State:
    gathered = gather(run, first, begun)
    about = moments.written(begun.as_of)
    anew = Anew(retraining=begun.number, upto=begun.upto, as_of=about)
    asked = run.on(gathered["table"], anew)
    return answer(asked, [gathered], gathered["table"], arrived=gathered["arrived"])
