"""`assay audit` on any file: friendly without a limit, exact with one, clear about bad input."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from assay.cli import main


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


COLUMNS = ["--truth", "y", "--prediction", "p"]


@pytest.fixture
def assay(monkeypatch, capsys):
    """`assay` in this process: a new one takes seconds to import what an audit needs."""

    def call(*words):
        monkeypatch.setattr("sys.argv", ["assay", *words])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(ended.value.code or 0, *capsys.readouterr())

    return call


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """Predictions in p.csv: those of women are held back."""
    rng = np.random.default_rng(0)
    n = 2000
    sex = rng.choice(["Female", "Male"], n)
    score = np.clip(rng.beta(2, 3, n) - 0.15 * (sex == "Female"), 0, 1)
    found = pd.DataFrame(
        {
            "y": (rng.random(n) < score + 0.1).astype(int),
            "p": (score > 0.35).astype(int),
            "score": score.round(2),
            "sex": sex,
            "race": rng.choice(["A", "B"], n),
            "age": rng.integers(17, 90, n),
        }
    )
    found.to_csv(tmp_path / "p.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return found


def test_without_a_limit_all_gaps_are_shown_and_nothing_is_judged(assay, rows):
    done = assay("audit", "p.csv", *COLUMNS, "--by", "sex", "--json")
    assert done.code == 0
    assert (done.json["checks"], done.json["verdict"]) == ([], "caution")
    assert done.json["summary"] == ("Not judged: no limit is set, so no gap was compared with one.")
    gaps = next(s for s in done.json["sheets"] if s["title"] == "Gaps by sex")
    found = {row[0]: dict(zip(gaps["columns"], row, strict=True)) for row in gaps["rows"]}
    share = rows.groupby("sex")["p"].mean()
    assert found["selection_rate"]["difference"] == pytest.approx(
        abs(share["Female"] - share["Male"])
        * (-1 if found["selection_rate"]["sex"] == "Female" else 1)
    )
    assert found["true_positive_rate"]["low"] < found["true_positive_rate"]["high"]


def test_probabilities_bins_and_intersections(assay, rows):
    asked = ["--probability", "score", "--by", "sex+race", "--by", "age", "--bins", "age=25,45,65"]
    done = assay("audit", "p.csv", *COLUMNS, *asked, "--metric", "calibration_error", "--json")
    assert done.code in {0, 3}
    titles = {sheet["title"] for sheet in done.json["sheets"]}
    assert {"By sex", "By race", "By sex & race", "By age"} <= titles
    assert "By sex & race & age" not in titles
    groups = {check["group"] for check in done.json["checks"]}
    assert {"age=<25", "age=25-45", "age=45-65"} <= groups
    assert any(figure["kind"] == "curve" for figure in done.json["figures"])


def test_a_ratio_is_a_limit_too(assay, rows):
    asked = ["--by", "sex", "--reference", "sex=Male", "--metric", "selection_rate"]
    done = assay("audit", "p.csv", *COLUMNS, *asked, "--ratio", "0.8", "--json")
    assert done.code == 3
    (check,) = done.json["checks"]
    share = rows.groupby("sex")["p"].mean()
    assert check["estimate"] == pytest.approx(share["Female"] / share["Male"])


def test_counted_rows_give_the_same(assay, rows):
    counted = rows.groupby(["y", "p", "sex"]).size().rename("n").reset_index()
    counted.to_csv("counted.csv", index=False)
    asked = [*COLUMNS, "--by", "sex", "--metric", "equalized_odds", "--json"]
    plain = assay("audit", "p.csv", *asked).json
    assert assay("audit", "counted.csv", "--count", "n", *asked).json["checks"] == plain["checks"]


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (
            ["--by", "sex", "--metric", "f1_score", "--tolerance", "10"],
            1,
            "--tolerance: a tolerance of 10",
        ),
        (["--by", "age", "--bins", "age=40,30"], 1, "--bins: cut points must ascend"),
        (["--by", "sex", "--metric", "recal_score"], 2, "did you mean recall_score"),
        (["--by", "sex", "--ratio", "0.8"], 2, "add --metric"),
        (
            ["--by", "sex", "--metric", "f1_score", "--ratio", ".8", "--tolerance", ".1"],
            2,
            "either",
        ),
        (["--by", "sex", "--bins", "age=3"], 2, "--by does not"),
        (["--by", "age", "--bins", "age=young"], 2, "no cut points"),
        ([], 2, "column of groups"),
        (["--by", "sex", "--probability", "y"], 2, "--truth and --probability both name the"),
        (["--by", "age"], 1, "--bins age="),
        (["--by", "sexe"], 1, "Did you mean 'sex'?"),
        (["--by", "sex", "--probability", "age"], 1, "outside 0 to 1"),
        (["--by", "sex", "--count", "score"], 1, "does not count rows"),
        (["--by", "sex", "--metric", "r2_score", "--ratio", "0.8"], 1, "has no ratio"),
        (["--by", "sex", "--metric", "f1_score", "--ratio", "1.5"], 1, "less than 1"),
        (["--by", "sex", "--metric", "f1_score", "--tolerance", "0"], 1, "greater than 0"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_remedy(assay, rows, asked, code, said):
    done = assay("audit", "p.csv", *COLUMNS, *asked)
    assert done.code == code
    assert said in " ".join(done.err.replace("│", " ").split())
    assert "Traceback" not in done.err


def test_a_reference_without_negatives_is_not_called_too_small(assay, tmp_path):
    rows = "".join(f"1,{n % 2},{'ab'[n % 3 == 0]}\n" for n in range(600))
    (tmp_path / "one.csv").write_text("y,p,who\n" + rows)
    file = str(tmp_path / "one.csv")
    asked = ["--by", "who", "--metric", "false_positive_rate", "--json"]
    [check] = assay("audit", file, *COLUMNS, *asked).json["checks"]
    assert check["verdict"] == "unknown"
    assert check["remedy"].startswith("Name a reference group that has negatives")


AMOUNTS = ("--problem", "regression", "--truth", "earned", "--prediction", "predicted")


@pytest.fixture
def amounts(tmp_path, monkeypatch):
    """Predictions in w.csv: women are estimated two too low."""
    rng = np.random.default_rng(0)
    sex = rng.choice(["Female", "Male"], 1500, p=[0.4, 0.6])
    predicted = rng.normal(20, 4, 1500)
    error = rng.normal(size=1500) - np.where(sex == "Female", 2, 0)
    found = pd.DataFrame({"earned": predicted - error, "predicted": predicted, "sex": sex})
    found["age"] = rng.integers(17, 90, 1500)
    found.to_csv(tmp_path / "w.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return found


def test_amounts_are_audited_with_their_unit(assay, amounts):
    done = assay(
        *("audit", "w.csv", *AMOUNTS, "--by", "sex", "--unit", "dollars", "--json"),
        *("--metric", "mean_error", "--tolerance", "1"),
    )
    [check] = done.json["checks"]
    assert done.code == 3
    assert check["name"] == "mean_error[sex=Female]"
    assert check["verdict"] == "fail"
    assert "within 1 dollars of" in check["claim"]
    error = (amounts["predicted"] - amounts["earned"]).groupby(amounts["sex"]).mean()
    assert check["estimate"] == pytest.approx(error["Female"] - error["Male"])
    assert "sex=Female is estimated" in check["why"]
    shown = assay("audit", "w.csv", *AMOUNTS, "--by", "sex", "--by", "age", "--bins", "age=30,50")
    assert shown.code == 0
    assert "Gaps by age" in shown.out
    ratio = assay(
        *("audit", "w.csv", *AMOUNTS, "--by", "sex", "--json"),
        *("--metric", "mean_absolute_error", "--ratio", "0.8"),
    )
    assert ratio.json["measurements"][0]["kind"] == "ratio"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--metric", "mean_error"), "add --tolerance in that unit"),
        (("--metric", "selection_rate"), "no metric 'selection_rate'"),
        (("--positive", "yes"), "--positive has no meaning for a question that asks how much"),
        (("--count", "age"), "--count has no meaning"),
        (("--probability", "age"), "--probability has no meaning"),
        (("--problem", "regresion"), "is not one of"),
        (("--problem", "binary", "--unit", "dollars"), "--unit has no meaning"),
        (("--prediction", "sex"), "holds no numbers"),
        (("--prediction", "predict"), "predicted"),
        (("--problem", "binary", "--probability", "age", "--probability", "sex"), "twice"),
    ],
)
def test_a_wrong_combination_is_one_sentence(assay, amounts, words, said):
    done = assay("audit", "w.csv", *AMOUNTS, "--by", "age", "--bins", "age=30", *words)
    assert done.code in (1, 2)
    told = " ".join(done.err.replace("│", " ").split())
    assert said in told
    assert "Traceback" not in told


def test_a_use_case_says_what_is_asked(assay, amounts):
    asked = ("audit", "w.csv", *AMOUNTS[2:], "--by", "sex")
    unit = assay(*asked, "--unit", "dollars", "--config", "none.yaml")
    assert unit.code == 2
    assert "unit comes from the use case" in " ".join(unit.err.replace("│", " ").split())
    with open("wages.yaml", "w") as file:
        file.write(
            "name: wages\nquestion: q\ndecision: d\nharm: h\nowner: o\n"
            "data: {source: w.csv, target: {column: earned, unit: dollars}, sensitive: {sex: {}}}\n"
            "performance: {choose_by: mae}\n"
            "fairness: [{metric: mean_error, by: sex, tolerance: 3, because: b}]\n"
            "candidates: [{estimator: sklearn.dummy.DummyRegressor}]\n"
        )
    done = assay(*asked, "--config", "wages.yaml", "--json")
    [check] = done.json["checks"]
    assert check["verdict"] == "pass"
    assert "within 3 dollars of" in check["claim"]
    other = assay(*asked, "--config", "wages.yaml", "--problem", "binary")
    assert other.code == 2
    assert "--problem says binary, the use case regression" in " ".join(
        other.err.replace("│", " ").split()
    )


def shares(report):
    sheet = next(one for one in report["sheets"] if one["title"] == "All metrics by sex")
    return {row[1]: row[3] for row in sheet["rows"] if row[0] == "selection_rate"}


def test_sampling_weights_move_estimates_and_widen_intervals(assay, rows):
    weights = np.exp(np.random.default_rng(1).normal(size=len(rows)))
    weights[0] = 0
    rows.assign(w=weights).to_csv("w.csv", index=False)
    done = assay("audit", "w.csv", *COLUMNS, "--by", "sex", "--weight", "w", "--json")
    found = shares(done.json)
    for group, share in found.items():
        inside = (rows["sex"] == group).to_numpy()
        assert share == pytest.approx(np.average(rows["p"][inside], weights=weights[inside]))
    assert any("1,999 tell as much as" in note for note in done.json["notes"])


def test_weights_are_told_apart_from_counts(assay, rows):
    rows.assign(w=1.5, n=2).to_csv("w.csv", index=False)
    both = assay("audit", "w.csv", *COLUMNS, "--by", "sex", "--weight", "w", "--count", "n")
    assert both.code == 2
    assert "either --count" in both.err
    wrong = assay("audit", "w.csv", *COLUMNS, "--by", "sex", "--count", "w")
    assert wrong.code == 1
    assert "name them by --weight" in " ".join(wrong.err.split())
    negative = rows.assign(w=-1)
    negative.to_csv("w.csv", index=False)
    refused = assay("audit", "w.csv", *COLUMNS, "--by", "sex", "--weight", "w")
    assert refused.code == 1
    assert "2,000 of 2,000 rows have a negative weight" in refused.err


def test_amounts_are_audited_by_weight_too(assay, rows):
    weights = np.exp(np.random.default_rng(1).normal(size=len(rows)))
    rows.assign(w=weights).to_csv("w.csv", index=False)
    words = ["--truth", "y", "--prediction", "score", "--by", "sex", "--weight", "w"]
    done = assay("audit", "w.csv", *words, "--problem", "regression", "--json")
    sheet = next(one for one in done.json["sheets"] if one["title"] == "By sex")
    assert sheet["columns"][1:3] == ["rows", "effective rows"]
