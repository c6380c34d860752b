"""A promotion that waits for a person, who answers in the dashboard."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.states import Completed, Failed

from assay.bucket import Bucket
from assay.decisions.said import Said
from assay.errors import ConfigError, Ineligible, NotAllowed
from assay.flows.named import named
from assay.moments import moment
from assay.store import default_url
from assay.tasks.ask import ask
from assay.tasks.decide import decide
from assay.tasks.stage import publish_history

_POLL = 10  # seconds between two looks whether somebody has answered


class Answer(RunInput):
    """The form."""

    approve: bool
    your_name: str
    because: str


@flow(name="promote", flow_run_name=named)
def promote(
    reference: str, store: str | None = None, as_of: str | None = None, patience: int = 604800
) -> State:
    """Ask whether a version such as income@3 shall become champion, and do as is answered.

    Pauses for up to `patience` seconds. A name that may not answer, an answer without a reason, or
    a yes to what has changed since it was asked, is asked again, and told why; what no answer could
    mend any more is not. `as_of` is the moment that the answer is about, else its own.
    """
    url = store or default_url()
    text, again = ask(reference, url, as_of), ""
    while True:
        asked = Answer.with_initial_data(description=again + text, approve=False)
        try:
            form = pause_flow_run(wait_for_input=asked, timeout=patience, poll_interval=_POLL)
        except FlowPauseTimeout:
            return Failed(name="Unanswered", message=f"nobody answered about {reference}")
        try:
            said = Said(form.because, moment(as_of), name=form.your_name)
            if form.approve and ask(reference, url, as_of) != text:
                raise Ineligible("what is asked has changed meanwhile", remedy="Read it again.")
            told = decide(reference, url, said, form.approve)
        except (NotAllowed, ConfigError, Ineligible) as error:
            text, again = ask(reference, url, as_of), f"**Not done:** {error}\n\n"
            continue
        publish_history(Bucket.open(url), reference.partition("@")[0])
        if form.approve:
            return Completed(name="Promoted", message=told)
        return Failed(name="Declined", message=told)
