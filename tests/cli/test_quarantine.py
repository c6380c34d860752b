"""Rows that were set aside, versions that wait for people: told, with the command that goes on."""

import re
import shlex

import pytest

from tests.cli.test_commands import CASE, guests

pytestmark = pytest.mark.slow  # a run, by the command line

ANOTHER = "another bucket"


@pytest.fixture(scope="module")
def home(shared):
    _assay, folder = shared
    lines = guests().splitlines()
    lines[3] += ",more"
    lines[7] = lines[7].partition(",")[0]
    (folder / "guests.csv").write_text("\n".join(lines) + "\n")
    case = CASE.replace("{first: automatic}", "{first: approval}")
    (folder / "guests.yaml").write_text(case + "labels: {source: none/*.csv}\n")
    return folder


@pytest.fixture(scope="module")
def run(shared, home):
    return shared[0]("run", "guests.yaml", "--store", ANOTHER)


@pytest.fixture(scope="module")
def typed(shared):
    """Type a command that was printed."""
    return lambda line: shared[0](*shlex.split(line.strip())[1:])


def command(out, *words):
    """The line that names a command with these words, from `assay` on."""
    (line,) = (x for x in out.splitlines() if "assay " in x and all(w in x for w in words))
    return line[line.index("assay ") :]


def test_a_run_tells_which_rows_it_set_aside_and_shows_them_all(run, typed):
    told = "2 malformed rows set aside: line 4 has 6 fields instead of 5; line 8 has 1 field inst"
    assert told in run.out
    assert told in run.err
    shown = typed(command(run.out, "show sha256:"))
    assert shown.code == 0, shown.err
    assert "2 rows in 1 part" in shown.out
    assert "line (integer), reason (text), row (text)" in shown.out
    assert "4  has 6 fields instead of 5" in shown.out
    short = typed(command(run.out, "show sha256:") + " --rows 1")
    assert "8  has 1 field" not in short.out
    assert "1 row more" in short.err
    manifest = typed(command(run.out, "show sha256:") + " --json").json
    assert manifest["rows"] == 2
    part = typed(f"assay show {manifest['parts'][0]['digest']} --store '{ANOTHER}'")
    assert "bytes of Parquet, a part of a table: " in part.out


def test_the_gate_names_the_rows_that_were_set_aside(run, typed):
    report = typed(f"assay show guests@1 --gate validation --json --store '{ANOTHER}'").json
    (check,) = (check for check in report["checks"] if check["name"] == "malformed")
    assert "line 4 has 6 fields instead of 5" in check["why"]
    assert re.search(r"`assay show sha256:[0-9a-f]{64}`", check["remedy"])


def test_what_to_type_next_names_the_bucket(run, typed):
    assert command(run.out, "next").endswith(f"show guests@1 --store '{ANOTHER}'")
    assert typed(command(run.out, "next")).code == 0


def test_a_version_that_waits_for_a_person_says_so_until_one_promotes_it(run, typed):
    assert "waits for a person to promote it" in run.out
    shown = typed(command(run.out, "next"))
    assert "waits for a person to promote it" in shown.out
    assert command(shown.out, "promote") == command(run.out, "then")
    assert typed(command(run.out, "then").replace("TEXT", "yes")).code == 0
    assert "waits for a person" not in typed(command(run.out, "next")).out
    again = typed(f"assay run guests.yaml --store '{ANOTHER}'")
    assert "waits for a person" not in again.out
    assert "line 4 has 6 fields" in again.out


def test_score_tells_which_rows_have_no_answer_and_shows_them_all(run, home, typed):
    lines = guests(40).splitlines()
    lines[9] = "8,many,door,left,no"
    (home / "came.csv").write_text("\n".join(lines) + "\n")
    done = typed(f"assay score guests.yaml came.csv --model 1 --store '{ANOTHER}'")
    assert "1 row could not be scored: line 10 visits" in done.out, done.err
    assert '"guest": "8", "visits": "many"' in typed(command(done.out, "show sha256:")).out


def test_label_tells_which_rows_are_no_labels_and_shows_them_all(run, home, typed):
    (home / "labels.csv").write_text("guest,back\n1,yes\n2,perhaps\n3,no\n")
    done = typed(f"assay label guests.yaml labels.csv --store '{ANOTHER}'")
    assert "2 labels; 1 row unfit: line 3 back 'perhaps' was never seen in training" in done.out
    assert "perhaps" in typed(command(done.out, "show sha256:")).out


@pytest.mark.slow
def test_a_broken_rule_is_not_told_in_the_words_of_the_feasibility_gate(run, typed):
    words = "--set expectations.0.kwargs.max_value=5"
    done = typed(f"assay run guests.yaml {words} --store '{ANOTHER}'")
    assert done.code == 3
    assert "guests stopped at validation, before any model was trained" in done.out
