"""A reading in the background: bounded waiting, one at a time, no fault lost."""

import threading

import pytest

from assay.deployments.desk.background import BackgroundReading

LONG = 20.0


def test_many_who_ask_at_once_cost_one_reading():
    calls = []
    reading = BackgroundReading(lambda: calls.append(1) or len(calls))
    assert [reading.latest(LONG).value for _ in range(3)] == [1, 1, 1]


def test_what_is_no_longer_fresh_is_read_again():
    calls = []
    reading = BackgroundReading(lambda: calls.append(1) or len(calls), reuse=-1.0)
    assert [reading.latest(LONG).value for _ in range(3)] == [1, 2, 3]


def test_who_waits_long_enough_gets_the_one_before_and_the_first_nothing():
    go, calls = threading.Event(), []

    def read():
        calls.append(1)
        if len(calls) != 2:
            return len(calls)
        go.wait(LONG)
        return "late"

    reading = BackgroundReading(read, reuse=-1.0)
    assert reading.latest(LONG).value == 1
    assert reading.latest(0.0).value == 1
    assert reading.latest(0.0).value == 1
    assert len(calls) == 2  # none beside it
    go.set()
    assert reading.latest(LONG).value == "late"

    never = threading.Event()
    slow = BackgroundReading(lambda: never.wait(LONG))
    assert slow.latest(0.0).value is None
    assert slow.latest(0.0).error is None
    never.set()


def test_a_fault_is_kept_until_a_reading_succeeds():
    faults = [OSError("away")]

    def read():
        if faults:
            raise faults.pop()
        return "there"

    reading = BackgroundReading(read, reuse=-1.0)
    with pytest.raises(OSError, match="away"):
        raise reading.latest(LONG).error
    assert reading.latest(LONG).value == "there"
    assert reading.latest(LONG).error is None
