"""Promote a version after a person has answered on the dashboard."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.states import Completed, Failed

from assay.errors import ConfigError, Ineligible, NotAllowed
from assay.flows.run_name import format_run_name
from assay.registry.decisions.justification import Justification
from assay.registry.open import open_bucket
from assay.store.open import default_store_url
from assay.tasks.promotion import decide_promotion, promotion_question
from assay.tasks.stage import publish_history
from assay.util.clock import parse_timestamp

_POLL_INTERVAL = 10  # seconds between two checks for an answer


class PromotionForm(RunInput):
    """The form on the dashboard."""

    approve: bool
    your_name: str
    because: str


@flow(name="promote", flow_run_name=format_run_name)
def promote(
    reference: str, store: str | None = None, as_of: str | None = None, patience: int = 604800
) -> State:
    """Ask whether a version such as income@3 shall become champion, and carry out the answer.

    It pauses for up to `patience` seconds. It asks again, with the reason, if the person may not
    answer, if the answer has no reason, or if the question has changed since. It ends if no answer
    could decide the question any more. `as_of` is the moment of the decision; default: now.
    """
    url = store or default_store_url()
    question, refusal = promotion_question(reference, url, as_of), ""
    while True:
        form = PromotionForm.with_initial_data(description=refusal + question, approve=False)
        try:
            answer = pause_flow_run(
                wait_for_input=form, timeout=patience, poll_interval=_POLL_INTERVAL
            )
        except FlowPauseTimeout:
            return Failed(name="Unanswered", message=f"nobody answered about {reference}")
        try:
            reason = Justification(answer.because, parse_timestamp(as_of), name=answer.your_name)
            if answer.approve and promotion_question(reference, url, as_of) != question:
                raise Ineligible("the question has changed meanwhile", remedy="Read it again.")
            result = decide_promotion(reference, url, reason, answer.approve)
        except (NotAllowed, ConfigError, Ineligible) as error:
            question = promotion_question(reference, url, as_of)
            refusal = f"**Not done:** {error}\n\n"
            continue
        publish_history(open_bucket(url), reference.partition("@")[0])
        if answer.approve:
            return Completed(name="Promoted", message=result)
        return Failed(name="Declined", message=result)
