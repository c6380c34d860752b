"""The fairness gate as a whole: limits, small groups left untold, bad input refused."""

import numpy as np
import pandas as pd
import pytest

from assay.config.data import Sensitive
from assay.config.gates import FairnessRule
from assay.errors import DataError
from assay.gates.confusion_cells import RATE_DEFINITIONS, ROWS_COLUMN
from assay.gates.fairness.gate import audit_fairness
from assay.gates.fairness.metrics import PROBABILITY_METRICS
from assay.gates.report import Verdict

KINDS = ((True, True), (False, True), (True, False), (False, False))


def rule(metric="selection_rate", by=("sex",), tolerance=0.1, **more):
    limit = {} if "ratio" in more else {"tolerance": tolerance}
    return FairnessRule(metric=metric, by=by, because="agreed", **limit, **more)


def frame(groups):
    """Predictions from {group: (tp, fp, fn, tn)}, in one column `sex`."""
    parts = [
        pd.DataFrame({"truth": truth, "decision": decision, "sex": group}, index=range(rows))
        for group, table in groups.items()
        for (truth, decision), rows in zip(KINDS, table, strict=True)
    ]
    return pd.concat(parts, ignore_index=True).astype({"sex": "str"})


def audited(predictions, *rules, **sensitive):
    return audit_fairness(predictions, rules, sensitive or {"sex": Sensitive()}, subject="a model")


def scattered(rows, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "truth": rng.random(rows) < 0.3,
            "decision": rng.random(rows) < 0.4,
            "sex": pd.Series(rng.choice(["Male", "Female"], rows), dtype="str"),
            "race": pd.Series(rng.choice(["A", "B", "C"], rows), dtype="str"),
        }
    )


def test_the_order_of_rows_changes_nothing():
    rows = scattered(300)
    rules = [rule(by=("sex", ("sex", "race")))]
    sensitive = {"sex": Sensitive(), "race": Sensitive()}
    reports = [
        audit_fairness(r, rules, sensitive, subject="m").model_dump_json()
        for r in (rows, rows.sample(frac=1, random_state=1))
    ]
    assert reports[0] == reports[1]


# --- verdicts ---------------------------------------------------------------------------------


def test_a_gap_wholly_beyond_the_tolerance_fails():
    found = audited(frame({"M": (300, 300, 200, 200), "F": (200, 100, 300, 400)}), rule())
    (check,) = found.checks
    assert (found.verdict, check.verdict) == (Verdict.FAIL, Verdict.FAIL)
    assert check.name == "selection_rate[sex=M]"
    assert check.estimate == pytest.approx(0.3)
    assert check.interval.low > check.threshold == 0.1
    assert "agreed" in check.remedy


def test_a_gap_wholly_within_the_tolerance_passes():
    found = audited(frame({"M": (300, 300, 200, 200), "F": (300, 310, 200, 190)}), rule())
    (check,) = found.checks
    assert found.verdict is Verdict.PASS
    assert -0.1 <= check.interval.low < check.interval.high <= 0.1
    assert check.remedy == ""


def test_a_declared_reference_turns_the_gap_round():
    rows = frame({"M": (300, 300, 200, 200), "F": (200, 100, 300, 400)})
    found = audited(rows, rule(), sex=Sensitive(reference="M"))
    assert found.checks[0].estimate == pytest.approx(-0.3)
    assert found.checks[0].group == "sex=F"


def test_what_lies_between_is_unknown_and_says_how_many_rows_would_tell():
    rows = frame({"M": (3000, 3000, 2000, 2000), "F": (33, 30, 20, 17)})
    found = audited(rows, rule())
    (check,) = found.checks
    assert (found.verdict, check.verdict) == (Verdict.UNKNOWN, Verdict.UNKNOWN)
    more = int(check.remedy.split()[1].replace(",", ""))
    assert "more rows in F would tell" in check.remedy
    grown = frame(
        {
            "M": (3000, 3000, 2000, 2000),
            "F": tuple(round(v * (1 + 1.1 * more / 100)) for v in (33, 30, 20, 17)),
        }
    )
    assert audited(grown, rule()).verdict is Verdict.PASS


def test_an_accepted_unknown_is_still_unknown_but_weighs_as_a_caution():
    rows = frame({"M": (300, 300, 200, 200), "F": (3, 3, 2, 1)})
    found = audited(rows, rule(on_unknown="accept"))
    assert [check.verdict for check in found.checks] == [Verdict.UNKNOWN]
    assert found.verdict is Verdict.CAUTION


# --- edges ------------------------------------------------------------------------------------


def test_a_rate_without_denominator_is_unknown_and_says_why():
    rows = frame({"M": (300, 300, 200, 200), "F": (0, 40, 0, 60)})
    (check,) = audited(rows, rule("true_positive_rate"), sex=Sensitive(reference="M")).checks
    assert check.verdict is Verdict.UNKNOWN
    assert check.estimate is None
    assert check.why == "True positive rate is not defined for sex=F, which has no positives"
    assert "more positives in F would tell" in check.remedy


def test_constant_decisions_are_judged_and_pointed_out():
    rows = frame({"M": (0, 0, 200, 300), "F": (0, 0, 200, 300)})
    found = audited(rows, rule(), rule("precision_score"))
    assert [check.verdict for check in found.checks] == [Verdict.PASS, Verdict.UNKNOWN]
    assert "Every decision is no." in found.notes


def test_a_single_group_cannot_be_compared():
    (check,) = audited(frame({"M": (30, 30, 20, 20)}), rule()).checks
    assert check.verdict is Verdict.UNKNOWN
    assert "one group, M" in check.why


def test_missing_is_a_group_like_any_other_but_no_reference():
    rows = frame({"(missing)": (90, 90, 80, 80), "M": (30, 30, 20, 20)})
    (check,) = audited(rows, rule()).checks
    assert check.group == "sex=(missing)"


def test_eight_rows_are_all_unknown():
    rows = scattered(8)
    rules = [rule(metric, ("sex", "race", ("sex", "race"))) for metric in RATE_DEFINITIONS]
    found = audited(rows, *rules, sex=Sensitive(), race=Sensitive())
    assert {check.verdict for check in found.checks} == {Verdict.UNKNOWN}


def test_every_column_and_the_intersection_are_shown_without_any_rule():
    found = audited(scattered(200), sex=Sensitive(), race=Sensitive())
    titles = [sheet.title for sheet in found.sheets]
    assert titles[:3] == ["By sex", "By race", "By sex & race"]
    assert titles[3:6] == [
        "Gaps by sex",
        "Fairlearn's summaries by sex",
        "All metrics by sex",
    ]
    assert found.verdict is Verdict.CAUTION
    assert "Not judged: no limit is set" in found.summary


def test_an_intersection_is_compared_with_the_references_of_its_columns():
    found = audited(
        scattered(2000),
        rule(by=(("sex", "race"),)),
        sex=Sensitive(reference="Male"),
        race=Sensitive(reference="C"),
    )
    assert len(found.checks) == 5
    assert all("of that of sex & race=Male & C" in check.claim for check in found.checks)
    (figure,) = found.figures
    assert len(figure.series[0].points) == 6
    assert figure.band == pytest.approx((figure.reference - 0.1, figure.reference + 0.1))


def test_many_small_intersections_are_left_out_and_counted():
    rows = scattered(900)
    rows["a"] = [f"a{i % 30:02}" for i in range(900)]
    rows["b"] = [f"b{i * 7 % 31:02}" for i in range(900)]
    found = audited(rows, a=Sensitive(), b=Sensitive())
    assert any("fewer than 10 rows are not listed" in note for note in found.notes)


def test_groups_too_small_to_list_are_unknown_all_the_same():
    groups = {"M": (300, 300, 200, 200), "F": (300, 310, 200, 190)}
    groups |= {f"g{i:03}": (3, 2, 2, 2) for i in range(210)}
    found = audited(frame(groups), rule())
    assert [check.verdict for check in found.checks] == [Verdict.PASS, Verdict.UNKNOWN]
    assert found.verdict is Verdict.UNKNOWN
    assert "210 groups of sex have fewer than 10 rows" in found.checks[1].why
    alone = audited(frame({k: v for k, v in groups.items() if k != "F"}), rule())
    assert [check.verdict for check in alone.checks] == [Verdict.UNKNOWN]
    assert "210 groups" in alone.checks[0].why
    accepted = audited(frame(groups), rule(on_unknown="accept"))
    assert accepted.verdict is Verdict.CAUTION


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.drop(columns="decision"), "no column 'decision'"),
        (lambda r: r.rename(columns={"sex": "sxe"}), r"no column 'sex'(.|\n)*'sxe'"),
        (lambda r: r.assign(truth=None), "'truth' holds nulls"),
        (lambda r: r.iloc[:0], "no predictions"),
    ],
)
def test_predictions_that_cannot_be_audited_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        audited(change(scattered(20)), rule())


def test_a_rule_for_an_undeclared_column_is_refused():
    with pytest.raises(DataError, match=r"'sexe'(.|\n)*Did you mean 'sex'"):
        audited(scattered(20), rule(by=("sexe",)))


# --- limits of every kind ---------------------------------------------------------------------


def probable(rows=2000, shift=0.0, seed=0):
    """Calibrated probabilities for M; those of F are moved by `shift`."""
    rng = np.random.default_rng(seed)
    found = scattered(rows, seed)
    ideal = rng.beta(2, 3, rows)
    found["truth"] = rng.random(rows) < ideal
    found["probability"] = np.clip(ideal + shift * (found["sex"] == "Female"), 0, 1)
    found["decision"] = found["probability"] > 0.4
    return found


@pytest.mark.parametrize(
    ("selected", "verdict"),
    [(500, Verdict.PASS), (300, Verdict.FAIL), (800, Verdict.FAIL), (405, Verdict.UNKNOWN)],
)
def test_four_fifths_of_the_references_rate_is_a_limit_too(selected, verdict):
    rows = frame({"M": (500, 0, 0, 500), "F": (selected, 0, 0, 1000 - selected)})
    (check,) = audited(rows, rule(ratio=0.8), sex=Sensitive(reference="M")).checks
    assert check.verdict is verdict
    assert check.estimate == pytest.approx(selected / 500)
    assert check.threshold == (1.25 if selected > 500 else 0.8)
    assert check.interval.low < check.estimate < check.interval.high
    assert "is 0.8 to 1.25 times that of sex=M" in check.claim
    assert check.statistic == "selection_rate, group over reference"


def test_a_ratio_to_nothing_is_unknown():
    rows = frame({"M": (0, 0, 500, 500), "F": (100, 0, 400, 500)})
    (check,) = audited(rows, rule(ratio=0.8), sex=Sensitive(reference="M")).checks
    assert (check.verdict, check.estimate, check.interval) == (Verdict.UNKNOWN, None, None)
    assert "no ratio to nothing" in check.why


def test_equalized_odds_holds_both_rates_to_one_limit():
    rows = frame({"M": (300, 100, 200, 400), "F": (300, 400, 200, 100)})
    found = audited(rows, rule("equalized_odds"))
    assert [c.name.partition("[")[0] for c in found.checks] == [
        "true_positive_rate",
        "false_positive_rate",
    ]
    assert [check.verdict for check in found.checks] == [Verdict.PASS, Verdict.FAIL]


@pytest.mark.parametrize("metric", PROBABILITY_METRICS)
def test_metrics_of_probabilities_can_be_limited(metric):
    alike = audited(probable(4000), rule(metric, tolerance=0.2))
    assert alike.checks[0].verdict is Verdict.PASS
    assert alike.checks[0].interval.low < alike.checks[0].estimate < alike.checks[0].interval.high
    few = audited(probable(14), rule(metric, tolerance=0.2))
    assert few.checks[0].verdict is Verdict.UNKNOWN
    without = audited(scattered(500), rule(metric, tolerance=0.2))
    assert without.checks[0].verdict is Verdict.UNKNOWN
    assert "no probabilities" in without.checks[0].why


def test_probabilities_that_promise_one_group_too_much_are_found():
    found = audited(
        probable(4000, shift=0.2),
        rule("calibration_error", tolerance=0.05),
        sex=Sensitive(reference="Male"),
    )
    assert found.checks[0].verdict is Verdict.FAIL
    assert found.checks[0].estimate == pytest.approx(0.2, abs=0.04)
    (curve,) = [figure for figure in found.figures if figure.kind == "curve"]
    female = {s.name: s for s in curve.series}["Female"]
    assert all(p.low <= p.value <= p.high for p in female.points)
    assert np.mean([p.x - p.value for p in female.points]) > 0.1


def test_counted_rows_are_judged_as_the_rows_themselves():
    rows = probable(300)
    rows["probability"] = rows["probability"].round(1)
    by = ["truth", "decision", "sex", "race", "probability"]
    counted = rows.groupby(by).size().rename(ROWS_COLUMN).reset_index()
    counted = pd.concat([counted, counted.iloc[:1].assign(**{ROWS_COLUMN: 0, "sex": "none"})])
    rules = [rule(metric, ("sex", ("sex", "race"))) for metric in ("equalized_odds", "log_loss")]
    sensitive = {"sex": Sensitive(), "race": Sensitive()}
    one, other = (audit_fairness(r, rules, sensitive, subject="m") for r in (rows, counted))
    for name in ("checks", "sheets"):
        assert_close(*(getattr(r, name) for r in (one, other)))


def assert_close(one, other):
    """Alike but for the last digits of floats."""
    one, other = ([held.model_dump() for held in side] for side in (one, other))
    flat = [list(leaves(side)) for side in (one, other)]
    assert len(flat[0]) == len(flat[1]) > 100
    for a, b in zip(*flat, strict=True):
        assert a == (pytest.approx(b, abs=1e-9) if isinstance(b, float) else b)


def leaves(held):
    if isinstance(held, dict):
        held = list(held.values())
    if isinstance(held, list | tuple):
        for part in held:
            yield from leaves(part)
    elif not isinstance(held, str):
        yield held


def test_the_order_of_probabilities_changes_nothing_either():
    rows = probable(400)
    reports = [
        audit_fairness(r, [rule("log_loss")], {"sex": Sensitive()}, subject="m").model_dump_json()
        for r in (rows, rows.sample(frac=1, random_state=1))
    ]
    assert reports[0] == reports[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.assign(probability=r["probability"] * 2), "outside 0 to 1"),
        (lambda r: r.assign(probability=None), "'probability' holds nulls"),
        (lambda r: r.assign(**{ROWS_COLUMN: 0}), "no predictions"),
    ],
)
def test_probabilities_and_counts_that_are_none_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        audited(change(probable(20)), rule())


def test_constant_probabilities_and_one_class_are_unknown_not_sure():
    rows = frame({"M": (0, 300, 0, 200), "F": (0, 310, 0, 190)}).assign(probability=0.5)
    rules = [rule(metric) for metric in (*PROBABILITY_METRICS, "balanced_accuracy_score")]
    found = audited(rows, *rules)
    verdicts = {c.statistic.split(",")[0]: c.verdict for c in found.checks}
    assert verdicts.pop("mean_prediction") is Verdict.PASS
    assert set(verdicts.values()) == {Verdict.UNKNOWN}
    assert "All probabilities are alike." in found.notes


def test_only_the_divisions_asked_for_are_shown():
    sensitive = {"sex": Sensitive(), "race": Sensitive()}
    found = audit_fairness(scattered(300), [], sensitive, subject="m", by=["race"])
    assert {sheet.title.partition("y ")[2] for sheet in found.sheets} == {"race"}
