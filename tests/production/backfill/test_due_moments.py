"""When the flows of a past day would have run."""

from datetime import UTC, date, datetime

import pytest

from assay.production.backfill.due_moments import last_due_moment, next_due_moment

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
    assert last_due_moment(DAY, schedule, zone) == moment


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
    assert next_due_moment(at(29, 6), schedule, "UTC") == moment
