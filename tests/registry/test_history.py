"""What a journal amounts to: the fold alone, on entries as they lie in the bucket."""

import pytest

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import JournalEntry
from assay.bucket.signing import Signature
from assay.errors import ChainBroken
from assay.registry.history import fold_journal, is_waiver_in_force
from assay.store.memory import MemoryStore


def history(*told):
    entries = [
        JournalEntry(number, None, kind, "2026-01-01T00:00:00+00:00", "ada", body)
        for number, (kind, body) in enumerate(told, start=1)
    ]
    return fold_journal(Bucket(MemoryStore()), "m", entries)


def registered(number):
    return "registered", {
        "version": number,
        "question": str(Digest.of_bytes(b"q")),
        "against": None,
    }


def promoted(version, **more):
    return "promoted", {"alias": "champion", "version": version, "because": "better", **more}


def back(version, previous):
    body = {"alias": "champion", "version": version, "previous": previous, "because": "bad"}
    return "rolled_back", body


def retired(version):
    return "retired", {"version": version, "because": "old"}


VERSIONS = [registered(1), registered(2), registered(3)]


@pytest.mark.parametrize(
    ("told", "champion", "before"),
    [
        ([promoted(1)], 1, []),
        ([promoted(1), promoted(2)], 2, [1]),
        ([promoted(1), promoted(2), promoted(2)], 2, [1]),
        ([promoted(1), promoted(2), promoted(1)], 1, [2, 1]),
        ([promoted(1), promoted(2), promoted(1), back(2, 1)], 2, [1]),
        ([promoted(1), promoted(2), promoted(3), back(1, 3)], 1, []),
        ([promoted(1), promoted(2), back(1, 2), promoted(3)], 3, [1]),
        ([promoted(1), promoted(2), retired(2)], None, [1]),
        ([promoted(1), promoted(2), retired(1)], 2, [1]),
        ([promoted(1), promoted(2), retired(2), back(1, None)], 1, []),
        ([retired(1)], None, []),
    ],
)
def test_where_an_alias_points_and_what_it_pointed_to_before(told, champion, before):
    found = history(*VERSIONS, *told)
    assert (found.champion.number if found.champion else None) == champion
    assert found.previous_versions("champion") == before
    assert set(found.alias_entries) == set(found.aliases)


def test_a_champion_rests_on_its_promotion_however_it_came_back():
    found = history(*VERSIONS, promoted(1, waiver=1), promoted(2), back(1, 2))
    assert found.current_promotion("champion").number == 4
    assert found.alias_entries["champion"].number == 6
    assert found.find_waiver(found.current_promotion("champion")).number == 1
    assert found.current_promotion("challenger") is None


def test_what_a_person_took_away_was_withdrawn():
    found = history(*VERSIONS, promoted(1), promoted(2), back(1, 2), retired(3))
    assert [found.was_withdrawn(number) for number in (1, 2, 3)] == [False, True, True]


def test_a_waiver_holds_until_the_moment_it_expires_and_only_if_signed():
    from assay.util.clock import parse_timestamp

    body = {"version": 1, "gates": ["fairness"], "because": "x", "expires": "2026-04-01"}
    signature = Signature("key", b"")
    waiver = JournalEntry(1, None, "waived", "2026-01-01", "ada", body, signature)
    assert is_waiver_in_force(waiver, parse_timestamp("2026-03-31T23:59:59Z"))
    assert not is_waiver_in_force(waiver, parse_timestamp("2026-04-01"))
    unsigned = JournalEntry(1, None, "waived", "2026-01-01", "ada", body)
    assert not is_waiver_in_force(unsigned, parse_timestamp("2026-01-02"))


def answered(number, question, against, kind="registered"):
    body = {"version": number, "question": str(Digest.of_bytes(question)), "against": against}
    return kind, body


def test_challengers_are_counted_by_question_and_champion_and_keep_their_number():
    found = history(
        answered(1, b"first", None),
        promoted(1),
        answered(2, b"january", 1),
        answered(3, b"february", 1, "rejected"),
        answered(4, b"february", 1),
        promoted(4),
        answered(5, b"march", 4),
    )
    one, four = found.versions[1], found.versions[4]
    numbers = {
        name: found.challenger_number(one, Digest.of_bytes(name))
        for name in (b"january", b"february", b"march")
    }
    assert numbers == {b"january": 1, b"february": 2, b"march": 3}
    assert found.challenger_number(four, Digest.of_bytes(b"march")) == 1
    assert found.challenger_number(four, Digest.of_bytes(b"april")) == 2


@pytest.mark.parametrize("bad", ["1", [1], None, True, 1.5])
def test_a_version_that_is_no_number_is_malformed(bad):
    with pytest.raises(ChainBroken, match=r"entry 1 .* malformed"):
        history(registered(bad))


@pytest.mark.parametrize("waiver", [99, 0, -1, 2, "1", [1]])
def test_a_waiver_that_does_not_come_before_its_promotion_is_malformed(waiver):
    with pytest.raises(ChainBroken, match=r"entry 2 .* malformed"):
        history(registered(1), promoted(1, waiver=waiver))
