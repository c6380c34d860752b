"""The watch: what it tells, when, and that nothing ends it."""

from pathlib import Path

import pytest

from assay.deployments import alerts, setup_watch
from assay.deployments.desk.reader import DeskReader
from assay.deployments.setup_watch import SetupWatch
from assay.registry.open import open_bucket

ALERTED = "alerts: [{to: '${ALERTS}'}]\n"


@pytest.fixture
def told(monkeypatch):
    """What was alerted of: a list of files for each call."""
    calls = []

    async def alert(_operations, _pool, bad, *, ensure):
        assert not ensure
        calls.append([one.file for one in bad])
        return []

    monkeypatch.setattr(alerts, "alert_bad_use_cases", alert)
    return calls


@pytest.fixture
def watch(write, monkeypatch, tmp_path):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.delenv("ASSAY_STATE", raising=False)
    write("guests")
    Path("configs/operations.yaml").write_text(ALERTED)
    open_bucket(str(tmp_path / "bucket")).prepare()
    said = []
    made = SetupWatch(DeskReader(str(tmp_path / "bucket")), said.append)
    made.said = said
    return made


def test_a_file_that_is_broken_meanwhile_is_told_once_it_stays_so(watch, told, write):
    watch.look()
    watch.look()
    assert told == []
    write("guests", "targt: 1\n")
    watch.look()
    assert told == []  # an editor may be writing it
    watch.look()
    watch.look()
    assert told == [["configs/guests.yaml"]]


def test_what_was_mended_is_told_so_that_it_may_be_told_again(watch, told, write):
    write("guests", "targt: 1\n")
    watch.look()
    watch.look()
    write("guests")
    watch.look()
    watch.look()
    assert told == [["configs/guests.yaml"], []]


def test_without_a_server_or_a_receiver_nothing_is_asked(watch, told, write, monkeypatch):
    write("guests", "targt: 1\n")
    with monkeypatch.context() as alone:
        alone.delenv("PREFECT_API_URL")
        watch.look()
        watch.look()
    Path("configs/operations.yaml").write_text("late: 10m\n")
    watch.look()
    watch.look()
    assert told == []


def test_a_fault_is_logged_once_and_ends_nothing(watch, monkeypatch):
    def fail(*_):
        raise OSError("away")

    monkeypatch.setattr(watch._reader, "read_files", fail)
    watch.try_look()
    watch.try_look()
    assert watch.said == ["watch: OSError: away"]


def test_the_pool_is_that_of_the_set_up(monkeypatch, tmp_path):
    monkeypatch.delenv("ASSAY_STATE", raising=False)
    assert setup_watch._read_pool() == "assay"
    state = setup_watch.SetupState("second", "127.0.0.1", 4200, "bucket", "", "root")
    state.write(tmp_path)
    monkeypatch.setenv("ASSAY_STATE", str(tmp_path))
    assert setup_watch._read_pool() == "second"


def test_files_are_read_again_only_when_one_changed(watch, write):
    reader = watch._reader
    first = reader.read_files()
    assert reader.read_files() is first
    write("rooms")
    assert [case.name for case in reader.read_files().cases] == ["guests", "rooms"]
    Path("configs/rooms.yaml").unlink()
    assert [case.name for case in reader.read_files().cases] == ["guests"]
