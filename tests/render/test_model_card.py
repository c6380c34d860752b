import json

from assay.config.use_case import UseCase
from assay.gates.report import Check, Interval, Report, Sheet, Verdict
from assay.render.model_card import render_model_card

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


SCORES = Sheet(title="Scores", columns=("score", "model", "low", "high"),
               rows=(("roc_auc", 0.929, 0.923, 0.934),))  # fmt: skip
REPORTS = [
    Report(gate="validation", subject="x", verdict=Verdict.PASS, checks=(),
           summary="48,842 rows held to 10 rules."),
    Report(gate="performance", subject="x", verdict=Verdict.PASS, checks=(), sheets=(SCORES,),
           summary="ROC AUC 0.929."),
    REPORT.model_copy(update={"sheets": (
        Sheet(title="By sex", columns=("sex", "rows", "rate"), rows=(("Female", 12, 0.1),)),)}),
]  # fmt: skip


def made(number, reports=REPORTS, **data):
    case = {**CASE, "data": {**CASE["data"], **data}}
    use_case = UseCase.model_validate_json(json.dumps(case))
    return render_model_card(use_case, use_case.candidates[number], reports)


def section(text, name):
    return text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def test_it_says_what_the_model_is_for_and_whom_it_may_harm():
    opening = made(0).partition("\n## ")[0]
    for words in ("Is it paid back?", "who gets a loan", "bad flat", "lending"):
        assert words in opening


def test_it_says_what_the_model_was_made_of():
    data = section(made(0), "Data")
    assert "`loans.csv`" in data
    assert "`paid` is `yes`" in data
    assert "48,842 rows held to 10 rules." in data
    assert "`sklearn.linear_model.LogisticRegression`" in section(made(0), "Model")


def test_it_shows_every_verdict_and_the_scores_with_their_intervals():
    assert "| fairness | ? unknown |" in section(made(0), "Verdicts")
    assert "| roc_auc | 0.929 | 0.923 | 0.934 |" in section(made(0), "Performance")


def test_it_shows_fairness_by_group_with_the_limit_and_its_reason():
    fairness = section(made(0), "Fairness")
    assert "within 0.1 of" in fairness
    assert "because: the law" in fairness
    assert r"\[-0.100, 0.300\] | 0.100 | The gap is small" in fairness
    assert "| Female | 12 | 0.100 |" in fairness


def test_it_says_what_is_not_known_and_what_would_tell():
    limits = section(made(0), "Limits")
    assert (
        "Not known: Only 12 rows. Required: The gap is small. About 300 more would tell." in limits
    )


def test_it_says_how_the_model_uses_sensitive_columns():
    assert "sex; none of them is a feature\n" in made(0)
    assert "its thresholds depend on sex" in section(made(1), "Loading")
    assert "its thresholds" not in made(0)
    assert "the model sees sex" in made(0, sensitive={"sex": {"feature": True}})


def test_it_says_how_to_load_the_model():
    loading = section(made(0), "Loading")
    program = loading.partition("```python\n")[2].partition("```")[0]
    compile(program, "card", "exec")
    assert 'bucket.model("loans@champion")' in program


def test_words_of_the_use_case_mean_themselves_and_tables_stay_whole():
    nasty = {"column": "a`b", "positive": "<b>"}
    text = made(0, target=nasty, exclude=["x | y", "<script>"])
    assert "<script>" not in text
    assert r"a\`b is `<b>`" in text
    assert "x \\| y" in text


def test_a_card_needs_no_report():
    assert "No limit" not in made(0, [])
    assert "The gates found none." in made(0, [])


def with_words(**card):
    use_case = UseCase.model_validate_json(json.dumps(CASE | {"card": card}))
    return render_model_card(use_case, use_case.candidates[0], REPORTS)


def test_what_people_did_not_say_shows_as_a_gap_with_the_lines_that_fill_it():
    text = with_words(intended_use="who is *invited*")
    use = section(text, "Use")
    assert r"- **Intended use.** who is \*invited\*" in use
    assert "- **Out-of-scope use.** **not said**" in use
    assert "`card: {out_of_scope: TEXT, limits: TEXT, contact: TEXT}`" in use
    assert "**not said**" in section(text, "Limits")


def test_a_card_to_which_people_said_everything_has_no_gap():
    text = with_words(intended_use="a", out_of_scope="b", limits="weak for the young", contact="d")
    assert "not said" not in text
    assert "- **What people know.** weak for the young" in section(text, "Limits")


def test_a_gate_that_did_not_pass_gives_its_finding():
    row = next(line for line in made(0).splitlines() if line.startswith("| fairness |"))
    assert row.endswith("| Only 12 rows |")


def test_it_says_what_the_model_leans_on_where_that_was_judged():
    leans = Report(
        gate="explanation", subject="x", verdict=Verdict.PASS, checks=(),
        summary="It leans on age most.",
        sheets=(Sheet(title="Importance", columns=("columns", "loss"), rows=(("age", 0.2),)),),
    )  # fmt: skip
    text = section(made(0, [*REPORTS, leans]), "What it leans on")
    assert "It leans on age most." in text
    assert "| age | 0.200 |" in text
    assert "What it leans on" not in made(0)


def test_it_says_which_rows_were_held_back():
    assert "- **Held back for the test.** 20 % of the rows, by identity\n" in made(0)


def test_remarks_on_the_method_are_no_limits():
    noted = [one.model_copy(update={"notes": ("Holm at 5%.",)}) for one in REPORTS]
    assert "Holm" not in section(made(0, noted), "Limits")
    assert "- **Fairness.** Holm at 5%." in section(made(0, noted), "How it was judged")
