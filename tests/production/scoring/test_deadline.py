"""Deadlines of scoring: met, missed, ended late."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.production.scoring.deadline import judge_deadlines, scoring_moment

DAYS = [datetime(2026, 3, day, 6, tzinfo=UTC) for day in range(1, 6)]
HOUR = timedelta(hours=1)


def judged(*hours_after, days=3):
    """Scorings so many hours after the first deadline."""
    return judge_deadlines(DAYS[:days], [DAYS[0] + hours * HOUR for hours in hours_after])


def test_a_scoring_before_each_deadline_meets_them_all():
    record = judged(-1, 23, 47)
    assert (record.due, record.missed, record.late) == (DAYS[2], (), None)


def test_at_the_deadline_is_in_time():
    record = judged(0, 24, 48)
    assert (record.missed, record.late) == ((), None)


def test_what_is_missed_stays_open_with_the_first_moment():
    assert judged(-1).missed == (DAYS[1], DAYS[2])
    assert judged().missed == tuple(DAYS[:3])


def test_a_late_scoring_ends_the_miss_and_says_how_late():
    record = judged(-1, 23, 50)
    assert record.missed == ()
    assert record.late == 2 * 3600
    assert judged(-1, 50).late == 26 * 3600  # since the oldest that was missed


def test_yesterdays_late_batch_is_not_todays():
    assert judged(-1, 25).missed == (DAYS[2],)
    assert judged(-1, 25, 47).missed == ()


def test_a_late_scoring_nearer_to_the_next_deadline_meets_that_too():
    assert judged(-1, 47.5).missed == ()


def test_a_scoring_in_time_after_a_late_one_is_not_late():
    assert judged(-1, 25, 47).late is None


def test_without_deadlines_there_is_nothing_to_say():
    assert judge_deadlines([], [DAYS[0]]) is None


@given(st.lists(st.integers(-30, 120), max_size=8), st.integers(-5000, 5000))
def test_it_depends_on_the_times_between_alone(hours, shift):
    moved = timedelta(hours=shift)
    moments = [DAYS[0] + h * HOUR for h in hours]
    plain = judge_deadlines(DAYS, moments)
    later = judge_deadlines([day + moved for day in DAYS], [m + moved for m in moments[::-1]])
    assert later.late == plain.late
    assert [due - moved for due in later.missed] == list(plain.missed)


@given(st.lists(st.integers(-30, 120), max_size=8), st.integers(0, 120))
def test_one_more_scoring_never_adds_a_miss(hours, another):
    moments = [DAYS[0] + h * HOUR for h in hours]
    more = [*moments, DAYS[0] + another * HOUR]
    assert len(judge_deadlines(DAYS, more).missed) <= len(judge_deadlines(DAYS, moments).missed)


@pytest.mark.parametrize(
    ("as_of", "written", "moment"),
    [
        ("2026-03-01T05:59:00+00:00", "2026-03-01T06:20:00+00:00", "2026-03-01T06:20:00+00:00"),
        ("2026-03-01T05:59:00+00:00", "2026-09-01T06:20:00+00:00", "2026-03-01T05:59:00+00:00"),
    ],
)
def test_a_batch_counts_when_it_was_written_and_one_of_a_replay_at_its_moment(
    as_of, written, moment
):
    assert scoring_moment(as_of, written) == datetime.fromisoformat(moment)
