"""Where signatures are required, the memo takes nothing for done that no listed key signed."""

import os
import pickle
from pathlib import Path

import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from assay.bucket import artifacts, canonical_json
from assay.bucket.digest import Digest
from assay.bucket.signing import Signer
from assay.gates.catalog import GATE_BY_STAGE
from assay.gates.report import Check, Report, Verdict, put_report
from assay.production.labels.label_reader import UNIT
from assay.production.labels.unit_index import table_units
from assay.registry.open import open_bucket
from assay.steps.code_version import CodeVersion
from assay.steps.plan import RunPlan
from assay.steps.step import find_step, key_components, perform, step_key
from assay.tables.profiled_table import table_profile
from assay.tables.table import Table
from assay.tables.table_writer import write_frame
from assay.upkeep.garbage_collector import GarbageCollector
from assay.upkeep.verification import verify_bucket

# Whatever a run's tasks call their stage.
STAGES = sorted(path.stem for path in (Path(__file__).parents[2] / "tasks").glob("[a-z]*.py"))
ROLES = {"ada": "engineer", "sam": "scientist", "olga": "operator", "vic": "viewer"}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "bucket"


@pytest.fixture
def bucket(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_SIGNING_KEY", raising=False)
    return open_bucket(str(folder)).prepare()


@pytest.fixture
def people(tmp_path, monkeypatch):
    """Write the people file: those of `ROLES` and their keys; mallory's is in nobody's name."""
    keys = {}
    for name in (*ROLES, "mallory"):
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / name).write_bytes(pem)
        public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        keys[name] = public.decode()

    def write(signatures="required", withdrawn=()):
        people = {
            name: {"role": role, "keys": [] if name in withdrawn else [keys[name]]}
            | ({"withdrawn": [{"key": keys[name]}]} if name in withdrawn else {})
            for name, role in ROLES.items()
        }
        file = tmp_path / "people.yaml"
        file.write_bytes(canonical_json.dump({"signatures": signatures, "people": people}))
        monkeypatch.setenv("ASSAY_PEOPLE", str(file))

    write()
    return write


@pytest.fixture
def act_as(tmp_path, monkeypatch, people):
    def act(name):
        if name:
            monkeypatch.setenv("ASSAY_SIGNING_KEY", str(tmp_path / name))
        else:
            monkeypatch.delenv("ASSAY_SIGNING_KEY", raising=False)

    return act


def components(stage, seed=7):
    return key_components(
        stage, code=CodeVersion({"a": "1"}, {}), inputs={}, settings={}, seed=seed
    )


def work(bucket, stage, verdict=Verdict.UNKNOWN):
    """What a stage yields: of a gate its report, of the others a model."""
    if stage not in GATE_BY_STAGE:
        return {"model": bucket.put(b"the model of %s" % stage.encode(), artifacts.MODEL, "m")}
    check = Check(name="c", claim="It holds", verdict=verdict, why="it was seen")
    report = Report(
        gate=GATE_BY_STAGE[stage], subject="m", verdict=verdict, summary="seen", checks=(check,)
    )
    return {"report": put_report(bucket, report)}


def take(bucket, stage, seed=7):
    """Take a step; the outputs of its work are honest."""
    return perform(
        bucket, stage, code=CodeVersion({"a": "1"}, {}), inputs={}, settings={}, seed=seed,
        work=lambda: work(bucket, stage),
    )  # fmt: skip


class Trap:
    def __reduce__(self):
        return exec, ("open('PWNED', 'a').write('opened')",)


def planted(bucket, stage, **more):
    """An entry that names a pickle, or a report that passes."""
    if stage in GATE_BY_STAGE:
        outputs = work(bucket, stage, Verdict.PASS)
    else:
        outputs = {"model": bucket.put(pickle.dumps(Trap()), artifacts.MODEL, "m")}
    return {
        "components": components(stage),
        "needs": [str(one.digest) for one in outputs.values()],
        "outputs": {name: one.as_json() for name, one in outputs.items()},
        "seconds": 1.0,
        "memory": None,
        "verdict": "pass" if stage in GATE_BY_STAGE else None,
        **more,
    }


def files(folder, stage):
    return sorted((folder / "memo" / stage).glob("*.json"))


def overwrite(path, entry):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(canonical_json.dump(entry))


def require_honest(bucket, stage):
    """The step runs, its true result is kept, and found the next time."""
    step = take(bucket, stage)
    assert not step.cached
    assert step.outputs == work(bucket, stage)
    again = take(bucket, stage)
    assert again.cached
    assert again.outputs == step.outputs
    assert again.verdict == ("unknown" if stage in GATE_BY_STAGE else None)


@pytest.mark.parametrize("stage", STAGES)
def test_an_entry_planted_before_the_step_ever_ran(bucket, folder, act_as, stage):
    act_as("ada")
    key = step_key(components(stage))
    overwrite(folder / "memo" / stage / f"{key.hex}.json", planted(bucket, stage))
    require_honest(bucket, stage)


@pytest.mark.parametrize("stage", STAGES)
def test_an_entry_altered_after_it_was_signed(bucket, folder, act_as, stage):
    act_as("ada")
    take(bucket, stage)
    [path] = files(folder, stage)
    proof = canonical_json.load(path.read_bytes())["proof"]
    overwrite(path, planted(bucket, stage, proof=proof))
    require_honest(bucket, stage)


@pytest.mark.parametrize("stage", STAGES)
def test_a_signed_entry_copied_to_another_key(bucket, folder, act_as, stage):
    act_as("ada")
    take(bucket, stage, seed=8)
    [path] = files(folder, stage)
    other = path.name.replace(step_key(components(stage, 8)).hex, step_key(components(stage)).hex)
    overwrite(path.with_name(other), canonical_json.load(path.read_bytes()))
    require_honest(bucket, stage)


def test_a_signed_entry_copied_to_another_stage(bucket, folder, act_as):
    act_as("ada")
    take(bucket, "fairness")
    [path] = files(folder, "fairness")
    key = step_key(components("fairness"))
    overwrite(folder / "memo" / "rank" / path.name, canonical_json.load(path.read_bytes()))
    assert bucket.memo.find("fairness", key) is not None
    assert bucket.memo.find("rank", key) is None


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", ["mallory", "vic", "olga", None])
def test_an_entry_by_a_key_that_may_not_run(bucket, folder, act_as, people, name, stage):
    """Mallory's key is unknown, vic is a viewer, olga an operator. Each has Assay write it where
    signatures are optional, and tries again where they are required.
    """
    people("optional")
    act_as(name)
    bucket.memo.remember(stage, step_key(components(stage)), planted(bucket, stage))
    assert files(folder, stage)
    people()
    bucket.memo.remember(stage, step_key(components(stage)), planted(bucket, stage))
    act_as("ada")
    require_honest(bucket, stage)


def test_an_entry_by_a_key_that_was_withdrawn(bucket, act_as, people):
    act_as("sam")
    step = take(bucket, "train")
    act_as("ada")
    sams = Signer.load(Path.cwd() / "sam").public_key.fingerprint
    assert take(bucket, "train").signed_by == sams
    people(withdrawn=["sam"])
    require_honest(bucket, "train")
    assert step.signed_by is None


def test_a_forger_with_no_key_and_a_listed_keys_name(bucket, folder, act_as):
    act_as("ada")
    take(bucket, "train")
    [path] = files(folder, "train")
    for proof in ({}, None, {"keyid": "SHA256:x", "sig": "AAAA"}, {"keyid": 1, "sig": 2}, "proof"):
        overwrite(path, planted(bucket, "train", proof=proof))
        require_honest(bucket, "train")
    for data in (b"[", b"[" * 100_000, b"{}", b"\xff"):
        path.unlink()
        path.write_bytes(data)
        require_honest(bucket, "train")


def test_an_entry_of_a_colleague_is_found_and_named_and_takes_no_place(bucket, folder, act_as):
    act_as("sam")
    take(bucket, "train")
    for name in ("ada", "olga", None, "mallory"):
        act_as(name)
        assert take(bucket, "train").cached
    assert len(files(folder, "train")) == 1
    found = find_step(bucket, components("train"), inputs={})
    assert found.as_json()["signed_by"].startswith("SHA256:")


def test_who_has_no_key_that_counts_finds_entries_and_leaves_none(bucket, folder, act_as):
    for name in (None, "mallory", "vic", "olga"):
        act_as(name)
        assert not take(bucket, "train").cached
    assert files(folder, "train") == []


def test_an_entry_whose_objects_are_gone_is_forgotten(bucket, folder, act_as):
    act_as("ada")
    step = take(bucket, "train")
    bucket.store.delete(f"objects/sha256/{step['model'].digest.hex[:2]}/{step['model'].digest.hex}")
    require_honest(bucket, "train")


def test_a_planted_index_of_units_and_a_planted_profile(bucket, folder, act_as):
    act_as("ada")
    table = write_frame(bucket, pd.DataFrame({UNIT: [3, 1, 2]}), "t")
    true = [1, 2, 3], table_profile(Table.read(bucket, table)).to_bytes()

    def seen():
        units = [int(unit) for unit in table_units(bucket, table)]
        return units, table_profile(Table.read(bucket, table)).to_bytes()

    assert seen() == true
    false = bucket.put(b"\0" * 8, artifacts.PROFILE, "planted")
    for path in [*files(folder, "units"), *files(folder, "observe")]:
        entry = canonical_json.load(path.read_bytes())
        entry["outputs"]["made"] = false.as_json()
        overwrite(path, entry | {"needs": [str(false.digest)]})
        plain = path.with_name(path.name.partition(".")[0] + ".json")
        overwrite(plain, entry | {"needs": [str(false.digest)]})
    assert seen() == true


def test_why_names_what_does_not_count(bucket, folder, act_as, people):
    act_as("ada")
    key = step_key(components("train"))

    def refusal():
        plan = RunPlan({})
        plan.plan_step(
            bucket, "train", code=CodeVersion({"a": "1"}, {}), inputs={}, settings={}, seed=7
        )
        return plan.steps[0].refused_entry

    assert refusal() is None
    overwrite(folder / "memo" / "train" / f"{key.hex}.json", planted(bucket, "train"))
    assert refusal() == "it is not signed"
    take(bucket, "train")
    assert refusal() is None
    path = next(path for path in files(folder, "train") if path.stem != key.hex)
    entry = canonical_json.load(path.read_bytes())
    overwrite(path, entry | {"seconds": 9})
    assert "its signature, said to be by ada, does not fit" in refusal()
    overwrite(path, entry)
    assert refusal() is None
    people(withdrawn=["ada"])
    assert "withdrawn" in refusal()


def test_without_required_signatures_nothing_is_signed(bucket, folder, people, act_as):
    people("optional")
    act_as("ada")
    step = take(bucket, "train")
    assert [path.stem for path in files(folder, "train")] == [step.key.hex]
    assert "proof" not in canonical_json.load(files(folder, "train")[0].read_bytes())
    assert "signed_by" not in take(bucket, "train").as_json()
    people()
    assert not take(bucket, "train").cached  # old entries prove nothing


def test_a_new_people_file_counts_at_once(bucket, people, act_as):
    act_as("sam")
    take(bucket, "train")
    assert bucket.memo.find("train", step_key(components("train")))
    people(withdrawn=["sam"])
    assert not bucket.memo.find("train", step_key(components("train")))
    people()
    assert bucket.memo.find("train", step_key(components("train")))


def plant_four(bucket, folder, act_as):
    """Beside an honest entry one that is unsigned, by nobody known, altered, named like none."""
    act_as("ada")
    honest = take(bucket, "train").outputs["model"].digest
    (signed,) = files(folder, "train")
    key = step_key(components("train"))
    entry, bad = canonical_json.load(signed.read_bytes()), planted(bucket, "train")
    other = step_key(components("train", seed=8))
    paths = [
        signed.with_name(f"{key.hex}.json"),
        signed.with_name(f"{key.hex}.{'ab' * 32}.json"),
        signed.with_name(signed.name.replace(key.hex, other.hex)),
        signed.with_name("odd.json"),
    ]
    for path in paths:
        overwrite(path, bad | {"proof": entry["proof"]})
    return honest, Digest.parse(bad["needs"][0]), [str(path.relative_to(folder)) for path in paths]


def test_verify_names_what_does_not_count_and_calls_the_bucket_intact(
    bucket, folder, act_as, people
):
    _, _, names = plant_four(bucket, folder, act_as)
    findings = verify_bucket(bucket)
    assert findings.intact
    told = {problem.key: problem for problem in findings.problems}
    assert sorted(told) == sorted(names)
    assert {problem.kind for problem in told.values()} == {"ignored"}
    reasons = ["not signed", "its key is unknown", "said to be by ada, does not fit", "not named"]
    for name, reason in zip(names, reasons, strict=True):
        assert reason in told[name].what
        assert "`assay gc` removes it" in told[name].what
    people(signatures="optional")
    assert verify_bucket(bucket).problems == ()


def test_what_does_not_count_keeps_no_object_and_goes(bucket, folder, act_as, people):
    honest, pickled, names = plant_four(bucket, folder, act_as)
    people(signatures="optional")
    assert GarbageCollector(bucket).reference_path(pickled)  # there it counts
    people()
    assert GarbageCollector(bucket).reference_path(pickled) == []
    assert GarbageCollector(bucket).reference_path(honest)
    assert GarbageCollector(bucket).collect().memos == 0  # younger than the grace period
    for path in folder.rglob("*"):
        os.utime(path, (path.stat().st_mtime - 90_000,) * 2)
    done = GarbageCollector(bucket).collect()
    assert (done.memos, done.moved) == (len(names), 1)
    assert bucket.objects.trash_keys(pickled)
    assert take(bucket, "train").cached
