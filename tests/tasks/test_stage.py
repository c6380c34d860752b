"""What every stage shares."""

import re
import threading
from threading import Event

import pytest
from prefect import Task, tags
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import TagsContext
from prefect.states import Failed

from assay.errors import ConfigError, ObjectCorrupt, StoreFull, StoreUnreachable
from assay.tasks.conclusion import record_candidates
from assay.tasks.ingest import ingest_source
from assay.tasks.stage import _publish_work, announce_long_work, progress_bar, stage
from assay.util.progress import StageFailed, StageStarted, UnitsDone, listen_to_progress


def failed(error: Exception) -> State:
    return Failed(data=error)


@pytest.mark.parametrize("one", [ingest_source, record_candidates])
def test_a_store_that_is_away_for_a_minute_fails_no_stage(one):
    assert one.retry_condition_fn(one, None, failed(StoreUnreachable("no answer")))
    assert one.retry_condition_fn(one, None, failed(ConnectionResetError()))
    assert len(one.retry_delay_seconds) == one.retries
    assert sum(one.retry_delay_seconds) > 60


@pytest.mark.parametrize("error", [StoreFull, ConfigError, ObjectCorrupt, ValueError])
def test_what_will_not_pass_by_itself_is_not_tried_again(error):
    assert not ingest_source.retry_condition_fn(ingest_source, None, failed(error("x")))


def test_a_stage_may_choose_otherwise():
    assert stage(retries=0)(lambda: None).retries == 0


def test_the_tags_of_a_run_are_not_its_stages(monkeypatch):
    seen = []
    monkeypatch.setattr(Task, "__call__", lambda *_: seen.append(TagsContext.get().current_tags))
    with tags("assay"):
        stage(lambda: None)()
    assert seen == [set()]


def test_only_the_memo_remembers():
    assert ingest_source.cache_policy == record_candidates.cache_policy == NO_CACHE


def test_a_stage_that_is_long_at_work_says_so():
    said, heard = [], Event()

    def say(text):
        said.append(text)
        heard.set()

    with announce_long_work("validate", say, every=0.01):
        assert heard.wait(60)
    assert re.fullmatch(r"validate: at work for [0-9]+ s", said[0])
    count = len(said)
    assert not [t for t in threading.enumerate() if t.name == "progress of validate"]
    assert len(said) == count


def test_a_stage_that_is_soon_done_says_nothing():
    said = []
    with announce_long_work("validate", said.append):
        pass
    assert said == []


class SpokenLog:
    def __init__(self):
        self.lines = []

    def info(self, text, **_):
        self.lines.append(text)


@pytest.fixture
def bar(monkeypatch):
    """A progress bar whose clock the test moves, with what it said to log, dashboard and view."""
    clock, log, shares, events = [0.0], SpokenLog(), [], []
    monkeypatch.setattr("assay.tasks.stage.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("assay.tasks.stage.get_run_logger", lambda: log)
    monkeypatch.setattr("assay.tasks.stage.create_progress_artifact", lambda *_: None)
    monkeypatch.setattr(
        "assay.tasks.stage.update_progress_artifact", lambda _, progress: shares.append(progress)
    )

    def work(seconds_a_fit):
        with listen_to_progress(events.append), progress_bar("income: A") as say:
            for done in range(1, 101):
                clock[0] += seconds_a_fit
                say(done, 100, f"C={done}")
        return log.lines, shares, events

    return work


def test_short_work_has_no_line_of_progress_in_the_log(bar):
    lines, shares, events = bar(0.09)
    assert lines == []
    assert shares == [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    assert events == [UnitsDone(n, 100, "fits", f"C={n}") for n in range(1, 101)]


def test_long_work_has_a_line_for_each_tenth_and_none_for_its_end(bar):
    lines, *_ = bar(60.0)
    assert lines[1] == "income: A: 10 of 100 fits, C=10"
    assert len(lines) == 10
    assert not any("100 of 100" in line for line in lines)


def test_lines_of_progress_are_ten_seconds_apart(bar):
    lines, *_ = bar(0.5)
    assert [line.split()[2] for line in lines] == ["20", "40", "60", "80"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_only_an_error_is_a_failure_of_the_stage(error):
    heard = []
    with pytest.raises(error), listen_to_progress(heard.append), _publish_work("train", "train A"):
        raise error
    assert heard[0] == StageStarted("train", "train A")
    assert [type(event) for event in heard[1:]] == [StageFailed] * (error is ValueError)
