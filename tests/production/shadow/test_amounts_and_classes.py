"""A challenger in shadow whose answers are amounts or classes."""

import numpy as np
import pytest

from assay.gates.report import Verdict
from assay.production.shadow.comparison import next_comparison
from assay.production.shadow.paired_rows import judge_comparison, pair_rows
from assay.tables.table import Table
from tests.production.amounts_and_classes import amounts, classes, harm, pay


def rows_of(kind, start, seed):
    return pay(start, seed) if kind == "amounts" else harm(start, seed)


def challenged(kind, frame, rng, size=0.0):
    """What another version says of the rows: `size` worse, else nearly the same."""
    if kind == "amounts":
        said = frame["said_prediction"] + rng.normal(size=len(frame)) * (0.01 + size)
        return frame.assign(said_prediction=said)
    turned = rng.random(len(frame)) < 0.005 + size / 10
    decision = np.where(turned, rng.choice(["none", "minor", "killed"], len(frame)),
                        frame["said_decision"])  # fmt: skip
    return frame.assign(said_decision=decision)


def compared(kind, *, size=0.0, labelled=1.0, change=None, fairness=()):
    """Two batches that champion and challenger answered. `change` makes another answer still."""
    metric = {"amounts": "mae", "classes": "accuracy"}[kind]
    make = {"amounts": amounts, "classes": classes}[kind]
    sections = {"promotion": {"shadow": 2}, "performance": {"choose_by": metric}}
    living = make(**sections, fairness=list(fairness))
    rng = np.random.default_rng(5)
    tested = rows_of(kind, 0, 9)
    living.register(challenged(kind, tested, rng, size), np.ones(len(tested), bool))
    living.promote(2, alias="challenger")
    for when in (1, 2):
        rows = rows_of(kind, when * 10_000, when)
        other = challenged(kind, rows, rng, size)
        other = other if change is None else change(other, rng)
        living.serve(other, when, version=2, role="shadow")
        living.serve(rows, when)
        told = rows[: int(labelled * len(rows))]
        if len(told):
            living.label(told, when)
    comparison = next_comparison(living.bucket, living.case)
    found = pair_rows(living.bucket, comparison, living.case)
    report = judge_comparison(living.bucket, comparison, found, living.case)
    return Table.read(living.bucket, found.rows).to_arrow().to_pandas(), report


def verdict(report, name):
    return next(check.verdict for check in report.checks if check.name == name)


@pytest.mark.parametrize("kind", ["amounts", "classes"])
def test_one_that_is_nearly_the_same_passes_and_its_rows_stand_side_by_side(kind):
    rows, report = compared(kind, labelled=0.5)
    column = {"amounts": "prediction", "classes": "decision"}[kind]
    first = rows_of(kind, 10_000, 1)[f"said_{column}"]
    assert rows[f"champion's {column}"][: len(first)].tolist() == first.tolist()
    assert rows["truth"].notna().sum() == len(first)
    assert verdict(report, "no_worse") is Verdict.PASS
    assert verdict(report, "answered") is Verdict.PASS
    assert not [check for check in report.checks if check.verdict is Verdict.FAIL]


@pytest.mark.parametrize("kind", ["amounts", "classes"])
def test_one_that_is_much_worse_fails_by_labels_and_only_by_labels(kind):
    _, report = compared(kind, size=9.0)
    assert verdict(report, "no_worse") is Verdict.FAIL
    rows, silent = compared(kind, size=9.0, labelled=0.0)
    assert rows["truth"].isna().all()
    assert not [c for c in silent.checks if c.name in {"no_worse", "beats_champion"}]
    assert "No labels of these rows have come" in silent.notes[0]
    changed = next(sheet for sheet in silent.sheets if sheet.title == "Answers that change")
    assert changed.rows[0][4] > 0.1


@pytest.mark.parametrize("kind", ["amounts", "classes"])
def test_a_handful_of_labels_judges_nothing(kind):
    _, report = compared(kind, size=4.0, labelled=0.01)
    assert verdict(report, "beats_champion") is Verdict.UNKNOWN
    failed = [check for check in report.checks if check.verdict is Verdict.FAIL]
    assert not [check for check in failed if check.rows == 24]


def test_a_group_that_the_challenger_estimates_too_low_fails_and_the_champions_own_gap_does_not():
    rule = {"metric": "mean_error", "by": ["sex"], "tolerance": 0.5, "because": "a test"}

    def lower(rows, _):
        women = rows["sex"] == "f"
        return rows.assign(said_prediction=rows["said_prediction"] - 2.0 * women)

    _, report = compared("amounts", change=lower, fairness=[rule])
    assert verdict(report, "mean_error[sex=f]") is Verdict.FAIL
    _, fair = compared("amounts", fairness=[rule])
    assert verdict(fair, "mean_error[sex=f]") is not Verdict.FAIL


def test_a_class_that_is_found_less_in_one_group_is_named():
    rule = {"metric": "true_positive_rate", "by": ["sex"], "tolerance": 0.2, "because": "a test"}

    def miss(rows, rng):
        turned = (rows["sex"] == "f") & (rows["said_decision"] == "killed")
        turned &= rng.random(len(rows)) < 0.8
        return rows.assign(said_decision=rows["said_decision"].where(~turned, "minor"))

    _, report = compared("classes", change=miss, fairness=[rule])
    failed = [check.name for check in report.checks if check.verdict is Verdict.FAIL]
    assert [name for name in failed if name.startswith("true_positive_rate")] == [
        name for name in failed if "class=killed" in name
    ]
    assert any("class=killed" in name for name in failed)
