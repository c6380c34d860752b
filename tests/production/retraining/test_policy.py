"""When a model is trained anew: for evidence, not too often, not for ever without success."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bucket.artifacts import JSON
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.config.production import RetrainingSettings, TrainingWindow
from assay.production.retraining.policy import (
    FAILED,
    DeclinedRetraining,
    RetrainingAttempt,
    RetrainingRequest,
    close_retraining,
    harm_since,
    open_retraining,
    reason_to_decline,
    unanswered_look,
)
from assay.registry.history import ASKED, RETRAINED, RETRAINING
from assay.store.memory import MemoryStore

START = datetime(2016, 1, 1, tzinfo=UTC)
ASK = RetrainingSettings(cooldown=86400.0 * 5, budget=3, attempts=3)


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


def asked(day, *, by="monitor", evidence=None, because="harm", upto=0):
    seen = Digest.of_bytes(evidence.encode()) if evidence else None
    return RetrainingRequest(by, because, START + timedelta(days=day), upto, seen)


def kinds(bucket):
    return [entry.kind for entry in Journal(bucket, "m").entries()]


def note(bucket, kind, **body):
    return Journal(bucket, "m").append(lambda _: (kind, body)).number


def finish(bucket, begun, kind="registered"):
    """The run of a retraining ends with a version."""
    note(bucket, kind, version=1, retraining=begun.number)
    close_retraining(bucket, "m", begun, kind, version=1)


def promote(bucket, version=1, alias="champion"):
    body = {"alias": alias, "version": version, "previous": None, "because": "better"}
    Journal(bucket, "m").append(lambda _: ("promoted", body))


def look(bucket, verdict, first):
    body = {"version": 1, "look": 1, "upto": 99, "verdict": verdict, "first": first}
    Journal(bucket, "m").append(lambda _: ("monitored", body))


def test_the_first_evidence_begins_one(bucket):
    begun = open_retraining(bucket, "m", asked(0, evidence="a", upto=7), ASK)
    assert isinstance(begun, RetrainingAttempt)
    assert (begun.number, begun.attempt, begun.upto) == (1, 1, 7)
    entry = Journal(bucket, "m").entries()[0]
    assert entry.kind == RETRAINING
    assert entry.body["evidence"] == str(Digest.of_bytes(b"a"))
    assert entry.body["as_of"] == "2016-01-01T00:00:00+00:00"


def test_the_same_evidence_begins_no_second(bucket):
    finish(bucket, open_retraining(bucket, "m", asked(0, evidence="a"), ASK))
    again = open_retraining(bucket, "m", asked(20, evidence="a"), ASK)
    assert isinstance(again, DeclinedRetraining)
    assert "this very evidence" in again.reason
    assert kinds(bucket).count(RETRAINING) == 1


@pytest.mark.parametrize("by", ["monitor", "schedule", "person"])
def test_one_that_was_killed_goes_on_with_the_rows_it_had(bucket, by):
    first = open_retraining(bucket, "m", asked(0, by=by, evidence="a", upto=7), ASK)
    again = open_retraining(
        bucket, "m", asked(1, by=by, evidence="a", upto=9), ASK, "a challenger's batches"
    )
    assert again == first
    assert kinds(bucket) == [RETRAINING]


@pytest.mark.parametrize("by", ["monitor", "schedule", "person"])
def test_one_that_was_killed_long_ago_gives_way_to_newer_rows(bucket, by):
    open_retraining(bucket, "m", asked(0, by=by, evidence="a", upto=7), ASK)
    again = open_retraining(bucket, "m", asked(5, by=by, evidence="a", upto=9), ASK)
    assert (again.number, again.upto, again.as_of) == (2, 9, START + timedelta(days=5))


def test_one_that_was_killed_is_not_gone_on_with_once_another_began(bucket):
    open_retraining(bucket, "m", asked(0, by="schedule", upto=7), ASK)
    finish(bucket, open_retraining(bucket, "m", asked(1, by="person", upto=8), ASK))
    assert isinstance(
        open_retraining(bucket, "m", asked(2, by="schedule", upto=9), ASK), DeclinedRetraining
    )


@pytest.mark.parametrize("kind", ["registered", "rejected"])
def test_one_that_was_killed_after_its_first_version_goes_on(bucket, kind):
    """Others may have to be registered yet, and one to be promoted."""
    first = open_retraining(bucket, "m", asked(0, evidence="a"), ASK)
    note(bucket, kind, version=1, retraining=first.number)
    assert open_retraining(bucket, "m", asked(0, evidence="a"), ASK) == first
    close_retraining(bucket, "m", first, kind, version=1)
    assert isinstance(open_retraining(bucket, "m", asked(0, evidence="a"), ASK), DeclinedRetraining)


def test_an_end_is_told_once_even_where_nothing_else_was_to_be_told(bucket):
    begun = open_retraining(bucket, "m", asked(0, by="schedule"), ASK)
    entry = close_retraining(bucket, "m", begun, "registered", version=1)
    said = {"retraining": 1, "outcome": "registered", "version": 1}
    assert entry.body == said | {"as_of": "2016-01-01T00:00:00+00:00"}
    assert close_retraining(bucket, "m", begun, "stopped") is None
    assert kinds(bucket) == [RETRAINING, RETRAINED]
    assert open_retraining(bucket, "m", asked(5, by="schedule"), ASK).number == 3


def test_rows_that_could_not_be_learnt_from_are_not_gone_on_with(bucket):
    """A person may ask for others at once, the same evidence after the cooldown."""
    close_retraining(
        bucket,
        "m",
        open_retraining(bucket, "m", asked(0, by="person"), ASK),
        FAILED,
        because="no labels",
    )
    assert open_retraining(bucket, "m", asked(0, by="person", upto=1), ASK).number == 3


def test_evidence_whose_rows_could_not_be_learnt_from_asks_again(bucket):
    close_retraining(
        bucket,
        "m",
        open_retraining(bucket, "m", asked(0, evidence="a"), ASK),
        FAILED,
        because="no labels",
    )
    assert isinstance(open_retraining(bucket, "m", asked(1, evidence="a"), ASK), DeclinedRetraining)
    assert open_retraining(bucket, "m", asked(5, evidence="a"), ASK).number == 3


def test_ends_of_older_journals_are_their_versions(bucket):
    why = {"by": "schedule", "because": "harm", "evidence": None, "upto": 0, "attempt": 1}
    older = note(bucket, RETRAINING, **why, since=None, as_of="2016-01-01T00:00:00+00:00")
    note(bucket, "rejected", version=1, retraining=older)
    assert isinstance(
        open_retraining(bucket, "m", asked(1, by="schedule"), ASK), DeclinedRetraining
    )
    assert open_retraining(bucket, "m", asked(5, by="schedule"), ASK).number == 3


FATES = st.sampled_from(["killed", "killed late", "known", "registered", "stopped", FAILED])
LIVES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3), FATES), max_size=20)


@given(LIVES, st.sampled_from(["schedule", "person", "monitor"]))
def test_nothing_is_learnt_from_rows_that_are_older_than_a_cooldown(life, by):
    """Unless none came since. And what has ended is not gone on with."""
    bucket, ask = (
        Bucket.from_store(MemoryStore()).prepare(),
        ASK.model_copy(update={"attempts": 99}),
    )
    today, upto, over = 0, 0, set()
    for days, rows, fate in life:
        today, upto = today + days, upto + rows
        begun = open_retraining(bucket, "m", asked(today, by=by, upto=upto), ask)
        if isinstance(begun, DeclinedRetraining):
            continue
        assert begun.number not in over
        assert begun.upto == upto or START + timedelta(days=today) - begun.as_of < timedelta(days=5)
        if fate in {"registered", "killed late"}:
            note(bucket, "registered", version=1, retraining=begun.number)
        if not fate.startswith("killed"):
            close_retraining(bucket, "m", begun, "registered" if fate == "known" else fate)
            over.add(begun.number)


def champion(bucket, version=1):
    note(bucket, "registered", version=version, reports={}, question="q", model={})
    promote(bucket, version)


def sees(bucket, verdict, evidence="a", version=1, **figures):
    """A look; the number of its entry."""
    number = len(kinds(bucket)) + 1
    report = bucket.put(evidence.encode(), JSON, "report").as_json()
    told = {"version": version, "look": number, "upto": 0, "verdict": verdict, "reasons": []}
    return note(bucket, "monitored", **told, report=report, figures=figures, first=None)


def test_what_a_look_wants_stands_until_it_is_answered(bucket):
    def wanted():
        past = unanswered_look(bucket, "m")
        return past and past.entry

    assert wanted() is None
    champion(bucket)
    first = sees(bucket, "retrain", "a")
    assert wanted() == first
    sees(bucket, "watch", labelled=500.0)
    sees(bucket, "healthy")  # of rows without labels
    assert wanted() == first
    second = sees(bucket, "retrain", "b")
    assert wanted() == second

    note(bucket, "false_alarm", entry=second, because="a broken feed")
    assert wanted() == first, "which nobody called false"
    begun = open_retraining(bucket, "m", asked(0, evidence="a"), ASK)
    assert wanted() == first, "it may have been killed"
    assert (
        "too recent"
        in reason_to_decline(Journal(bucket, "m").entries(), asked(1, evidence="a"), ASK).reason
    )
    close_retraining(bucket, "m", begun, FAILED)
    assert wanted() == first
    close_retraining(
        bucket, "m", open_retraining(bucket, "m", asked(9, by="schedule"), ASK), "rejected"
    )
    assert wanted() is None, "whoever asked, it was trained anew since"

    third = sees(bucket, "retrain", "c")
    assert wanted() == third
    note(bucket, ASKED, because="in vain", evidence=None)
    assert wanted() is None
    sees(bucket, "retrain", "d")
    sees(bucket, "healthy", labelled=500.0)
    assert wanted() is None, "labels say that the harm is over"
    sees(bucket, "retrain", "e")
    champion(bucket, 2)
    assert wanted() is None, "it was of another champion"


@pytest.mark.parametrize("by", ["monitor", "schedule"])
def test_within_the_cooldown_none_begins(bucket, by):
    finish(bucket, open_retraining(bucket, "m", asked(0, evidence="a"), ASK))
    early = open_retraining(bucket, "m", asked(4, by=by, evidence="b"), ASK)
    assert isinstance(early, DeclinedRetraining)
    assert "not before 2016-01-06 00:00" in early.reason
    assert isinstance(
        open_retraining(bucket, "m", asked(5, by=by, evidence="b"), ASK), RetrainingAttempt
    )


def test_a_clock_that_went_back_does_not_shorten_the_cooldown(bucket):
    finish(bucket, open_retraining(bucket, "m", asked(10, evidence="a"), ASK))
    assert isinstance(open_retraining(bucket, "m", asked(1, evidence="b"), ASK), DeclinedRetraining)


def test_thirty_days_have_a_budget(bucket):
    ask = ASK.model_copy(update={"attempts": 99})
    for day in (0, 6, 12):
        finish(bucket, open_retraining(bucket, "m", asked(day, evidence=f"{day}"), ask))
    spent = open_retraining(bucket, "m", asked(18, evidence="d"), ask)
    assert isinstance(spent, DeclinedRetraining)
    assert "3 retrainings in thirty days" in spent.reason
    assert isinstance(open_retraining(bucket, "m", asked(31, evidence="d"), ask), RetrainingAttempt)


def test_after_three_in_vain_a_person_is_asked_once(bucket):
    for day in (0, 40, 80):
        finish(
            bucket,
            open_retraining(bucket, "m", asked(day, evidence=f"{day}"), ASK),
            kind="rejected",
        )
    for day in (120, 160):
        refused = open_retraining(bucket, "m", asked(day, evidence=f"{day}"), ASK)
        assert isinstance(refused, DeclinedRetraining)
    assert kinds(bucket).count(ASKED) == 1
    entry = next(e for e in Journal(bucket, "m").entries() if e.kind == ASKED)
    assert entry.body["evidence"] == str(Digest.of_bytes(b"120"))
    assert "3 retrainings in a row brought no new champion" in entry.body["because"]


def test_a_person_may_always_and_that_answers(bucket):
    for day in (0, 40, 80):
        finish(
            bucket,
            open_retraining(bucket, "m", asked(day, evidence=f"{day}"), ASK),
            kind="rejected",
        )
    open_retraining(bucket, "m", asked(120, evidence="x"), ASK)
    by_hand = open_retraining(bucket, "m", asked(121, by="person"), ASK)
    assert isinstance(by_hand, RetrainingAttempt)
    finish(bucket, by_hand)
    promote(bucket)
    after = open_retraining(bucket, "m", asked(160, evidence="y"), ASK)
    assert isinstance(after, RetrainingAttempt)
    assert after.attempt == 1


def test_a_promotion_starts_the_count_anew_but_a_challenger_does_not(bucket):
    for day in (0, 40):
        finish(bucket, open_retraining(bucket, "m", asked(day, evidence=f"{day}"), ASK))
    promote(bucket, alias="challenger")
    assert open_retraining(bucket, "m", asked(80, evidence="c"), ASK).attempt == 3
    promote(bucket)
    assert open_retraining(bucket, "m", asked(120, evidence="d"), ASK).attempt == 1


def test_harm_is_known_since_the_first_batch_of_which_it_was_seen(bucket):
    def entries():
        return Journal(bucket, "m").entries()

    assert harm_since(bucket, entries()) is None
    look(bucket, "healthy", 4)
    assert harm_since(bucket, entries()) is None
    look(bucket, "retrain", 6)
    assert harm_since(bucket, entries()) == 5
    look(bucket, "watch", None)  # of silence: it judged no rows
    look(bucket, "retrain", 3)  # labels of an older batch came later
    assert harm_since(bucket, entries()) == 2
    look(bucket, "watch", 11)
    assert harm_since(bucket, entries()) is None


def test_a_false_alarm_was_no_harm(bucket):
    def marked(number):
        Journal(bucket, "m").append(lambda _: ("false_alarm", {"entry": number, "because": "x"}))
        return harm_since(bucket, Journal(bucket, "m").entries())

    look(bucket, "retrain", 3)
    look(bucket, "retrain", 6)
    look(bucket, "retrain", 9)
    assert marked(2) == 8
    assert marked(3) is None


def test_the_window_stands_in_the_journal(bucket):
    ask = ASK.model_copy(update={"window": TrainingWindow(rows=5000)})
    open_retraining(bucket, "m", asked(0, evidence="a"), ask)
    assert Journal(bucket, "m").entries()[0].body["window"] == {"rows": 5000, "lasting": None}
