"""The reports of a bucket: of every run, also of one whose question was answered before."""

from datetime import UTC, datetime

import pytest

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.deployments.report_index import ReportIndex, render_index
from assay.deployments.todo import TodoList
from assay.production.todo_item import TodoItem
from assay.store.memory import MemoryStore
from tests.runs.test_result_cache import TWO, answered


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


def pages(*texts):
    return {Digest.of_bytes(text.encode()) for text in texts}


def test_each_page_of_a_question_is_a_report(bucket):
    """`assay run --always` answers again, perhaps beside another champion: it shows its own page,
    while the first answer stands.
    """
    answered(bucket)
    answered(bucket, page="another page")
    assert set(ReportIndex().find_reports(bucket)) == pages("page", "another page")


def test_what_comes_and_goes_is_noticed(bucket):
    index = ReportIndex()
    assert index.find_reports(bucket) == {}
    answered(bucket)
    answered(bucket, TWO, model="another", page="another page")
    assert set(index.find_reports(bucket)) == pages("page", "another page")
    for entry in list(bucket.store.list("memo/run/")):
        bucket.store.delete(entry.key)
    assert index.find_reports(bucket) == {}


@pytest.mark.parametrize("planted", [b"", b"[]", b"{}", b'{"outcome": {"page": 1}}', b"\xff"])
def test_what_is_no_outcome_is_left_out(bucket, planted):
    answered(bucket)
    bucket.store.put_if_absent(f"memo/run/{'0' * 64}.json", planted)
    assert set(ReportIndex().find_reports(bucket)) == pages("page")


def test_names_are_escaped(bucket):
    answered(bucket)
    reports = ReportIndex().find_reports(bucket)
    ((digest, outcome),) = reports.items()
    odd = outcome.model_copy(update={"outcome": "<script>", "model": "<b>@1"})
    page = render_index({digest: odd}, TodoList(()))
    assert b"<script>" not in page
    assert b"&lt;b&gt;@1" in page


def item(number=0, **fields):
    told = {"kind": "failed", "subject": f"m{number}", "what": "w", "since": None, "owner": "o"}
    return TodoItem(**{**told, "command": "c", **fields})


def test_the_page_begins_with_what_waits_for_a_person(bucket):
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    told = item(what="it failed", since=moment, owner="the hotel", command="assay show m0")
    page = render_index({}, TodoList([told], ["no server"])).decode()
    assert "m0: it failed (since 2026-03-01 12:00; owner: the hotel)" in page
    assert "<code>assay show m0</code>" in page
    assert "<p>no server</p>" in page
    assert page.index("it failed") < page.index("<h1>Reports")
    assert "Nothing waits for a person." in render_index({}, TodoList(())).decode()


def test_what_waits_is_escaped_and_bounded():
    odd = "<script>\u202e\x1b"
    found = item(subject=odd, what=odd, owner=odd, command=odd)
    page = render_index({}, TodoList([found, *map(item, range(500))], [odd])).decode()
    assert not {"\u202e", "\x1b"} & set(page)
    assert "<script>" not in page
    assert page.count("<li>") == 100
    assert "And 401 more" in page
