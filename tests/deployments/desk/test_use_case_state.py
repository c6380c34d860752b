"""How a use case stands, as its journals tell, and what is read again."""

from datetime import timedelta

import pytest

from assay.bucket.journal import Journal
from assay.deployments.desk.use_case_state import UseCaseStates
from assay.deployments.report_index import ReportIndex
from tests.deployments.conftest import case
from tests.production.test_todo_list import champion, house, look, scored
from tests.registry.decisions.conftest import NOON

__all__ = ["house"]


@pytest.fixture
def read(house):
    states, index = UseCaseStates(house.bucket), ReportIndex()

    def reading(*cases, after=timedelta(days=1)):
        named = {one.name: one for one in cases}
        found = states.read(named, index.read_outcomes(house.bucket), NOON + after)
        return {one.name: one for one in found}

    return reading


def test_a_champion_with_its_look_and_its_last_batch(house, read):
    champion(house)
    scored(house, rows=1500, at=NOON)
    look(house, "watch")
    found = read(case("m"))["m"]
    assert (found.champion, found.champion_since) == ("m@1", NOON)
    assert (found.look.verdict, found.look.at) == ("watch", NOON)
    assert (found.scored_at, found.scored_rows) == (NOON, 1500)
    assert (found.owner, found.file) == ("the tests", "configs/m.yaml")
    assert found.last_run.kind == "registered"


def test_looks_at_an_earlier_champion_do_not_count(house, read):
    champion(house)
    look(house, "retrain")
    champion(house)
    found = read()["m"]
    assert (found.champion, found.look, found.performance) == ("m@2", None, None)


def test_a_use_case_without_a_journal_and_a_journal_without_a_use_case(house, read):
    champion(house)
    found = read(case("other"))
    assert sorted(found) == ["m", "other"]
    assert (found["other"].champion, found["other"].last_run) == ("", None)
    assert (found["m"].owner, found["m"].champion) == ("", "m@1")


def test_a_deadline_is_judged_by_the_file(house, read):
    champion(house)
    scored(house, at=NOON + timedelta(hours=21))
    late = read(case("m", 'score: {by: "08:30"}\n'))["m"]
    assert (late.scored_by, late.deadline.late) == ("08:30 UTC", 1800.0)


def test_a_damaged_journal_is_told_and_hides_no_other(house, read):
    champion(house)
    Journal(house.bucket, "other").append(lambda _: ("stopped", {"question": "q"}))
    key = Journal(house.bucket, "other").entry_key(2)
    house.bucket.store.put_if_absent(key, b"{}")
    found = read()
    assert "its history cannot be read" in found["other"].problem
    assert found["m"].champion == "m@1"
    house.bucket.store.delete(key)
    assert read()["other"].problem == ""


def test_only_new_entries_are_read_again(house, read, monkeypatch):
    champion(house)
    scored(house)
    read()
    store, asked = house.bucket.store, []
    get = store.get
    monkeypatch.setattr(store, "get", lambda key, *more: asked.append(key) or get(key, *more))
    read()
    ends = [Journal(house.bucket, name).entry_key(3) for name in ("m",)]
    assert set(ends) <= set(asked)
    assert len([key for key in asked if key.startswith("journals/")]) <= 2


def test_nothing_is_due_of_a_use_case_that_is_paused(house, read):
    champion(house)
    due = case("m", 'score: {by: "08:30"}\n')
    assert read(due, after=timedelta(days=2))["m"].deadline.missed
    house.note("paused", because="rebuilding", via="cli", as_of=NOON.isoformat())
    assert read(due, after=timedelta(days=2))["m"].deadline is None
