"""Promote a version after a person has answered on the dashboard."""

from typing import Final, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.states import Completed, Failed
from pydantic import Field, create_model

from assay.errors import ConfigError, Ineligible, NotAllowed
from assay.flows.run_name import format_run_name
from assay.registry.decisions.justification import Justification
from assay.registry.open import open_bucket
from assay.store.open import default_store_url
from assay.tasks.promotion import decide_promotion, promotion_question
from assay.tasks.stage import publish_history
from assay.util.clock import parse_timestamp

_POLL_INTERVAL = 10  # seconds between two checks for an answer
APPROVE: Final = "approve"


class PromotionForm(RunInput):
    """The form on the dashboard. Nothing in it has a default: whoever answers writes the word.

    A list to choose from would do no good: Prefect's first dashboard shuts one within a form as
    soon as the mouse has opened it.
    """

    answer: str = Field(title="Your answer: approve or refuse", pattern="^(approve|refuse)$")
    your_name: str = Field(title="Your name")
    because: str = Field(title="Because")


def make_form(text: str, previous: PromotionForm | None = None) -> type[PromotionForm]:
    """The form under a text. What was typed into the previous one stands in it again, except the
    answer, which is about another question.
    """
    typed = (
        {
            # A default in the schema alone fills the field and leaves it required.
            "your_name": (str, _filled("Your name", previous.your_name)),
            "because": (str, _filled("Because", previous.because)),
        }
        if previous
        else {}
    )
    form = create_model("PromotionForm", __base__=PromotionForm, **typed)  # type: ignore[call-overload]
    form._description = text
    return cast(type[PromotionForm], form)


def _filled(title: str, text: str) -> object:
    return Field(title=title, json_schema_extra={"default": text})


@flow(name="promote", flow_run_name=format_run_name)
def promote(
    reference: str, store: str | None = None, as_of: str | None = None, patience: int = 604800
) -> State:
    """Ask whether a version such as income@3 shall become champion, and carry out the answer.

    It pauses for up to `patience` seconds. It asks again, with the reason and what was typed, if
    the person may not answer, if the answer has no reason, or if the question has changed since. It
    ends if no answer could decide the question any more. `as_of` is the moment of the decision;
    default: now.
    """
    url = store or default_store_url()
    question, refusal = promotion_question(reference, url, as_of), ""
    answer: PromotionForm | None = None
    while True:
        form = make_form(refusal + question, answer)
        try:
            answer = pause_flow_run(
                wait_for_input=form, timeout=patience, poll_interval=_POLL_INTERVAL
            )
        except FlowPauseTimeout:
            return Failed(name="Unanswered", message=f"nobody answered about {reference}")
        approved = answer.answer == APPROVE
        try:
            reason = Justification(answer.because, parse_timestamp(as_of), name=answer.your_name)
            if approved and promotion_question(reference, url, as_of) != question:
                raise Ineligible("the question has changed meanwhile", remedy="Read it again.")
            result = decide_promotion(reference, url, reason, approved)
        except (NotAllowed, ConfigError, Ineligible) as error:
            question = promotion_question(reference, url, as_of)
            # A form has no options, which is what the remedy of a missing reason names.
            why = f"{error.what}." if isinstance(error, ConfigError) else str(error)
            refusal = f"**Your answer was not carried out:** {why} What you typed is below.\n\n"
            continue
        publish_history(open_bucket(url), reference.partition("@")[0])
        if approved:
            return Completed(name="Promoted", message=result)
        return Failed(name="Promotion refused", message=result)
