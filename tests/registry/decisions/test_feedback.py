"""False alarms and lessons, as people note them."""

import pytest

from assay.errors import ConfigError, NotAllowed, ReferenceUnknown
from assay.registry.decisions import feedback


@pytest.fixture
def watched(house):
    """Three looks: healthy, an alarm, healthy."""
    house.version()
    for look, verdict in enumerate(["healthy", "retrain", "healthy"], start=1):
        house.note("monitored", version=1, look=look, verdict=verdict, reasons=["it moved"])
    return house


def mark(house, said, *look):
    return feedback.mark_false_alarm(house.bucket, "m", said, *look)


def test_the_last_alarm_is_marked_and_once(watched, said):
    entry = mark(watched, said())
    assert entry.body["entry"] == 3
    assert mark(watched, said()) is None
    assert mark(watched, said(), 2) is None


@pytest.mark.parametrize("look", [1, 3, 9])
def test_a_look_that_raised_no_alarm_is_not_marked(watched, said, look):
    with pytest.raises(ReferenceUnknown, match=f"look {look}"):
        mark(watched, said(), look)


def test_a_model_that_raised_no_alarm_has_none_to_mark(house, said):
    house.version()
    with pytest.raises(ReferenceUnknown, match="no look at m raised an alarm"):
        mark(house, said())


def test_a_lesson_says_of_what_and_where_it_comes_from(watched, said):
    digest = str(watched.history.versions[1].digest)
    entry = feedback.record_lesson(
        watched.bucket, "m", said("recoded"), cause=" drift:RELP ", subject=digest, entry=3
    )
    assert entry.body == {
        "cause": "drift:RELP",
        "about": digest,
        "text": "recoded",
        "entry": 3,
        "as_of": "2026-03-01T12:00:00+00:00",
    }


def test_a_lesson_of_nothing_is_refused(watched, said):
    with pytest.raises(ConfigError, match="cause"):
        feedback.record_lesson(watched.bucket, "m", said(), cause=" ")
    with pytest.raises(ConfigError, match="no digest"):
        feedback.record_lesson(watched.bucket, "m", said(), cause="drift:a", subject="sha256:12")
    for entry in (0, 5):
        with pytest.raises(ReferenceUnknown, match="no entry"):
            feedback.record_lesson(watched.bucket, "m", said(), cause="drift:a", entry=entry)
    for model in ("n", "../m", "m.batches"):
        with pytest.raises(ReferenceUnknown):
            feedback.record_lesson(watched.bucket, model, said(), cause="drift:a")


@pytest.mark.parametrize(
    ("name", "alarms", "lessons"),
    [("vic", False, False), ("sam", True, True), ("olga", True, False), ("ada", True, True)],
)
def test_roles_say_who_may(watched, said, people, name, alarms, lessons):
    people()(name)
    acts = (
        (alarms, lambda: mark(watched, said())),
        (lessons, lambda: feedback.record_lesson(watched.bucket, "m", said(), cause="drift:a")),
    )
    for may, act in acts:
        if may:
            assert act().actor == name
        else:
            with pytest.raises(NotAllowed, match=name):
                act()
