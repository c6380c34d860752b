"""Attacks by people who may write to the bucket and lack a listed key, and what becomes of them.

Signatures are required. Ada is an engineer, sam a scientist, vic a viewer; mallory's key is listed
nowhere.
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
    roles = {"ada": "engineer", "sam": "scientist", "vic": "viewer", "mallory": None}
    for name, role in roles.items():
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


# --- the people, recorded in the bucket -------------------------------------------------------


@pytest.fixture
def listed(by, bucket):
    """The bucket, in which ada recorded the people file."""
    done = by("ada", "people", "record", "--because", "from now on", "--json")
    assert (done.code, done.json["entry"]) == (0, 1), done.err
    return bucket


def people_file(home, path, *, leave_out=(), **roles):
    """The team's file as somebody changed it: roles by name, and signatures optional."""
    document = json.loads((home / "configs/people.yaml").read_text())
    people = {name: one for name, one in document["people"].items() if name not in leave_out}
    for name, role in roles.items():
        people[name]["role"] = role
    path.write_text(json.dumps({"signatures": "optional", "people": people}))
    return {"ASSAY_PEOPLE": str(path)}


RETIRE = ("retire", "guests@1", "--because", "I can", "--json")


def test_a_looser_file_in_assay_people_loosens_nothing(by, listed, home, tmp_path):
    """He is an engineer by his own file, and nobody needs a key by it."""
    looser = people_file(home, tmp_path / "people.yaml", sam="engineer")
    for name, why in (("sam", "sam is a scientist"), (None, "names no key")):
        done = by(name, *RETIRE, **looser)
        assert (done.code, done.json["error"]) == (1, "NotAllowed")
        assert why in done.json["what"]
        assert "sam is scientist as recorded and engineer in the file" in done.err
    alone = people_file(home, tmp_path / "alone.yaml", leave_out=["ada"], sam="engineer")
    done = by("sam", *RETIRE, **alone)
    assert (done.code, done.json["error"]) == (4, "PeopleUntrusted")
    for name in ("sam", None):
        done = by(name, *RETIRE, ASSAY_PEOPLE=str(no_people(tmp_path)))
        assert (done.code, done.json["error"]) == (4, "PeopleUntrusted")
    assert by("vic", "show", "guests@champion", "--json").json["version"] == 1


def test_a_folder_without_a_people_file_is_held_to_the_same_rules(by, listed, home, tmp_path):
    missing = home / "configs/people.yaml"
    aside = missing.rename(tmp_path / "people.yaml")
    try:
        for name, why in (("sam", "sam is a scientist"), (None, "names no key")):
            done = by(name, *RETIRE)
            assert (done.code, done.json["error"]) == (1, "NotAllowed")
            assert why in done.json["what"]
        forge_version(listed)
        done = by("ada", "promote", "guests@2", "--because", "x", "--json")
        assert (done.code, done.json["error"]) == (4, "Unproven")
        # What nobody signed is not taken for done either.
        shutil.rmtree(listed / "memo/run")
        poison(listed, "train", "model", pickle.dumps(Trap()))
        why = by("ada", "why", "guests.yaml", "--json").json["steps"]
        assert (
            "it is not signed" in {s["step"]: s for s in why}["train LogisticRegression"]["refused"]
        )
    finally:
        aside.rename(missing)


def plant_people(bucket, home, name, number=1, **roles):
    """Write an entry of the people as somebody may who writes to the whole bucket."""
    from assay.bucket.journal import JournalEntry
    from assay.bucket.signing import Signer

    path = bucket / f"people/{number:010d}.json"
    path.parent.mkdir(exist_ok=True)
    before = path.with_name(f"{number - 1:010d}.json")
    document = json.loads((home / "configs/people.yaml").read_text())
    for who, role in roles.items():
        document["people"][who]["role"] = role
    entry = JournalEntry(
        number=number,
        previous=Digest.of_bytes(before.read_bytes()) if number > 1 else None,
        kind="recorded",
        at="2026-03-01T12:00:00.000+00:00",
        actor=name,
        body={"people": document, "because": "x"},
        journal="@people",
        bucket=json.loads((bucket / "assay.json").read_text())["id"],
    )
    path.unlink(missing_ok=True)
    path.write_bytes(entry.sign(Signer.load(home / name)).encode())


def test_a_first_list_that_a_scientist_planted_is_refused_by_name(by, bucket, home):
    plant_people(bucket, home, "sam", sam="engineer")
    for name, words in (
        ("ada", ["promote", "guests@1", "--because", "x"]),
        ("ada", ["run", "guests.yaml"]),
        ("sam", ["promote", "guests@1", "--because", "x"]),
        ("ada", ["people"]),
    ):
        done = by(name, *words, "--json")
        assert (done.code, done.json["error"]) == (4, "PeopleUntrusted")
        assert "signed by sam with SHA256:" in done.json["what"]
        assert "planted" in done.json["remedy"]
    assert by("ada", "verify").code == 4


def test_a_scientist_does_not_record_himself_as_an_engineer(by, listed, home, tmp_path):
    mine = people_file(home, tmp_path / "people.yaml", sam="engineer")
    done = by("sam", "people", "record", "--because", "I can", "--json", **mine)
    assert (done.code, done.json["error"]) == (1, "NotAllowed")
    assert [path.name for path in (listed / "people").iterdir()] == ["0000000001.json"]
    plant_people(listed, home, "sam", number=2, sam="engineer")
    for name in ("sam", "ada"):
        done = by(name, *RETIRE, **(mine if name == "sam" else {}))
        assert (done.code, done.json["error"]) == (4, "PeopleUntrusted")
        assert "entry 2" in done.json["what"]
        assert "sam" in done.json["what"]


@pytest.mark.parametrize("change", ["altered", "removed"])
def test_people_that_were_tampered_with_let_nobody_act(by, listed, home, tmp_path, change):
    for number, role in ((2, "operator"), (3, "viewer")):
        changed = people_file(home, tmp_path / "people.yaml", vic=role)
        done = by("ada", "people", "record", "--because", "x", "--json", **changed)
        assert (done.code, done.json["entry"]) == (0, number)
    middle = listed / "people/0000000002.json"
    if change == "removed":
        middle.unlink()
    else:
        entry = json.loads(middle.read_text())
        entry["body"]["people"]["people"]["sam"]["role"] = "engineer"
        write(middle, entry)
    for words in (RETIRE, ["score", "guests.yaml", "guests.csv", "--json"]):
        done = by("ada", *words, **changed)
        assert (done.code, done.json["error"]) == (4, "PeopleUntrusted")
        assert "broken at entry" in done.json["what"]
    found = by("ada", "verify", "--json", **changed)
    assert found.code == 4
    assert any(one["key"] == "people/" for one in found.json["problems"])


def test_a_viewer_without_a_key_reproduces_what_is_genuine(by, bucket):
    done = by(None, "reproduce", "guests@1", "--json")
    assert (done.code, done.json["identical"]) == (0, True), done.err
