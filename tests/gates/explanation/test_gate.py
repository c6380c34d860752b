"""The explanation gate's report: verdicts, the champion beside, and what programs read."""

import numpy as np
import pandas as pd
import pytest

from assay.config.data import Sensitive
from assay.config.gates import FlipLimits
from assay.gates.explanation.gate import explain_model
from assay.gates.report import Measurement, Verdict
from assay.render.html_page import render_html
from tests.gates.explanation.models import (
    AMOUNTS,
    CLASSES,
    DECISIONS,
    Formula,
    amounts,
    decisions,
    numbers,
    with_truth,
)

NONE = FlipLimits()


def explain(model, frame, predictions, scale=DECISIONS, **more):
    usual = {"sensitive": {}, "limits": NONE, "subject": "m"}
    return explain_model(model, frame, predictions, scale, **(usual | more))


def guests(rows=600, weight=2.0):
    """Yes by a and, with some weight, by the title, which tells the sex nearly always."""
    draw = np.random.default_rng(8)
    sex = draw.choice(["f", "m"], rows)
    title = pd.Series(np.where(draw.random(rows) < 0.97, sex, "m"), dtype="str")
    frame = numbers(rows).assign(title=title)

    def score(f):
        return f["a"] + 0.7 * f["b"] + weight * np.where(f["title"] == "f", 1.0, -1.0)

    truth = draw.random(rows) < 1 / (1 + np.exp(-score(frame)))
    return decisions(score, frame, list(frame)), frame, with_truth(truth.to_numpy(), sex=sex)


SEX = {"sex": Sensitive()}


def test_a_proxy_that_leads_is_a_caution_which_says_what_would_be_lost():
    report = explain(*guests(), sensitive=SEX)
    assert (report.gate, report.verdict) == ("explanation", "caution")
    (check,) = report.checks_weighing(Verdict.CAUTION)
    assert check.name == "proxies[sex]"
    assert "title" in check.headline
    assert "without title its ROC AUC falls by 0." in check.headline
    assert check.remedy


def test_a_proxy_that_the_model_hardly_heeds_is_told_and_passes():
    report = explain(*guests(weight=0.1), sensitive=SEX)
    assert report.verdict == "pass"
    (check,) = (one for one in report.checks if one.name == "proxies[sex]")
    assert "title (0.9" in check.why


def test_a_sensitive_column_that_leads_is_a_caution():
    model, frame, predictions = guests()
    seen = frame.rename(columns={"title": "sex"})
    model = decisions(lambda f: np.where(f["sex"] == "f", 2.0, -2.0) + f["a"], seen, list(seen))
    report = explain(model, seen, predictions, sensitive={"sex": Sensitive(feature=True)})
    (check,) = report.checks_weighing(Verdict.CAUTION)
    assert "leans most on sex itself" in check.headline


def test_one_column_that_carries_nearly_all_is_a_caution():
    frame = numbers(600)
    truth = 5 * frame["a"] + 0.2 * frame["b"]
    model = amounts(lambda f: 5 * f["a"] + 0.2 * f["b"], frame, "abc")
    report = explain(model, frame, with_truth(truth), AMOUNTS)
    (check,) = report.checks_weighing(Verdict.CAUTION)
    assert check.name == "concentration"
    assert "rests on a" in check.headline
    even = amounts(lambda f: f["a"] + f["b"] + f["c"], frame, "abc")
    assert explain(even, frame, with_truth(frame.sum(axis=1)), AMOUNTS).verdict == "pass"


def test_a_limit_on_flips_may_fail_a_model():
    limits = FlipLimits(typos=0.01)
    report = explain(*guests(), limits=limits)
    assert report.verdict == "fail"
    assert [one.name for one in report.checks_weighing(Verdict.FAIL)] == ["flips[typos]"]


def test_of_too_few_rows_nothing_is_said():
    model, frame, predictions = guests(25)
    report = explain(model, frame, predictions, sensitive=SEX)
    assert report.verdict == "unknown"
    assert "25 test rows are too few" in report.summary
    assert report.measurements == ()


def test_nor_of_rows_with_one_outcome():
    model, frame, predictions = guests(60)
    predictions["truth"] = True
    assert "one outcome only" in explain(model, frame, predictions).summary


def test_what_moved_since_the_champion_is_shown_on_the_same_rows():
    model, frame, predictions = guests()
    champion = decisions(lambda f: 2 * f["b"], frame, list(frame))
    report = explain(model, frame, predictions, champion=("m@1", champion))
    (sheet,) = (one for one in report.sheets if one.title == "What moved since m@1")
    moved = {row[0]: dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows}
    assert moved["title"]["low"] > 0
    assert moved["b"]["high"] < 0
    assert [one.name for one in report.figures[0].series] == ["model", "m@1"]


def test_a_champion_that_answers_alike_moved_nothing():
    model, frame, predictions = guests()
    report = explain(model, frame, predictions, champion=("m@1", model))
    assert "m@1 leans on every column as much: nothing moved." in report.notes
    assert not any(one.title.startswith("What moved") for one in report.sheets)


def test_programs_read_the_importance_of_each_group_of_columns():
    model, frame, predictions = guests()
    found = explain(model, frame, predictions).measurements_of("importance")
    assert {one.columns for one in found} == {("a",), ("b",), ("c",), ("title",)}
    assert [one.value for one in found] == sorted((one.value for one in found), reverse=True)
    assert [one.headline for one in found] == [True, False, False, False]
    assert {one.metric for one in found} == {"roc_auc"}


def test_other_measurements_keep_their_bytes():
    told = Measurement(kind="score", metric="roc_auc", value=0.9).model_dump(mode="json")
    assert set(told) == {"kind", "metric", "value", "interval", "limit", "group", "headline"}


def test_a_column_that_only_sets_the_threshold_is_named():
    model, frame, predictions = guests()
    frame["sex"] = predictions["sex"]
    model.columns.append("sex")
    report = explain(model, frame, predictions, sensitive=SEX)
    assert any("depends on sex" in note for note in report.notes)
    of_sex = next(one for one in report.measurements if one.columns == ("sex",))
    assert of_sex.value == 0


def test_several_classes_are_explained_and_every_figure_can_be_drawn():
    frame = numbers(400)

    def answer(rows):
        raw = np.exp(np.column_stack([-rows["a"], np.zeros(len(rows)), rows["a"]]))
        share = raw / raw.sum(axis=1, keepdims=True)
        names = np.array(["low", "middle", "high"])
        found = {f"probability_{name}": share[:, i] for i, name in enumerate(names)}
        return pd.DataFrame({"decision": names[share.argmax(axis=1)], **found})

    truth = np.where(frame["a"] > 0.5, "high", np.where(frame["a"] < -0.5, "low", "middle"))
    report = explain(Formula(answer, frame, "abc"), frame, with_truth(truth), CLASSES)
    assert report.summary.startswith("Leans most on a: without it Log loss rises by")
    assert b"How the answer depends on a" in render_html([report], title="m", facts={})
    assert all(one.alt for one in report.figures)


@pytest.mark.parametrize("what", ["rows", "twice"])
def test_the_report_has_the_same_bytes_again_and_in_another_order(what):
    model, frame, predictions = guests()
    order = np.random.default_rng(2).permutation(len(frame)) if what == "rows" else frame.index
    first = explain(model, frame, predictions, sensitive=SEX)
    again = explain(model, frame.iloc[order], predictions.iloc[order], sensitive=SEX)
    assert first.model_dump_json() == again.model_dump_json()
