"""When a flow runs by itself: what may be written, and what is refused."""

import pytest
from croniter import croniter
from pydantic import ValidationError

from assay.config.production import ScoringSettings
from assay.config.schedule import Schedule, is_interval


@pytest.mark.parametrize("when", ["0 5 * * *", "*/10 8-18 * * 1-5", "10m", "1.5h", "7d"])
def test_cron_texts_and_intervals_are_taken_as_they_are(when):
    assert Schedule(train=when).train == when


@pytest.mark.parametrize(
    "when",
    ["", "daily", "0 25 * * *", "* * * *", "0 0 0 1 1 * *", "0m", "500ms", "-1h", "0 5 * * x"],
)
def test_what_means_no_moment_is_refused(when):
    with pytest.raises(ValidationError):
        Schedule(train=when)


CRON_TEXTS = (
    """
*/15 9-17 * * 1-5; 0 0 L * *; 0 0 * * 5#3; 0 0 * * L5; 0 0 ? * *; 0 0 31 2 *; 0 0 * * sun
0 0 * * Fri#2
0 0 * jan-MAR *; 0 22-2 * * *; 0 0 * * fri-mon; 5/15 * * * *; 0 0 * * 7; 0-59/5 0 1,15 * *
00 05 * * *; *,5 * * * *; */90 * * * *; 0 0 1-5,L * *
""".replace("\n", ";")
    .strip("; ")
    .split(";")
)
NOT_CRON = (
    """
*/0 * * * *; 0 24 * * *; 0 0 0 * *; 0 0 1-32 * *; 0 0 * 13 *; * * * * 8; 0 0 * * 5L; 1,,2 * * * *
-1 * * * *; 0 0 * * sunday; 0 5 W * *; 0 5 * * 1#6; */5/2 * * * *; 0 0 1 * L; H H * * *
1-2-3 * * * *
""".replace("\n", ";")
    .strip("; ")
    .split(";")
)


@pytest.mark.parametrize("when", CRON_TEXTS)
def test_a_cron_text_that_is_taken_is_one_to_the_scheduler(when):
    assert Schedule(train=when.strip()).train
    assert croniter.is_valid(when.strip())


@pytest.mark.parametrize("when", NOT_CRON)
def test_a_cron_text_that_the_scheduler_refuses_is_refused(when):
    assert not croniter.is_valid(when.strip())
    with pytest.raises(ValidationError, match="cron text of five fields"):
        Schedule(train=when.strip())


@pytest.mark.parametrize("when", ["", "@hourly", "daily", "61 * * * *", "* * * * * *"])
def test_what_is_neither_cron_text_nor_interval_is_told_both_forms(when):
    with pytest.raises(ValidationError, match=r"cron text of five fields .* or an interval: 10m"):
        Schedule(train=when)


def test_a_zone_must_exist():
    assert Schedule(zone="Europe/Lisbon").zone == "Europe/Lisbon"
    for zone in ("Europe/Lissabon", "../etc", ""):
        with pytest.raises(ValidationError, match="time zone"):
            Schedule(zone=zone)


def test_intervals_and_cron_texts_are_told_apart():
    assert is_interval("10m")
    assert not is_interval("0 5 * * *")


@pytest.mark.parametrize("text", ["06:00", "00:00", "23:59"])
def test_a_deadline_is_a_time_of_day(text):
    assert ScoringSettings(by=text).by == text


@pytest.mark.parametrize("value", ["6:00", "24:00", "06:60", "06:00:00", "noon", 960, True])
def test_what_is_no_time_of_day_is_refused_with_an_example(value):
    """Unquoted, 16:00 is the number 960 in YAML."""
    with pytest.raises(ValueError, match='in quotes: "06:00"'):
        ScoringSettings(by=value)
