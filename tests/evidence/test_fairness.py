"""The fairness gate: published figures, calibrated verdicts, and small groups left untold."""

import itertools

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fairlearn_metrics
from sklearn.metrics import accuracy_score, precision_score

from assay.config.data import Sensitive
from assay.config.gates import Fairness
from assay.errors import DataError
from assay.evidence.base_rates import before
from assay.evidence.cells import ROWS, SHARES, count
from assay.evidence.fairness import audit, rates
from assay.evidence.gaps import Pair, judge, need, permutation_p
from assay.evidence.report import Verdict

# ProPublica's two-year file: rows by race.
COMPAS = {
    "African-American": 3175,
    "Caucasian": 2103,
    "Hispanic": 509,
    "Other": 343,
    "Asian": 31,
    "Native American": 11,
}
KINDS = ((True, True), (False, True), (True, False), (False, False))


def rule(metric="selection_rate", by=("sex",), tolerance=0.1, **more):
    return Fairness(metric=metric, by=by, tolerance=tolerance, because="agreed", **more)


def frame(groups):
    """Predictions from {group: (tp, fp, fn, tn)}, in one column `sex`."""
    parts = [
        pd.DataFrame({"truth": truth, "decision": decision, "sex": group}, index=range(rows))
        for group, table in groups.items()
        for (truth, decision), rows in zip(KINDS, table, strict=True)
    ]
    return pd.concat(parts, ignore_index=True).astype({"sex": "str"})


def audited(predictions, *rules, **sensitive):
    return audit(predictions, rules, sensitive or {"sex": Sensitive()}, subject="a model")


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


def pair(k, n, base_k, base_n, tolerance=0.1):
    return Pair("selection_rate", ("x",), "g", "r", k, n, base_k, base_n, tolerance)


# --- rates ------------------------------------------------------------------------------------


def test_rates_are_those_of_fairlearns_user_guide():
    cells = count(
        pd.DataFrame(
            {
                "truth": np.array([0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1], bool),
                "decision": np.array([0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0], bool),
                "group": list("bbabbcccaacabccbcc"),
            }
        ),
        ["group"],
    )
    metrics = ("true_positive_rate", "false_positive_rate", "selection_rate")
    found = rates(cells, ["group"], metrics)
    assert found["true_positive_rate"].round(3).to_dict() == {"a": 0.5, "b": 0.6, "c": 0.4}
    assert found["false_positive_rate"].round(3).to_dict() == {"a": 1, "b": 0, "c": 0.667}
    assert found["selection_rate"].round(3).to_dict() == {"a": 0.75, "b": 0.5, "c": 0.5}
    assert cells.groupby("group")[ROWS].sum().to_dict() == {"a": 4, "b": 6, "c": 8}


@pytest.mark.parametrize("by", [["sex"], ["sex", "race"]])
def test_weighted_cells_give_what_rows_give(by):
    rows = scattered(500)
    found = rates(count(rows, ["sex", "race"]), by, list(SHARES))
    own = {"accuracy_score": accuracy_score, "precision_score": precision_score}
    expected = fairlearn_metrics.MetricFrame(
        metrics={m: own.get(m) or getattr(fairlearn_metrics, m) for m in SHARES},
        y_true=rows["truth"],
        y_pred=rows["decision"],
        sensitive_features=rows[by],
    ).by_group
    labels = [" & ".join(g) if isinstance(g, tuple) else g for g in expected.index]
    assert found.index.tolist() == labels
    np.testing.assert_array_equal(found.to_numpy(), expected[found.columns].to_numpy(float))


def test_the_order_of_rows_changes_nothing():
    rows = scattered(300)
    rules = [rule(by=("sex", ("sex", "race")))]
    sensitive = {"sex": Sensitive(), "race": Sensitive()}
    reports = [
        audit(r, rules, sensitive, subject="m").model_dump_json()
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


def test_more_pairs_make_a_failure_harder_but_never_a_pass():
    doubtful, fine = pair(60, 300, 400, 1000), pair(400, 1000, 400, 1000)
    assert judge([doubtful])[0].verdict is Verdict.FAIL
    many = judge([doubtful, fine, *[pair(40, 100, 400, 1000)] * 400])
    assert many[0].verdict is Verdict.UNKNOWN
    assert many[1] == judge([fine])[0]
    assert many[1].verdict is Verdict.PASS


def test_holm_eases_the_rest_when_one_has_failed():
    clear, close = pair(0, 300, 400, 1000), pair(69, 300, 400, 1000)
    pairs = [clear, *[pair(400, 1000, 400, 1000)] * 3, close]
    levels = [found.interval.level for found in judge(pairs)]
    assert levels[0] == 1 - 0.05 / 5
    assert levels[-1] == 1 - 0.05 / 4


def test_groups_too_small_are_never_judged_nor_cost_the_others_anything():
    tiny = pair(9, 9, 0, 1000)
    assert judge([tiny])[0].verdict is Verdict.UNKNOWN
    assert judge([pair(60, 300, 400, 1000), tiny])[0] == judge([pair(60, 300, 400, 1000)])[0]
    assert judge([]) == []


def identical_groups(seed, tolerance=0.1):
    """Pairs of groups of COMPAS' sizes, all with the same true rate."""
    sizes = np.array(list(COMPAS.values()))
    k = np.random.default_rng(seed).binomial(sizes, 0.3).tolist()
    others = zip(k[1:], sizes[1:].tolist(), strict=True)
    return [pair(a, n, k[0], int(sizes[0]), tolerance) for a, n in others]


def test_identical_groups_of_compas_sizes_are_failed_no_more_often_than_stated():
    # With no tolerance to speak of, every failure is a false one.
    failed = sum(
        any(found.verdict is Verdict.FAIL for found in judge(identical_groups(seed, 1e-9)))
        for seed in range(200)
    )
    assert failed <= 18  # binomial(200, .05) exceeds 18 once in 130 times


def test_a_gap_at_the_tolerance_is_passed_no_more_often_than_stated():
    rng = np.random.default_rng(0)
    draws = [
        pair(int(rng.binomial(2103, 0.3)), 2103, int(rng.binomial(3175, 0.2)), 3175)
        for _ in range(400)
    ]
    passed = sum(judge([drawn])[0].verdict is Verdict.PASS for drawn in draws)
    assert 5 <= passed <= 33  # 20 are to be expected, three standard errors are 13


def test_the_largest_gap_of_identical_groups_is_no_surprise():
    p = [permutation_p(identical_groups(seed), draws=199, seed=seed) for seed in range(200)]
    assert 0 < np.mean(np.array(p) <= 0.05) <= 0.09
    assert permutation_p([pair(90, 100, 300, 1000)], draws=199) == 1 / 200
    assert permutation_p([]) is None


def test_a_billion_rows_can_be_dealt_out_too(monkeypatch):
    billion = 10**9
    assert permutation_p([pair(billion // 2, billion, 3, 10)], draws=199) > 0.05
    assert permutation_p([pair(billion // 2, billion, billion // 3, billion)], draws=199) == 1 / 200
    groups = [pair(40, 100, 300, 1000), pair(70, 200, 300, 1000)]
    dealt = permutation_p(groups)
    monkeypatch.setattr("assay.evidence.gaps.MOST_DEALT", 0)
    assert permutation_p(groups) == pytest.approx(dealt, abs=0.03)


def test_what_is_needed_is_told_from_the_group_or_from_both():
    assert need(pair(30, 100, 3000, 10_000), 0.95).more > 0
    rows, base = need(pair(9, 30, 12, 40), 0.95).both
    assert rows > 30
    assert base / 40 == pytest.approx(rows / 30, abs=0.05)
    on_the_tolerance = need(pair(2000, 10_000, 1000, 10_000), 0.95)
    assert (on_the_tolerance.more, on_the_tolerance.both) == (None, None)
    assert need(pair(30, 100, 3, 9), 0.95).more is None


# --- edges ------------------------------------------------------------------------------------


def test_a_rate_without_denominator_is_unknown_and_says_why():
    rows = frame({"M": (300, 300, 200, 200), "F": (0, 40, 0, 60)})
    (check,) = audited(rows, rule("true_positive_rate"), sex=Sensitive(reference="M")).checks
    assert check.verdict is Verdict.UNKNOWN
    assert check.estimate is None
    assert check.why == "F has no positives, so the rate is not defined"
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
    rules = [rule(metric, ("sex", "race", ("sex", "race"))) for metric in SHARES]
    found = audited(rows, *rules, sex=Sensitive(), race=Sensitive())
    assert {check.verdict for check in found.checks} == {Verdict.UNKNOWN}


def test_every_column_and_the_intersection_are_shown_without_any_rule():
    found = audited(scattered(200), sex=Sensitive(), race=Sensitive())
    assert [sheet.title for sheet in found.sheets] == ["By sex", "By race", "By sex & race"]
    assert found.verdict is Verdict.CAUTION
    assert "No limit is set" in found.summary


def test_an_intersection_is_compared_with_the_references_of_its_columns():
    found = audited(
        scattered(2000),
        rule(by=(("sex", "race"),)),
        sex=Sensitive(reference="Male"),
        race=Sensitive(reference="C"),
    )
    assert len(found.checks) == 5
    assert all("of that of sex & race=Male & C" in check.claim for check in found.checks)
    assert found.figures[0].band == (-0.1, 0.1)
    assert len(found.figures[0].series[0].points) == 5


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
    assert "210 groups have fewer than 10 rows" in found.checks[1].why
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


# --- before training --------------------------------------------------------------------------


def test_adults_base_rates_are_the_published_ones():
    # Adult as shipped: 48,842 rows.
    sex = pd.Series(["Male"] * 32650 + ["Female"] * 16192, name="sex", dtype="str")
    truth = pd.Series(
        itertools.chain(*([True] * k + [False] * n for k, n in ((9918, 22732), (1769, 14423))))
    )
    features = pd.DataFrame({"a": [1.0, None] * 24421, "b": 1})
    (sheet,) = before(sex.to_frame(), truth, features=features)
    male, female = (dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows)
    assert female["gap"] == pytest.approx(-0.19452, abs=5e-6)
    assert female["base rate"] / male["base rate"] == pytest.approx(0.35966, abs=5e-6)
    assert female["gap low"] < -0.19 < female["gap high"]
    assert (male["gap"], male["gap low"], male["missing"]) == (0, None, 0.25)
    assert male["share"] + female["share"] == 1
