"""Pauses of a use case: what is in force, who may decide, and when it ends."""

from datetime import timedelta

import pytest

from assay.bucket.journal import Journal
from assay.errors import ConfigError, NotAllowed, ReferenceUnknown
from assay.registry.decisions.use_case_pause import (
    find_pause,
    pause_use_case,
    read_pauses,
    require_use_case,
    resume_use_case,
)


def in_force(house, when):
    return find_pause(house.bucket, "m", Journal(house.bucket, "m").entries(), when)


def test_a_pause_is_in_force_until_somebody_resumes(house, said):
    now = said().as_of
    entry = pause_use_case(house.bucket, "m", said("the source is wrong"))
    found = in_force(house, now)
    assert (found.because, found.until, found.entry) == ("the source is wrong", None, entry.number)
    assert found.by in found.describe()
    assert in_force(house, now + timedelta(days=999)) is not None
    assert resume_use_case(house.bucket, "m", said("mended")).kind == "resumed"
    assert in_force(house, now) is None


def test_the_same_again_writes_nothing_and_another_reason_or_end_does(house, said):
    now = said().as_of
    pause_use_case(house.bucket, "m", said("a"))
    assert pause_use_case(house.bucket, "m", said("a")) is None
    assert pause_use_case(house.bucket, "m", said("b")) is not None
    later = now + timedelta(days=2)
    assert pause_use_case(house.bucket, "m", said("b"), later).body["until"][:10] == "2026-03-03"
    assert in_force(house, now).until == later


def test_it_ends_by_itself_at_its_end(house, said):
    ends = said().as_of + timedelta(hours=3)
    pause_use_case(house.bucket, "m", said(), ends)
    assert in_force(house, ends - timedelta(seconds=1)) is not None
    assert in_force(house, ends) is None
    assert resume_use_case(house.bucket, "m", said()) is not None  # before its end


def test_an_end_in_the_past_is_refused(house, said):
    with pytest.raises(ConfigError, match="before it begins"):
        pause_use_case(house.bucket, "m", said(), said().as_of)


def test_what_is_not_paused_is_not_resumed(house, said):
    assert resume_use_case(house.bucket, "m", said()) is None


def test_operators_and_engineers_pause_and_nobody_else(house, said, people):
    act = people()
    for name in ("vic", "sam"):
        act(name)
        with pytest.raises(NotAllowed, match="may not pause or resume a use case"):
            pause_use_case(house.bucket, "m", said())
    act("olga")
    assert pause_use_case(house.bucket, "m", said("by olga")).actor == "olga"
    act("ada")
    assert resume_use_case(house.bucket, "m", said()).actor == "ada"


def test_where_signatures_are_required_an_unsigned_entry_pauses_nothing(house, said, people, key):
    act = people("required")
    act("olga", key=True)
    pause_use_case(house.bucket, "m", said("signed"))
    act(None, key=False)
    Journal(house.bucket, "m").append(lambda _: ("resumed", {"because": "forged"}))
    assert in_force(house, said().as_of).because == "signed"


def test_a_journal_that_cannot_be_read_is_named_and_hides_no_other(house, said, monkeypatch):
    pause_use_case(house.bucket, "m", said())
    pause_use_case(house.bucket, "n", said())
    found = read_pauses(house.bucket, ["m", "n", "never-run"], said().as_of)
    assert (set(found.in_force), list(found.unknown)) == ({"m", "n"}, [])
    key = next(e.key for e in house.bucket.store.list("journals/n/"))
    house.bucket.store.delete(key)
    house.bucket.store.put_if_absent(key, b"nonsense")
    found = read_pauses(house.bucket, ["m", "n"], said().as_of)
    assert (set(found.in_force), list(found.unknown)) == ({"m"}, ["n"])


def test_a_slip_of_the_pen_begins_no_journal(house):
    with pytest.raises(ReferenceUnknown) as caught:
        require_use_case(house.bucket, "incme", ["income"])
    assert "income" in caught.value.remedy
    require_use_case(house.bucket, "income", ["income"])


@pytest.mark.parametrize("body", [{"until": [1]}, {"until": "soon"}, {"as_of": "soon"}])
def test_a_pause_whose_moments_are_none_is_unknown_and_hides_no_other(house, said, body):
    pause_use_case(house.bucket, "m", said())
    Journal(house.bucket, "odd").append(lambda _: ("paused", body))
    found = read_pauses(house.bucket, ["m", "odd"], said().as_of)
    assert (list(found.in_force), list(found.unknown)) == (["m"], ["odd"])
