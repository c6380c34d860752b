"""A promotion that waits for a person, who answers in the dashboard."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.states import Completed, Failed

from assay.bucket.open import open_bucket
from assay.errors import ConfigError, Ineligible, NotAllowed
from assay.flows.run_name import format_run_name
from assay.registry.decisions.justification import Justification
from assay.store.open import default_store_url
from assay.tasks.promotion import decide_promotion, promotion_question
from assay.tasks.stage import publish_history
from assay.util.clock import parse_timestamp

_POLL_INTERVAL = 10  # seconds between two looks whether somebody has answered


class PromotionForm(RunInput):
    """The form."""

    approve: bool
    your_name: str
    because: str


@flow(name="promote", flow_run_name=format_run_name)
def promote(
    reference: str, store: str | None = None, as_of: str | None = None, patience: int = 604800
) -> State:
    """Ask whether a version such as income@3 shall become champion, and do as is answered.

    Pauses for up to `patience` seconds. A name that may not answer, an answer without a reason, or
    a yes to what has changed since it was asked, is asked again, and told why; what no answer could
    mend any more is not. `as_of` is the moment that the answer is about, else its own.
    """
    url = store or default_store_url()
    text, again = promotion_question(reference, url, as_of), ""
    while True:
        asked = PromotionForm.with_initial_data(description=again + text, approve=False)
        try:
            form = pause_flow_run(
                wait_for_input=asked, timeout=patience, poll_interval=_POLL_INTERVAL
            )
        except FlowPauseTimeout:
            return Failed(name="Unanswered", message=f"nobody answered about {reference}")
        try:
            said = Justification(form.because, parse_timestamp(as_of), name=form.your_name)
            if form.approve and promotion_question(reference, url, as_of) != text:
                raise Ineligible("what is asked has changed meanwhile", remedy="Read it again.")
            told = decide_promotion(reference, url, said, form.approve)
        except (NotAllowed, ConfigError, Ineligible) as error:
            text, again = promotion_question(reference, url, as_of), f"**Not done:** {error}\n\n"
            continue
        publish_history(open_bucket(url), reference.partition("@")[0])
        if form.approve:
            return Completed(name="Promoted", message=told)
        return Failed(name="Declined", message=told)
