"""Verdicts over a family of gaps: wrong no more often than stated, sure where they can be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.gates.fairness.gaps import GroupPair, judge_pairs, permutation_p, rows_to_decide
from assay.gates.fairness.metrics import MEASURES
from assay.gates.report import Verdict
from assay.gates.statistics.proportions import newcombe_limits

# ProPublica's two-year file: rows by race.
COMPAS = {
    "African-American": 3175,
    "Caucasian": 2103,
    "Hispanic": 509,
    "Other": 343,
    "Asian": 31,
    "Native American": 11,
}


def pair(k, n, base_k, base_n, tolerance=0.1, ratio=None, metric="selection_rate"):
    """Two groups, k of n and base_k of base_n of them selected, all of them rightly."""
    own, base = ({"tp": a, "fp": 0, "fn": 0, "tn": b - a} for a, b in ((k, n), (base_k, base_n)))
    return made(metric, own, base, tolerance, ratio)


def made(metric, own, base, tolerance=None, ratio=None):
    value, base_value = (
        float(MEASURES[metric].value({name: np.asarray(v, float) for name, v in sums.items()}))
        for sums in (own, base)
    )
    limit = None if ratio else tolerance
    return GroupPair(metric, ("x",), "g", "r", own, base, value, base_value, limit, ratio)


def test_more_pairs_make_a_failure_harder_but_never_a_pass():
    doubtful, fine = pair(60, 300, 400, 1000), pair(400, 1000, 400, 1000)
    assert judge_pairs([doubtful])[0].verdict is Verdict.FAIL
    many = judge_pairs([doubtful, fine, *[pair(40, 100, 400, 1000)] * 400])
    assert many[0].verdict is Verdict.UNKNOWN
    assert many[1] == judge_pairs([fine])[0]
    assert many[1].verdict is Verdict.PASS


def test_holm_eases_the_rest_when_one_has_failed():
    clear, close = pair(0, 300, 400, 1000), pair(69, 300, 400, 1000)
    pairs = [clear, *[pair(400, 1000, 400, 1000)] * 3, close]
    levels = [found.interval.level for found in judge_pairs(pairs)]
    assert levels[0] == 1 - 0.05 / 5
    assert levels[-1] == 1 - 0.05 / 4


def test_groups_too_small_are_never_judged_nor_cost_the_others_anything():
    tiny = pair(9, 9, 0, 1000)
    assert judge_pairs([tiny])[0].verdict is Verdict.UNKNOWN
    assert (
        judge_pairs([pair(60, 300, 400, 1000), tiny])[0]
        == judge_pairs([pair(60, 300, 400, 1000)])[0]
    )
    assert judge_pairs([]) == []


def identical_groups(seed, tolerance=0.1):
    """Pairs of groups of COMPAS' sizes, all with the same true rate."""
    sizes = np.array(list(COMPAS.values()))
    k = np.random.default_rng(seed).binomial(sizes, 0.3).tolist()
    others = zip(k[1:], sizes[1:].tolist(), strict=True)
    return [pair(a, n, k[0], int(sizes[0]), tolerance) for a, n in others]


def test_identical_groups_of_compas_sizes_are_failed_no_more_often_than_stated():
    # With no tolerance to speak of, every failure is a false one.
    failed = sum(
        any(found.verdict is Verdict.FAIL for found in judge_pairs(identical_groups(seed, 1e-9)))
        for seed in range(200)
    )
    assert failed <= 18  # binomial(200, .05) exceeds 18 once in 130 times


def test_a_gap_at_the_tolerance_is_passed_no_more_often_than_stated():
    rng = np.random.default_rng(0)
    draws = [
        pair(int(rng.binomial(2103, 0.3)), 2103, int(rng.binomial(3175, 0.2)), 3175)
        for _ in range(400)
    ]
    passed = sum(judge_pairs([drawn])[0].verdict is Verdict.PASS for drawn in draws)
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
    monkeypatch.setattr("assay.gates.fairness.gaps.MAX_HYPERGEOMETRIC_ROWS", 0)
    assert permutation_p(groups) == pytest.approx(dealt, abs=0.03)


def test_what_is_needed_is_told_from_the_group_or_from_both():
    assert rows_to_decide(pair(30, 100, 3000, 10_000), 0.95).more_rows > 0
    rows, base = rows_to_decide(pair(9, 30, 12, 40), 0.95).rows_of_both
    assert rows > 30
    assert base / 40 == pytest.approx(rows / 30, abs=0.05)
    on_the_tolerance = rows_to_decide(pair(2000, 10_000, 1000, 10_000), 0.95)
    assert (on_the_tolerance.more_rows, on_the_tolerance.rows_of_both) == (None, None)
    assert rows_to_decide(pair(30, 100, 3, 9), 0.95).more_rows is None


@given(*[st.tuples(st.integers(0, 60), st.integers(0, 60)) for _ in range(2)])
def test_a_gap_of_shares_has_newcombes_interval(own, base):
    one, other = ((k, k + more + 1) for k, more in (own, base))
    found = judge_pairs([pair(*one, *other)])[0].interval
    low, high = newcombe_limits(*one, *other, found.level)
    assert (found.low, found.high) == (pytest.approx(float(low)), pytest.approx(float(high)))


@given(*[st.integers(10, 300)] * 4)
@settings(max_examples=50)
def test_a_ratio_turned_round_is_never_judged_the_opposite(a, b, c, d):
    there, back = (pair(*k, ratio=0.8) for k in ((a, a + b, c, c + d), (c, c + d, a, a + b)))
    assert {judge_pairs([p])[0].verdict for p in (there, back)} != {Verdict.PASS, Verdict.FAIL}


def test_a_ratio_at_the_limit_is_passed_and_failed_no_more_often_than_stated():
    rng = np.random.default_rng(0)
    found = [
        judge_pairs([pair(int(a), 800, int(b), 3000, ratio=0.8)])[0].verdict
        for a, b in zip(rng.binomial(800, 0.24, 400), rng.binomial(3000, 0.3, 400), strict=True)
    ]
    assert found.count(Verdict.PASS) <= 33  # 20 are to be expected, three standard errors are 13
    assert found.count(Verdict.FAIL) <= 24  # 10, and three standard errors of 3.1 and a half


def test_six_groups_of_compas_sizes_show_a_planted_gap():
    found = 0
    for seed in range(50):
        pairs = identical_groups(seed)
        rng = np.random.default_rng([seed, 1])
        pairs[0] = pair(int(rng.binomial(2103, 0.5)), 2103, *_counts(pairs[1].reference_sums))
        found += judge_pairs(pairs)[0].verdict is Verdict.FAIL
    assert found >= 48


def _counts(sums):
    return int(sums["tp"]), int(sums["tp"] + sums["tn"])
