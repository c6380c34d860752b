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
from assay.tasks.stage import announce_long_work, stage


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
