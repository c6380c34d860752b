"""Two models side by side: the same test rows, paired, whichever table they stand in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from assay.errors import ConfigError, DataError, ReferenceUnknown
from assay.gates.statistics.paired_shares import paired_limits
from assay.runs.comparison.comparison_json import comparison_json
from assay.runs.comparison.model_comparison import compare_models
from assay.runs.comparison.sections import comparison_page
from assay.runs.comparison.verdict_text import fact_sentences, verdict_sentence
from tests.runs.comparison.made import Workshop, people, yes_no_answers


@pytest.fixture
def workshop():
    return Workshop()


@pytest.fixture(scope="module")
def noisy():
    """A model, one that answers with noise, and their answers."""
    workshop, table = Workshop(), people()
    both = [yes_no_answers(table), yes_no_answers(table, noise=1.0, seed=1)]
    for answers in both:
        workshop.version(table, answers)
    return compared(workshop), both


def compared(workshop, *references, **more):
    return compare_models(workshop.bucket, references or ["m@1", "m@2"], **more).pairs[0]


def gains(pair):
    return {one.metric: one.gain for one in pair.paired.answers.scores}


def test_scores_are_scikit_learns_and_the_interval_is_paired(noisy):
    pair, both = noisy
    scores = {one.metric: one for one in pair.paired.answers.scores}
    for metric, sk, column in (
        ("roc_auc", roc_auc_score, "probability"),
        ("accuracy", accuracy_score, "decision"),
    ):
        values = [sk(answers["truth"], answers[column]) for answers in both]
        assert scores[metric].first.value == pytest.approx(values[0])
        assert scores[metric].gain.value == pytest.approx(values[1] - values[0])
    # A paired interval is narrower than that of two independent samples, and here holds the gain.
    auc = scores["roc_auc"]
    width = auc.gain.interval.high - auc.gain.interval.low
    apart = np.hypot(*(one.interval.high - one.interval.low for one in (auc.first, auc.second)))
    assert width < apart
    assert pair.paired.finding == "worse"
    assert auc.gain.interval.high < 0


def test_the_interval_of_a_difference_is_that_of_a_bootstrap_over_rows(noisy):
    pair, both = noisy
    found = gains(pair)["accuracy"].interval
    right = [(a["decision"] == a["truth"]).to_numpy(float) for a in both]
    draws = np.random.default_rng(1).integers(0, len(right[0]), (2000, len(right[0])))
    low, high = np.quantile((right[1] - right[0])[draws].mean(axis=1), [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.005)


def test_decisions_that_flip_are_counted_both_ways_as_mcnemar_counts_them(noisy):
    pair, both = noisy
    whole, *groups = pair.paired.counts
    crossed = pd.crosstab(both[0]["decision"], both[1]["decision"])
    assert {kind.name: count for kind, count in whole.kinds.items()} == {
        "no to yes": crossed.loc[False, True],
        "yes to no": crossed.loc[True, False],
    }
    right = [(answers["decision"] == answers["truth"]) for answers in both]
    assert whole.repaired == (right[1] & ~right[0]).sum()
    assert whole.damaged == (right[0] & ~right[1]).sum()
    assert sum(one.count for one in groups) == whole.count
    assert {one.group for one in groups} == {"sex=f", "sex=m"}


def test_a_groups_rate_changes_by_its_paired_shares(noisy):
    pair, both = noisy
    found = pair.paired.answers.groups
    one = next(g for g in found if (g.metric, g.group) == ("selection_rate", "f"))
    inside = both[0]["sex"] == "f"
    first, second = (answers["decision"][inside] for answers in both)
    assert one.change.value == pytest.approx(second.mean() - first.mean())
    low, high = paired_limits((second & ~first).sum(), (first & ~second).sum(), inside.sum())
    assert one.change.interval.low == pytest.approx(float(low))
    assert one.change.interval.high == pytest.approx(float(high))
    other = next(g for g in found if (g.metric, g.group) == ("selection_rate", "m"))
    gap = one if one.gaps else other
    assert gap.gaps[1] - gap.gaps[0] == pytest.approx(gap.gap_change.value)


def test_a_model_compared_with_itself_differs_in_nothing(workshop):
    table = people()
    workshop.version(table, yes_no_answers(table))
    pair = compared(workshop, "m@1", "m@1")
    assert all(
        (one.value, one.interval.low, one.interval.high) == (0, 0, 0)
        for one in gains(pair).values()
    )
    assert all(one.change.interval.high == 0 for one in pair.paired.answers.groups)
    assert pair.paired.counts[0].count == 0
    assert pair.inputs.settings == ()
    assert pair.inputs.data.same_table
    assert verdict_sentence(pair) == (
        "m@1 answers as m@1 does: no decision differs on 450 same test rows."
    )


def test_the_other_order_mirrors_every_number(workshop):
    table = people()
    workshop.version(table, yes_no_answers(table))
    workshop.version(table, yes_no_answers(table, noise=0.5, seed=1))
    one, other = compared(workshop), compared(workshop, "m@2", "m@1")
    for metric, gain in gains(one).items():
        mirrored = gains(other)[metric]
        assert mirrored.value == pytest.approx(-gain.value)
        drawn = metric in {"average_precision", "precision", "recall", "f1", "balanced_accuracy"}
        near = 0.01 if drawn else 1e-9  # a bootstrap draws other rows in the other order
        assert mirrored.interval.low == pytest.approx(-gain.interval.high, abs=near)
    for first, second in zip(one.paired.answers.groups, other.paired.answers.groups, strict=True):
        assert second.change.value == pytest.approx(-first.change.value)
    swapped = {"no to yes": "yes to no", "yes to no": "no to yes"}
    counts = {kind.name: count for kind, count in one.paired.counts[0].kinds.items()}
    for kind, count in other.paired.counts[0].kinds.items():
        assert counts[swapped[kind.name]] == count
    assert {one.paired.finding, other.paired.finding} == {"better", "worse"}


def test_rows_pair_by_their_identity_in_whatever_order_they_stand(workshop):
    table = people()
    workshop.version(table, yes_no_answers(table))
    answers = yes_no_answers(table, noise=0.5, seed=1)
    workshop.version(table, answers)
    shuffled = table.sample(frac=1, random_state=3).reset_index()
    places = pd.Series(shuffled.index, index=shuffled["index"])
    moved = answers.assign(row=places[answers["row"]].to_numpy()).sort_values("row")
    workshop.version(shuffled.drop(columns="index"), moved.reset_index(drop=True))
    same, other = compared(workshop, "m@1", "m@2"), compared(workshop, "m@1", "m@3")
    assert other.paired.rows.pair.rows == same.paired.rows.pair.rows == 450
    assert gains(other)["roc_auc"].value == pytest.approx(gains(same)["roc_auc"].value)
    assert other.paired.counts[0] == same.paired.counts[0]
    assert "rows are the same by person" in next(fact_sentences(other))


def test_only_common_test_rows_are_compared_and_both_counts_are_said(workshop):
    table, later = people(900), people(600, first=300)
    workshop.version(table, yes_no_answers(table))
    workshop.version(later, yes_no_answers(later))
    pair = compared(workshop)
    assert (pair.paired.rows.pair.rows, pair.paired.rows.test_rows) == (300, (450, 300))
    assert "300 test rows that both have, of 450 and 300" in next(fact_sentences(pair))
    assert (pair.inputs.data.first.rows, pair.inputs.data.second.rows) == (900, 600)


def test_rows_whose_outcome_was_corrected_are_left_out_and_counted(workshop):
    table = people()
    workshop.version(table, yes_no_answers(table))
    corrected = table.copy()
    corrected.loc[[0, 2, 4], "outcome"] = np.where(
        corrected.loc[[0, 2, 4], "outcome"] == "yes", "no", "yes"
    )
    workshop.version(corrected, yes_no_answers(corrected))
    pair = compared(workshop)
    assert (pair.paired.rows.pair.rows, pair.paired.rows.relabelled) == (447, 3)
    assert "3 rows left out" in " ".join(fact_sentences(pair))


def test_without_a_row_in_common_each_keeps_its_own_interval(workshop):
    table, other = people(), people(900, first=5000)
    workshop.version(table, yes_no_answers(table))
    workshop.version(other, yes_no_answers(other))
    pair = compared(workshop)
    assert pair.paired is None
    assert verdict_sentence(pair) == (
        "m@2 and m@1 cannot be compared row by row: m@1 and m@2 have no test row in common."
    )
    page = comparison_page(compare_models(workshop.bucket, ["m@1", "m@2"]))
    scores = page.parts[0].sections[0].brief[0]
    assert [row[0] for row in scores.rows] == ["m@1", "m@2"]
    assert scores.rows[0][3:] == (0.6, 0.8)


def test_predictions_that_are_gone_are_said_in_a_sentence(workshop):
    table = people()
    gone = workshop.version(table, yes_no_answers(table)).artifact("predictions")
    workshop.version(table, yes_no_answers(table, noise=0.5))
    workshop.bucket.store.delete(f"objects/sha256/{gone.digest.hex[:2]}/{gone.digest.hex}")
    pair = compared(workshop)
    assert "the predictions of m@1 are gone" in verdict_sentence(pair)
    assert pair.own_scores[0][0].value == 0.7


def test_questions_of_different_types_are_refused(workshop):
    table = people()
    workshop.version(table, yes_no_answers(table))
    amounts = pd.DataFrame({"row": [0], "truth": [1.0], "prediction": [1.0]})
    workshop.version(table, amounts, problem="regression", model="pay")
    with pytest.raises(DataError, match="m@1 answers a binary question and pay@1 a regression one"):
        compare_models(workshop.bucket, ["m@1", "pay"])


def test_what_is_no_pair_of_models_is_refused(workshop):
    table = people()
    workshop.version(table, yes_no_answers(table))
    with pytest.raises(ConfigError, match="1 given, and 2 to 12"):
        compare_models(workshop.bucket, ["m@1"])
    with pytest.raises(ReferenceUnknown, match="'m' has no version '9'"):
        compare_models(workshop.bucket, ["m@1", "m@9"])
    with pytest.raises(ReferenceUnknown, match="no journal names a run"):
        compare_models(workshop.bucket, ["m@1", f"sha256:{'0' * 64}"])
    with pytest.raises(ConfigError, match="--distance has no meaning"):
        compare_models(workshop.bucket, ["m@1", "m@1"], distance=1.0)


def test_a_run_is_found_by_its_digest_and_a_use_case_by_its_name(workshop):
    table = people()
    first = workshop.version(table, yes_no_answers(table))
    workshop.version(table, yes_no_answers(table, noise=0.5))
    pair = compared(workshop, str(first.artifact("run").digest), "m")
    assert (pair.first.name, pair.second.name) == ("m@1", "m@2")


def test_settings_columns_and_code_that_differ_are_named_with_their_lines(workshop):
    table = people()
    workshop.version(table, yes_no_answers(table), modules={"assay.x": "1", "assay.old": "1"})
    wider = table.assign(height=1.5)
    workshop.version(
        wider,
        yes_no_answers(table),
        settings={"performance": {"cost": {"false_negative": 3}}, "split": {"test": 0.3}},
        commit="decade",
        modules={"assay.x": "2", "assay.new": "1"},
    )
    inputs = compared(workshop).inputs
    found = {one.key: one for one in inputs.settings}
    cost = found["performance.cost.false_negative"]
    assert (cost.first, cost.second) == (1, 3)
    assert cost.second_line.startswith("m.yaml:")
    assert cost.first_line == ""  # a default stands in no line
    assert (found["split.test"].first, found["split.test"].second) == (0.2, 0.3)
    assert found["chosen.params.C"].second == 2
    assert [change.name for change in inputs.data.changes] == ["height"]
    assert {str(change) for change in inputs.code.modules} == {
        "assay.x changed",
        "assay.old is gone",
        "assay.new is new",
    }
    assert inputs.code.commits == ("c0ffee", "decade")


def test_examples_name_the_row_and_show_nothing_that_is_never_stored(workshop):
    table = people()
    workshop.version(table, yes_no_answers(table))
    workshop.version(
        table,
        yes_no_answers(table, noise=1.0, seed=1),
        settings={"data": {"never_store": ["age"]}},
    )
    pair = compared(workshop)
    assert 0 < len(pair.paired.examples) <= 10
    sizes = pair.paired.answers.changed
    for one in pair.paired.examples:
        assert one.identity.startswith("person ")
        assert "age" not in one.features
        assert "outcome" not in one.features
        assert one.first.split()[0] != one.second.split()[0]
    assert {one.kind.name for one in pair.paired.examples} == {kind.name for kind in sizes.kinds}


def test_its_json_and_its_page_hold_the_same_numbers(workshop):
    from assay.render.comparison_page import render_comparison

    table = people()
    workshop.version(table, yes_no_answers(table))
    workshop.version(table, yes_no_answers(table, noise=1.0, seed=1))
    workshop.version(table, yes_no_answers(table, noise=0.2, seed=2))
    comparison = compare_models(workshop.bucket, ["m@1", "m@2", "m@3"])
    told = comparison_json(comparison)
    assert [one["second"] for one in told["comparisons"]] == ["m@2", "m@3"]
    page = render_comparison(comparison_page(comparison)).decode()
    for one in told["comparisons"]:
        assert one["verdict"].replace("<", "&lt;") in page
    assert "<script" not in page
    assert "Against m@1" in page
