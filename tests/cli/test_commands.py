"""The commands by hand, one after the other, on one small question."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.terminals import final_lines, plain, run_in_terminal

ROOT = Path(__file__).parents[2]
CASE = """\
question: Will this person come back?
decision: who is sent a voucher
harm: a wrong no costs a regular guest
owner: the tests
data:
  source: guests.csv
  target: {column: back, positive: "yes"}
  identity: [guest]
  sensitive:
    side: {reference: left}
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: visits, min_value: 0, max_value: 60}
feasibility: {within: 5s}
candidates:
  - estimator: sklearn.linear_model.LogisticRegression
fairness:
  - {metric: selection_rate, by: [side], tolerance: 0.2, because: agreed with the tests}
promotion: {first: automatic}
"""


def guests(rows=3000):
    draw = random.Random(7)
    lines = ["guest,visits,table,side,back"]
    for guest in range(rows):
        visits, table = draw.randint(0, 40), draw.choice(["window", "door", "?"])
        back = draw.random() < 0.1 + 0.8 * (visits > 20)
        side = draw.choice(["left", "right"])
        lines.append(f"{guest},{visits},{table},{side},{'yes' if back else 'no'}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def home(shared):
    _assay, folder = shared
    (folder / "guests.csv").write_text(guests())
    (folder / "guests.yaml").write_text(CASE)
    return folder


@pytest.fixture(scope="module")
def first(shared, home):
    """The first run."""
    return shared[0]("run", "guests.yaml", "--json")


@pytest.fixture
def assay(shared, first):
    return shared[0]


def test_a_run_in_a_pipe_says_once_that_a_stage_has_ended(first):
    lines = [line.partition("  ")[2] for line in first.err.splitlines()]
    for step in first.json["steps"]:
        ends = (f"{step['name']} (", f"{step['name']}: ")
        assert sum(line.startswith(ends) and line.endswith(" s)") for line in lines) == 1
    assert not any(re.search(r"\b([0-9]+) of \1 fits", line) for line in lines)
    assert len(set(lines)) == len(lines)


@pytest.mark.slow
def test_a_run_on_a_terminal_shows_its_stages_then_the_answer(first, home, prefect_home):
    words = ["run", "guests.yaml", "--set", "fairness.0.tolerance=0.3"]
    code, text, sound = run_in_terminal(
        [sys.executable, "-c", "from assay.cli import main; main()", *words],
        cwd=home,
        ASSAY_STORE=str(home / "bucket"),
        PREFECT_HOME=str(prefect_home),
    )
    assert (code, sound) == (first.code, True)
    assert "starting Prefect" in plain(text)
    assert all(len(line) <= 80 for line in final_lines(text) if "sha256:" not in line)
    shown = "\n".join(final_lines(text))
    parts = [
        "  cached",
        "pass     fairness",
        "\nguests@",
        "\nHow good?",
        "\nvalidation ",
        "\nnext ",
    ]
    places = [shown.index(part) for part in parts]
    assert places == sorted(places)
    assert "starting Prefect" not in shown


def test_run_prints_one_object_that_says_what_it_came_to(first, home):
    told = first.json
    assert first.code == 0
    assert (told["outcome"], told["model"], told["champion"]) == ("registered", "guests@1", True)
    assert set(told["gates"]) == {
        "validation",
        "feasibility",
        "candidates",
        "performance",
        "fairness",
        "explanation",
        "technical",
    }
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", told["run"])
    assert set(told["steps"][0]) == {"name", "cached", "seconds"}
    assert (home / told["report"]).read_bytes().lower().startswith(b"<!doctype html>")
    assert "feasibility" in first.err


def test_run_again_comes_to_the_same_without_doing_anything(assay, first):
    done = assay("run", "guests.yaml", "--json")
    assert done.json["digest"] == first.json["digest"]
    assert all(step["cached"] for step in done.json["steps"])


@pytest.mark.slow
def test_an_error_after_duckdb_was_asked_is_all_that_is_said(assay):
    done = assay("run", "guests.yaml", "--set", "expectations.0.kwargs.column=visit")
    assert done.code == 1
    assert done.err.splitlines()[-2:] == [
        "error: --set expectations.0.kwargs.column: the table has no column 'visit'",
        "  Did you mean 'visits'?",
    ]


def test_show_tells_what_a_version_is_and_how_it_was_judged(assay):
    done = assay("show", "guests")
    assert done.code == 0
    for words in ("guests@1, registered", "LogisticRegression", "fairness", "(unsigned)"):
        assert words in done.out
    told = assay("show", "guests@champion", "--json").json
    assert (told["name"], told["status"], told["version"]) == ("guests@1", "registered", 1)
    report = assay("show", "guests", "--gate", "fairness", "--json").json
    assert report["gate"] == "fairness"
    assert "agreed with the tests" in assay("show", "guests", "--card").out
    assert "side" in assay("show", "guests@1", "--gate", "fairness").out


def test_show_of_a_gate_that_is_not_there_names_those_that_are(assay):
    done = assay("show", "guests@1", "--gate", "fairnes")
    assert done.code == 1
    assert "fairness" in done.err


def test_show_of_a_digest_prints_the_object(assay, first):
    told = json.loads(assay("show", first.json["run"]).out)
    assert told["record"] == 1
    missing = assay("show", "sha256:" + "0" * 64)
    assert missing.code == 4
    assert assay("show", "sha256:123").code == 1


def test_log_tells_the_history(assay):
    done = assay("log", "guests")
    told = [line.split("  ")[2].split(":")[0] for line in done.out.splitlines()]
    assert told == ["guests@1 registered", "guests@1 promoted to champion"]
    assert [e["kind"] for e in assay("log", "--json").json["guests"]] == ["registered", "promoted"]


def test_verify_finds_the_bucket_intact_and_a_flipped_byte_by_name(assay, home):
    assert assay("verify").code == 0
    victim = max((home / "bucket/objects").rglob("*"), key=lambda p: p.stat().st_size)
    data = victim.read_bytes()
    victim.chmod(0o644)
    victim.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    done = assay("verify")
    assert done.code == 4
    assert victim.name in done.out
    assert assay("verify", "--json").json["problems"][0]["kind"] == "corrupt"
    victim.write_bytes(data)
    assert assay("verify", "guests").code == 0


def test_doctor_finds_nothing_wrong(assay):
    done = assay("doctor", "--json")
    assert done.code == 0
    assert "fail" not in {finding["verdict"] for finding in done.json["findings"]}


@pytest.mark.slow
def test_validate_alone_exits_3_when_a_rule_is_broken_and_writes_the_rows(assay, home):
    assert assay("validate", "guests.csv", "--config", "guests.yaml").code == 0
    rule = [{"type": "expect_column_values_to_be_between"}]
    rule[0]["kwargs"] = {"column": "visits", "min_value": 5}
    (home / "rules.json").write_text(json.dumps({"name": "suite", "expectations": rule}))
    done = assay("validate", "guests.csv", "--rules", "rules.json", "--failing", "rows.csv")
    assert done.code == 3
    assert "visits" in done.out
    failing = (home / "rows.csv").read_text().splitlines()
    assert len(failing) > 100
    assert failing[0].startswith("row,")


def test_validate_names_a_misspelt_rule_and_its_nearest(assay, home):
    (home / "bad.yaml").write_text("- type: expect_column_values_to_be_betwen\n")
    done = assay("validate", "guests.csv", "--rules", "bad.yaml")
    assert done.code == 1
    assert "expect_column_values_to_be_between" in done.err


@pytest.mark.slow
def test_feasibility_alone_needs_a_target_and_nothing_else(assay):
    words = ["--target", "back", "--positive", "yes", "--json"]
    report = assay("feasibility", "guests.csv", *words).json
    assert (report["gate"], report["subject"]) == ("feasibility", "guests.csv")
    assert report["verdict"] in {"pass", "caution"}
    assert assay("feasibility", "guests.csv").code == 2
    misspelt = assay("feasibility", "guests.csv", "--target", "bck", "--positive", "yes")
    assert misspelt.code == 1
    assert "--target: the data have no column 'bck'\n  Did you mean 'back'?" in misspelt.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "column"),
    [
        (["--target", "visits", "--unit", "visits"], "R2"),
        (["--target", "kind", "--classes", "2,0,1", "--sensitive", "back"], "largest ROC AUC"),
    ],
)
def test_feasibility_asks_the_type_of_the_question_by_its_target(assay, home, words, column):
    rows = pd.read_csv(home / "guests.csv")
    rows.assign(kind=np.arange(len(rows)) % 3).to_csv(home / "kinds.csv", index=False)
    report = assay("feasibility", "kinds.csv", *words, "--json").json
    [signal] = [check for check in report["checks"] if check["name"] == "signal"]
    assert signal["statistic"].startswith(column)


def test_feasibility_asks_for_one_type_of_target(assay):
    both = assay("feasibility", "guests.csv", "--target", "a", "--unit", "x", "--positive", "y")
    assert both.code == 2
    assert "one of --positive, --classes" in both.err
    alone = assay("feasibility", "guests.csv", "--target", "a", "--positive", "y", "--log")
    assert "--log belongs to --unit" in alone.err


def test_a_command_that_was_misused_says_so_as_json_where_that_is_asked_for(assay):
    for words, said in (
        (["audit", "guests.csv", "--json"], "Missing option"),
        (["feasibility", "guests.csv", "--json"], "name a use case with --config"),
        (["shw", "--json"], "Did you mean 'show'?"),
    ):
        done = assay(*words)
        assert done.code == 2
        assert done.json["error"] == "UsageError"
        assert said in done.json["what"]


@pytest.mark.slow
def test_audit_serves_models_trained_anywhere(assay, home):
    lines = ["truth,said,who"]
    lines += [
        f"{'yn'[i % 2]},{'y' if i % 10 < (2 if i < 900 else 8) else 'n'},{'ab'[i < 900]}"
        for i in range(1800)
    ]
    (home / "said.csv").write_text("\n".join(lines) + "\n")
    words = [
        "audit",
        "said.csv",
        "--truth",
        "truth",
        "--prediction",
        "said",
        "--by",
        "who",
        "--positive",
        "y",
        "--metric",
        "selection_rate",
        "--reference",
        "who=a",
    ]
    done = assay(*words, "--html", "audit.html", "--json")
    assert done.code == 3
    (check,) = done.json["checks"]
    assert check["verdict"] == "fail"
    assert check["estimate"] == pytest.approx(-0.6, abs=0.02)
    assert b"selection" in (home / "audit.html").read_bytes().lower()
    assert assay(*words, "--tolerance", "0.9").code == 0
    assert assay(*words[:8], "--tolerance", "0.01").code == 2  # of what?
    misspelt = assay(*[w if w != "said" else "siad" for w in words])
    assert misspelt.code == 1
    assert "'said'" in misspelt.err


def test_help_imports_nothing_heavy():
    heavy = {"prefect", "pandas", "sklearn", "great_expectations", "fairlearn", "pyarrow", "s3fs"}
    code = (
        "import sys\nsys.argv = ['assay', '--help']\nfrom assay.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert heavy & set(done.stderr.split()) == set()


def test_a_standing_result_is_found_without_prefect_or_pandas(assay, home, prefect_home):
    heavy = {"prefect", "pandas", "sklearn", "great_expectations", "fairlearn", "pyarrow"}
    code = (
        "import sys\nsys.argv = ['assay', 'run', 'guests.yaml', '--store', 'bucket', '--json']\n"
        "from assay.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PREFECT_HOME": str(prefect_home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["model"] == "guests@1"
    assert heavy & set(done.stderr.split()) == set()


@pytest.mark.slow
def test_an_estimator_beside_the_use_case_is_part_of_the_question(home, prefect_home):
    """As the console script sees it: the working folder is not on its path by itself."""
    code = (
        "import sys\nsys.path.remove('')\n"
        "from assay.config.loaded_use_case import load_use_case\n"
        "from assay.runs.run import question_key\n"
        "written = load_use_case('ours.yaml')\nprint(question_key(written, 'source'))"
    )
    (home / "ours.yaml").write_text(CASE.replace("sklearn.linear_model.Logistic", "ours.Logistic"))
    keys = []
    for text in ("", "# edited\n"):
        line = "from sklearn.linear_model import LogisticRegression\n"
        (home / "ours.py").write_text(line + text)
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=home,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        keys.append(done.stdout)
    assert keys[0] != keys[1]
