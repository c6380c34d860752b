import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.errors import IntegrityError, ReferenceUnknown, SignatureBad, Unproven
from assay.registry.history import REGISTERED, REJECTED
from assay.registry.registry import Registry
from assay.store.memory import MemoryStore

ONE, TWO = (str(Digest.of_bytes(text)) for text in (b"question 1", b"question 2"))


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


@pytest.fixture
def registry(bucket):
    return Registry(bucket)


def body(bucket, model=b"model", question=ONE, against=None):
    return {
        "question": question,
        "model": bucket.put(model, artifacts.MODEL, "m").as_json(),
        "reports": {},
        "against": against,
    }


def test_versions_count_up_and_registering_the_same_again_adds_none(registry, bucket):
    first = registry.register("m", REGISTERED, body(bucket))
    again = registry.register("m", REGISTERED, body(bucket))
    other = registry.register("m", REJECTED, body(bucket, b"other"))
    assert [first.name, again.name, other.name] == ["m@1", "m@1", "m@2"]
    assert len(Journal(bucket, "m").entries()) == 2


def test_the_same_model_judged_for_another_question_is_another_version(registry, bucket):
    registry.register("m", REGISTERED, body(bucket))
    assert registry.register("m", REGISTERED, body(bucket, question=TWO)).number == 2


def test_references_name_a_version_an_alias_or_the_champion_else_the_newest(registry, bucket):
    one = registry.register("m", REGISTERED, body(bucket))
    registry.register("m", REGISTERED, body(bucket, b"two"))
    assert registry.find_version("m").number == 2
    registry.promote(one, because="it is good", expected_version=None)
    assert registry.find_version("m").number == 1
    assert registry.find_version("m@champion").number == 1
    assert registry.find_version("m@2").number == 2


@pytest.mark.parametrize(
    "reference", ["m@3", "m@challenger", "n", "", "m@", "../m", "m@" + "9" * 5_000]
)
def test_an_unknown_reference_says_what_there_is(registry, bucket, reference):
    registry.register("m", REGISTERED, body(bucket))
    with pytest.raises(ReferenceUnknown) as caught:
        registry.find_version(reference)
    assert caught.value.remedy


def test_a_rejected_version_is_neither_promoted_nor_loaded(registry, bucket):
    version = registry.register("m", REJECTED, body(bucket))
    with pytest.raises(Unproven, match="rejected"):
        registry.promote(version, because="I like it", expected_version=None)
    with pytest.raises(Unproven, match="rejected"):
        registry.load("m@1")
    assert registry.history("m").champion is None


def test_promoting_the_champion_again_adds_no_entry(registry, bucket):
    version = registry.register("m", REGISTERED, body(bucket))
    assert registry.promote(version, because="first", expected_version=None)
    assert not registry.promote(version, because="first", expected_version=None)
    assert len(Journal(bucket, "m").entries()) == 2


def test_a_promotion_that_another_forestalled_does_not_happen(registry, bucket):
    one = registry.register("m", REGISTERED, body(bucket))
    two = registry.register("m", REGISTERED, body(bucket, b"two"))
    assert registry.promote(one, because="first", expected_version=None)
    assert not registry.promote(two, because="first", expected_version=None)
    assert registry.history("m").champion.number == 1
    assert registry.promote(two, because="better than 1", expected_version=1)
    assert registry.history("m").champion.number == 2


def test_a_champion_is_no_rival_to_the_question_that_brought_it_forth(registry, bucket):
    first = registry.register("m", REGISTERED, body(bucket))
    registry.promote(first, because="first", expected_version=None)
    assert registry.history("m").champion_to_beat(Digest.parse(ONE)) is None
    assert registry.history("m").champion_to_beat(Digest.parse(TWO)).number == 1
    second = registry.register("m", REGISTERED, body(bucket, b"two", TWO, against=1))
    registry.promote(second, because="better", expected_version=1)
    assert registry.history("m").champion_to_beat(Digest.parse(TWO)).number == 1


def test_a_stop_is_noted_once_for_each_question(registry, bucket):
    stopped = {"question": ONE, "reasons": ["no signal"]}
    assert registry.record_stop("m", stopped) is not None
    assert registry.record_stop("m", stopped) is None
    assert registry.record_stop("m", {**stopped, "question": TWO}) is not None
    with pytest.raises(ReferenceUnknown, match="every run stopped"):
        registry.find_version("m")


def test_entries_of_a_kind_from_the_future_change_nothing(registry, bucket):
    registry.register("m", REGISTERED, body(bucket))
    Journal(bucket, "m").append(lambda _: ("monitored", {"verdict": "healthy"}))
    assert registry.find_version("m").number == 1


# --- who vouches for it -----------------------------------------------------------------------


@pytest.fixture
def ada(monkeypatch, tmp_path):
    """A person whose key the environment names, and who alone is known."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    (tmp_path / "key").write_bytes(pem)
    people = tmp_path / "people.yaml"
    people.write_text(
        f"signatures: required\npeople: {{ada: {{role: scientist, keys: ['{line}']}}}}\n"
    )
    monkeypatch.setenv("ASSAY_PEOPLE", str(people))
    monkeypatch.setenv("ASSAY_SIGNING_KEY", str(tmp_path / "key"))


def loading(registry, reference):
    """What stands in the way of opening the pickle; None if nothing does."""
    with pytest.raises(IntegrityError) as caught:
        registry.load(reference)
    # Then it was opened: the bytes of these tests are no pickle.
    return None if "cannot be read here" in caught.value.what else caught.value


def test_a_signed_version_is_opened_and_an_unsigned_one_is_not(registry, bucket, ada, monkeypatch):
    signed = registry.register("m", REGISTERED, with_signature(bucket, b"signed"))
    assert loading(registry, signed.name) is None
    monkeypatch.delenv("ASSAY_SIGNING_KEY")
    unsigned = registry.register("m", REGISTERED, with_signature(bucket, b"unsigned"))
    assert isinstance(loading(registry, unsigned.name), Unproven)


def test_a_champion_whose_promotion_nobody_signed_is_not_opened(registry, bucket, ada, monkeypatch):
    version = registry.register("m", REGISTERED, with_signature(bucket, b"signed"))
    monkeypatch.delenv("ASSAY_SIGNING_KEY")
    registry.promote(version, because="I say so", expected_version=None)
    assert loading(registry, "m@1") is None
    assert isinstance(loading(registry, "m@champion"), Unproven)


def test_a_version_signed_by_a_key_unknown_to_us_is_not_opened(
    registry, bucket, ada, monkeypatch, tmp_path
):
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "stranger").write_bytes(pem)
    monkeypatch.setenv("ASSAY_SIGNING_KEY", str(tmp_path / "stranger"))
    version = registry.register("m", REGISTERED, with_signature(bucket, b"m"))
    refused = loading(registry, version.name)
    assert isinstance(refused, SignatureBad)
    assert "unknown key" in refused.what


def with_signature(bucket, model):
    described = bucket.put_json({"features": []}, artifacts.JSON, "signature")
    return body(bucket, model, question=str(Digest.of_bytes(model))) | {
        "signature": described.as_json()
    }
