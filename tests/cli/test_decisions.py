"""Decisions as people make them at a terminal: on a copy of the golden model, run after run."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def kept(tmp_path):
    """A bucket with a champion, guests@2, and a rejected guests@1; and a key."""
    shutil.copytree(ROOT / "tests" / "golden" / "v1", tmp_path / "bucket")
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "key").write_bytes(pem)
    return {"ASSAY_SIGNING_KEY": str(tmp_path / "key")}


def test_a_stopgap_is_waived_promoted_rolled_back_and_retired(assay, kept):
    refused = assay("promote", "guests@1", "--because", "we need it")
    assert refused.code == 3
    assert "assay waive guests@1 --gate fairness" in refused.err
    waive = ("waive", "guests@1", "--gate", "fairness", "--expires", "2999-01-01")
    assert assay(*waive, "--because", "a stopgap").code == 1
    assert assay(*waive, "--because", "a stopgap", **kept).code == 0
    done = assay("promote", "guests@1", "--because", "we need it", "--as-of", "2026-12-01")
    assert "guests@1 promoted to champion in place of guests@2" in done.out
    assert "everyone may act" in done.err
    back = assay("rollback", "guests", "--because", "it leaks", "--json").json
    assert (back["champion"], back["entry"]["kind"]) == ("guests@2", "rolled_back")
    assert assay("rollback", "guests", "--because", "again").code == 3
    assert assay("retire", "guests@2", "--because", "old").code == 0
    again = assay("retire", "guests@2", "--because", "old", "--json").json
    assert again == {"entry": None, "aliases": {}, "champion": None}
    story = assay("log", "guests").out
    for said in ("waived until 2999-01-01", "2026-12-01 00:00", "rolled back from guests@1"):
        assert said in story
    shown = assay("show", "guests@1").out
    assert "fairness waived until 2999-01-01: a stopgap" in shown
    told = assay("show", "guests@2", "--json").json
    assert (told["retired"], told["aliases"]) == (True, [])


def test_what_came_of_a_shadow_is_shown_as_a_gate_and_told_in_the_log(assay, kept, tmp_path):
    from assay.bucket.journal import Journal
    from assay.gates.report import Check, Report, Verdict, put_report
    from assay.registry.open import open_bucket

    bucket = open_bucket(str(tmp_path / "bucket"))
    check = Check(name="answered", claim="It answers", verdict=Verdict.PASS)
    told = Report(gate="shadow", subject="guests@1", verdict=Verdict.PASS, summary="4 % otherwise.",
                  checks=(check,))  # fmt: skip
    report = put_report(bucket, told).as_json()
    said = {"version": 1, "against": 2, "batches": 3, "upto": 6, "verdict": "pass", "reasons": []}
    said |= {"summary": told.summary, "causes": [], "report": report, "as_of": "2026-03-01"}
    Journal(bucket, "guests").append(lambda _: ("shadowed", said))
    shown = assay("show", "guests@1").out
    assert "guests@1 in shadow of guests@2, 3 batches: pass: 4 % otherwise" in shown
    assert "It answers" in assay("show", "guests@1", "--gate", "shadow").out
    assert assay("show", "guests@1", "--json").json["shadow"]["report"] == report
    assert assay("show", "guests@2", "--json").json["shadow"] is None
    assert "in shadow of guests@2" in assay("log", "guests").out


def test_lessons_are_noted_listed_and_recalled(assay, kept):
    assert assay("lesson", "guests", "gate:fairness", "seats by the door").code == 0
    assert assay("lesson", "guests", "drift:visits", "the till moved").code == 0
    assert "drift:visits" in assay("lessons").out
    listed = assay("lessons", "guests", "--cause", "gate:fairness", "--json").json["guests"]
    assert [one["kind"] for one in listed] == ["lesson", "rejected"]
    shown = assay("show", "guests@1").out
    assert "seats by the door" in shown
    assert "the till moved" not in shown


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["promote", "guests", "--because", "x"], 1),
        (["promote", "guests@2", "--because", " "], 1),
        (["promote", "guests@9", "--because", "x"], 1),
        (["promote", "guests@2"], 2),
        (["rollback", "guests", "--because", "x", "--as-of", "soon"], 1),
        (["false-alarm", "guests", "--because", "x"], 1),
        (["lessons", "nobody"], 1),
        (["log", "guestz"], 1),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(assay, kept, tmp_path, words, code):
    journal = tmp_path / "bucket" / "journals" / "guests"
    before = sorted(journal.iterdir())
    done = assay(*words)
    assert done.code == code
    assert "error" in done.err.lower()
    assert sorted(journal.iterdir()) == before


def test_a_refusal_is_one_object_for_machines(assay, kept):
    told = assay("promote", "guests@1", "--because", "x", "--json").json
    assert told["error"] == "Ineligible"
    assert told["remedy"]


def test_a_rollback_imports_neither_pandas_nor_prefect(assay, kept, tmp_path):
    waive = ["waive", "guests@1", "--gate", "fairness", "--expires", "2999-01-01"]
    assay(*waive, "--because", "x", **kept)
    assay("promote", "guests@1", "--because", "x")
    code = """
import sys, json
sys.argv = ["assay", "rollback", "guests", "--because", "it leaks", "--store", "bucket"]
from assay.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code
heavy = {"pandas", "prefect", "sklearn", "pyarrow", "duckdb", "scipy", "numpy"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""
    words = [sys.executable, "-c", code]
    env = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True, env=env)
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.fixture
def stolen(kept, tmp_path):
    """The key of ada that signed a lesson, withdrawn; what holds is in `holds.txt`."""
    from assay.bucket.signing import Signer

    key = Signer.load(Path(kept["ASSAY_SIGNING_KEY"])).key.public_key()
    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    (tmp_path / "key.pub").write_text(line + " ada's laptop\n")
    lost = f"withdrawn: [{{key: '{line}', holds: holds.txt}}]"
    (tmp_path / "people.yaml").write_text(f"people: {{ada: {{role: engineer, {lost}}}}}\n")
    return {"ASSAY_PEOPLE": str(tmp_path / "people.yaml")}


LESSON = ("lesson", "guests", "gate:fairness", "seats by the door")


def test_what_a_stolen_key_signed_holds_where_somebody_vouches_for_it(
    assay, kept, stolen, tmp_path
):
    assert assay(*LESSON, **kept).code == 0
    vouched = assay("vouch", str(tmp_path / "key.pub"))
    [line] = vouched.out.splitlines()
    assert line.startswith("sha256:")
    assert "# guests 5 lesson at 20" in line

    (tmp_path / "holds.txt").write_text("# none yet\n")
    refused = assay("verify", **stolen)
    assert (refused.code, "nobody has vouched" in refused.out) == (4, True)
    assert "BAD SIGNATURE" in assay("log", "guests", **stolen).out
    shortened = tmp_path / "shortened"
    shutil.copytree(tmp_path / "bucket", shortened)
    (shortened / "journals" / "guests" / "0000000005.json").unlink()
    assert assay("verify", "--store", shortened, **stolen).code == 0
    (tmp_path / "holds.txt").write_text(vouched.out)
    assert assay("verify", **stolen).code == 0
    assert "withdrawn" in assay(*LESSON, **kept, **stolen).err


def test_entries_are_vouched_for_until_a_moment(assay, kept, stolen, tmp_path):
    assay(*LESSON, **kept)
    listed = assay("vouch", str(tmp_path / "key.pub"), "--json").json
    assert [(e["journal"], e["kind"]) for e in listed["entries"]] == [("guests", "lesson")]
    before = assay("vouch", str(tmp_path / "key.pub"), "--until", "2026-01-01", "--json").json
    assert before == {"key": listed["key"], "entries": []}


@pytest.mark.parametrize("content", [None, "rubbish\n", "\x00"])
def test_a_file_that_holds_no_public_key_is_named(assay, kept, tmp_path, content):
    if content:
        (tmp_path / "odd.pub").write_text(content)
    refused = assay("vouch", str(tmp_path / "odd.pub"))
    assert refused.code == 1
    assert "odd.pub" in refused.err


def test_without_a_reason_both_models_are_shown_and_nothing_is_decided(assay, kept):
    before = len(assay("log", "guests", "--json").json["guests"])
    done = assay("approve", "guests@1")
    assert (done.code, "nothing was decided" in done.err) == (2, True)
    assert "Shall guests@1 become champion in place of guests@2?" in done.out
    assert "same test rows" in done.out
    assert "assay refuse guests@1 --because TEXT" in done.out
    assert len(assay("log", "guests", "--json").json["guests"]) == before


def test_a_refusal_is_called_so_and_kept(assay, kept):
    done = assay("refuse", "guests@2", "--because", "it leaks")
    assert done.code == 0
    assert "promotion of guests@2 refused: it leaks" in done.out
    assert "promotion of guests@2 refused: it leaks" in assay("log", "guests").out
    assert "guests@2 is champion already." in assay("promote", "guests@2").out
