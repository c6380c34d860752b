"""Models compared at a terminal: versions of one run, as an object, as a page, and what is none."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def house(shared):
    """A bucket with a champion, guests@2, and a rejected guests@1."""
    assay, folder = shared
    shutil.copytree(ROOT / "tests" / "golden" / "v1", folder / "bucket")
    return assay, folder


def test_the_verdict_comes_first_and_the_page_is_whole(house):
    assay, folder = house
    done = assay("compare", "guests@1", "guests@2", "--html", "c.html")
    assert done.code == 0
    first, *rest = done.out.splitlines()
    assert first.startswith(("guests@2 is", "whether guests@2"))
    assert "same test rows" in first
    text = "\n".join(rest)
    for section in ("Performance", "Groups", "Data", "Settings", "Code and environment", "Cost"):
        assert section in text
    page = (folder / "c.html").read_text()
    assert "<script" not in page
    assert "guests@1 and guests@2" in page


def test_one_object_holds_the_comparison(house):
    assay, _ = house
    told = assay("compare", "guests@champion", "guests@1", "--json").json
    assert [run["name"] for run in told["runs"]] == ["guests@2", "guests@1"]
    pair = told["comparisons"][0]
    assert pair["data"]["same"]
    score = next(one for one in pair["paired"]["scores"] if one["headline"])
    better = score["better_by"]
    assert better["low"] <= better["value"] <= better["high"]


def test_what_cannot_be_compared_is_said_in_a_sentence(house):
    assay, _ = house
    done = assay("compare", "guests@2")
    assert (done.code, "2 to 12 can be compared" in done.err) == (1, True)
    assert assay("compare", "guests@2", "nobody").code == 1
