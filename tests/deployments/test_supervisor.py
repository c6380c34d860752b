"""What is kept is there again after it ended, later each time that it ends at once."""

import errno
import os
import signal
import sys
import time
from io import TextIOWrapper

import pytest

from assay.deployments import supervisor
from assay.deployments.setup_state import Process, SetupState
from assay.deployments.supervisor import DelayedResume, SupervisedProcess

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def kept(tmp_path):
    made = []

    def make(command, ready=lambda: True):
        said = []
        one = SupervisedProcess("worker", command, tmp_path / "worker.log", ready, said.append)
        made.append(one)
        return one, said

    yield make
    for one in made:
        one.stop()


def until(done):
    end = time.monotonic() + 20
    while not done() and time.monotonic() < end:
        time.sleep(0.02)
    assert done()


def test_it_waits_until_it_may_start(kept):
    open_ = []
    one, said = kept(SLEEP, ready=lambda: bool(open_))
    one.ensure_running()
    assert one.process is None
    open_.append(True)
    one.ensure_running()
    assert one.process.is_alive
    assert len(said) == 1


def test_what_is_killed_comes_back(kept):
    one, said = kept(SLEEP)
    one.ensure_running()
    first = one.process
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: not first.is_alive)

    def again():
        one.ensure_running()
        return one.process is not None and one.process != first

    until(again)
    assert any("ended (-9)" in line for line in said)


def test_what_ends_at_once_is_tried_later_each_time(kept):
    one, said = kept([sys.executable, "-c", "raise SystemExit(3)"])

    def twice():
        one.ensure_running()
        return sum("ended" in line for line in said) == 2

    until(twice)
    waits = [line for line in said if "ended" in line]
    assert waits == ["worker ended (3); again in 1 s", "worker ended (3); again in 3 s"]
    one.ensure_running()
    assert one.process is None


def test_it_stops_when_told(kept):
    one, _ = kept(SLEEP)
    one.ensure_running()
    process = one.process
    one.stop()
    assert not process.is_alive


def test_a_full_disk_does_not_end_the_keeper(tmp_path, monkeypatch, kept):
    """What it cannot write down now, it writes down later."""
    with monkeypatch.context() as patched, open("/dev/full", "wb", buffering=0) as full:
        patched.setattr(sys, "stderr", TextIOWrapper(full, write_through=True))
        supervisor._say("worker ended (-9)")
    one, _ = kept(SLEEP)
    one.ensure_running()
    before = SetupState("assay", "127.0.0.1", 4200, "bucket", "", "root")

    def refused(self, folder):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(SetupState, "write", refused)
        assert supervisor._update_state_file(before, [one], tmp_path) == before
    told = supervisor._update_state_file(before, [one], tmp_path)
    assert told.processes["worker"] == one.process
    assert SetupState.read(tmp_path) == told


def test_lost_runs_are_looked_for_after_each_start_and_from_time_to_time(monkeypatch):
    looks, now = [], [0.0]

    def run(command, **_):
        looks.append((now[0], command[-1] == "restart"))

    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(supervisor.subprocess, "Popen", run)
    resume, first, second = DelayedResume("assay", 180.0, 250.0), Process(1, "a"), Process(2, "b")
    for moment in range(0, 1000, 10):
        now[0] = moment
        resume.run_when_due(first)
    # What crashed for ever is not restarted for ever.
    assert looks == [(60, True), (310, False), (360, True), (610, False), (860, False)]
    for moment in range(1000, 1100, 10):
        now[0] = moment
        resume.run_when_due(second)
    assert looks[5:] == [(1060, True)]
