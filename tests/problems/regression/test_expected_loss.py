"""Expected errors against what is known: noise of a known size, shifts that keep it, and rows of
which the reference cannot know."""

import numpy as np
import pyarrow as pa
import pytest

from assay.config.gates import DriftSettings
from assay.errors import DataError
from assay.gates.drift.gate import judge_drift
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.report import Verdict
from assay.problems.regression.expected_loss import ExpectedLoss, estimate_performance
from tests.gates.drift.trials import stored
from tests.problems.observations import observe

ROLES = ColumnRoles(prediction="p", truth="y")
ASK = DriftSettings(metrics=("mae", "rmse"), order="arbitrary")


def world(rows, seed, *, shift=0.0, unit=1.0, bias=0.0):
    """Errors are normal, with a spread that grows with x and is larger in group b."""
    rng = np.random.default_rng(seed)
    x, group = rng.normal(shift, 1, rows), rng.choice(["a", "b"], rows)
    predicted = 10 + 3 * x
    truth = predicted + bias + spread(x, group) * rng.normal(size=rows)
    return pa.table({"x": x, "group": group, "p": predicted * unit, "y": truth * unit})


def spread(x, group):
    return np.exp(0.4 * x) * np.where(group == "a", 1.0, 1.5)


def true_errors(rows):
    """MAE and RMSE that these rows are expected to have."""
    size = spread(rows["x"].to_numpy(), np.array(rows["group"].to_pylist()))
    return {"mae": (size * (2 / np.pi) ** 0.5).mean(), "rmse": (size**2).mean() ** 0.5}


def unlabelled(rows):
    return rows.set_column(rows.schema.get_field_index("y"), "y", pa.nulls(len(rows), pa.float64()))


@pytest.fixture(scope="module")
def learnt():
    return ExpectedLoss.from_reference(
        observe(world(4000, 1), world(1000, 2, shift=0.5), ROLES, ASK)
    )


def values(found):
    return {one.metric: one for one in found.metrics}


@pytest.mark.parametrize("shift", [0.0, 0.8])
def test_intervals_hold_what_labels_show_and_values_are_those_of_the_world(learnt, shift):
    held, ratios = [], []
    for seed in range(12):
        rows = world(1000, 100 + seed, shift=shift)
        found = values(learnt.estimate(rows, 0.95, label=None))
        for metric, true in true_errors(rows).items():
            one = found[metric]
            # Far from the reference's middle a tree extrapolates: the second estimate mends that.
            ratios.append((one.expected.value if one.weighted is None else one.weighted) / true)
            held.append(
                one.expected.interval.low <= one.realised.value <= one.expected.interval.high
            )
    assert np.mean(ratios) == pytest.approx(1, abs=0.04)
    assert sum(held) >= 20  # of 24 at 95 %: fewer come by chance in 1 of 100 such tests


def test_harder_rows_are_expected_to_have_larger_errors(learnt):
    found = values(learnt.estimate(unlabelled(world(2000, 7, shift=0.8)), 0.95, label=None))
    true = true_errors(world(2000, 7, shift=0.8))["mae"] / true_errors(world(4000, 1))["mae"] - 1
    one = found["mae"]
    assert one.drop.value == pytest.approx(true, abs=0.08)
    assert one.weighted_drop.interval.low <= true <= one.weighted_drop.interval.high
    assert one.realised is None


def test_rows_beyond_the_references_range_are_told_and_not_judged(learnt):
    found = learnt.estimate(world(1000, 8, shift=6.0), 0.95, label=None)
    assert found.support.unlike_share > 0.9
    assert not found.support.is_enough
    verdict = found.expected_verdict(found.metrics[0], ASK, features_shifted=True)
    assert verdict is Verdict.UNKNOWN


def test_a_bias_that_came_is_seen_by_labels_alone(learnt):
    plain, biased = (learnt.estimate(world(1500, 9, bias=b), 0.95, label=None) for b in (0.0, 2.0))
    assert [one.expected for one in plain.metrics] == [one.expected for one in biased.metrics]
    assert plain.realised_verdict(plain.metrics[0], ASK) is not Verdict.FAIL
    assert biased.realised_verdict(biased.metrics[0], ASK) is Verdict.FAIL


@pytest.fixture
def small(monkeypatch):
    """Loss models of few trees, for what does not depend on how good they are."""
    monkeypatch.setattr("assay.problems.regression.loss_model._SIZES", ((0.1, 10), (0.1, 20)))


def small_estimate(reference, current):
    seen = observe(reference, current, ROLES, ASK)
    return ExpectedLoss.from_reference(seen).estimate(current, 0.95, label=None)


@pytest.mark.usefixtures("small")
def test_neither_the_unit_nor_the_order_of_rows_matters():
    rng = np.random.default_rng(0)
    reference, current = world(1500, 1), world(800, 11, shift=0.5)
    one = small_estimate(reference, current)
    larger = small_estimate(world(1500, 1, unit=100.0), world(800, 11, shift=0.5, unit=100.0))
    permuted = small_estimate(
        reference.take(rng.permutation(1500)), current.take(rng.permutation(800))
    )
    for plain, scaled, mixed in zip(one.metrics, larger.metrics, permuted.metrics, strict=True):
        assert plain.weighted_drop is not None
        assert scaled.expected.value == pytest.approx(100 * plain.expected.value, rel=1e-6)
        assert scaled.labels_needed == plain.labels_needed
        for get in (lambda m: m.expected, lambda m: m.drop, lambda m: m.weighted_drop):
            assert get(mixed).value == pytest.approx(get(plain).value, rel=1e-9)
            low, again = get(plain).interval.low, get(mixed).interval.low
            assert again == pytest.approx(low, rel=1e-6)
    drops = [[m.drop.value for m in found.metrics] for found in (one, larger)]
    assert drops[0] == pytest.approx(drops[1], rel=1e-6)


def judge(reference, current, **more):
    return judge_drift(
        stored(reference, "reference"), stored(current, "current"), ASK, roles=ROLES,
        subject="s", estimate=estimate_performance, **more,
    )  # fmt: skip


@pytest.mark.usefixtures("small")
def test_the_gate_tells_of_groups_and_chunks_and_fails_harm():
    roles = ColumnRoles(prediction="p", truth="y", by=["group"])
    report = judge_drift(
        stored(world(1500, 1), "r"), stored(world(900, 2, bias=2.0), "c"), ASK, roles=roles,
        subject="s", estimate=estimate_performance, chunk_rows=300,
    )  # fmt: skip
    assert report.verdict is Verdict.FAIL
    assert "Predictions harmed: MAE is" in report.summary
    found = {check.name: check for check in report.checks}
    assert found["realised[mae, group=a]"].verdict is Verdict.FAIL
    assert found["expected[mae]"].verdict is not Verdict.FAIL
    [chunks] = [sheet for sheet in report.sheets if sheet.title == "Performance by chunk"]
    assert [row[0] for row in chunks.rows[::2]] == ["1 to 300", "301 to 600", "601 to 900"]


def test_perfect_predictions_give_no_number_that_looks_sure():
    rows = world(600, 1)
    perfect = rows.set_column(rows.schema.get_field_index("y"), "y", rows["p"])
    report = judge(perfect, perfect.slice(0, 300))
    assert report.verdict is Verdict.UNKNOWN
    assert all(one.value == 0 for one in report.measurements_of("expected"))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("p", float("inf"), "1 of 300 values of 'p' are missing or no finite amount"),
        ("p", None, "1 of 300 values of 'p' are missing"),
        ("y", float("-inf"), "1 of 300 values of 'y' are no finite amount"),
    ],
)
def test_predictions_and_labels_that_are_no_amounts_are_refused(column, value, said):
    rows = world(300, 3)
    odd = pa.array([value, *rows[column].to_pylist()[1:]], pa.float64())
    broken = rows.set_column(rows.schema.get_field_index(column), column, odd)
    with pytest.raises(DataError, match=said):
        judge(world(400, 1), broken)


def test_a_reference_without_labels_is_refused():
    with pytest.raises(DataError, match="0 reference rows have a label"):
        judge(unlabelled(world(400, 1)), world(300, 3))
