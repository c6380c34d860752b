"""A promotion that is asked on the dashboard, where nobody can sign."""

from datetime import UTC, datetime

import pytest

from assay.errors import Ineligible, NotAllowed
from assay.registry.decisions import approval_form
from assay.registry.decisions.pending_promotion import find_pending_promotion
from assay.render.model_history import version_status

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ask(house, reference="m@1"):
    return approval_form.approval_question(house.bucket, reference, NOON)


def answer(house, said, name, *, yes=True):
    return approval_form.apply_answer(house.bucket, "m@1", said(name=name), yes=yes)


def test_the_question_shows_the_evidence_and_what_is_to_approve(house):
    house.version(fairness="unknown")
    text = ask(house)
    assert "approve: m@1 becomes champion. refuse: there is no champion" in text
    assert "- performance: pass" in text
    assert "needs your approval: the fairness gate cannot tell" in text


def test_the_question_tells_what_came_of_the_shadow(house, said):
    from assay.registry.decisions.promotion import promote_version
    from tests.registry.decisions.test_promotion import both, compared

    house.version(promotion={"shadow": 1})
    promote_version(house.bucket, "m@1", said())
    house.version(promotion={"shadow": 1})
    with pytest.raises(Ineligible, match="0 of the 1 required batches"):
        ask(house, "m@2")
    both(house, b"one")
    compared(house, "caution")
    assert "- shadow: caution. seen" in ask(house, "m@2")


def test_what_no_answer_could_mend_is_not_asked(house, said):
    house.version(fairness="fail")
    with pytest.raises(Ineligible, match="fairness"):
        ask(house)


def test_a_retired_version_is_not_asked_about(house, said):
    from assay.registry.decisions.withdrawal import retire_version

    house.version()
    retire_version(house.bucket, "m@1", said("it leaks"))
    with pytest.raises(Ineligible, match="it leaks"):
        ask(house)


def test_a_yes_approves_and_promotes_and_says_by_what_way(house, said, people):
    house.version(fairness="unknown")
    people()("sam")  # whoever runs the worker
    entry = answer(house, said, "ada")
    assert (entry.actor, entry.body["via"]) == ("ada", "dashboard")
    assert house.champion == 1
    assert house.kinds == ["registered", "approved", "promoted"]


@pytest.mark.parametrize("name", ["sam", "olga", "vic", "nobody", "", "  "])
@pytest.mark.parametrize("yes", [True, False])
def test_the_name_given_must_be_of_who_may(house, said, people, name, yes):
    house.version()
    people()("ada")
    with pytest.raises(NotAllowed):
        answer(house, said, name, yes=yes)
    assert house.kinds == ["registered"]


def test_a_no_is_kept_as_a_lesson(house, said):
    house.version()
    entry = answer(house, said, "ada", yes=False)
    assert (entry.kind, entry.body["cause"]) == ("lesson", "promotion:m@1")
    assert house.champion is None


def test_where_signatures_are_required_the_dashboard_is_refused(house, said, people):
    house.version()
    people("required")("ada")
    with pytest.raises(NotAllowed, match="the dashboard cannot sign") as caught:
        ask(house)
    assert "assay promote m@1" in caught.value.remedy
    with pytest.raises(NotAllowed, match="signatures are required"):
        answer(house, said, "ada")


def test_what_a_person_refused_waits_no_longer(house, said):
    house.version(fairness="unknown")
    version = house.history.versions[1]
    assert find_pending_promotion(house.bucket, house.history, version)
    refusal = answer(house, said, "ada", yes=False)
    assert find_pending_promotion(house.bucket, house.history, version) is None
    assert house.history.last_refusal(1).number == refusal.number
    assert house.history.last_refusal(1, after=refusal) is None
    assert version_status(house.history, version) == "refused"
