"""Out of service: back to the champion before, and retirement for good."""

import pytest

from assay.bucket.objects import object_key
from assay.errors import (
    ConfigError,
    Ineligible,
    NotAllowed,
    ObjectMissing,
    ReferenceUnknown,
    Unproven,
)
from assay.registry.decisions import promotion, withdrawal


@pytest.fixture
def three(house, said):
    """Three versions, each champion in its turn."""
    for number in (1, 2, 3):
        house.version()
        promotion.promote_version(house.bucket, f"m@{number}", said())
    return house


def back(house, said, **options):
    return withdrawal.roll_back_alias(house.bucket, "m", said, **options)


def retire(house, said, number, **options):
    return withdrawal.retire_version(house.bucket, f"m@{number}", said, **options)


def refused(house, error, act, *rest, **options):
    before = house.kinds
    with pytest.raises(error) as caught:
        act(house, *rest, **options)
    assert caught.value.remedy
    assert house.kinds == before
    return str(caught.value)


def test_a_rollback_goes_back_one_and_again_further(three, said):
    entry = back(three, said("it went badly"))
    assert entry.body == {
        "alias": "champion",
        "version": 2,
        "previous": 3,
        "because": "it went badly",
        "as_of": "2026-03-01T12:00:00+00:00",
    }
    assert three.champion == 2
    back(three, said())
    assert three.champion == 1
    assert "had no champion before m@1" in refused(three, Ineligible, back, said())


def test_a_rollback_to_a_version_goes_as_far_back(three, said):
    back(three, said(), to=1)
    assert three.champion == 1
    told = refused(three, Ineligible, back, said(), to=3)
    assert "assay promote m@3" in told


def test_what_was_promoted_after_a_rollback_rolls_back_to_it(three, said):
    back(three, said())
    three.version()
    promotion.promote_version(three.bucket, "m@4", said())
    back(three, said())
    assert three.champion == 2


def test_a_rollback_to_a_retired_version_is_refused_and_names_the_next(three, said):
    retire(three, said("it leaks"), 2)
    told = refused(three, Ineligible, back, said())
    assert "it leaks" in told
    assert "assay rollback m --to 1" in told
    back(three, said(), to=1)
    assert three.champion == 1


def test_a_rollback_needs_a_model_that_had_a_champion(house, said):
    refused(house, ReferenceUnknown, back, said())
    house.version()
    refused(house, Ineligible, back, said())


def test_a_rollback_where_none_was_ever_champion_says_so(house, said):
    house.version()
    assert "no version of m was ever champion" in refused(house, Ineligible, back, said())
    assert "was ever champion" in refused(house, Ineligible, back, said(), to=1)


def test_a_rollback_to_a_version_that_is_not_there_says_so(three, said):
    assert "has no version '7'" in refused(three, ReferenceUnknown, back, said(), to=7)


def test_a_rollback_to_bytes_that_are_gone_is_refused(three, said):
    three.bucket.store.delete(object_key(three.history.versions[2].digest))
    refused(three, ObjectMissing, back, said())
    assert three.champion == 3
    promotion.promote_version(three.bucket, "m@1", said())
    retire(three, said(), 3)
    with pytest.raises(Ineligible) as caught:
        back(three, said())
    assert "--to" not in caught.value.remedy, "what it names would do"


def test_a_rollback_to_an_expired_waiver_is_refused(house, said, key):
    from assay.util.clock import parse_timestamp

    house.version(fairness="fail")
    house.version()
    promotion.waive_gates(house.bucket, "m@1", said(), gates=["fairness"], expires="2026-04-01")
    promotion.promote_version(house.bucket, "m@1", said())
    promotion.promote_version(house.bucket, "m@2", said())
    later = said(as_of=parse_timestamp("2026-04-01"))
    assert "expired on 2026-04-01" in refused(house, Unproven, back, later)
    back(house, said())
    assert house.champion == 1


def test_an_operator_rolls_back_and_retires_and_a_scientist_does_not(three, said, people):
    act = people("required")
    act("sam")
    refused(three, NotAllowed, back, said())
    refused(three, NotAllowed, retire, said(), 1)
    act("olga")
    refused(three, Unproven, back, said())  # nobody had signed for those versions


def test_a_rollback_by_an_operator_is_served_where_signatures_are_required(house, said, people):
    act = people("required")
    act("ada")
    for number in (1, 2):
        house.version()
        promotion.promote_version(house.bucket, f"m@{number}", said())
    act("olga")
    assert back(house, said()).actor == "olga"
    act("sam")
    with pytest.raises(Exception, match="cannot be read here"):
        house.registry.load("m@champion")


def test_a_rollback_goes_only_to_what_is_served_then(house, said, people, tmp_path):
    act = people("required")
    for number, name in enumerate(["eve", "ada", "eve"], start=1):
        act(name)
        house.version()
        promotion.promote_version(house.bucket, f"m@{number}", said())
    file = tmp_path / "people.yaml"  # ada goes to another team, and her key stays
    file.write_text(file.read_text().replace("ada: {role: engineer", "ada: {role: scientist"))
    act("olga")
    with pytest.raises(Unproven, match=r"m@2 would not be served: .*ada, who may not") as caught:
        back(house, said())
    assert house.champion == 3
    assert "assay rollback m --to 1`" in caught.value.remedy
    assert "assay promote m@2`" in caught.value.remedy
    back(house, said(), to=1)
    with pytest.raises(Exception, match="cannot be read here"):
        house.registry.load("m@champion")


def test_a_rollback_vouches_for_no_promotion_by_who_may_not(house, said, people):
    """Else a hurried rollback would serve what somebody without the right once promoted."""
    act = people("required")
    act("sam")
    house.version()
    house.registry.promote(
        house.history.versions[1], because="mine", expected_version=None, actor="sam"
    )
    act("eve")
    house.version()
    promotion.promote_version(house.bucket, "m@2", said())
    assert "sam, who may not promote" in refused(house, Unproven, back, said())


def test_a_rollback_to_where_it_stands_is_refused(three, said):
    promotion.promote_version(three.bucket, "m@1", said())
    told = refused(three, Ineligible, back, said(), to=1)
    assert "m@1 is champion now" in told
    with pytest.raises(Ineligible) as caught:
        back(three, said(), to=1)
    assert "assay rollback m --to 3`" in caught.value.remedy
    assert three.history.previous_versions("champion") == [3, 2, 1]
    assert not three.history.was_withdrawn(1)


def test_another_alias_is_told_how_to_go_back(three, said):
    for number in (1, 2):
        promotion.promote_version(three.bucket, f"m@{number}", said(), alias="next")
    with pytest.raises(Ineligible) as caught:
        back(three, said(), to=2, alias="next")
    assert "assay rollback m --to 1 --alias next`" in caught.value.remedy


def test_a_rollback_of_what_was_seen_does_not_undo_another_promotion(three, said):
    seen = three.history
    three.version()
    promotion.promote_version(three.bucket, "m@4", said())
    for act in (
        lambda: back(three, said(), to=2, expected_history=seen),
        lambda: promotion.promote_version(three.bucket, "m@2", said(), expected_history=seen),
    ):
        with pytest.raises(Ineligible, match="m@4 became champion meanwhile"):
            act()
    assert three.champion == 4


def test_of_two_rollbacks_at_once_one_is_done(three, said, meanwhile):
    meanwhile(lambda: back(three, said("I was faster")))
    with pytest.raises(Ineligible, match="m@2 became champion meanwhile"):
        back(three, said())
    assert three.champion == 2


# --- retirement -------------------------------------------------------------------------------


def test_a_retired_version_is_not_promoted_approved_waived_or_loaded_by_alias(three, said, key):
    retire(three, said("it leaks"), 3)
    assert three.champion is None
    for act in (
        lambda h: promotion.promote_version(h.bucket, "m@3", said()),
        lambda h: promotion.promote_version(h.bucket, "m@3", said(), alias="challenger"),
        lambda h: promotion.approve_version(h.bucket, "m@3", said()),
        lambda h: promotion.waive_gates(h.bucket, "m@3", said(), gates=["x"], expires="2027-01-01"),
    ):
        assert "it leaks" in refused(three, Ineligible, act)
    with pytest.raises(ReferenceUnknown, match="it leaks"):
        three.registry.load("m@champion")
    with pytest.raises(Unproven, match="it leaks"):
        three.registry.load("m")  # the newest, where there is no champion
    with pytest.raises(Exception, match="cannot be read here"):
        three.registry.load("m@3")  # as evidence


def test_retiring_twice_writes_once(three, said):
    assert retire(three, said(), 2)
    assert retire(three, said(), 2) is None
    assert three.champion == 3


def test_every_alias_of_a_retired_version_vanishes(three, said):
    promotion.promote_version(three.bucket, "m@2", said(), alias="challenger")
    retire(three, said(), 2)
    assert three.history.aliases == {"champion": 3}


def test_after_a_champions_retirement_a_rollback_brings_the_one_before(three, said):
    retire(three, said(), 3)
    entry = back(three, said())
    assert (three.champion, entry.body["previous"]) == (2, None)


def test_another_takes_a_retired_champions_place(three, said):
    three.version()
    retire(three, said(), 3, instead=4)
    assert three.champion == 4
    retire(three, said(), 4, instead=2)
    assert three.champion == 2
    assert three.kinds[-4:] == ["promoted", "retired", "rolled_back", "retired"]


@pytest.mark.parametrize("instead", [2, 4])
def test_who_became_champion_meanwhile_stays_it(three, said, monkeypatch, instead):
    from assay.registry.decisions import withdrawal

    three.version()
    three.version()
    replace = withdrawal._replace

    def later(*given):
        promotion.promote_version(three.bucket, "m@5", said("I was faster"))
        replace(*given)

    monkeypatch.setattr(withdrawal, "_replace", later)
    with pytest.raises(Ineligible, match="m@5 became champion meanwhile"):
        retire(three, said(), 3, instead=instead)
    assert three.champion == 5


def test_who_comes_back_meanwhile_is_not_retired_without_another(three, said, meanwhile):
    meanwhile(
        lambda: promotion.promote_version(three.bucket, "m@3", said("no, it is well")), "retired"
    )
    with pytest.raises(Ineligible, match="m@3 became champion meanwhile"):
        retire(three, said(), 3, instead=2)
    assert three.champion == 3


def test_who_takes_the_place_must_be_eligible_and_another(three, said):
    three.version(fairness="fail")
    refused(three, Ineligible, retire, said(), 3, instead=4)
    refused(three, ConfigError, retire, said(), 3, instead=3)
    refused(three, ConfigError, retire, said(), 2, instead=1)
    refused(three, ReferenceUnknown, retire, said(), 3, instead=9)
    assert three.champion == 3


def test_an_operator_puts_a_former_champion_in_place_but_promotes_none(three, said, people):
    three.version()
    people()("olga")
    refused(three, NotAllowed, retire, said(), 3, instead=4)
    retire(three, said(), 3, instead=2)
    assert three.champion == 2
