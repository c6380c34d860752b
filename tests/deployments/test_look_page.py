"""The report of a look as a page."""

import pytest

from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal
from assay.deployments.look_page import LOOK_PATH, render_look
from assay.gates.report import Report, Verdict, put_report
from assay.store.memory import MemoryStore


@pytest.fixture
def bucket():
    made = Bucket.from_store(MemoryStore()).prepare()
    report = Report(gate="monitoring", subject="m@1", verdict=Verdict.FAIL, summary="", checks=())
    stored = put_report(made, report).as_json()
    body = {"version": 1, "look": 4, "verdict": "retrain", "as_of": "2026-03-01", "report": stored}
    Journal(made, "m").append(lambda _: ("stopped", {}))
    Journal(made, "m").append(lambda _: ("monitored", body))
    return made


def test_a_look_is_shown_by_its_entry(bucket):
    assert b"Look 4 says retrain" in render_look(bucket, "m", 2)


@pytest.mark.parametrize(("model", "entry"), [("m", 1), ("m", 3), ("m", 0), ("absent", 1)])
def test_what_is_no_look_has_no_page(bucket, model, entry):
    assert render_look(bucket, model, entry) is None


@pytest.mark.parametrize("path", ["look/m", "look/m/x", "look/a/b/1", "look//1", "look/m/1/"])
def test_other_paths_are_no_looks(path):
    assert LOOK_PATH.fullmatch(path) is None
