import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.gates.feasibility.data import FOLDS, FeasibilityData
from assay.gates.feasibility.duplicates import best_possible_accuracy, expected_overlap
from assay.gates.feasibility.encoded_features import encode_features
from assay.gates.feasibility.gate import assess_feasibility
from assay.gates.feasibility.signal import check_signal, run_permutation_test
from assay.gates.feasibility.single_columns import score_single_columns
from assay.gates.report import Verdict
from assay.gates.statistics.auc import roc_auc
from tests.gates.feasibility.made import made_people, made_use_case

ROWS = 1200


def people(rows=ROWS, **how):
    return made_people(rows, **how)


def material(frame, case):
    return FeasibilityData.from_rows(frame, case, 0)


def only(report, name):
    [check] = [c for c in report.checks if c.name == name]
    return check


def refused(report):
    assert report.verdict is Verdict.FAIL
    assert report.summary.startswith("No-go")
    [check] = report.checks
    assert check.hard
    return check


# --- the gate -------------------------------------------------------------------------------


def test_data_that_answer_the_question_are_a_go():
    report = assess_feasibility(people(), made_use_case())
    assert report.verdict is Verdict.PASS, report.reasons
    assert report.summary.startswith("Go. Checked: signal, sample size, leakage")


def test_the_same_rows_and_seed_give_the_same_bytes_and_the_frame_is_left_alone():
    frame = people(300)
    before = frame.copy()
    case = made_use_case(feasibility={"within": 0.1, "reach": {"accuracy": 0.99}})
    one, other = (assess_feasibility(frame, case).model_dump_json() for _ in range(2))
    assert one == other
    pd.testing.assert_frame_equal(frame, before)


def test_another_order_of_columns_in_memory_and_another_index_change_nothing():
    frame = people()
    moved = frame.set_index(np.arange(len(frame))[::-1])
    assert assess_feasibility(frame, made_use_case()) == assess_feasibility(moved, made_use_case())


def test_sampling_follows_the_time_allowed_keeps_both_classes_and_is_said():
    frame = people(6000)
    case = made_use_case(feasibility={"within": 0.01})
    sampled = material(frame, case)
    assert len(sampled.sampled_rows) == pytest.approx(2000, abs=2)
    assert sampled.labels.mean() == pytest.approx(sampled.truth.mean(), abs=0.01)
    assert np.array_equal(sampled.sampled_rows, material(frame, case).sampled_rows)
    assert any("sample of 2,00" in note for note in assess_feasibility(frame, case).notes)
    assert not any(
        "sample of" in note for note in assess_feasibility(people(), made_use_case()).notes
    )


def test_the_report_says_that_test_rows_were_judged_too():
    [note] = [
        note for note in assess_feasibility(people(), made_use_case()).notes if "test set" in note
    ]
    assert "Do not choose columns by these scores: that would use the test rows" in note


def test_each_check_is_announced():
    said = []
    assess_feasibility(people(), made_use_case(), say=said.append)
    assert any("leakage" in text for text in said)


# --- what stops at once ---------------------------------------------------------------------


def test_a_positive_value_that_never_occurs_names_the_nearest():
    case = made_use_case(data={"target": {"column": "outcome", "positive": "yess"}})
    assert "'yes'" in refused(assess_feasibility(people(), case)).remedy


def test_one_class_is_refused():
    assert (
        "every row"
        in refused(assess_feasibility(people().assign(outcome="yes"), made_use_case())).why.lower()
    )


def test_an_absent_target_names_the_nearest_column():
    frame = people().rename(columns={"outcome": "outcomes"})
    assert "'outcomes'" in refused(assess_feasibility(frame, made_use_case())).remedy


def test_no_rows_are_refused():
    refused(assess_feasibility(people().head(0), made_use_case()))


def test_too_few_of_a_class_are_refused_with_their_number():
    frame = people()
    frame["outcome"] = np.where(np.arange(len(frame)) < 7, "yes", "no")
    check = refused(assess_feasibility(frame, made_use_case()))
    assert "7 rows" in check.why
    assert "13 rows" in check.remedy


def test_no_feature_is_refused():
    hidden = ["pull", "push", "kind", "noise"]
    assert (
        refused(assess_feasibility(people(), made_use_case(data={"exclude": hidden}))).name
        == "features"
    )


def test_positives_of_too_few_entities_are_refused():
    frame = people()
    frame["person"] = np.where(frame["outcome"] == "yes", "p0", frame["person"])
    assert "1 entities" in refused(assess_feasibility(frame, made_use_case())).why


def test_rows_without_a_label_and_columns_without_a_value_are_left_out_and_said():
    frame = people()
    frame.loc[:9, "outcome"] = None
    frame["void"] = np.nan
    report = assess_feasibility(frame, made_use_case())
    assert "10 rows without a label were left out." in report.notes
    assert "Columns without any value were left out: void." in report.notes


# --- signal ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("lift", "verdict"), [(0.05, Verdict.UNKNOWN), (0.35, Verdict.FAIL)])
def test_shuffled_labels_are_a_no_go_only_where_the_rows_would_have_shown_a_signal(lift, verdict):
    frame = people(600)
    frame["outcome"] = np.random.default_rng(0).permutation(frame["outcome"])
    report = assess_feasibility(frame, made_use_case(feasibility={"lift": lift}))
    check = only(report, "signal")
    assert check.verdict is report.verdict is verdict
    assert "600 independent rows show a ROC AUC of 0.7" in check.why
    assert ("Add about" in check.remedy) == (verdict is Verdict.UNKNOWN)


def test_a_signal_that_only_two_columns_together_carry_is_seen():
    rng = np.random.default_rng(0)
    one, other = rng.choice(["x", "y"], (2, ROWS))
    frame = people().assign(one=one, other=other)
    frame["outcome"] = np.where((one == other) ^ (rng.random(ROWS) < 0.1), "yes", "no")
    case = made_use_case(data={"exclude": ["pull", "push", "kind", "noise"]})
    assert only(assess_feasibility(frame, case), "signal").verdict is Verdict.PASS


@pytest.mark.slow
def test_the_shuffle_test_is_exact_on_data_without_a_signal():
    frame = people(200)
    rejected = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        frame["outcome"] = np.where(rng.random(len(frame)) < 0.4, "yes", "no")
        rejected += run_permutation_test(material(frame, made_use_case())).p <= 0.1
    assert rejected <= 10  # Binomial(40, 0.1): more than 10 has probability 0.001


def test_a_signal_that_is_sure_but_short_of_the_lift_is_a_caution():
    case = made_use_case(feasibility={"lift": 0.45})
    found, _ = check_signal(material(people(), case))
    assert found.interval.high < found.threshold == 0.95
    assert "It can be told from shuffled labels" in found.why
    assert found.verdict is Verdict.CAUTION


def test_copies_of_one_person_do_not_pass_for_a_signal():
    rng = np.random.default_rng(1)
    frame = people(100)
    frame["outcome"] = rng.permutation(["yes", "no"] * 50)
    frame = pd.concat([frame] * 6, ignore_index=True)  # noise, but easy to learn by heart
    assert only(assess_feasibility(frame, made_use_case()), "signal").verdict is not Verdict.PASS


@pytest.mark.slow
def test_the_shuffle_test_is_exact_for_persons_with_many_rows_too():
    frame = people(40)
    rejected = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        frame["outcome"] = rng.permutation(["yes", "no"] * 20)
        found = material(pd.concat([frame] * 10, ignore_index=True), made_use_case())
        rejected += run_permutation_test(found).p <= 0.1
    assert rejected <= 9  # Binomial(40, 0.1): more than 9 has probability 0.005


def test_a_rare_class_is_dealt_out_evenly():
    frame = people(300)
    frame["outcome"] = np.where(np.arange(300) < 20, "yes", "no")
    found = material(frame, made_use_case())
    assert np.bincount(found.folds, found.labels).tolist() == [4] * FOLDS


@given(st.integers(0, 2**32 - 1), st.integers(6, 40))
@settings(max_examples=30)
def test_entities_stay_whole_and_every_fold_holds_both_classes(seed, entities):
    rng = np.random.default_rng(seed)
    frame = people(200)
    frame["person"] = rng.integers(0, entities, len(frame)).astype(str)
    found = material(frame, made_use_case())
    sides = [len(np.unique(found.units[found.labels == side])) for side in (True, False)]
    if min(sides) < FOLDS:
        return
    pairs = set(zip(found.units.tolist(), found.folds.tolist(), strict=True))
    assert len(pairs) == len(set(found.units.tolist()))
    for fold in range(FOLDS):
        assert len(np.unique(found.labels[found.folds == fold])) == 2


# --- reach ----------------------------------------------------------------------------------


def test_a_target_below_the_interval_passes_one_far_above_fails_one_inside_is_a_caution():
    frame = people(500)
    scores = {"accuracy": 0.6, "brier": 0.01}
    report = assess_feasibility(frame, made_use_case(feasibility={"reach": scores}))
    assert only(report, "reach[accuracy]").verdict is Verdict.PASS
    assert only(report, "reach[brier]").verdict is Verdict.FAIL
    found = only(report, "reach[accuracy]")
    report = assess_feasibility(
        frame, made_use_case(feasibility={"reach": {"accuracy": found.interval.high - 0.001}})
    )
    assert only(report, "reach[accuracy]").verdict is Verdict.CAUTION


def test_a_loss_is_within_reach_when_it_is_low():
    report = assess_feasibility(
        people(500), made_use_case(feasibility={"reach": {"log_loss": 0.68}})
    )
    assert only(report, "reach[log_loss]").verdict is Verdict.PASS


# --- group power ----------------------------------------------------------------------------

RULE = {
    "metric": "true_positive_rate",
    "by": ["sex"],
    "tolerance": 0.1,
    "because": "agreed",
}


def test_a_small_group_is_a_caution_that_says_how_many_more_it_takes():
    frame = people(4000)
    rng = np.random.default_rng(0)
    frame["sex"] = pd.Series(rng.choice(["F", "M"], len(frame), p=[0.03, 0.97]), dtype="str")
    check = only(
        assess_feasibility(frame, made_use_case(fairness=[RULE])),
        "group_power[true_positive_rate,sex]",
    )
    assert check.verdict is Verdict.CAUTION
    assert not check.hard
    assert "more positives in group sex=F" in check.remedy
    assert check.estimate > check.threshold


def test_large_groups_pass():
    found = assess_feasibility(people(6000), made_use_case(fairness=[{**RULE, "tolerance": 0.2}]))
    assert only(found, "group_power[true_positive_rate,sex]").verdict is Verdict.PASS


@pytest.mark.slow
def test_the_rows_asked_for_are_enough():
    frame = people(6000)
    frame["sex"] = np.where(np.arange(len(frame)) % 12 == 0, "F", "M")
    case = made_use_case(fairness=[{**RULE, "tolerance": 0.15}])
    sheet = next(
        s for s in assess_feasibility(frame, case).sheets if s.title.startswith("Smallest")
    )
    [(group, positives, gap, more)] = sheet.rows
    assert (group, gap > 0.15) == ("sex=F", True)
    women = frame[(frame["sex"] == "F") & (frame["outcome"] == "yes")]
    added = women.sample(more, replace=True, random_state=0)
    added = added.assign(person=[f"new{i}" for i in range(more)])
    sheet = next(
        s
        for s in assess_feasibility(pd.concat([frame, added]), case).sheets
        if s.title.startswith("Smallest")
    )
    assert sheet.rows[0][1] == positives + more
    assert sheet.rows[0][2] <= 0.15 + 1e-6


def test_a_group_without_positives_fails_softly():
    frame = people()
    frame.loc[frame["outcome"].eq("yes"), "sex"] = "M"
    report = assess_feasibility(frame, made_use_case(fairness=[RULE]))
    check = only(report, "group_power[true_positive_rate,sex]")
    assert check.verdict is Verdict.FAIL
    assert report.verdict is Verdict.CAUTION


def test_a_reference_without_positives_fails_as_softly():
    frame = people()
    frame.loc[frame["outcome"].eq("yes"), "sex"] = "F"
    check = only(
        assess_feasibility(frame, made_use_case(fairness=[RULE])),
        "group_power[true_positive_rate,sex]",
    )
    assert check.verdict is Verdict.FAIL
    assert "M has no positives" in check.why
    assert "Add positives to the reference group sex=M" in check.remedy


def test_references_without_rows_in_common_give_way_to_the_largest_group_as_in_the_gate():
    frame = people(6000)
    frame["kind"] = np.where(frame["sex"].eq("M"), "b", np.where(frame["kind"].eq("b"), "c", "a"))
    declared = {"sex": {"reference": "M"}, "kind": {"reference": "a"}}
    rule = {**RULE, "by": [["sex", "kind"]], "tolerance": 0.2}
    case = made_use_case(fairness=[rule], data={"sensitive": declared})
    report = assess_feasibility(frame, case)
    check = only(report, "group_power[true_positive_rate,sex & kind]")
    assert check.verdict is Verdict.PASS
    assert "against M & b" in check.why


def test_intersections_are_judged_as_groups_of_their_own():
    rule = {**RULE, "by": ["sex", ["sex", "kind"]]}
    case = made_use_case(fairness=[rule], data={"sensitive": {"sex": {}, "kind": {}}})
    names = [c.name for c in assess_feasibility(people(), case).checks]
    assert "group_power[true_positive_rate,sex]" in names
    assert "group_power[true_positive_rate,sex & kind]" in names


# --- leakage --------------------------------------------------------------------------------


def leaks(outcome, rng):
    yes = (outcome == "yes").to_numpy()
    return {
        "copy": outcome,
        "as_number": yes.astype(float),
        "upside_down": -yes.astype(float) + rng.normal(0, 0.01, len(yes)),
        "in_the_middle": np.where(yes, rng.normal(0, 0.1, len(yes)), rng.choice([-3, 3], len(yes))),
        "by_being_missing": np.where(yes, rng.normal(size=len(yes)), np.nan),
        "as_date": pd.Timestamp("2020") + pd.to_timedelta(yes.astype(int), unit="D"),
        "as_category": pd.Categorical(np.where(yes, "closed", "open")),
        "as_flag": yes,
        "text_or_nothing": pd.Series(np.where(yes, "done", None), dtype="str"),
    }


@pytest.mark.parametrize("name", list(leaks(people(4)["outcome"], np.random.default_rng(0))))
def test_a_planted_leak_is_named(name):
    frame = people(600)
    frame["planted"] = leaks(frame["outcome"], np.random.default_rng(0))[name]
    report = assess_feasibility(frame, made_use_case())
    check = only(report, "leakage")
    assert report.verdict is Verdict.FAIL
    assert check.verdict is Verdict.FAIL
    assert check.why.startswith("planted ")
    assert "data.after_outcome" in check.remedy
    assert check.remedy.endswith(": planted.")


@pytest.mark.slow
def test_a_leak_through_a_thousand_codes_is_named():
    frame = people(9000)
    rng = np.random.default_rng(0)
    yes, codes = (frame["outcome"] == "yes").to_numpy(), rng.integers(0, 500, 9000)
    names = rng.permutation(1000)  # the first 500 are of positives, in no order
    frame["code"] = pd.Series([f"c{names[c + 500 * y]}" for c, y in zip(codes, ~yes, strict=True)])
    [found] = [
        a for a in score_single_columns(material(frame, made_use_case())) if a.name == "code"
    ]
    assert found.auc > 0.99
    check = only(assess_feasibility(frame, made_use_case()), "leakage")
    assert check.verdict is Verdict.FAIL
    assert check.remedy.endswith(": code.")


def test_a_leak_that_is_declared_is_withheld_and_said():
    frame = people()
    frame["planted"] = frame["outcome"]
    check = only(
        assess_feasibility(frame, made_use_case(data={"after_outcome": ["planted"]})), "leakage"
    )
    assert check.verdict is Verdict.PASS
    assert "Withheld as after the outcome: planted." in check.why


def test_text_that_differs_in_every_row_is_no_leak_but_is_pointed_out():
    frame = people()
    frame["file"] = pd.Series([f"f{i}" for i in range(len(frame))], dtype="str")
    report = assess_feasibility(frame, made_use_case())
    assert only(report, "leakage").verdict is Verdict.PASS
    assert only(report, "identifiers").verdict is Verdict.CAUTION
    check = only(report, "identifiers")
    assert check.why == "file identifies rows: 1,200 distinct values in 1,200 rows."
    assert check.remedy == "Exclude it (data.exclude), or declare it under data.identity."


def test_a_column_is_not_judged_by_the_rows_it_learned_from():
    frame = people(200)
    frame["file"] = pd.Series([f"f{i}" for i in range(len(frame))], dtype="str")
    [found] = [
        a for a in score_single_columns(material(frame, made_use_case())) if a.name == "file"
    ]
    assert found.auc < 0.6


def test_numbers_count_by_their_exact_order_up_or_down():
    found = {a.name: a.auc for a in score_single_columns(material(people(), made_use_case()))}
    yes = (people()["outcome"] == "yes").to_numpy()
    assert found["pull"] >= roc_auc(yes, people()["pull"]).value
    assert found["push"] >= roc_auc(yes, -people()["push"]).value


def test_measurements_do_not_pass_for_names_of_rows():
    assert (
        only(assess_feasibility(people(), made_use_case()), "identifiers").verdict is Verdict.PASS
    )


def test_the_figure_holds_the_ten_most_telling_columns():
    frame = people()
    for i in range(12):
        frame[f"more{i}"] = np.random.default_rng(i).normal(size=len(frame))
    figures = assess_feasibility(frame, made_use_case()).figures
    [figure] = [f for f in figures if f.title.startswith("What single")]
    assert len(figure.series[0].points) == 10
    assert figure.reference == 0.95


# --- duplicates -----------------------------------------------------------------------------


def test_copies_under_other_names_are_a_caution():
    frame = people(400)
    copies = frame.assign(person=[f"copy{i}" for i in range(400)])
    check = only(assess_feasibility(pd.concat([frame, copies]), made_use_case()), "duplicates")
    assert check.verdict is Verdict.CAUTION
    assert check.estimate == pytest.approx(0.8)  # the twin stands in training with 0.8


def test_copies_of_one_person_stay_on_one_side():
    frame = people(400)
    report = assess_feasibility(pd.concat([frame, frame]), made_use_case())
    check = only(report, "duplicates")
    assert check.verdict is Verdict.PASS
    assert check.estimate == 0.0
    assert "400 in every column" in check.why
    copies = only(report, "copies")
    assert (copies.verdict, copies.estimate) == (Verdict.CAUTION, 0.5)
    assert "400 of 800 rows repeat another in every column, person included" in copies.why
    assert "Drop the copies" in copies.remedy


def test_few_copies_pass_and_rows_without_an_identity_are_not_called_copies():
    frame = people(400)
    few = assess_feasibility(pd.concat([frame, frame.head(2)]), made_use_case())
    assert only(few, "copies").verdict is Verdict.PASS
    nameless = assess_feasibility(pd.concat([frame, frame]), made_use_case(data={"identity": []}))
    assert "copies" not in {check.name for check in nameless.checks}


def test_expected_overlap_agrees_with_drawing_splits():
    rng = np.random.default_rng(0)
    content, keys = rng.integers(0, 60, 300), rng.integers(0, 150, 300)
    shares = []
    for _ in range(400):
        test = (rng.random(150) < 0.3)[keys]
        twin = np.isin(content[test], content[~test])
        shares.append((twin.sum(), test.sum()))
    twins, tests = np.array(shares).sum(axis=0)
    assert expected_overlap(content, keys, 0.3) == pytest.approx(twins / tests, abs=0.02)


def test_contradictions_bound_the_accuracy():
    best, rows = best_possible_accuracy(
        np.array([1, 1, 1, 2, 2, 3]), np.array([1, 1, 0, 1, 1, 0], dtype=bool)
    )
    assert best == pytest.approx(5 / 6)
    assert rows == 3


def test_an_accuracy_above_what_contradictions_allow_is_a_no_go():
    frame = people()
    twins = frame.assign(outcome=np.where(frame["outcome"] == "yes", "no", "yes"))
    both = pd.concat([frame, twins.head(600)])
    case = made_use_case(feasibility={"reach": {"accuracy": 0.9}})
    check = only(assess_feasibility(both, case), "contradictions")
    assert check.verdict is Verdict.FAIL
    assert "66.7%" in check.why


def test_people_in_several_groups_fail_a_split_by_group():
    frame = people()
    frame["person"] = [f"p{i // 2}" for i in range(len(frame))]
    frame["ward"] = [f"w{i % 40}" for i in range(len(frame))]
    case = made_use_case(split={"by": "group", "column": "ward"})
    check = only(assess_feasibility(frame, case), "entities")
    assert check.verdict is Verdict.FAIL
    frame["ward"] = [f"w{i // 2 % 40}" for i in range(len(frame))]
    assert only(assess_feasibility(frame, case), "entities").verdict is Verdict.PASS


@pytest.mark.slow
@pytest.mark.parametrize("after", [None, "2020-02-10"])
def test_people_who_come_back_are_a_caution_in_a_split_by_time(after):
    frame = people()
    frame["when"] = pd.date_range("2020-01-01", periods=len(frame), freq="h").as_unit("us")
    split = {"by": "time", "column": "when", "after": after}
    assert (
        only(assess_feasibility(frame, made_use_case(split=split)), "entities").verdict
        is Verdict.PASS
    )
    frame["person"] = [f"p{i % 600}" for i in range(len(frame))]
    assert (
        only(assess_feasibility(frame, made_use_case(split=split)), "entities").verdict
        is Verdict.CAUTION
    )


# --- missing values -------------------------------------------------------------------------


def test_values_missing_more_often_in_a_group_are_a_caution_that_names_both():
    frame = people(2000)
    rng = np.random.default_rng(0)
    frame["noise"] = frame["noise"].where(frame["sex"].eq("M") | (rng.random(2000) < 0.7))
    check = only(assess_feasibility(frame, made_use_case()), "missingness")
    assert check.verdict is Verdict.CAUTION
    assert "noise is missing in" in check.why
    assert "sex=F" in check.why


def test_values_missing_evenly_pass():
    frame = people(2000)
    frame["noise"] = frame["noise"].where(np.random.default_rng(0).random(2000) < 0.7)
    assert only(assess_feasibility(frame, made_use_case()), "missingness").verdict is Verdict.PASS


# --- encoding -------------------------------------------------------------------------------


def test_every_type_of_a_table_becomes_a_number():
    frame = pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "part": [0.5, np.nan, 2.0],
            "flag": pd.Series([True, None, False], dtype=object),
            "text": pd.Series(["b", None, "b"], dtype="str"),
            "kind": pd.Categorical(["x", "y", "y"], categories=["z", "y", "x"]),
            "when": pd.to_datetime(["1970-01-02", None, "1970-01-03"]).as_unit("us"),
        }
    )
    found = encode_features(frame)
    assert found.is_categorical.tolist() == [False, False, True, True, True, False]
    expected = [[1, 0.5, 1, 0, 1, 1], [2, np.nan, np.nan, np.nan, 0, np.nan], [3, 2, 0, 0, 0, 2]]
    np.testing.assert_array_equal(found.matrix, np.array(expected))


def test_a_text_of_many_values_counts_as_a_number():
    frame = pd.DataFrame({"text": pd.Series([f"t{i}" for i in range(300)], dtype="str")})
    assert not encode_features(frame).is_categorical.any()
