"""`assay label`, and `assay monitor` where there is nothing to look at."""

import json
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from assay.bucket.journal import Journal
from assay.cli.app import app
from assay.production.monitoring.outcome import MonitorOutcome
from assay.registry.open import open_bucket
from tests.production.made import Living, day, loans, written

DATA = {"source": "-", "target": {"column": "paid", "positive": 1}, "identity": ["loan"]}


@pytest.fixture
def living(tmp_path):
    case = written("loans", DATA, monitor={"due": "10d"})
    (tmp_path / "loans.yaml").write_text(case.document["text"])
    bucket = open_bucket(str(tmp_path / "bucket"))
    return Living.begin(case, loans(range(1000, 1100)), np.ones(100, bool), bucket)


def assay(tmp_path, *words):
    named = [str(tmp_path / "loans.yaml"), "--store", str(tmp_path / "bucket")]
    return CliRunner().invoke(app, [words[0], *named, *words[1:]])


def test_labels_are_taken_in_and_bad_files_end_with_1(living, tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("loan,paid\n1,1\n2,0\n")
    bad.write_text("loan\n1\n")
    done = assay(tmp_path, "label", str(good), str(bad), "--as-of", "2016-01-05", "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert [(one["name"], one["rows"]) for one in told["labels"]] == [(str(good), 2)]
    assert told["refused"][0]["what"] == "the labels have no column 'paid'"
    assert living.ledger.read().received_labels[0].as_of == "2016-01-05T00:00:00+00:00"
    again = assay(tmp_path, "label", str(good))
    assert (again.exit_code, again.stdout.strip()) == (0, f"{good}: nothing new")


def test_without_labels_named_anywhere_the_use_case_is_told_what_it_lacks(living, tmp_path):
    from assay.errors import ConfigError

    done = assay(tmp_path, "label")
    assert isinstance(done.exception, ConfigError)
    assert "neither the command nor the use case names labels" in str(done.exception)


def test_with_nothing_new_no_flow_is_started(living, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "assay.cli.flow_runner", None)  # importing it would fail
    done = assay(tmp_path, "monitor", "--as-of", day(1).isoformat(), "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["why"] == "nothing is new"
    late = assay(tmp_path, "monitor", "--as-of", day(40).isoformat())
    assert isinstance(late.exception, ModuleNotFoundError)  # silence is to be told


def test_what_monitoring_cannot_judge_yet_is_refused_before_anything_is_read(
    living, tmp_path, monkeypatch
):
    from assay.errors import ConfigError
    from assay.problems.regression.problem import Regression

    monkeypatch.setitem(sys.modules, "assay.cli.flow_runner", None)
    monkeypatch.setattr(Regression, "has_monitoring", False)
    asked = "data.target={column: paid, unit: dollars}"
    done = assay(tmp_path, "monitor", "--set", asked)
    assert isinstance(done.exception, ConfigError)
    assert done.exception.what == "monitoring of questions that ask how much is not built yet"
    assert "assay label" in done.exception.remedy


def test_an_alarm_recalls_what_was_learnt_of_its_cause(living, tmp_path, monkeypatch):
    report = living.bucket.put(b"{}", "application/json", "report")

    def look(number):
        body = {"version": 1, "look": number, "upto": number, "verdict": "retrain", "first": 1}
        told = {"reasons": ["worse"], "causes": ["realised[roc_auc]"], "as_of": day(1).isoformat()}
        told |= {"report": report.as_json(), "figures": {}}
        Journal(living.bucket, "loans").append(lambda _: ("monitored", body | told))

    def lesson(text):
        body = {"cause": "realised", "about": None, "text": text, "entry": None}
        Journal(living.bucket, "loans").append(lambda _: ("lesson", body))

    look(1)
    lesson("a holiday, as every year")
    look(2)
    lesson("written after the look")
    outcome = MonitorOutcome(use_case="loans", model="loans@1", look=2, verdict="retrain")
    monkeypatch.setattr("assay.cli.flow_runner.run_named_flow", lambda *_, **__: outcome)
    done = assay(tmp_path, "monitor", "--json")
    assert done.exit_code == 3
    learnt = [(one["kind"], one["text"]) for one in json.loads(done.stdout)["lessons"]]
    assert learnt == [("lesson", "a holiday, as every year"), ("alarm", "worse")]
    assert "a holiday, as every year" in assay(tmp_path, "monitor").stdout


def test_a_file_to_score_that_is_not_there_is_refused_and_is_no_batch(
    living, tmp_path, monkeypatch
):
    from assay.errors import SourceError

    monkeypatch.setitem(sys.modules, "assay.cli.flow_runner", None)  # importing it would fail
    (tmp_path / "came.csv").write_text("loan\n1\n")
    length = living.ledger.read().length
    for typed in ("nope.csv", "cane.csv"):
        files = [str(tmp_path / "came.csv"), str(tmp_path / typed)]
        done = assay(tmp_path, "score", *files)
        assert isinstance(done.exception, SourceError)
        assert done.exception.where == files[1]
    assert "came.csv" in done.exception.remedy
    assert living.ledger.read().length == length
