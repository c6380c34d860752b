"""A report's numbers for programs: carried by new reports, read from what older ones show."""

import pytest

from assay.bucket.bucket import Bucket
from assay.gates.fairness.checks import gap_measurements
from assay.gates.report import (
    Check,
    Interval,
    Measurement,
    Report,
    Sheet,
    Verdict,
    largest_difference,
    put_report,
)
from assay.gates.stored_measurements import get_measured_report
from assay.store.memory import MemoryStore


def check(name, statistic, estimate, group=None):
    return Check(
        name=name,
        claim="",
        verdict=Verdict.PASS,
        statistic=statistic,
        estimate=estimate,
        interval=Interval(low=-1.0, high=1.0),
        threshold=0.1,
        group=group,
    )


def report(**more):
    least = {"gate": "g", "subject": "m", "verdict": Verdict.PASS, "summary": "", "checks": ()}
    return Report(**(least | more))


@pytest.fixture
def reread():
    bucket = Bucket.from_store(MemoryStore())
    return lambda one: get_measured_report(bucket, put_report(bucket, one))


OLD_SCORES = Sheet(
    title="Scores",
    columns=("score", "model", "low", "high", "dummy"),
    rows=(("roc_auc", 0.9, 0.88, 0.92, 0.5), ("accuracy", 0.8, 0.7, 0.9, 0.6)),
)
OLD_PERFORMANCE = Sheet(
    title="Performance",
    columns=("rows of", "metric", "expected now"),
    rows=(("all rows", "ROC AUC", 0.89), ("sex=f", "ROC AUC", 0.8)),
)


def test_an_older_report_gets_the_scores_that_it_shows(reread):
    first, second = reread(report(sheets=(OLD_SCORES,))).measurements_of("score")
    assert (first.metric, first.value, first.headline) == ("roc_auc", 0.9, True)
    assert (first.interval.low, first.interval.high) == (0.88, 0.92)
    assert (second.metric, second.headline) == ("accuracy", False)


def test_an_older_look_gets_its_performance_and_the_drops_that_it_judged(reread):
    drop = check("expected[roc_auc, sex=f]", "", 0.02, "sex=f")
    found = reread(report(checks=(drop,), sheets=(OLD_PERFORMANCE,)))
    values = {(one.metric, one.group): one.value for one in found.measurements_of("expected")}
    assert values == {("roc_auc", None): 0.89, ("roc_auc", "sex=f"): 0.8}
    (judged,) = found.measurements_of("expected_drop")
    assert (judged.metric, judged.group, judged.value, judged.limit) == (
        "roc_auc", "sex=f", 0.02, 0.1,
    )  # fmt: skip


def test_a_report_with_measurements_keeps_them_whatever_it_shows(reread):
    own = Measurement(kind="score", metric="brier", value=0.1)
    assert reread(report(sheets=(OLD_SCORES,), measurements=(own,))).measurements == (own,)


def test_a_gap_is_a_difference_or_a_ratio_and_never_an_absent_number():
    checks = [
        check("selection_rate[sex=f]", "selection_rate, group minus reference", -0.2, "sex=f"),
        check("selection_rate[sex=x]", "selection_rate, group over reference", 0.7, "sex=x"),
        check("selection_rate[sex=y]", "selection_rate, group minus reference", None, "sex=y"),
    ]
    found = gap_measurements(checks)
    assert [(one.kind, one.metric, one.group) for one in found] == [
        ("difference", "selection_rate", "sex=f"),
        ("ratio", "selection_rate", "sex=x"),
    ]
    assert largest_difference(report(measurements=found)) == 0.2
    assert largest_difference(report()) is None


def test_a_shifted_column_is_one_cause_whatever_its_name():
    odd = "a]b[c\nd"
    shift = check(f"shift[{odd}]", "", 0.2).model_copy(update={"verdict": Verdict.FAIL})
    other = check("shifted", "", 0.2).model_copy(update={"verdict": Verdict.FAIL})
    causes = report(gate="drift", checks=(shift, other)).causes_for(Verdict.FAIL)
    assert causes == [f"drift:{odd}", "gate:drift:shifted"]


def test_rivals_of_an_older_report_are_read_from_its_scores(reread):
    shown = Sheet(
        title="Scores",
        columns=("score", "model", "low", "high", "dummy", "champion"),
        rows=(("roc_auc", 0.9, 0.8, 1.0, 0.5, 0.85), ("cost", 0.1, 0.0, 0.2, None, 0.3)),
    )
    own = Measurement(kind="score", metric="roc_auc", value=0.9)
    for known in ((), (own,)):  # before there were measurements, and before there were rivals
        read = reread(report(gate="performance", sheets=(shown,), measurements=known))
        rivals = read.measurements_of("dummy_score", "champion_score")
        assert {(m.kind, m.metric, m.value) for m in rivals} == {
            ("dummy_score", "roc_auc", 0.5),
            ("champion_score", "roc_auc", 0.85),
            ("champion_score", "cost", 0.3),
        }
