"""What a version waits for, in the words that `run` and `show` print."""

import pytest

from assay.bucket.objects import object_key
from assay.registry.decisions import promotion, withdrawal
from assay.registry.decisions.pending_promotion import find_pending_promotion


def awaited(house, number=1):
    history = house.history
    return find_pending_promotion(house.bucket, history, history.versions[number])


@pytest.mark.parametrize("verdicts", [{}, {"fairness": "unknown"}, {"feasibility": "unknown"}])
def test_the_command_that_is_named_makes_it_champion_and_then_it_waits_no_more(
    house, said, verdicts
):
    house.version(**verdicts)
    named = awaited(house).command
    assert named.startswith("assay promote m@1 ")
    promotion.promote_version(house.bucket, "m@1", said(), approve="--approve" in named)
    assert house.champion == 1
    assert awaited(house) is None


def test_what_a_gate_could_not_tell_is_named_until_somebody_approved(house, said):
    house.version(fairness="unknown")
    assert awaited(house).reason.startswith(
        "it awaits a person's approval: the fairness gate cannot"
    )
    promotion.approve_version(house.bucket, "m@1", said())
    assert awaited(house).reason == "it awaits a person who promotes it"
    assert "--approve" not in awaited(house).command


def test_a_shadow_that_is_asked_for_is_named(house, said):
    house.version(promotion={"shadow": 2})
    promotion.promote_version(house.bucket, "m@1", said())
    house.version(promotion={"shadow": 2})
    assert "0 of the 2 required batches in shadow" in awaited(house, 2).reason


def test_nothing_waits_that_was_refused_taken_back_or_overtaken(house, said):
    house.version(fairness="fail")
    house.version()
    house.version()
    promotion.promote_version(house.bucket, "m@3", said())
    house.version()
    withdrawal.retire_version(house.bucket, "m@4", said())
    assert [awaited(house, number) for number in (1, 2, 3, 4)] == [None] * 4


def test_a_version_whose_record_is_gone_is_told_so(house):
    house.version()
    run = house.history.versions[1].artifact("run")
    house.bucket.store.delete(object_key(run.digest))
    assert run.digest.hex in awaited(house).reason
