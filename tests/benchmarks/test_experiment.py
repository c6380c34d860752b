import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.calibration.experiment import (
    Experiment,
    Found,
    Tally,
    always,
    at_least,
    at_most,
    never,
)
from benchmarks.calibration.page import page
from benchmarks.calibration.run import merged

FEW = at_most(0.05, "alarm", "it alarms")
MOST = at_least(0.95, "found", "it finds")


@pytest.mark.parametrize(
    ("claim", "hits", "tried", "verdict"),
    [
        (FEW, 0, 400, "holds"),
        (FEW, 20, 400, "holds"),
        (FEW, 40, 400, "does not hold"),
        (FEW, 0, 20, "too few seeds"),
        (FEW, 0, 0, "too few seeds"),
        (FEW, 10, 20, "does not hold"),
        (MOST, 400, 400, "holds"),
        (MOST, 360, 400, "does not hold"),
        (MOST, 19, 20, "too few seeds"),
        (never("alarm", ""), 0, 3, "holds"),
        (never("alarm", ""), 1, 400, "does not hold"),
        (always("found", ""), 3, 3, "holds"),
        (always("found", ""), 399, 400, "does not hold"),
    ],
)
def test_a_claim_holds_only_where_a_gate_half_as_good_would_have_been_noticed(
    claim, hits, tried, verdict
):
    assert Found(claim, hits, tried).verdict == verdict


@given(st.integers(1, 500), st.data(), st.sampled_from([0.01, 0.025, 0.05, 0.2]))
def test_at_most_an_error_and_at_least_its_opposite_are_judged_alike(tried, data, rate):
    wrong = data.draw(st.integers(0, tried))
    one = Found(at_most(rate, "wrong", ""), wrong, tried)
    other = Found(at_least(1 - rate, "right", ""), tried - wrong, tried)
    assert one.verdict == other.verdict


@given(st.integers(1, 500), st.data())
def test_more_errors_never_help(tried, data):
    order = ("holds", "too few seeds", "does not hold")
    hits = data.draw(st.integers(0, tried - 1))
    worse, better = (order.index(Found(FEW, n, tried).verdict) for n in (hits + 1, hits))
    assert worse >= better


def test_tallies_add_up_and_a_seed_that_says_nothing_counts_for_nothing():
    one = Tally(2, {"alarm": (1, 2), "found": (0, 0)})
    other = Tally(3, {"alarm": (0, 3), "found": (2, 2)}, ("seed 4: ValueError: no",))
    both = merged([one, other])
    assert both.seeds == 5
    assert both.counts == {"alarm": (1, 5), "found": (2, 2)}
    assert both.raised == ("seed 4: ValueError: no",)


def test_a_gate_that_raises_holds_no_level_and_the_page_says_so():
    experiment = Experiment("made", "Nothing.", 400, dict, (FEW,))
    sound, raised = (Tally(400, {"alarm": (0, 400)}, texts) for texts in ((), ("seed 1: bad",)))
    assert sound.holds(experiment)
    assert not raised.holds(experiment)
    assert "**The gate raised in 1 seeds**: seed 1: bad" in page(
        {"drift": {experiment: raised}}, "command"
    )


def test_the_page_shows_what_is_stated_beside_what_was_seen():
    experiment = Experiment("made", "Nothing.", 400, dict, (FEW, MOST))
    tally = Tally(400, {"alarm": (40, 400), "found": (400, 400)})
    text = page({"fairness": {experiment: tally}}, "command")
    assert "| it alarms | at most 5 % | 10 % (40 of 400) |" in text
    assert "| **does not hold** |" in text
    assert "| it finds | at least 95 % | 100 % (400 of 400) | 98.4 to 100 % | holds |" in text
    assert "| fairness | 1 | 2 | 1 | 1 | 0 |" in text
