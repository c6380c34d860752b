"""`assay drift` as people run it: on files, and on parts of one."""

import random

import pytest


def rows(count, seed, slope=1.0, first=0):
    draw = random.Random(seed)
    lines = []
    for i in range(count):
        x = draw.gauss(0, 1)
        p = 1 / (1 + 2.718 ** (-2.5 * slope * x))
        y = draw.random() < 1 / (1 + 2.718 ** (-2.5 * x))
        town = draw.choice(["Bonn", "Ulm", "Jena"])
        said = "yes" if p >= 0.5 else "no"
        lines.append(f"{first + i},{x * slope:.4f},{town},{p:.5f},{said},{'yes' if y else 'no'}")
    return lines


HEAD = "id,x,town,p,said,came\n"
MODEL = ["--probability", "p", "--prediction", "said", "--truth", "came"]


@pytest.fixture(scope="module")
def assay(shared):
    run, folder = shared
    (folder / "old.csv").write_text(HEAD + "\n".join(rows(2000, 1)) + "\n")
    (folder / "new.csv").write_text(HEAD + "\n".join(rows(1000, 2, first=2000)) + "\n")
    (folder / "bad.csv").write_text(HEAD + "\n".join(rows(1000, 3, 0.3, first=3000)) + "\n")
    return run


def test_rows_of_the_same_kind_pass(assay):
    done = assay("drift", "old.csv", "new.csv", *MODEL, "--by", "town", "--json")
    assert (done.code, done.json["verdict"]) == (0, "pass")
    assert "id numbers the rows" in " ".join(done.json["notes"])
    names = {check["name"] for check in done.json["checks"]}
    assert {"shift[x]", "expected[roc_auc]", "realised[accuracy]"} <= names


@pytest.mark.slow
def test_harm_fails_with_exit_code_3_and_a_page(assay, shared):
    done = assay("drift", "old.csv", "bad.csv", *MODEL, "--html", "page.html")
    assert done.code == 3
    assert "Predictions harmed" in done.out
    page = (shared[1] / "page.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert "x then and now" in page


def test_parts_of_one_file_are_compared_by_row_and_by_value(assay):
    done = assay("drift", "old.csv#town=Ulm", "old.csv#rows=1001..2000", "--without", "town")
    assert done.code == 0
    assert "Nothing shifted." in done.out
    assert "the current batch 1,000" in done.out


def test_dates_that_are_text_are_not_compared_and_said(assay, shared):
    for name, first in (("jan", "2024-01-"), ("feb", "2024-02-")):
        lines = rows(300, len(name), first=0)
        dated = [f"{first}{i % 28 + 1:02},{line}" for i, line in enumerate(lines)]
        (shared[1] / f"{name}.csv").write_text("day," + HEAD + "\n".join(dated) + "\n")
    done = assay("drift", "jan.csv", "feb.csv", "--without", "id", "--json")
    assert (done.code, done.json["verdict"]) == (0, "pass")
    assert "day is not compared: it holds dates" in done.err
    asked = assay("drift", "jan.csv", "feb.csv", "--column", "day", "--json")
    assert asked.json["verdict"] != "pass"


def test_a_bucket_keeps_the_profiles(assay, shared):
    words = ("drift", "old.csv", "new.csv", "--column", "x", "--store", "kept", "--json")
    first = assay(*words)
    kept = sorted(path for path in (shared[1] / "kept").rglob("*") if path.is_file())
    assert any("memo/observe" in str(path) for path in kept)
    assert assay(*words).json == first.json
    assert sorted(path for path in (shared[1] / "kept").rglob("*") if path.is_file()) == kept


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["new.csv", "--prediction", "said"], "add --probability"),
        (["new.csv", "--probability", "x", "--truth", "x"], "both name the column 'x'"),
        (["nowhere.csv"], "nowhere.csv"),
        (["new.csv", "--column", "town2"], "Did you mean 'town'"),
        (["new.csv", "--without", "town2"], "town2"),
        (["new.csv", "--probability", "x"], "are no probabilities"),
        (["old.csv#rows=9000..9999"], "no rows are left"),
        (["old.csv#rows=a..b"], "rows=1..5000"),
        (["new.csv", *MODEL, "--margin", "7"], "margin"),
    ],
)
def test_what_cannot_be_judged_is_told_in_a_line(assay, shared, monkeypatch, words, said):
    from typer.testing import CliRunner

    from assay.cli.app import app
    from assay.errors import AssayError

    monkeypatch.chdir(shared[1])
    done = CliRunner().invoke(app, ["drift", "old.csv", *words], terminal_width=200)
    assert done.exit_code in (1, 2)
    told = str(done.exception) if isinstance(done.exception, AssayError) else done.output
    assert said in told


def test_eight_rows_are_unknown(assay):
    done = assay("drift", "old.csv", "new.csv#rows=1..8", *MODEL, "--json")
    assert (done.code, done.json["verdict"]) == (0, "unknown")
    assert done.json["sheets"] == []


def test_shifted_probabilities_are_named_where_no_feature_shifted(assay, shared):
    _, folder = shared
    lines = (line.split(",") for line in rows(1000, 4, first=4000))
    flat = [",".join([*cells[:3], "0.3", "no", cells[5]]) for cells in lines]
    (folder / "flat.csv").write_text(HEAD + "\n".join(flat) + "\n")
    done = assay("drift", "old.csv", "flat.csv", *MODEL, "--json")
    assert "No feature shifted, but outputs or labels did (p" in done.json["summary"]
    [check] = [c for c in done.json["checks"] if c["name"] == "shift[p]"]
    assert "name the model's probabilities" not in check["remedy"]
