"""Expected scores against what is known: probabilities that are true, labels drawn from them, and
rows of which the reference cannot know."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from assay.config.gates import DriftSettings
from assay.errors import DataError
from assay.gates.drift.gate import judge_drift
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.report import Verdict
from assay.problems.multiclass.class_counts import ClassShares, RankedClassRows
from assay.problems.multiclass.expected_performance import ExpectedByClass, estimate_performance
from assay.problems.multiclass.scored_classes import read_scored_classes
from tests.gates.drift.trials import stored
from tests.problems.observations import observe

CLASSES = ("none", "minor", "killed")
METRICS = ("accuracy", "macro_f1", "roc_auc_ovr")
ASK = DriftSettings(metrics=METRICS, order="arbitrary")


def roles(classes=CLASSES, **more):
    columns = {label: f"p{at}" for at, label in enumerate(classes)}
    return ColumnRoles(probabilities=columns, prediction="decided", truth="came", **more)


def true_probabilities(x):
    scores = np.column_stack([-1.5 * x, np.zeros(len(x)), 1.5 * x - 0.5])
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def world(rows, seed, *, shift=0.0, classes=CLASSES, flip=0.0):
    """Probabilities are true, but for the share `flip` of rows, whose label is any."""
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1, rows)
    p = true_probabilities(x)
    truth = (rng.random(rows)[:, None] > p.cumsum(axis=1)).sum(axis=1)
    truth = np.where(rng.random(rows) < flip, rng.integers(0, 3, rows), truth)
    named = np.array(classes)
    columns = {f"p{at}": p[:, at] for at in range(3)}
    return pa.table({"x": x, **columns, "decided": named[p.argmax(axis=1)], "came": named[truth]})


def learn(reference, current, ask=ASK, names=None):
    return ExpectedByClass.from_reference(observe(reference, current, names or roles(), ask))


def values(found):
    return {one.metric: one for one in found.metrics}


@pytest.fixture(scope="module")
def learnt():
    return learn(world(3000, 1), world(800, 2, shift=0.5))


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_intervals_hold_what_labels_drawn_from_the_probabilities_show(learnt, shift):
    held, gaps = [], []
    for seed in range(8):
        rows = world(600, 50 + seed, shift=shift)
        for one in learnt.estimate(rows, 0.95, label=None).metrics:
            low, high = one.expected.interval.low, one.expected.interval.high
            held.append(low <= one.realised.value <= high)
            gaps.append(one.expected.value - one.realised.value)
    assert abs(np.mean(gaps)) < 0.015
    assert sum(held) >= 19  # of 24, of which each three go together


def test_realised_scores_are_those_of_scikit_learn():
    rows = world(500, 3)
    scored = read_scored_classes(rows, roles(), "current")
    shares = ClassShares(RankedClassRows.from_scores(scored), scored.outcomes, np.ones(500))
    truth, decided = rows["came"].to_pylist(), rows["decided"].to_pylist()
    assert shares.value("accuracy") == pytest.approx(np.mean(np.equal(truth, decided)))
    assert shares.value("macro_f1") == pytest.approx(f1_score(truth, decided, average="macro"))
    assert shares.value("roc_auc_ovr") == pytest.approx(
        roc_auc_score(scored.truth, scored.probability, multi_class="ovr")
    )


@pytest.mark.parametrize("metric", METRICS)
def test_expected_scores_and_their_spread_are_those_of_many_draws_of_labels(metric):
    scored = read_scored_classes(world(400, 4), roles(), "current")
    ranked, p = RankedClassRows.from_scores(scored), scored.probability
    expected = ClassShares(ranked, p, np.ones(400))
    rng, drawn = np.random.default_rng(0), []
    for _ in range(1500):
        labels = (rng.random(400)[:, None] > p.cumsum(axis=1)).sum(axis=1)
        drawn.append(ClassShares(ranked, np.eye(3)[labels], np.ones(400)).value(metric))
    assert expected.value(metric) == pytest.approx(np.mean(drawn), abs=0.003)
    assert expected.label_variance(metric) ** 0.5 == pytest.approx(np.std(drawn), rel=0.1)


def test_probabilities_that_overstate_are_calibrated_on_the_reference():
    def boast(rows):
        p = np.column_stack([rows[f"p{at}"].to_numpy() for at in range(3)]) ** 3
        p /= p.sum(axis=1, keepdims=True)
        for at in range(3):
            rows = rows.set_column(
                rows.schema.get_field_index(f"p{at}"), f"p{at}", pa.array(p[:, at])
            )
        return rows

    current = boast(world(3000, 6))
    found = values(learn(boast(world(6000, 1)), current).estimate(current, 0.95, label=None))
    said = np.max([current[f"p{at}"].to_numpy() for at in range(3)], axis=0).mean()
    true = true_probabilities(current["x"].to_numpy()).max(axis=1).mean()
    assert said - true > 0.1
    assert found["accuracy"].expected.value == pytest.approx(true, abs=0.015)


def test_neither_the_order_of_rows_nor_the_names_of_classes_matter():
    reference, current = world(1500, 1), world(700, 8, shift=0.5)
    rng = np.random.default_rng(0)
    plain = learn(reference, current).estimate(current, 0.95, label=None)
    mixed = current.take(rng.permutation(700))
    permuted = learn(reference.take(rng.permutation(1500)), mixed).estimate(mixed, 0.95, label=None)
    names = ("x", "1", "true")
    renamed = world(700, 8, shift=0.5, classes=names)
    again = learn(world(1500, 1, classes=names), renamed, names=roles(names)).estimate(
        renamed, 0.95, label=None
    )
    for other in (permuted, again):
        for one, two in zip(plain.metrics, other.metrics, strict=True):
            assert one.weighted_drop is not None
            for get in (lambda m: m.expected, lambda m: m.drop, lambda m: m.weighted_drop,
                        lambda m: m.realised, lambda m: m.shortfall):  # fmt: skip
                assert get(two).value == pytest.approx(get(one).value, abs=1e-9)
                if get(one) not in (one.realised, one.shortfall) or other is again:
                    low, high = get(one).interval.low, get(two).interval.low
                    assert low == pytest.approx(high, abs=1e-9)


def judge(reference, current, named=None, **more):
    return judge_drift(
        stored(reference, "reference"), stored(current, "current"), ASK, roles=named or roles(),
        subject="s", estimate=estimate_performance, **more,
    )  # fmt: skip


def test_rows_of_the_same_world_pass_and_changed_labels_fail():
    quiet = judge(world(4000, 1), world(2500, 2), chunk_rows=1000)
    assert quiet.verdict is Verdict.PASS
    [chunks] = [sheet for sheet in quiet.sheets if sheet.title == "Performance by chunk"]
    assert [row[0] for row in chunks.rows[::3]] == [
        "1 to 1,000",
        "1,001 to 2,000",
        "2,001 to 2,500",
    ]
    harmed = judge(world(4000, 1), world(2500, 3, flip=0.4))
    found = {check.name: check for check in harmed.checks}
    assert harmed.verdict is Verdict.FAIL
    assert found["realised[accuracy]"].verdict is Verdict.FAIL
    assert found["expected[accuracy]"].verdict is Verdict.PASS


def test_rows_unlike_the_reference_ask_for_labels_by_number():
    report = judge(world(3000, 1), world(1000, 2, shift=5.0).drop_columns("came"))
    assert report.verdict is Verdict.UNKNOWN
    found = {check.name: check for check in report.checks}
    assert found["support"].verdict is Verdict.CAUTION
    assert "of rows are unlike anything in the reference" in found["support"].why
    assert "label about " in found["expected[accuracy]"].remedy


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("p0", pa.array([0.9] * 300)), "do not sum to 1"),
        (("p0", pa.array([1.5] + [0.1] * 299)), "are no probabilities, such as 1.5"),
        (("came", pa.array(["lost"] + ["none"] * 299)), "'came' holds 'lost', for which no column"),
        (("decided", pa.array([None] + ["none"] * 299)), "1 rows have no 'decided'"),
    ],
)
def test_answers_that_are_none_are_refused_in_a_sentence(change, said):
    rows = world(300, 3)
    broken = rows.set_column(rows.schema.get_field_index(change[0]), *change)
    with pytest.raises(DataError, match=said):
        judge(world(400, 1), broken)


def test_a_class_that_the_reference_never_held_is_refused():
    rows = world(600, 1)
    kept = rows.filter(pa.array([came != "killed" for came in rows["came"].to_pylist()]))
    with pytest.raises(DataError, match="no labelled row of the reference is 'killed'"):
        judge(kept, world(300, 2))


def test_classes_as_numbers_are_those_of_the_same_text():
    numbers = world(900, 1, classes=("0", "1", "2"))
    for name in ("decided", "came"):
        codes = pa.array([float(text) for text in numbers[name].to_pylist()])
        numbers = numbers.set_column(numbers.schema.get_field_index(name), name, codes)
    scored = read_scored_classes(numbers, roles(("0", "1", "2")), "current")
    assert scored.truth.tolist() == [int(v) for v in numbers["came"].to_pylist()]


def test_a_group_without_a_class_gets_no_number_that_looks_sure():
    def grouped(rows):
        killed = np.array([came == "killed" for came in rows["came"].to_pylist()])
        return rows.append_column("town", pa.array(np.where(killed, "Bonn", "Ulm")))

    sides = grouped(world(1200, 1)), grouped(world(700, 2))
    report = judge(*sides, roles(by=["town"]))
    found = {check.name: check for check in report.checks}
    assert "expected[roc_auc_ovr, town=Ulm]" not in found
    [values] = [
        one
        for one in report.measurements_of("expected")
        if (one.metric, one.group) == ("roc_auc_ovr", "town=Bonn")
    ]
    assert values.interval.high is not None
    [sheet] = [sheet for sheet in report.sheets if sheet.title == "Performance"]
    lines = {row[:2]: row for row in sheet.rows}
    assert lines["town=Ulm", "ROC AUC (one class against the rest)"][3] is None
