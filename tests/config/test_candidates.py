from __future__ import annotations

import pytest
from pydantic import ValidationError

from assay.config.candidates import Candidate, Mitigation
from assay.config.use_case import UseCase

LOGISTIC = "sklearn.linear_model.LogisticRegression"
THRESHOLDS = "fairlearn.postprocessing.ThresholdOptimizer"
GRADIENT = "fairlearn.reductions.ExponentiatedGradient"
GRID = "fairlearn.reductions.GridSearch"


def mitigation(**asked):
    plain = {"method": THRESHOLDS, "by": "sex", "constraint": "demographic_parity"}
    return Mitigation(**{**plain, **asked})


def case(*candidates):
    words = dict.fromkeys(("question", "decision", "harm", "owner"), "?")
    data = {"source": "a.csv", "target": {"column": "y", "positive": 1}, "sensitive": {"sex": {}}}
    return UseCase(name="a", data=data, candidates=tuple(candidates), **words)


def test_one_value_and_a_list_of_it_say_the_same():
    assert mitigation() == mitigation(by=["sex"], strength=[1.0])
    assert (mitigation().by, mitigation(strength=0.5).strength) == (("sex",), (0.5,))


def test_each_strength_is_a_candidate_with_a_title_of_its_own():
    plain = Candidate(estimator=LOGISTIC)
    several = Candidate(estimator=LOGISTIC, mitigate=mitigation(strength=[0.25, 0.5, 1.0]))
    named = Candidate(name="fair", estimator=LOGISTIC, mitigate=mitigation(strength=[0.5, 1.0]))
    found = case(plain, several, named)
    assert [one.title for one in found.expanded_candidates] == [
        "LogisticRegression",
        "LogisticRegression + ThresholdOptimizer at 0.25",
        "LogisticRegression + ThresholdOptimizer at 0.5",
        "LogisticRegression + ThresholdOptimizer",
        "fair at 0.5",
        "fair",
    ]
    assert [found.candidate_path(one)[1] for one in found.expanded_candidates] == [0, 1, 1, 1, 2, 2]
    assert all(found.find_candidate(one.title) is not None for one in found.expanded_candidates)
    # The search does not depend on the mitigation: one serves all.
    assert set(found.shared_searches().values()) == {"LogisticRegression"}


def test_candidates_with_other_parameters_have_a_search_of_their_own():
    one = Candidate(name="a", estimator=LOGISTIC, search={"C": (1,)})
    other = Candidate(name="b", estimator=LOGISTIC, search={"C": (1.0,)})
    assert case(one, other).shared_searches() == {"a": "a", "b": "b"}


def test_two_that_would_be_called_alike_are_refused():
    twice = [
        Candidate(estimator=LOGISTIC, mitigate=mitigation(strength=s)) for s in (0.5, [0.5, 1])
    ]
    with pytest.raises(ValidationError, match=r"ThresholdOptimizer at 0\.5"):
        case(*twice)


@pytest.mark.parametrize("strength", [0, -0.5, 1.01, [], [0.5, 0.5], "half", float("nan")])
def test_a_strength_is_a_share_and_stands_once(strength):
    with pytest.raises(ValidationError):
        mitigation(strength=strength)


@pytest.mark.parametrize(
    ("method", "constraint"),
    [
        (THRESHOLDS, "error_rate_parity"),
        (GRADIENT, "false_negative_rate_parity"),
        (GRID, "true_negative_rate_parity"),
        (GRID, None),
        ("assay.reweighing", "equalized_odds"),
    ],
)
def test_a_constraint_that_the_method_does_not_know_is_refused_with_those_it_knows(
    method, constraint
):
    with pytest.raises(ValidationError, match=r"takes one of .*demographic_parity"):
        mitigation(method=method, constraint=constraint)


def test_reweighing_needs_no_constraint_and_only_reductions_iterate():
    assert mitigation(method="assay.reweighing", constraint=None).trains_on_weights
    assert mitigation(method=GRID, max_iter=4).max_iter == 4
    for method in (THRESHOLDS, "assay.reweighing"):
        with pytest.raises(ValidationError, match="no use for max_iter"):
            mitigation(method=method, max_iter=4)
