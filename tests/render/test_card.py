import json

from assay.config.use_case import UseCase
from assay.evidence.report import Check, Interval, Report, Verdict
from assay.render.card import card

PLAIN = {"estimator": "sklearn.linear_model.LogisticRegression"}
FAIR = {
    "method": "fairlearn.postprocessing.ThresholdOptimizer",
    "by": "sex",
    "constraint": "demographic_parity",
}
CASE = {
    "name": "loans",
    "question": "Is it paid back?",
    "decision": "who gets a loan",
    "harm": "a wrong no keeps a family in a bad flat",
    "owner": "lending",
    "data": {
        "source": "loans.csv",
        "target": {"column": "paid", "positive": "yes"},
        "sensitive": {"sex": {}},
    },
    "candidates": [PLAIN, {**PLAIN, "mitigate": FAIR}],
    "fairness": [
        {"metric": "selection_rate", "by": ["sex"], "tolerance": 0.1, "because": "the law"}
    ],
}
REPORT = Report(
    gate="fairness",
    subject="x",
    verdict=Verdict.UNKNOWN,
    summary="One gap cannot be told.",
    checks=(
        Check(
            name="gap",
            claim="The gap is small",
            verdict=Verdict.UNKNOWN,
            estimate=0.08,
            interval=Interval(low=-0.1, high=0.3),
            threshold=0.1,
            why="Only 12 rows.",
            remedy="About 300 more would tell.",
        ),
    ),
)


def made(number, **data):
    case = {**CASE, "data": {**CASE["data"], **data}}
    use_case = UseCase.model_validate_json(json.dumps(case))
    return card(use_case, use_case.candidates[number], [REPORT])


def test_it_says_what_the_model_is_for_and_whom_it_may_harm():
    for words in ("Is it paid back?", "who gets a loan", "bad flat", "lending", "`paid` is `yes`"):
        assert words in made(0)


def test_it_says_what_is_not_known_and_why_the_tolerance_is_what_it_is():
    limits = made(0).partition("## Limits")[2]
    assert "the law" in limits
    assert "Only 12 rows. About 300 more would tell." in limits


def test_it_says_how_the_model_uses_sensitive_columns():
    assert "sex; none of them is a feature\n" in made(0)
    assert "its thresholds depend on sex" in made(1)
    assert "the model sees sex" in made(0, sensitive={"sex": {"feature": True}})
