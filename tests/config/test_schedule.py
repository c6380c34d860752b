"""When a flow runs by itself: what may be written, and what is refused."""

import pytest
from pydantic import ValidationError

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


def test_a_zone_must_exist():
    assert Schedule(zone="Europe/Lisbon").zone == "Europe/Lisbon"
    for zone in ("Europe/Lissabon", "../etc", ""):
        with pytest.raises(ValidationError, match="time zone"):
            Schedule(zone=zone)


def test_intervals_and_cron_texts_are_told_apart():
    assert is_interval("10m")
    assert not is_interval("0 5 * * *")
