"""The reports of a bucket: of every run, also of one whose question was answered before."""

import pytest

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.deployments import report_index
from assay.deployments.report_index import ReportIndex, render_index
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
    page = render_index({digest: odd})
    assert b"<script>" not in page
    assert b"&lt;b&gt;@1" in page


def test_the_list_is_bounded_and_counts_the_rest(bucket, monkeypatch):
    monkeypatch.setattr(report_index, "MOST_REPORTS", 2)
    answered(bucket)
    ((_, outcome),) = ReportIndex().find_reports(bucket).items()
    many = dict.fromkeys(pages(*map(str, range(7))), outcome)
    page = render_index(many)
    assert page.count(b"<li>") == 2
    assert b"And 5 more" in page
