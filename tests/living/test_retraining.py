"""When a model is trained anew: for evidence, not too often, not for ever without success."""

from datetime import UTC, datetime, timedelta

import pytest

from assay.bucket import Bucket
from assay.config.living import Retrain, Window
from assay.digest import Digest
from assay.living.retraining import (
    ASKED,
    RETRAINING,
    Asked,
    Begun,
    Declined,
    begin,
    harm_since,
)
from assay.store.memory import MemoryStore

START = datetime(2016, 1, 1, tzinfo=UTC)
ASK = Retrain(cooldown=86400.0 * 5, budget=3, attempts=3)


@pytest.fixture
def bucket():
    return Bucket.on(MemoryStore()).prepare()


def asked(day, *, by="monitor", evidence=None, because="harm", upto=0):
    seen = Digest.of(evidence.encode()) if evidence else None
    return Asked(by, because, START + timedelta(days=day), upto, seen)


def kinds(bucket):
    return [entry.kind for entry in bucket.journal("m").entries()]


def end(bucket, begun, kind="registered"):
    """The run of a retraining ends with a version."""
    body = {"version": 1, "retraining": begun.number}
    bucket.journal("m").append(lambda _: (kind, body))


def promote(bucket, version=1, alias="champion"):
    body = {"alias": alias, "version": version, "previous": None, "because": "better"}
    bucket.journal("m").append(lambda _: ("promoted", body))


def look(bucket, verdict, first):
    body = {"version": 1, "look": 1, "upto": 99, "verdict": verdict, "first": first}
    bucket.journal("m").append(lambda _: ("monitored", body))


def test_the_first_evidence_begins_one(bucket):
    begun = begin(bucket, "m", asked(0, evidence="a", upto=7), ASK)
    assert isinstance(begun, Begun)
    assert (begun.number, begun.attempt, begun.upto) == (1, 1, 7)
    entry = bucket.journal("m").entries()[0]
    assert entry.kind == RETRAINING
    assert entry.body["evidence"] == str(Digest.of(b"a"))
    assert entry.body["as_of"] == "2016-01-01T00:00:00+00:00"


def test_the_same_evidence_begins_no_second(bucket):
    end(bucket, begin(bucket, "m", asked(0, evidence="a"), ASK))
    again = begin(bucket, "m", asked(20, evidence="a"), ASK)
    assert isinstance(again, Declined)
    assert "this very evidence" in again.why
    assert kinds(bucket).count(RETRAINING) == 1


def test_one_that_was_killed_goes_on_with_the_rows_it_had(bucket):
    first = begin(bucket, "m", asked(0, evidence="a", upto=7), ASK)
    again = begin(bucket, "m", asked(1, evidence="a", upto=9), ASK)
    assert again == first
    assert kinds(bucket) == [RETRAINING]


@pytest.mark.parametrize("by", ["monitor", "schedule"])
def test_within_the_cooldown_none_begins(bucket, by):
    end(bucket, begin(bucket, "m", asked(0, evidence="a"), ASK))
    early = begin(bucket, "m", asked(4, by=by, evidence="b"), ASK)
    assert isinstance(early, Declined)
    assert "not before 2016-01-06 00:00" in early.why
    assert isinstance(begin(bucket, "m", asked(5, by=by, evidence="b"), ASK), Begun)


def test_a_clock_that_went_back_does_not_shorten_the_cooldown(bucket):
    end(bucket, begin(bucket, "m", asked(10, evidence="a"), ASK))
    assert isinstance(begin(bucket, "m", asked(1, evidence="b"), ASK), Declined)


def test_thirty_days_have_a_budget(bucket):
    ask = ASK.model_copy(update={"attempts": 99})
    for day in (0, 6, 12):
        end(bucket, begin(bucket, "m", asked(day, evidence=f"{day}"), ask))
    spent = begin(bucket, "m", asked(18, evidence="d"), ask)
    assert isinstance(spent, Declined)
    assert "3 retrainings in thirty days" in spent.why
    assert isinstance(begin(bucket, "m", asked(31, evidence="d"), ask), Begun)


def test_after_three_in_vain_a_person_is_asked_once(bucket):
    for day in (0, 40, 80):
        end(bucket, begin(bucket, "m", asked(day, evidence=f"{day}"), ASK), kind="rejected")
    for day in (120, 160):
        refused = begin(bucket, "m", asked(day, evidence=f"{day}"), ASK)
        assert isinstance(refused, Declined)
    assert kinds(bucket).count(ASKED) == 1
    entry = next(e for e in bucket.journal("m").entries() if e.kind == ASKED)
    assert entry.body["evidence"] == str(Digest.of(b"120"))
    assert "3 retrainings in a row brought no new champion" in entry.body["because"]


def test_a_person_may_always_and_that_answers(bucket):
    for day in (0, 40, 80):
        end(bucket, begin(bucket, "m", asked(day, evidence=f"{day}"), ASK), kind="rejected")
    begin(bucket, "m", asked(120, evidence="x"), ASK)
    by_hand = begin(bucket, "m", asked(121, by="person"), ASK)
    assert isinstance(by_hand, Begun)
    end(bucket, by_hand)
    promote(bucket)
    after = begin(bucket, "m", asked(160, evidence="y"), ASK)
    assert isinstance(after, Begun)
    assert after.attempt == 1


def test_a_promotion_starts_the_count_anew_but_a_challenger_does_not(bucket):
    for day in (0, 40):
        end(bucket, begin(bucket, "m", asked(day, evidence=f"{day}"), ASK))
    promote(bucket, alias="challenger")
    assert begin(bucket, "m", asked(80, evidence="c"), ASK).attempt == 3
    promote(bucket)
    assert begin(bucket, "m", asked(120, evidence="d"), ASK).attempt == 1


def test_harm_is_known_since_the_first_batch_of_which_it_was_seen(bucket):
    def entries():
        return bucket.journal("m").entries()

    assert harm_since(entries()) is None
    look(bucket, "healthy", 4)
    assert harm_since(entries()) is None
    look(bucket, "retrain", 6)
    assert harm_since(entries()) == 5
    look(bucket, "watch", None)  # of silence: it judged no rows
    look(bucket, "retrain", 3)  # labels of an older batch came later
    assert harm_since(entries()) == 2
    look(bucket, "watch", 11)
    assert harm_since(entries()) is None


def test_a_false_alarm_was_no_harm(bucket):
    def marked(number):
        bucket.journal("m").append(lambda _: ("false_alarm", {"entry": number, "because": "x"}))
        return harm_since(bucket.journal("m").entries())

    look(bucket, "retrain", 3)
    look(bucket, "retrain", 6)
    look(bucket, "retrain", 9)
    assert marked(2) == 8
    assert marked(3) is None


def test_the_window_stands_in_the_journal(bucket):
    ask = ASK.model_copy(update={"window": Window(rows=5000)})
    begin(bucket, "m", asked(0, evidence="a"), ask)
    assert bucket.journal("m").entries()[0].body["window"] == {"rows": 5000, "lasting": None}
