"""Whose people count: those recorded in the bucket, by whom they may be recorded, and the file."""

import json
import time

import pytest

from assay.bucket import canonical_json
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.config.people import People
from assay.errors import ConfigError, NotAllowed, PeopleUntrusted
from assay.registry import authority, recorded_people
from assay.registry.decisions.justification import Justification
from assay.registry.decisions.people_record import record_people
from assay.registry.memo_signatures import memo_signatures
from assay.registry.recorded_people import (
    find_people,
    forget_recorded_people,
    people_in_force,
)
from assay.store.memory import MemoryStore
from tests.registry.decisions.conftest import NOON, House, make_key
from tests.registry.team import ROLES, Team


@pytest.fixture
def said():
    return lambda because: Justification(because, NOON)


@pytest.fixture
def team(tmp_path, monkeypatch):
    return Team(tmp_path, monkeypatch)


# --- the file and what is recorded ------------------------------------------------------------


def test_without_a_record_the_file_counts(team):
    found = find_people(team.bucket)
    assert (found.recorded, found.origin, found.difference) == (None, str(team.file), None)
    assert team.roles == ROLES


def test_with_neither_everyone_may_act(team):
    team.no_file()
    assert find_people(team.bucket).people is None
    assert authority.authorize_user(team.bucket, "promote").role is None


def test_what_is_recorded_counts_in_a_folder_without_a_file(team, said):
    team.record("ada", said)
    team.no_file()
    assert team.roles == ROLES
    assert "entry 1" in find_people(team.bucket).origin
    team.act("sam")
    with pytest.raises(NotAllowed, match="sam is a scientist"):
        authority.authorize_user(team.bucket, "promote")
    team.act(None)
    with pytest.raises(NotAllowed, match="names no key"):
        authority.authorize_user(team.bucket, "promote")


def test_a_looser_file_loosens_nothing_and_the_difference_is_told_once(team, said, caplog):
    team.record("ada", said)
    team.write("optional", sam="engineer", vic=None)
    for _ in range(3):
        assert people_in_force(team.bucket).people.signatures == "required"
    (line,) = [r.getMessage() for r in caplog.records if "differs from entry 1" in r.getMessage()]
    for phrase in (
        "signatures are required as recorded and optional in the file",
        "sam is scientist as recorded and engineer in the file",
        "vic is recorded alone",
    ):
        assert phrase in line
    team.act("sam")
    with pytest.raises(NotAllowed, match="sam is a scientist"):
        authority.authorize_user(team.bucket, "promote")


def test_a_key_that_differs_is_told_and_a_comment_is_no_difference(team, said):
    team.record("ada", said)
    team.keys["eve"] += " eve@laptop"
    team.write()
    assert find_people(team.bucket).difference is None
    team.keys["eve"] = make_key(team.folder / "eve")
    team.write()
    assert "eve has other keys" in find_people(team.bucket).difference


def test_a_file_that_does_not_list_the_recorder_is_refused_and_lets_nobody_act(team, said):
    team.record("ada", said)
    forget_recorded_people(team.bucket)
    for roles in ({"ada": None}, {"ada": "scientist"}):
        team.write("optional", sam="engineer", **roles)
        team.act("sam")
        with pytest.raises(PeopleUntrusted, match="signed by ada with SHA256:") as caught:
            authority.authorize_user(team.bucket, "promote")
        assert caught.value.exit_code == 4
        assert str(team.file) in caught.value.what
        assert "assay people record" in caught.value.remedy


def test_a_planted_first_list_is_refused_by_those_who_have_the_file(team):
    team.plant("sam", team.document("optional", sam="engineer"))
    with pytest.raises(PeopleUntrusted, match="signed by sam"):
        find_people(team.bucket)
    house = House()
    house.bucket.store.put_if_absent(
        "people/0000000001.json", team.bucket.store.get("people/0000000001.json")
    )
    with pytest.raises(PeopleUntrusted, match="another bucket"):
        find_people(house.bucket)


# --- which entries count ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "more", "why"),
    [
        (None, {}, "entry 1 .* is not signed"),
        ("sam", {}, "sam, who is scientist and no engineer in itself"),
        ("mallory", {}, "signed by an unknown key"),
        ("ada", {"kind": "registered"}, "its kind is 'registered'"),
    ],
)
def test_a_first_entry_needs_an_engineer_whom_it_lists(team, by, more, why):
    team.no_file()
    team.plant(by, team.document(), **more)
    with pytest.raises(PeopleUntrusted, match=why) as caught:
        find_people(team.bucket)
    assert caught.value.where == "people/0000000001.json"


@pytest.mark.parametrize(
    "document",
    [
        {"people": {"ada": {"role": "king"}}},
        {"signatures": "never"},
        {"people": {"ada": {"role": "engineer", "keys": ["rubbish"]}}},
        {"people": []},
        [],
        None,
        "people",
    ],
)
def test_what_is_no_list_of_people_is_named(team, document):
    team.no_file()
    team.plant("ada", document)
    with pytest.raises(PeopleUntrusted, match=r"entry 1 .* cannot be understood"):
        find_people(team.bucket)


def test_a_list_that_names_a_file_reads_none(team):
    document = team.document()
    document["people"]["eve"]["withdrawn"] = [{"key": team.keys["mallory"], "holds": "/etc/passwd"}]
    team.plant("ada", document)
    with pytest.raises(PeopleUntrusted, match="it names a file of entries"):
        find_people(team.bucket)


@pytest.mark.parametrize("by", [None, "sam", "vic", "mallory"])
def test_a_later_entry_needs_an_engineer_of_the_entry_before(team, said, by):
    """Whoever signs lists themselves as an engineer; what the entry before says counts."""
    team.record("ada", said)
    team.plant(by, team.document("optional", **({by: "engineer"} if by else {})))
    team.no_file()
    with pytest.raises(PeopleUntrusted, match=r"entry 2 .*"):
        find_people(team.bucket)
    with pytest.raises(PeopleUntrusted):
        authority.authorize_user(team.bucket, "promote")


def test_an_engineer_of_the_entry_before_alone_records_the_next(team, said):
    team.record("ada", said)
    team.write(ada=None)
    team.record("eve", said)
    team.plant("ada", team.document())
    team.no_file()
    with pytest.raises(PeopleUntrusted, match=r"entry 3 .* unknown key, .*, by entry 2"):
        find_people(team.bucket)


def test_a_key_that_was_withdrawn_since_leaves_earlier_entries_valid(team, said):
    team.record("ada", said)
    document = team.document(ada=None)
    document["people"]["ada"] = {"role": "engineer", "withdrawn": [{"key": team.keys["ada"]}]}
    team.file.write_text(json.dumps(document))
    team.record("eve", said)
    assert find_people(team.bucket).recorded.entry.number == 2
    team.plant("ada", team.document())
    with pytest.raises(PeopleUntrusted, match=r"entry 3 .*withdrawn"):
        find_people(team.bucket)


@pytest.mark.parametrize("change", ["altered", "removed", "swapped"])
def test_an_entry_that_was_tampered_with_breaks_the_chain(team, said, change):
    for name in ("ada", "eve", "ada"):
        team.write(vic="viewer" if team.roles["vic"] == "operator" else "operator")
        team.record(name, said)
    data = [team.bucket.store.get(f"people/{n:010d}.json") for n in (1, 2, 3)]
    if change == "altered":
        entry = canonical_json.load(data[1])
        entry["body"]["people"]["people"]["sam"]["role"] = "engineer"
        team.put(2, canonical_json.dump(entry))
    elif change == "removed":
        team.bucket.store.delete("people/0000000002.json")
        forget_recorded_people(team.bucket)
    else:
        team.put(2, data[0])
    with pytest.raises(PeopleUntrusted, match=r"broken at entry [23]"):
        find_people(team.bucket)


def test_a_last_entry_that_was_altered_is_told_by_its_signature(team, said):
    team.record("ada", said)
    entry = canonical_json.load(team.bucket.store.get("people/0000000001.json"))
    entry["body"]["people"]["people"]["sam"]["role"] = "engineer"
    team.put(1, canonical_json.dump(entry))
    with pytest.raises(PeopleUntrusted, match=r"entry 1 .* does not fit"):
        find_people(team.bucket)


def test_a_journal_of_a_use_case_is_no_list_of_people(team):
    """A use case may be called people, and its journal may be copied."""
    team.act("ada")
    said = {"people": team.document(), "because": "x"}
    entry = Journal(team.bucket, "people").append(lambda _: ("recorded", said))
    assert find_people(team.bucket).recorded is None
    team.put(1, entry.encode())
    with pytest.raises(PeopleUntrusted, match="written to the journal of 'people'"):
        find_people(team.bucket)


def test_nothing_loads_and_nothing_is_decided_while_the_people_do_not_hold(team, said):
    house = House()
    team.bucket = house.bucket
    memo = Bucket.from_store(house.bucket.store, memo_signatures).memo
    team.act("ada")
    house.version(by="ada")
    team.record("ada", said)
    team.plant("sam", team.document(sam="engineer"))
    for act in (
        lambda: house.registry.load("m@1"),
        lambda: authority.authorize_training(house.bucket),
        lambda: authority.authorize_name(house.bucket, "ada", "promote"),
        lambda: memo.find("train", Digest.of_bytes(b"key")),
    ):
        with pytest.raises(PeopleUntrusted):
            act()


# --- recording --------------------------------------------------------------------------------


def test_recording_keeps_the_file_and_is_done_once(team, said):
    entry = team.record("ada", said)
    assert (entry.number, entry.actor, entry.kind) == (1, "ada", "recorded")
    assert entry.body["because"] == "the team as it is"
    assert People.from_document(entry.body["people"], "x").people.keys() == ROLES.keys()
    assert team.record("eve", said) is None
    team.write(vic="operator")
    assert team.record("eve", said).number == 2
    assert team.roles["vic"] == "operator"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (None, "must be signed"),
        ("sam", "sam is a scientist, and a scientist may not record people"),
        ("vic", "vic is a viewer"),
        ("mallory", "belongs to nobody"),
    ],
)
def test_only_an_engineer_with_a_key_records(team, said, name, why):
    with pytest.raises(NotAllowed, match=why) as caught:
        team.record(name, said)
    assert caught.value.remedy
    assert list(team.bucket.store.list("people/")) == []


def test_a_scientist_who_is_an_engineer_in_a_file_of_theirs_alone_records_nothing(team, said):
    team.record("ada", said)
    team.write(sam="engineer")
    with pytest.raises(NotAllowed, match="sam is a scientist, and a scientist may not record"):
        team.record("sam", said)
    assert len(list(team.bucket.store.list("people/"))) == 1


def test_nobody_records_a_list_that_would_not_vouch_for_them(team, said):
    team.record("ada", said)
    team.write(ada="scientist")
    with pytest.raises(NotAllowed, match="ada is a scientist"):
        team.record("ada", said)


def test_who_left_is_followed_by_an_engineer_who_stayed(team, said):
    """The file does not list who signed the newest entry: refused until another records."""
    team.record("ada", said)
    team.write(ada=None)
    with pytest.raises(PeopleUntrusted):
        find_people(team.bucket)
    assert team.record("eve", said).number == 2
    assert "ada" not in team.roles


def test_recording_needs_a_file(team, said):
    team.no_file()
    with pytest.raises(ConfigError, match="to record"):
        team.record("ada", said)


def test_entries_that_hold_are_recorded_and_not_the_file_that_lists_them(team, said):
    digest = Digest.of_bytes(b"entry")
    document = team.document()
    document["people"]["eve"]["withdrawn"] = [{"key": team.keys["mallory"], "holds": "holds.txt"}]
    team.file.write_text(json.dumps(document))
    (team.folder / "holds.txt").write_text(f"{digest}  # m 1 registered\n")
    team.record("ada", said)
    assert find_people(team.bucket).difference is None
    (team.folder / "holds.txt").write_text("")
    assert "eve has other keys" in find_people(team.bucket).difference
    team.no_file()
    (key,) = [k for k in find_people(team.bucket).people.trusted_keys() if k.vouched_entries]
    assert key.vouched_entries == {digest}


# --- the memo, and requests -------------------------------------------------------------------


def test_the_memo_follows_what_is_recorded(team, said):
    team.record("ada", said)
    team.no_file()
    bucket = Bucket.from_store(team.bucket.store, memo_signatures)
    key = Digest.of_bytes(b"key")
    team.act("vic")
    bucket.memo.remember("train", key, {"needs": []})
    assert list(bucket.store.list("memo/")) == []
    team.act("sam")
    bucket.memo.remember("train", key, {"needs": []})
    assert len(list(bucket.store.list("memo/"))) == 1
    assert bucket.memo.find("train", key)["needs"] == []
    bucket.store.put_if_absent(f"memo/fit/{key.hex}.json", b'{"needs":[]}')
    assert bucket.memo.find("fit", key) is None  # as no file would have it: planted, unsigned


class Counting(MemoryStore):
    """Writes down each request."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def get(self, key):
        self.asked.append(key)
        return super().get(key)

    def list(self, prefix=""):
        self.asked.append(f"{prefix}*")
        return super().list(prefix)


def test_a_bucket_without_recorded_people_is_asked_once_in_some_seconds(team, monkeypatch):
    store, now = Counting(), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    bucket = Bucket.from_store(store, memo_signatures).prepare()
    store.asked.clear()
    for _ in range(10):
        find_people(bucket)
        bucket.memo.signer_of({"proof": {"keyid": "x"}})
    assert store.asked == ["people/*"]
    now[0] += recorded_people.LOOK_SECONDS
    find_people(bucket)
    assert store.asked == ["people/*"] * 2


def test_recorded_people_are_read_once_and_what_came_since_is_seen(team, said, monkeypatch):
    store, now = Counting(), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    team.bucket = bucket = Bucket.from_store(store).prepare()
    team.record("ada", said)
    find_people(bucket)
    store.asked.clear()
    team.write(vic="operator")
    other = Bucket.from_store(store)
    team.act("eve")
    record_people(other, said("b"))
    store.asked.clear()
    assert team.roles["vic"] == "viewer"
    assert store.asked == []
    now[0] += recorded_people.LOOK_SECONDS
    assert team.roles["vic"] == "operator"
    assert store.asked == ["people/00000000*", "people/0000000001.json", "people/0000000002.json"]
