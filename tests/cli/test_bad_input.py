"""Whatever is wrong with what the user gave: exit code 1, no traceback, what to do, no harm.

Each case runs the command as its own process up to the point where it is refused; the flow's own
stages are called directly, because Prefect's start would cost ten seconds a case.
"""

import os
import subprocess

import pytest

LEAST = """\
question: Does x tell y?
decision: nothing
harm: none
owner: the tests
data:
  source: {source}
  target: {{column: y, positive: "yes"}}
  sensitive: {sensitive}
candidates:
  - estimator: sklearn.linear_model.LogisticRegression
"""
ROWS = "x,y,who\n" + "".join(f"{n},{'yes' if n % 3 else 'no'},{'ab'[n % 2]}\n" for n in range(90))


@pytest.fixture
def case(tmp_path):
    """A use case beside its rows; its text and its rows can be had otherwise."""

    def write(rows=ROWS, text=LEAST, sensitive="{who: {}}", source="rows.csv"):
        (tmp_path / "case.yaml").write_text(text.format(source=source, sensitive=sensitive))
        (tmp_path / "rows.csv").write_bytes(rows if isinstance(rows, bytes) else rows.encode())
        return "case.yaml"

    return write


def column(values, name="x"):
    header, *lines = ROWS.splitlines()
    at = header.split(",").index(name)
    out = [header]
    for number, line in enumerate(lines):
        cells = line.split(",")
        cells[at] = values(number)
        out.append(",".join(cells))
    return "\n".join(out) + "\n"


BAD = {
    "an empty file": ({"rows": ""}, ["rows.csv", "empty"]),
    "a header only": ({"rows": "x,y,who\n"}, ["rows.csv", "no rows"]),
    "a source that is not there": ({"source": "rwos.csv"}, ["rwos.csv", "rows.csv"]),
    "one class": ({"rows": column(lambda _: "yes", "y")}, ["case.yaml:7", "yes"]),
    "a positive value that never occurs": (
        {"rows": column(lambda n: ["Yes", "no"][n % 2], "y")},
        ["case.yaml:7", "'Yes'"],
    ),
    "a missing target": ({"rows": "x,z,who\n1,2,a\n2,3,b\n"}, ["case.yaml:7", "no column 'y'"]),
    "a sensitive column with 400 values": (
        {
            "rows": "x,y,who\n"
            + "".join(f"{n},{'yes' if n % 2 else 'no'},p{n}\n" for n in range(400))
        },
        ["case.yaml:8", "400 groups"],
    ),
    "a reference group that does not exist": (
        {"sensitive": "{who: {reference: A}}"},
        ["case.yaml:8", "'A'"],
    ),
    "a column that is all null": ({"rows": column(lambda _: "")}, ["'x'", "data.exclude"]),
    "dates under data.time that are text": (
        {
            "rows": column(lambda n: f"2024-01-{n % 28 + 1:02}"),
            "text": LEAST.replace("candidates", "  time: x\ncandidates"),
        },
        ["case.yaml:9", "'x' holds dates, but was read as text", "data.dates: {x: iso}"],
    ),
    "text that a split by time cannot order": (
        {
            "rows": column(lambda n: f"{n % 28 + 1:02}.01.2024"),
            "text": LEAST + "split: {{by: time, column: x}}\n",
        },
        ["case.yaml:11", "'x' holds text", "{x: '%d.%m.%Y'}"],
    ),
    "a split by time with an empty side": (
        {"text": LEAST + "split: {{by: time, column: x, after: 2030}}\n"},
        ["case.yaml:11", "x goes from 0 to 89, the test begins at 2030"],
    ),
    "a value of the target that means neither": (
        {
            "rows": column(lambda n: ["yes", "no", "NaN"][n % 3], "y"),
            "text": LEAST.replace('"yes"', '"yes", negative: [no]'),
        },
        ["case.yaml:7", "'NaN'", "data.target.negative"],
    ),
    "bytes that are not UTF-8": (
        {"rows": ROWS.encode() + b"caf\xe9,no,a\n"},
        ["rows.csv", "UTF-8", "encoding"],
    ),
    "a YAML with tabs": ({"text": LEAST.replace("  source", "\tsource")}, ["case.yaml:6", "tab"]),
    "a misspelt key": (
        {"text": LEAST.replace("owner", "ownr")},
        ["case.yaml:4", "'ownr'", "'owner'"],
    ),
    "an estimator that does not exist": (
        {"text": LEAST.replace("LogisticRegression", "LogisticRegresion")},
        ["case.yaml:10", "LogisticRegression"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_where_and_what_to_do(name, case, staged, tmp_path):
    given, said = BAD[name]
    config = case(**given)
    error = staged(config)
    assert error.exit_code == 1
    assert error.remedy, "says what to do"
    for words in said:
        assert words in str(error), str(error)
    assert_intact(tmp_path / "bucket")


def assert_intact(bucket):
    """Every object is what its name says, and no half-written file is left."""
    from assay.registry.open import open_bucket
    from assay.upkeep.verification import verify_bucket

    if bucket.exists():
        assert verify_bucket(open_bucket(str(bucket))).problems == ()
        assert not list((bucket / ".tmp").glob("*"))


def test_a_wrong_name_is_refused_though_the_rows_were_judged_before(case, stages, staged):
    stages(case())
    error = staged(case(text=LEAST + "split: {{by: group, column: whoo}}\n"))
    assert "case.yaml:11: the data have no column 'whoo'" in str(error)
    assert error.remedy == "Did you mean 'who'?"


def test_a_column_that_one_value_turns_into_text_stands_in_the_report(case, stages, tmp_path):
    from assay.gates.report import get_report
    from assay.registry.open import open_bucket

    judged = stages(case(rows=column(lambda n: "n/a" if n == 40 else str(n))))
    report = get_report(open_bucket(str(tmp_path / "bucket")), judged["report"])
    [check] = [check for check in report.checks if check.name == "read_as_text"]
    assert (check.verdict, judged.verdict) == ("caution", "caution")
    assert "Column 'x' is text because of 1 of 90 values, the first 'n/a' in line 42" in check.why


def test_a_report_that_cannot_be_written_is_said_so(assay, case, tmp_path):
    (tmp_path / "file").write_text("in the way")
    header, *rows = ROWS.splitlines()
    said = [f"{row},{row.split(',')[header.split(',').index('y')]}" for row in rows]
    case(rows="\n".join([f"{header},said", *said]) + "\n")
    words = ["audit", "rows.csv", "--truth", "y", "--prediction", "said", "--by", "who"]
    done = assay(*words, "--positive", "yes", "--html", "file/report.html")
    assert done.code == 1
    assert "file/report.html: cannot be written" in done.err


def test_the_command_line_prints_the_error_alone_and_ends_with_code_1(assay, case):
    done = assay("run", case(text=LEAST.replace("owner", "ownr")))
    assert done.code == 1
    assert done.out == ""
    assert done.err == ("error: case.yaml:4: unknown key 'ownr'\n  Did you mean 'owner'?\n")


def test_json_has_the_error_as_one_object(assay, case):
    done = assay("run", case(text=LEAST.replace("owner", "ownr")), "--json")
    assert done.code == 1
    assert done.json == {
        "error": "ConfigError",
        "what": "unknown key 'ownr'",
        "where": "case.yaml:4",
        "remedy": "Did you mean 'owner'?",
    }


def test_a_bucket_of_a_newer_format_is_refused_by_its_number(assay, case, tmp_path):
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "assay.json").write_text('{"format": 2}')
    done = assay("run", case())
    assert done.code == 1
    assert "format 2" in done.err


@pytest.mark.parametrize("words", [["verify"], ["log"], ["show", "income"]])
def test_a_place_without_a_bucket_does_not_pass_for_an_empty_one(assay, words):
    done = assay(*words, "--store", "nowhere")
    assert done.code == 1
    assert "there is no bucket here" in done.err


def test_a_wrong_word_is_usage_and_ends_with_code_2(assay):
    assert assay("run").code == 2
    assert assay("rnu", "x").code == 2


def test_unknown_models_are_refused(assay, stages, case):
    stages(case())
    for words in (["show", "income"], ["log", "income"], ["verify", "income"]):
        done = assay(*words)
        assert done.code == 1, words
        assert "'income'" in done.err


@pytest.fixture
def mounted(tmp_path):
    """A small or read-only file system, so that root meets the same limits as everyone."""
    made = []

    def mount(*options):
        folder = tmp_path / f"mount-{len(made)}"
        folder.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(words, check=False, capture_output=True).returncode:
            pytest.skip("needs the right to mount a file system")
        made.append(folder)
        return folder

    yield mount
    for folder in made:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_bucket_one_may_not_write_to_is_refused_before_any_work(assay, case, mounted):
    done = assay("run", case(), "--store", mounted("size=1m", "ro"))
    assert done.code == 1
    assert "read" in done.err.lower()
    assert "--store" in done.err


def test_a_disk_that_fills_up_costs_nothing_but_the_run(staged, case, mounted):
    folder = mounted("size=64k")
    noise = "x,y,who\n" + "".join(
        f"{n * 7919 % 10007 / 3},{'yes' if n % 3 else 'no'},{'ab'[n % 2]}\n" for n in range(40_000)
    )
    error = staged(case(rows=noise), store=str(folder / "bucket"))
    assert type(error).__name__ == "StoreFull"
    assert error.exit_code == 1
    assert "space" in str(error)
    assert_intact(folder / "bucket")
