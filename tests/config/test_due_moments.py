"""The moments that a schedule, or a deadline, comes to."""

from datetime import UTC, date, datetime, timedelta

import pytest

from assay.config.due_moments import (
    DEADLINE_DAYS,
    deadline_moments,
    first_moment,
    last_moment,
    next_moment,
)

LISBON, NOON = "Europe/Lisbon", datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday


def test_a_deadline_is_due_each_day_up_to_the_moment():
    moments = deadline_moments("06:00", None, "UTC", NOON)
    assert len(moments) == DEADLINE_DAYS + 1
    assert moments[-1] == NOON.replace(hour=6)
    assert deadline_moments("13:00", None, "UTC", NOON)[-1] == NOON.replace(day=3, hour=13)


def test_it_is_due_on_the_days_of_the_cron_text_alone():
    weekdays = deadline_moments("06:00", "0 5 * * 1-5", "UTC", NOON)
    assert {moment.weekday() for moment in weekdays} == {0, 1, 2, 3, 4}
    first = deadline_moments("06:00", "0 5 1 * *", "UTC", NOON)
    assert {moment.day for moment in first} == {1}
    assert len(deadline_moments("06:00", "10m", "UTC", NOON)) == DEADLINE_DAYS + 1


def test_a_cron_text_at_midnight_is_due_on_its_own_day():
    moments = deadline_moments("06:00", "0 0 * * 3", "UTC", NOON)
    assert {moment.weekday() for moment in moments} == {2}


def test_it_follows_the_clock_of_its_zone():
    moments = deadline_moments("06:00", None, LISBON, datetime(2026, 4, 2, 12, tzinfo=UTC))
    hours = {moment.date().isoformat(): moment.hour for moment in moments}
    assert (hours["2026-03-28"], hours["2026-03-29"]) == (6, 5)  # summer time begins


def test_a_time_that_the_clock_leaves_out_and_one_that_comes_twice_are_due_once():
    left_out = deadline_moments("01:30", None, LISBON, datetime(2026, 3, 29, 12, tzinfo=UTC))
    assert left_out[-1] == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    twice = deadline_moments("01:30", None, LISBON, datetime(2026, 10, 25, 12, tzinfo=UTC))
    assert [m.hour for m in twice if (m.month, m.day) == (10, 25)] == [0]


def test_the_day_is_the_zones_own():
    """At 23:30 UTC it is tomorrow in Tokyo."""
    late = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    assert deadline_moments("08:00", None, "Asia/Tokyo", late)[-1] == late.replace(minute=0)


@pytest.mark.parametrize(
    ("schedule", "zone", "due"),
    [
        ("0 5 * * *", "UTC", datetime(2026, 3, 5, 5, tzinfo=UTC)),
        ("0 5 * * *", "Asia/Tokyo", datetime(2026, 3, 4, 20, tzinfo=UTC)),
        ("10m", "UTC", NOON + timedelta(minutes=10)),
    ],
)
def test_the_next_moment_is_later_than_now(schedule, zone, due):
    assert next_moment(schedule, zone, NOON) == due


DAY = date(2026, 3, 29)  # in Lisbon the clock goes forward


def at(*clock):
    return datetime(2026, 3, *clock, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "zone", "moment"),
    [
        ("0 6 * * *", "UTC", at(29, 6)),
        ("0 6,18 * * *", "UTC", at(29, 18)),  # the last of the day
        ("0 6 * * *", "Europe/Lisbon", at(29, 5)),
        ("0 6 * * 1", "UTC", at(29, 23, 59, 59)),  # not due on that day
        ("10m", "UTC", at(29, 23, 59, 59)),
        (None, "UTC", at(29, 23, 59, 59)),
        (None, "Europe/Lisbon", at(29, 22, 59, 59)),
    ],
)
def test_a_day_is_scored_when_its_flow_ran_last_or_at_its_end(schedule, zone, moment):
    assert last_moment(schedule, zone, DAY) == moment


@pytest.mark.parametrize(
    ("schedule", "moment"),
    [
        ("0 7 * * *", at(29, 7)),
        ("0 6 * * *", at(29, 6)),  # due at that very moment
        ("0 5 * * *", at(30, 5)),
        ("0 5 * * 1", at(30, 5)),
        ("10m", at(29, 6)),
        (None, at(29, 6)),
    ],
)
def test_a_look_follows_when_the_monitor_is_due_next(schedule, moment):
    assert first_moment(schedule, "UTC", at(29, 6)) == moment


def test_a_moment_within_the_second_after_it_was_due_waits_for_the_next():
    late = at(29, 6).replace(microsecond=500_000)
    assert first_moment("0 6 * * *", "UTC", late) == at(30, 6)
