"""`assay drift` on files whose answers are amounts, or one of several classes."""

import random
import textwrap

import pytest
from typer.testing import CliRunner

from assay.cli.app import app
from assay.errors import AssayError

AMOUNTS = ["--problem", "regression", "--prediction", "said", "--truth", "came"]
COLUMNS = ["--prediction", "said", "--truth", "came"]
CLASSES = ["--problem", "multiclass", *COLUMNS]
WIDE = ["--margin", "0.2"]  # of few rows
PROBABILITIES = [w for c in "abc" for w in ("--probability", f"{c}=p_{c}")]


def amounts(count, seed, bias=0.0):
    draw = random.Random(seed)
    lines = ["x,town,said,came"]
    for _ in range(count):
        x = draw.gauss(0, 1)
        came = 10 + 2 * x + bias + draw.gauss(0, 1)
        lines.append(f"{x:.4f},{draw.choice(['Bonn', 'Ulm'])},{10 + 2 * x:.3f},{came:.3f}")
    return "\n".join(lines) + "\n"


def classes(count, seed, total=1.0):
    draw = random.Random(seed)
    lines = ["x,p_a,p_b,p_c,said,came"]
    for _ in range(count):
        x = draw.random()
        p = [0.8 * x + 0.1, 0.1, 0.8 * (1 - x)]
        said = "abc"[p.index(max(p))]
        came = draw.choices("abc", p)[0]
        cells = [f"{total * one:.5f}" for one in p]
        lines.append(f"{x:.4f},{','.join(cells)},{said},{came}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drift")
    for name, text in {
        "old": amounts(1500, 1),
        "new": amounts(800, 2),
        "bad": amounts(800, 3, bias=2.0),
        "odd": amounts(200, 4).replace("\n", "\ninf,Bonn,inf,3\n", 1),
        "cold": classes(1500, 1),
        "cnew": classes(800, 2),
        "double": classes(200, 3, total=0.5),
        "strange": classes(200, 4) + "0.5,0.5,0.1,0.4,a,d\n",
    }.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


@pytest.fixture(autouse=True)
def few_trees(monkeypatch, files):
    """How good the loss models are is no question of the command."""
    monkeypatch.setattr("assay.problems.regression.loss_model._SIZES", ((0.1, 10), (0.1, 20)))
    monkeypatch.chdir(files)


def drift(*words):
    return CliRunner().invoke(app, ["drift", *words], terminal_width=200)


def told(done):
    return str(done.exception) if isinstance(done.exception, AssayError) else done.output


def test_amounts_are_judged_by_errors_and_by_chunk():
    done = drift("old.csv", "new.csv", *AMOUNTS, *WIDE, "--chunk", "400", "--by", "town")
    assert done.exit_code == 0
    assert "Predictions are unharmed: MAE is" in done.output
    harmed = drift("old.csv", "bad.csv", *AMOUNTS, *WIDE, "--html", "page.html")
    assert harmed.exit_code == 3
    assert "Predictions harmed: MAE is" in harmed.output


def test_several_classes_are_judged_by_their_scores():
    done = drift("cold.csv", "cnew.csv", *CLASSES, *PROBABILITIES, *WIDE, "--chunk", "400")
    assert done.exit_code == 0
    assert "Predictions are unharmed: accuracy is" in done.output
    assert "Performance by chunk" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["old.csv", "odd.csv", *AMOUNTS], "1 of 201 values of 'said' are missing or no finite"),
        (["old.csv", "new.csv", *AMOUNTS[:-2]], "add --truth"),
        (["old.csv", "new.csv", "--problem", "regression", "--truth", "came"], "add --prediction"),
        (["old.csv", "new.csv", *AMOUNTS, "--probability", "x"], "leave --probability out"),
        (["old.csv", "new.csv", "--chunk", "100"], "not estimated for yes or no"),
        (["cold.csv", "cnew.csv", *CLASSES], "add --probability CLASS=COLUMN"),
        (["cold.csv", "cnew.csv", *CLASSES, *PROBABILITIES[:4]], "three or more classes"),
        (["cold.csv", "cnew.csv", *CLASSES, "--probability", "p_a"], "CLASS=COLUMN, not 'p_a'"),
        (["cold.csv", "cnew.csv", *CLASSES, *PROBABILITIES, *PROBABILITIES[:2]], "'a' twice"),
        (["cold.csv", "cnew.csv", *CLASSES, *PROBABILITIES[:4], "--probability", "c=p_b"],
         "both name the column 'p_b'"),
        (["cold.csv", "cnew.csv", *CLASSES, *PROBABILITIES[:4], "--probability", "d=p_c"],
         "'c', for which no column of probabilities is named"),
        (["cold.csv", "double.csv", *CLASSES, *PROBABILITIES], "do not sum to 1, but to 0.5"),
        (["cold.csv", "strange.csv", *CLASSES, *PROBABILITIES], "'came' holds 'd', for which"),
        (["cold.csv", "cnew.csv", *PROBABILITIES], "has one column of probabilities"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_told_in_a_line(words, said):
    done = drift(*words)
    assert done.exit_code in (1, 2)
    assert said in " ".join(told(done).replace("│", " ").split())


def test_a_use_case_says_of_which_type_the_question_is(files):
    case = """
        name: wages
        question: How much?
        decision: d
        harm: h
        owner: o
        data: {source: {path: old.csv}, target: {column: came, unit: dollars}}
        drift: {margin: 0.2}
        candidates: [{estimator: sklearn.dummy.DummyRegressor}]
    """
    (files / "wages.yaml").write_text(textwrap.dedent(case))
    done = drift("old.csv", "new.csv", "--config", "wages.yaml", *COLUMNS)
    assert done.exit_code == 0, told(done)
    assert "MAE" in done.output
    other = drift("old.csv", "new.csv", "--config", "wages.yaml", *CLASSES)
    assert "--problem says multiclass, the use case regression" in " ".join(
        told(other).replace("│", " ").split()
    )
