"""What people say on a model card, what is missing, and what that holds up."""

import pytest

from assay.bucket import artifacts
from assay.config.card import CardText
from assay.errors import Ineligible
from assay.registry.decisions import promotion
from assay.registry.decisions.card_words import (
    card_artifact,
    card_words,
    describe_card_gaps,
    record_description,
)
from assay.registry.decisions.pending_promotion import find_pending_promotion

FULL = CardText(intended_use="a", out_of_scope="b", limits="c", contact="d")
SOME = CardText(intended_use="who is invited", contact="benefits@example.org")
REQUIRED = {"card": "required"}


def new_card(house, version, words, text=b"# another"):
    card = house.bucket.put(text, artifacts.MARKDOWN, "model card")
    return record_description(house.bucket, version, words, card)


def old_card(house):
    return {"card": house.bucket.put(b"# first", artifacts.MARKDOWN, "card").as_json()}


def test_a_card_without_words_says_which_are_missing():
    assert describe_card_gaps(CardText()) == (
        "the model card does not say: intended use, out-of-scope use, limits, contact"
    )
    assert describe_card_gaps(SOME) == "the model card does not say: out-of-scope use, limits"
    assert describe_card_gaps(FULL) == ""


def test_a_version_older_than_the_section_has_no_words(house):
    version = house.version()
    assert card_words(house.bucket, house.history, version) == CardText()


def test_new_words_give_a_version_a_new_card_once(house):
    version = house.version(more=old_card(house))
    assert house.bucket.get(card_artifact(house.history, version)) == b"# first"
    assert new_card(house, version, SOME).body["version"] == 1
    assert new_card(house, version, SOME) is None
    assert card_words(house.bucket, house.history, version) == SOME
    assert house.bucket.get(card_artifact(house.history, version)) == b"# another"


def test_the_words_of_one_version_are_not_those_of_another(house):
    first, second = house.version(), house.version()
    new_card(house, first, FULL)
    assert card_words(house.bucket, house.history, second) == CardText()


def test_where_signatures_are_required_words_of_a_viewer_change_no_card(house, people):
    act = people("required")
    act("ada")
    version = house.version(by="ada", more=old_card(house))
    act("vic")
    new_card(house, version, FULL)
    assert card_words(house.bucket, house.history, version) == CardText()
    assert house.bucket.get(card_artifact(house.history, version)) == b"# first"


def test_gaps_hold_up_a_promotion_only_where_the_use_case_says_so(house, said):
    house.version()
    assert promotion.promote_version(house.bucket, "m@1", said())
    house.version(promotion=REQUIRED)
    with pytest.raises(Ineligible, match="does not say: intended use") as caught:
        promotion.promote_version(house.bucket, "m@2", said())
    assert "card: {intended_use: TEXT, out_of_scope: TEXT" in str(caught.value.remedy)


def test_a_card_without_gaps_holds_up_nothing(house, said):
    version = house.version(promotion=REQUIRED)
    new_card(house, version, SOME)
    with pytest.raises(Ineligible, match="does not say: out-of-scope use, limits"):
        promotion.promote_version(house.bucket, "m@1", said())
    new_card(house, version, FULL)
    assert promotion.promote_version(house.bucket, "m@1", said())


def test_gaps_are_among_what_a_version_waits_for(house):
    version = house.version(promotion=REQUIRED)
    pending = find_pending_promotion(house.bucket, house.history, version)
    assert "the model card does not say" in pending.reason
    assert pending.needs_person


def test_an_engineer_may_waive_the_gaps_of_a_card(house, said, key):
    house.version(promotion=REQUIRED)
    promotion.waive_gates(house.bucket, "m@1", said(), gates=["card"], expires="2026-04-01")
    assert promotion.promote_version(house.bucket, "m@1", said()).body["waiver"] == 2
