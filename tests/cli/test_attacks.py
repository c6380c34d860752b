"""Attacks by people who may write to the bucket and lack a listed key, and what becomes of them.

Signatures are required. Ada is an engineer, vic a viewer; mallory's key is listed nowhere.
"""

import difflib
import json
import os
import pickle
import pwd
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from assay.bucket import canonical_json
from assay.bucket.digest import Digest
from tests.cli import test_reproduce as recorded

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CASE = recorded.CASE.replace("own.Model", "sklearn.linear_model.LogisticRegression")


@pytest.fixture(scope="module")
def home(shared):
    """A folder with a use case, and people with keys."""
    _assay, folder = shared
    people = {}
    for name, role in {"ada": "engineer", "vic": "viewer", "mallory": None}.items():
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / name).write_bytes(pem)
        line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        if role:
            people[name] = {"role": role, "keys": [line]}
    (folder / "configs").mkdir()
    (folder / "configs/people.yaml").write_text(
        json.dumps({"signatures": "required", "people": people})
    )
    (folder / "guests.csv").write_text(recorded.guests())
    (folder / "guests.yaml").write_text(CASE)
    return folder


@pytest.fixture(scope="module")
def by(shared, home):
    """Run a command as somebody: ada, vic, mallory, or None for nobody's key."""
    call, _folder = shared

    def run(name, *words, **environment):
        key = {"ASSAY_SIGNING_KEY": str(home / name)} if name else {}
        return call(*words, **key, **environment)

    return run


@pytest.fixture(scope="module")
def first(by):
    done = by("ada", "run", "guests.yaml", "--json")
    assert done.json["champion"], done.err
    return done.json


@pytest.fixture
def bucket(home, first):
    """The bucket after ada's run; each test gets it as it was then."""
    kept, folder = home / "kept", home / "bucket"
    if not kept.exists():
        shutil.copytree(folder, kept)
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)
    yield folder
    assert not [*home.rglob("PWNED")]


def put(bucket, data):
    digest = Digest.of_bytes(data)
    path = bucket / "objects/sha256" / digest.hex[:2] / digest.hex
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(data)
    return {"digest": str(digest), "size": len(data)}


def write(path, value):
    path.unlink(missing_ok=True)
    path.write_bytes(canonical_json.dump(value))


class Trap:
    def __reduce__(self):
        return exec, ("open('PWNED', 'a').write('opened')",)


def replaced(value, old, new):
    return json.loads(json.dumps(value).replace(old, new))


def poison(bucket, stage, output, data):
    """Let every entry of a stage name other bytes, signed or not. Returns their digest."""
    made = put(bucket, data)
    for path in sorted((bucket / "memo" / stage).glob("*.json")):
        entry = json.loads(path.read_text())
        entry["outputs"][output] |= made
        needs = [one for one in entry["needs"] if one in str(entry["outputs"])]
        entry["needs"] = [*needs, made["digest"]]
        if entry.get("verdict"):
            entry["verdict"] = "pass"
        write(path, entry)
        write(path.with_name(path.name.partition(".")[0] + ".json"), entry)
    return made["digest"]


@pytest.mark.parametrize("name", [None, "mallory", "vic"])
@pytest.mark.parametrize("command", [["run"], ["retrain", "--because", "I can"]])
def test_who_may_not_train_is_refused_before_the_work(by, bucket, home, name, command):
    def files():
        return {path for path in bucket.rglob("*") if path.is_file()}

    before = files()
    (home / "other.yaml").write_text(CASE.replace("Will this", "Does this"))
    done = by(name, command[0], "other.yaml", *command[1:], "--json")
    assert (done.code, done.json["error"]) == (1, "NotAllowed")
    assert done.json["remedy"]
    assert files() == before


def test_a_planted_model_and_a_forged_gate_are_not_taken_for_done(by, bucket, first):
    """As at the end of a run that was cut off: the steps are done, and no outcome is kept."""
    shutil.rmtree(bucket / "journals")
    shutil.rmtree(bucket / "memo/run")
    model = poison(bucket, "train", "model", pickle.dumps(Trap()))
    entry = json.loads(next((bucket / "memo/fairness").glob("*.json")).read_text())
    report = bucket / "objects/sha256" / entry["outputs"]["report"]["digest"][7:9]
    report = json.loads((report / entry["outputs"]["report"]["digest"][7:]).read_text())
    poison(bucket, "fairness", "report", canonical_json.dump(report | {"summary": "forged"}))
    why = by("ada", "why", "guests.yaml", "--json").json["steps"]
    refused = {step["step"]: step["refused"] for step in why if step["would_run"]}
    assert "it is not signed" in refused["train LogisticRegression"]
    assert "said to be by ada, does not fit" in refused["train LogisticRegression"]
    done = by("ada", "run", "guests.yaml", "--json").json
    assert done["digest"] == first["digest"] != model
    ran = {step["name"] for step in done["steps"] if not step["cached"]}
    # The technical gate reads how long the training took.
    assert {name.partition(" ")[0] for name in ran} == {"train", "fairness", "technical"}
    shown = by("ada", "show", "guests@champion", "--gate", "fairness")
    assert "forged" not in shown.out
    # The true results were kept, although planted entries had their names.
    shutil.rmtree(bucket / "memo/run")
    again = by("ada", "run", "guests.yaml", "--json").json
    assert all(step["cached"] for step in again["steps"])
    record = bucket / "objects/sha256" / again["run"][7:9] / again["run"][7:]
    signers = {step["signed_by"] for step in json.loads(record.read_text())["steps"]}
    assert len(signers) == 1
    assert signers.pop().startswith("SHA256:")


def test_a_forged_outcome_does_not_stand(by, bucket, first):
    page = put(bucket, b"<!doctype html>forged")
    for path in sorted((bucket / "memo/run").glob("*.json")):
        entry = json.loads(path.read_text())
        entry["outcome"]["gates"] = dict.fromkeys(entry["outcome"]["gates"], "pass")
        entry["outcome"]["page"] |= page
        write(path, entry)
        write(path.with_name(path.name.partition(".")[0] + ".json"), entry)
    done = by("ada", "run", "guests.yaml", "--json").json
    assert done["gates"] == first["gates"]
    assert done["model"] == "guests@1"
    assert "forged" not in Path(bucket.parent, done["report"]).read_text()


def forge_version(bucket, signature=None):
    """Append an unsigned guests@2, whose record's uncommitted changes leave a file PWNED."""
    entries = sorted((bucket / "journals/guests").glob("*.json"))
    first = json.loads(entries[0].read_text())
    at = first["body"]["run"]["digest"].partition(":")[2]
    record = json.loads((bucket / "objects/sha256" / at[:2] / at).read_text())
    old = (ROOT / "assay/__init__.py").read_text()
    trap = Path(bucket.parent, "PWNED")
    new = f"{old}\nopen({str(trap)!r}, 'a').write('ran')\n"
    words = difflib.unified_diff(
        old.splitlines(True), new.splitlines(True), "a/assay/__init__.py", "b/assay/__init__.py"
    )
    diff = "diff --git a/assay/__init__.py b/assay/__init__.py\n" + "".join(words)
    described = {"media_type": "text/x-diff", "name": "uncommitted changes"}
    record["code"]["diff"] = described | put(bucket, diff.encode())
    body = first["body"] | {"version": 2}
    body["run"] = body["run"] | put(bucket, canonical_json.dump(record))
    forged = {
        "number": len(entries) + 1,
        "previous": str(Digest.of_bytes(entries[-1].read_bytes())),
        "kind": "registered",
        "at": first["at"],
        "actor": "ada",
        "body": body,
        **({"signature": first["signature"]} if signature else {}),
    }
    write(bucket / f"journals/guests/{len(entries) + 1:010d}.json", forged)


@pytest.mark.parametrize(
    ("signature", "error"), [(None, "Unproven"), ("of another entry", "SignatureBad")]
)
def test_nothing_of_a_forged_record_runs(by, bucket, signature, error):
    forge_version(bucket, signature)
    for words in (["reproduce", "guests@2"], ["promote", "guests@2", "--because", "x"]):
        done = by("ada", *words, "--json")
        assert (done.code, done.json["error"]) == (4, error)
        assert done.json["remedy"]
    assert by("ada", "show", "guests@champion", "--json").json["version"] == 1


def test_a_journal_copied_from_another_bucket_is_refused_by_name(by, bucket, home):
    """It is all genuine: ada's model, her signatures, the objects. It is another bucket's."""
    other = home / "other-bucket"
    mark = json.loads((bucket / "assay.json").read_text())
    shutil.copytree(bucket, other, dirs_exist_ok=True)
    shutil.rmtree(other / "journals")
    write(other / "assay.json", mark | {"id": "00" * 16})
    for words in (["log"], ["verify"]):
        assert by("ada", *words, ASSAY_STORE=str(other)).code == 0
    shutil.copytree(bucket / "journals", other / "journals")
    for words in (["show", "guests@champion"], ["promote", "guests@1", "--because", "x"]):
        done = by("ada", *words, "--json", ASSAY_STORE=str(other))
        assert (done.code, done.json["error"]) == (4, "ChainBroken")
        assert f"written in another bucket, {mark['id']}" in done.json["what"]
    found = by("ada", "verify", "--json", ASSAY_STORE=str(other))
    assert found.code == 4
    assert any("another bucket" in one["what"] for one in found.json["problems"])
    whole = home / "whole-copy"
    shutil.copytree(bucket, whole, dirs_exist_ok=True)
    assert by("ada", "show", "guests@champion", ASSAY_STORE=str(whole)).code == 0


def test_an_unsigned_retirement_from_another_folder_takes_nothing_down(by, bucket, tmp_path):
    before = by("vic", "show", "guests@champion", "--json").json["version"]
    done = by(
        None, "retire", "guests@1", "--because", "I can", ASSAY_PEOPLE=str(no_people(tmp_path))
    )
    assert done.code == 0, done.err
    assert by("vic", "show", "guests@champion", "--json").json["version"] == before == 1


def no_people(folder):
    file = folder / "people.yaml"
    name = pwd.getpwuid(os.getuid()).pw_name
    file.write_text(json.dumps({"people": {name: {"role": "engineer"}}}))
    return file


def test_a_viewer_without_a_key_reproduces_what_is_genuine(by, bucket):
    done = by(None, "reproduce", "guests@1", "--json")
    assert (done.code, done.json["identical"]) == (0, True), done.err
