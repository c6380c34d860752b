"""Pages of models made on request: what may be asked, and what is kept."""

from __future__ import annotations

import pytest

from assay.deployments import model_pages
from assay.deployments.model_pages import ModelPages
from assay.deployments.report_index import ReportIndex
from assay.errors import DataError, ReferenceUnknown
from tests.runs.comparison.made import Workshop, people, yes_no_answers


@pytest.fixture(scope="module")
def workshop():
    made, table = Workshop(), people(120)
    first = made.version(table, yes_no_answers(table, noise=1.0, seed=1))
    made.version(table, yes_no_answers(table))
    made.registry.promote(first, because="the first", expected_version=None)
    return made


def test_all_versions_are_listed_with_links_to_the_comparison_with_the_champion(workshop):
    page = ModelPages().versions(workshop.bucket, ReportIndex(), "m").decode()
    assert "m: m@1 is champion" in page
    assert page.index(">m@2<") < page.index(">m@1<")
    assert 'href="/compare?a=m%401&amp;b=m%402"' in page
    assert "b=m%401" not in page  # a champion is not compared with itself
    assert "0.700 [0.600, 0.800]" in page


def test_two_versions_are_compared_once_for_all_readers(workshop, monkeypatch):
    pages = ModelPages()
    first = pages.comparison(workshop.bucket, "a=m@1&b=m%402")
    assert b"m@1 and m@2" in first
    monkeypatch.setattr(model_pages, "_compare", None)
    assert pages.comparison(workshop.bucket, "a=m@1&b=m@2") is first


@pytest.mark.parametrize(
    "query", ["", "a=m@1", "a=m@1&b=m", "a=m@1&b=sha256:0", "a=<b>@1&b=m@1", "a=m@1&b=m@9"]
)
def test_nothing_but_two_versions_can_be_asked_for(workshop, query):
    with pytest.raises(ReferenceUnknown):
        ModelPages().comparison(workshop.bucket, query)


def test_rows_that_are_too_many_are_left_to_a_terminal(workshop, monkeypatch):
    monkeypatch.setattr(model_pages, "MAX_ROWS", 10)
    with pytest.raises(DataError, match="`assay compare m@1 m@2`"):
        ModelPages().comparison(workshop.bucket, "a=m@1&b=m@2")


def test_one_comparison_is_made_at_a_time(workshop, monkeypatch):
    monkeypatch.setattr(model_pages, "_PATIENCE", 0.01)
    pages = ModelPages()
    with pages._lock, pytest.raises(DataError, match="another comparison"):
        pages.comparison(workshop.bucket, "a=m@1&b=m@2")


@pytest.mark.parametrize("name", ["nobody", "", "<script>", "../m"])
def test_what_is_no_use_case_has_no_page(workshop, name):
    with pytest.raises(ReferenceUnknown):
        ModelPages().versions(workshop.bucket, ReportIndex(), name)
