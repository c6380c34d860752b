from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bucket.journal import JournalEntry, entry_timestamp
from assay.errors import ConfigError
from assay.util import clock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "2026-03-01 12:00", " 2026-03-01T12 "],
)
def test_a_moment_is_read_in_utc_whatever_its_zone(text):
    assert clock.parse_timestamp(text) == NOON


def test_a_date_is_its_beginning():
    assert clock.parse_timestamp("2026-03-01") == NOON - timedelta(hours=12)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-02-30", "0001-01-01T00:00+23:00", "12:00"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ConfigError, match="no date and no moment"):
        clock.parse_timestamp(text)


def test_without_a_text_it_is_now():
    assert abs(clock.parse_timestamp(None) - datetime.now(UTC)) < timedelta(minutes=1)


@given(st.integers(-600_000_000, 4_000_000_000), st.integers(-12, 14))
def test_what_is_written_reads_as_the_same_second(seconds, hours):
    zoned = datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours)))
    text = clock.format_timestamp(zoned)
    assert clock.parse_timestamp(text) == zoned
    assert text.endswith("+00:00")


def test_an_entry_is_about_its_moment_or_else_about_when_it_was_written():
    def entry(**body):
        return JournalEntry(1, None, "k", "2026-03-01T12:00:00.000+00:00", "ada", body)

    assert entry_timestamp(entry()) == NOON
    assert clock.display_timestamp(entry_timestamp(entry(as_of="2016-01-02"))) == "2016-01-02 00:00"
