"""Where signatures are required, an entry has effect only if its signer may do what it says."""

import os
import pwd

import pytest

from assay.bucket.journal import current_user
from assay.errors import IntegrityError, NotAllowed, SignatureBad, Unproven
from assay.registry.authority import authorize_training
from assay.registry.decisions.promotion import promote_version
from assay.registry.decisions.withdrawal import roll_back_alias
from assay.registry.history import false_alarms


@pytest.fixture
def act(people, key, monkeypatch):
    """Act as one of the people; mallory has a key that nobody listed, None has none."""
    own = os.environ["ASSAY_SIGNING_KEY"]
    act = people("required")

    def as_one(name):
        if name == "mallory":
            monkeypatch.setenv("ASSAY_SIGNING_KEY", own)
        else:
            act(name, key=name is not None)

    return as_one


BY_WHOM = pytest.mark.parametrize(
    ("by", "error"),
    [(None, Unproven), ("mallory", SignatureBad), ("vic", Unproven), ("olga", Unproven)],
)


# --- who trains -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ada", "sam"])
def test_an_engineer_and_a_scientist_train(house, act, name):
    act(name)
    authorize_training(house.bucket)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (None, "names no key"),
        ("mallory", "belongs to nobody"),
        ("vic", "vic is a viewer, and a viewer may not train models"),
        ("olga", "olga is an operator, and an operator may not train models"),
    ],
)
def test_nobody_else_does(house, act, name, why):
    act(name)
    with pytest.raises(NotAllowed, match=why) as caught:
        authorize_training(house.bucket)
    assert caught.value.remedy


def test_where_signatures_are_optional_a_service_without_a_name_trains(
    house, people, key, monkeypatch
):
    own = os.environ["ASSAY_SIGNING_KEY"]
    act = people("optional")
    for name in ("worker", "ada", "sam"):
        act(name, key=False)
        authorize_training(house.bucket)
    for named, with_key in (("vic", False), ("vic", True)):
        act(named, key=with_key)
        with pytest.raises(NotAllowed, match="a viewer may not train"):
            authorize_training(house.bucket)
    monkeypatch.setenv("ASSAY_SIGNING_KEY", own)
    with pytest.raises(NotAllowed, match="belongs to nobody"):
        authorize_training(house.bucket)


def test_without_a_people_file_everybody_trains(house):
    authorize_training(house.bucket)


# --- what is read -----------------------------------------------------------------------------


@BY_WHOM
def test_what_they_registered_is_neither_loaded_nor_promoted(house, act, said, by, error):
    act("ada")
    house.version()
    promote_version(house.bucket, "m@1", said())
    act(by)
    house.version(by="ada")
    act("ada")
    with pytest.raises(error):
        house.registry.load("m@2")
    before = len(house.history.entries)
    for alias in ("champion", "challenger"):
        with pytest.raises(error):
            promote_version(house.bucket, "m@2", said(), alias=alias, approve=alias == "champion")
    assert len(house.history.entries) == before
    assert house.champion == 1


@BY_WHOM
def test_the_same_answer_by_one_who_may_train_is_a_version_of_its_own(house, act, by, error):
    act(by)
    planted = house.version()
    act("ada")
    mine = house.registry.register("m", planted.status, planted.entry.body)
    assert mine.number == 2
    house.registry.require_genuine(mine)
    assert house.registry.register("m", planted.status, planted.entry.body).number == 2


@BY_WHOM
def test_a_rollback_does_not_return_to_what_they_registered(house, act, said, by, error):
    act(by)
    house.version()
    act("ada")
    house.note("promoted", by="ada", alias="champion", version=1, previous=None, because="x",
               evidence={})  # fmt: skip
    house.version()
    promote_version(house.bucket, "m@2", said())
    with pytest.raises(IntegrityError):
        roll_back_alias(house.bucket, "m", said())
    assert house.champion == 2


@pytest.mark.parametrize("by", [None, "mallory", "vic", "sam"])
def test_what_they_retired_still_serves(house, act, said, by):
    act("ada")
    house.version()
    promote_version(house.bucket, "m@1", said())
    act(by)
    house.note("retired", by="ada", version=1, because="planted")
    act("ada")
    assert house.champion == 1
    assert not house.history.retirements
    act("olga")
    house.note("retired", by="olga", version=1, because="it is old")
    assert house.champion is None
    assert house.history.describe_retirement(house.history.versions[1]).endswith("it is old")


@pytest.mark.parametrize("by", [None, "mallory", "vic"])
def test_their_other_decisions_have_no_effect(house, act, said, by):
    act("ada")
    house.version()
    promote_version(house.bucket, "m@1", said())
    house.version()
    promote_version(house.bucket, "m@2", said(), alias="challenger")
    act(by)
    house.note("lesson", by="ada", cause="promotion:m@2", about="m", text="no", entry=None)
    house.note("false_alarm", by="ada", entry=1, because="planted")
    assert house.history.pending_challenger is not None
    assert false_alarms(house.bucket, house.history.entries) == set()
    act("ada")
    house.note("false_alarm", by="ada", entry=1, because="it was")
    house.note("lesson", by="ada", cause="promotion:m@2", about="m", text="no", entry=None)
    assert house.history.pending_challenger is None
    assert false_alarms(house.bucket, house.history.entries) == {1}


@pytest.mark.parametrize("by", [None, "mallory", "vic"])
def test_a_rollback_of_theirs_withdraws_nothing(house, act, said, by):
    act("ada")
    for version in ("m@1", "m@2"):
        house.version()
        promote_version(house.bucket, version, said())
    act(by)
    house.note("rolled_back", by="ada", alias="champion", version=1, previous=2, because="planted")
    assert not house.history.was_withdrawn(2)
    with pytest.raises(IntegrityError):
        house.registry.load("m@champion")


def test_an_automatic_promotion_needs_the_key_of_one_who_may_train(house, act, said):
    act("ada")
    automatic = {"first": "automatic"}
    house.version(promotion=automatic)
    act("vic")
    house.note("promoted", by="ada", alias="champion", version=1, previous=None, because="x",
               evidence={})  # fmt: skip
    with pytest.raises(Unproven, match="who may not promote"):
        house.registry.load("m@champion")
    act("sam")
    house.note("promoted", by="sam", alias="champion", version=1, previous=None, because="x",
               evidence={})  # fmt: skip
    trail = house.history.promotion_trails["champion"]
    house.registry.require_promotion(house.history, trail[-1], said().as_of)


# --- who somebody is --------------------------------------------------------------------------


def test_the_actor_is_the_owner_of_the_process_whatever_the_environment_says(monkeypatch):
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "ada")
    assert current_user() == pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    assert current_user() == "unknown"
