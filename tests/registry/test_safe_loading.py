"""No unpickling before journal, digest and signature agree: each deceit is refused by name.

The model here is a pickle that leaves a file behind when it is opened, so that a refusal that came
too late would show.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from assay.bucket import artifacts, canonical_json
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, JournalEntry
from assay.bucket.objects import object_key
from assay.bucket.signing import Signer
from assay.config.people import People
from assay.errors import (
    ChainBroken,
    IntegrityError,
    ObjectCorrupt,
    ObjectMissing,
    ReferenceUnknown,
    SignatureBad,
    Unproven,
)
from assay.registry.history import REGISTERED, REJECTED
from assay.registry.registry import Registry
from assay.store.local import LocalStore


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.fixture
def sprung(tmp_path: Path) -> Path:
    return tmp_path / "sprung"


@pytest.fixture
def trap(sprung: Path) -> bytes:
    return pickle.dumps(Trap(sprung))


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket.from_store(LocalStore(tmp_path / "bucket")).prepare()


def body(bucket: Bucket, model: bytes) -> dict:
    described = bucket.put_json({"features": []}, artifacts.JSON, "signature")
    return {
        "question": str(Digest.of_bytes(model)),
        "model": bucket.put(model, artifacts.MODEL, "m").as_json(),
        "signature": described.as_json(),
        "reports": {},
        "gates": {},
        "against": None,
    }


@pytest.fixture
def version(bucket: Bucket, trap: bytes):
    """Three versions; the second is the trap, and champion."""
    registry = Registry(bucket)
    registry.register("m", REGISTERED, body(bucket, b"first"))
    version = registry.register("m", REGISTERED, body(bucket, trap))
    registry.register("m", REGISTERED, body(bucket, b"third"))
    return version


def overwrite(bucket: Bucket, key: str, data: bytes) -> None:
    path = Path(bucket.store.url(key))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def refused(bucket: Bucket, kind: type[Exception], said: str, reference: str = "m@2") -> None:
    with pytest.raises(kind, match=said):
        Registry(bucket).load(reference)


@pytest.fixture(autouse=True)
def unsprung(request: pytest.FixtureRequest, sprung: Path):
    yield
    if "trap_works" not in request.node.name:
        assert not sprung.exists(), "the pickle was opened"


def test_the_trap_works(bucket, version, sprung) -> None:
    """Otherwise all that follows would prove nothing."""
    with pytest.raises(Exception):  # noqa: B017, PT011 - what it opens is no model
        Registry(bucket).load("m@2").predict(None)
    assert sprung.exists()


def test_a_swapped_model_file(bucket, version, trap) -> None:
    overwrite(bucket, object_key(Digest.of_bytes(b"first")), trap)
    refused(bucket, ObjectCorrupt, str(Digest.of_bytes(b"first")), "m@1")


def test_two_model_files_that_changed_places(bucket, version, trap) -> None:
    overwrite(bucket, object_key(Digest.of_bytes(b"first")), trap)
    overwrite(bucket, object_key(Digest.of_bytes(trap)), b"first")
    refused(bucket, ObjectCorrupt, str(Digest.of_bytes(b"first")), "m@1")
    refused(bucket, ObjectCorrupt, str(Digest.of_bytes(trap)), "m@2")


def test_an_object_planted_under_the_name_of_one_that_is_gone(bucket, version, trap) -> None:
    bucket.store.delete(object_key(Digest.of_bytes(b"first")))
    refused(bucket, ObjectMissing, str(Digest.of_bytes(b"first")), "m@1")
    overwrite(bucket, object_key(Digest.of_bytes(b"first")), trap)
    refused(bucket, ObjectCorrupt, str(Digest.of_bytes(b"first")), "m@1")


def test_an_object_planted_in_the_trash(bucket, version, trap) -> None:
    """From there an object is taken when it is missed."""
    digest = Digest.of_bytes(b"first")
    bucket.store.delete(object_key(digest))
    overwrite(bucket, f"trash/{digest.hex}/planted", trap)
    refused(bucket, ObjectCorrupt, str(digest), "m@1")


def test_an_object_with_a_fitting_name_that_no_journal_tells_of(bucket, version) -> None:
    planted = bucket.put(b"planted", artifacts.MODEL, "m")
    refused(bucket, ReferenceUnknown, "no version '4'", "m@4")
    refused(bucket, ReferenceUnknown, "is not a model reference", str(planted.digest))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_journal_entry_that_was_altered(bucket, version, trap, number) -> None:
    """The last one is told by its signature alone: see below."""
    key = f"journals/m/{number:010d}.json"
    held = canonical_json.load(bucket.store.get(key))
    held["body"]["model"]["digest"] = str(Digest.of_bytes(trap))
    if number == 3:
        held["previous"] = str(Digest.of_bytes(b"other"))
    overwrite(bucket, key, canonical_json.dump(held))
    if number == 2:
        held["body"]["model"]["digest"] = str(Digest.of_bytes(b"first"))
        overwrite(bucket, key, canonical_json.dump(held))
    refused(bucket, ChainBroken, r"'m' is broken at entry [123]", "m@1")


@pytest.mark.parametrize("number", [1, 2])
def test_a_journal_entry_that_was_removed(bucket, version, number) -> None:
    bucket.store.delete(f"journals/m/{number:010d}.json")
    refused(bucket, ChainBroken, f"'m' is broken at entry {number}: it is missing", "m@3")


def test_a_journal_entry_that_was_put_in_between(bucket, version) -> None:
    for number in (3, 2):
        data = bucket.store.get(f"journals/m/{number:010d}.json")
        overwrite(bucket, f"journals/m/{number + 1:010d}.json", data)
    refused(bucket, ChainBroken, "it says that it is entry", "m@1")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (REGISTERED, {}),
        ("promoted", {"alias": "champion", "version": 9}),
        ("rolled_back", {"alias": "champion", "version": 1}),
        ("retired", {"because": "no version"}),
    ],
)
def test_an_entry_that_assay_would_not_write(bucket, version, kind, said) -> None:
    Journal(bucket, "m").append(lambda _: (kind, said))
    refused(bucket, ChainBroken, "entry 4 of the journal of 'm'")


def test_a_rejected_version(bucket, trap) -> None:
    Registry(bucket).register("m", REJECTED, body(bucket, trap))
    refused(bucket, Unproven, "m@1 was rejected", "m@1")


# --- where signatures are required ------------------------------------------------------------


@pytest.fixture
def sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Sign as somebody from now on; of the two only ada is known."""
    keys = {name: Ed25519PrivateKey.generate() for name in ("ada", "mallory")}
    for name, key in keys.items():
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / name).write_bytes(pem)
    line = keys["ada"].public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    people = tmp_path / "people.yaml"
    people.write_text(
        f"signatures: required\npeople: {{ada: {{role: scientist, keys: ['{line}']}}}}\n"
    )
    monkeypatch.setenv("ASSAY_PEOPLE", str(people))
    return lambda name: monkeypatch.setenv("ASSAY_SIGNING_KEY", str(tmp_path / name))


def test_an_entry_planted_by_who_may_write_to_the_bucket_and_has_no_key(bucket, trap, sign) -> None:
    sign("ada")
    Registry(bucket).register("m", REGISTERED, body(bucket, b"first"))
    sign("mallory")
    Registry(bucket).register("m", REGISTERED, body(bucket, trap))
    refused(bucket, SignatureBad, "unknown key, SHA256:", "m@2")


def test_an_unsigned_entry(bucket, trap, sign, monkeypatch) -> None:
    monkeypatch.delenv("ASSAY_SIGNING_KEY", raising=False)
    Registry(bucket).register("m", REGISTERED, body(bucket, trap))
    refused(bucket, Unproven, "entry 1 of the journal of 'm' is not signed", "m@1")


def test_the_last_entry_altered_after_it_was_signed(bucket, trap, sign) -> None:
    sign("ada")
    Registry(bucket).register("m", REGISTERED, body(bucket, b"first"))
    key = "journals/m/0000000001.json"
    held = canonical_json.load(bucket.store.get(key))
    held["body"]["model"] = bucket.put(trap, artifacts.MODEL, "m").as_json()
    overwrite(bucket, key, canonical_json.dump(held))
    refused(bucket, SignatureBad, "said to be by ada", "m@1")


def test_a_signature_taken_from_another_entry(bucket, trap, sign) -> None:
    sign("ada")
    registry = Registry(bucket)
    registry.register("m", REGISTERED, body(bucket, b"first"))
    registry.register("m", REGISTERED, body(bucket, trap))
    held = [
        canonical_json.load(bucket.store.get(f"journals/m/{number:010d}.json")) for number in (1, 2)
    ]
    held[1]["signature"] = held[0]["signature"]
    overwrite(bucket, "journals/m/0000000002.json", canonical_json.dump(held[1]))
    refused(bucket, SignatureBad, "does not fit", "m@2")


# --- where a key was stolen -------------------------------------------------------------------


@pytest.fixture
def withdraw(tmp_path: Path, sign):
    """Withdraw ada's key but for some entries, and sign as her with a new one from now on."""
    second = Ed25519PrivateKey.generate()
    pem = second.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "second").write_bytes(pem)
    new = second.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    people = tmp_path / "people.yaml"
    old = People.read(people).people["ada"].keys[0]

    def withdrawn(*vouched: JournalEntry) -> None:
        (tmp_path / "holds.txt").write_text("".join(f"{e.digest}  # hers\n" for e in vouched))
        lost = f"withdrawn: [{{key: '{old}', holds: holds.txt}}]"
        people.write_text(
            f"signatures: required\npeople: {{ada: {{role: scientist, keys: ['{new}'], {lost}}}}}\n"
        )
        sign("second")

    return withdrawn


def test_an_entry_by_a_key_that_was_withdrawn(bucket, trap, sign, withdraw) -> None:
    sign("ada")
    Registry(bucket).register("m", REGISTERED, body(bucket, trap))
    withdraw()
    refused(bucket, SignatureBad, "a key of ada that was withdrawn", "m@1")


def test_an_entry_by_a_thief_after_those_that_hold(bucket, trap, sign, withdraw) -> None:
    sign("ada")
    Registry(bucket).register("m", REGISTERED, body(bucket, b"first"))
    withdraw(*Journal(bucket, "m").entries())
    sign("ada")
    Registry(bucket).register("m", REGISTERED, body(bucket, trap))
    refused(bucket, SignatureBad, "nobody has vouched for this entry", "m@2")


def test_an_entry_by_a_thief_in_the_place_of_one_that_holds(bucket, trap, sign, withdraw) -> None:
    sign("ada")
    Registry(bucket).register("m", REGISTERED, body(bucket, b"first"))
    [entry] = Journal(bucket, "m").entries()
    withdraw(entry)
    sign("ada")
    planted = replace(entry, body=entry.body | body(bucket, trap)).sign(Signer.from_environment())
    overwrite(bucket, "journals/m/0000000001.json", planted.encode())
    refused(bucket, SignatureBad, "nobody has vouched for this entry", "m@1")


def test_what_somebody_vouched_for_holds_and_is_built_on(bucket, sign, withdraw) -> None:
    sign("ada")
    Registry(bucket).register("m", REGISTERED, body(bucket, pickle.dumps("first")))
    withdraw(*Journal(bucket, "m").entries())
    Registry(bucket).register("m", REGISTERED, body(bucket, pickle.dumps("second")))
    for number, held in enumerate(("first", "second"), 1):
        assert Registry(bucket).load(f"m@{number}").fitted == held


def test_every_refusal_ends_with_the_code_of_integrity() -> None:
    for kind in (ChainBroken, ObjectCorrupt, ObjectMissing, SignatureBad, Unproven):
        assert issubclass(kind, IntegrityError)
        assert kind("x").exit_code == 4
