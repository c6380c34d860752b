"""The policies of a bucket's keys, as text and on a server that enforces them."""

import json
from datetime import timedelta
from fnmatch import fnmatchcase

import pytest
import servers

from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal
from assay.deployments import policies
from assay.deployments.__main__ import main
from assay.errors import ConfigError, KeyAbsent, StoreDenied
from assay.gates.report import Verdict
from assay.registry.recorded_people import people_journal
from assay.store.open import open_store
from assay.upkeep.doctor import diagnose_setup
from assay.upkeep.garbage_collector import GarbageCollector

EVERYBODY = policies.KEYHOLDERS
PEOPLE = """\
people:
  ada: {role: engineer}
  eve: {role: scientist}
  max: {role: scientist}
"""


def allowed(who, action, key, url="s3://team/assay"):
    """What the policy says of a conditional request, as IAM reads it: a denial wins."""
    effects = {
        statement["Effect"]
        for statement in policies.iam_policy(who, url)["Statement"]
        if action in statement["Action"]
        and "Null" not in statement.get("Condition", {})
        and any(fnmatchcase(f"arn:aws:s3:::{key}", r) for r in listed(statement["Resource"]))
    }
    return effects == {"Allow"}


def listed(value):
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_reads_and_nobody_elsewhere(who):
    assert allowed(who, "s3:GetObject", "team/assay/objects/x")
    assert not allowed(who, "s3:GetObject", "team/other/objects/x")
    assert not allowed(who, "s3:GetObject", "team/assay2/objects/x")


def test_each_puts_what_its_work_makes():
    people = "people/1.json"
    keys = ("assay.json", "objects/x", "journals/m/1.json", "memo/fit/x.json", "trash/x/y", people)
    puts = {
        who: {key for key in keys if allowed(who, "s3:PutObject", f"team/assay/{key}")}
        for who in EVERYBODY
    }
    runs = {*keys} - {"trash/x/y", people}
    assert puts == {
        "viewer": set(),
        "scientist": runs,
        "engineer": runs | {people},
        "operator": {"journals/m/1.json"},
        "collector": {"objects/x", "trash/x/y"},
    }


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize(
    "key", ["assay.json", "journals/m/1.json", "people/1.json", "objects/x", "quarantine/x"]
)
def test_only_the_collector_deletes_and_never_history(who, key):
    may = who == "collector" and key == "objects/x"
    assert allowed(who, "s3:DeleteObject", f"team/assay/{key}") == may
    assert not allowed(who, "s3:DeleteObjectVersion", f"team/assay/{key}")


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_put_that_may_replace_is_denied_but_for_the_parts_of_a_large_object(who):
    (found,) = [s for s in policies.iam_policy(who, "s3://team")["Statement"] if "Null" in str(s)]
    assert found["Effect"] == "Deny"
    assert found["Resource"] == "arn:aws:s3:::team/*"
    assert found["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }


def test_a_prefix_that_policies_read_otherwise_is_refused():
    for prefix in ("a*", "${aws:username}"):
        with pytest.raises(ConfigError):
            policies.iam_policy("viewer", f"s3://team/{prefix}")
    with pytest.raises(ConfigError):
        policies.iam_policy("viewer", "/srv/bucket")


def test_a_person_learns_whose_each_is(tmp_path, monkeypatch, capsys):
    (tmp_path / "people.yaml").write_text(PEOPLE)
    monkeypatch.setenv("ASSAY_PEOPLE", str(tmp_path / "people.yaml"))
    assert main(["--policies", "s3://team/assay", str(tmp_path / "made")]) == 0
    said = capsys.readouterr().err
    assert "scientist.json: for eve, max" in said
    assert "viewer.json: for nobody" in said
    made = json.loads((tmp_path / "made/scientist.json").read_text())
    assert made == policies.iam_policy("scientist", "s3://team/assay")
    assert main(["--policies", "no-bucket", str(tmp_path / "made")]) == 1


# --- on a server that enforces them -----------------------------------------------------------


@pytest.fixture
def holds(ceph_server, ceph_url, monkeypatch):
    """Makes the environment that of somebody who holds a role's key."""

    def become(who):
        key = servers.ceph_user(ceph_server, who)
        ceph_server.client("iam").put_user_policy(
            UserName=who, PolicyName="assay", PolicyDocument=policies.render_policy(who, ceph_url)
        )
        for name, value in key.environment.items():
            monkeypatch.setenv(name, value)
        return open_store(ceph_url)

    return become


@pytest.fixture
def bucket(ceph_url):
    """One made by its owner, with an object that nothing refers to."""
    made = Bucket.from_store(open_store(ceph_url)).prepare()
    made.objects.put(b"nobody's")
    Journal(made, "m").append(lambda _: ("lesson", {"text": "first"}))
    return made


@pytest.mark.ceph
def test_a_viewer_reads_and_writes_nothing(bucket, holds):
    held = Bucket.from_store(holds("viewer"))
    (entry,) = held.objects.list_entries()
    assert held.store.get(entry.key) == b"nobody's"
    assert len(Journal(held, "m").entries()) == 1
    with pytest.raises(StoreDenied):
        held.objects.put(b"mine")
    with pytest.raises(StoreDenied):
        Journal(held, "m").append(lambda _: ("lesson", {"text": "second"}))
    with pytest.raises(StoreDenied):
        held.store.delete(entry.key)


@pytest.mark.ceph
@pytest.mark.parametrize("who", ["scientist", "engineer"])
def test_whoever_runs_puts_objects_memos_and_entries_and_deletes_nothing(who, bucket, holds):
    held = Bucket.from_store(holds(who)).prepare()
    held.objects.put(b"mine")
    held.objects.put(bytes(17 << 20))  # in parts
    Journal(held, "m").append(lambda _: ("lesson", {"text": "second"}))
    assert held.store.put_if_absent("memo/fit/a.json", b"{}")
    for key in ("memo/fit/a.json", Journal(held, "m").entry_key(1), "assay.json"):
        with pytest.raises(StoreDenied):
            held.store.delete(key)
    with pytest.raises(StoreDenied):
        held.store.put_if_absent("elsewhere", b"")
    with pytest.raises(StoreDenied):
        GarbageCollector(held, grace=timedelta()).collect()
    assert {e.key for e in held.objects.list_entries()} >= {
        e.key for e in bucket.objects.list_entries()
    }


@pytest.mark.ceph
@pytest.mark.parametrize("who", EVERYBODY)
def test_engineers_alone_write_people_and_everybody_reads_them(who, bucket, holds):
    people_journal(bucket).append(lambda _: ("recorded", {"people": {}}))
    held = Bucket.from_store(holds(who))
    assert len(people_journal(held).entries()) == 1
    if who == "engineer":
        people_journal(held).append(lambda _: ("recorded", {"people": {}}))
    else:
        with pytest.raises(StoreDenied):
            people_journal(held).append(lambda _: ("recorded", {"people": {}}))
    with pytest.raises(StoreDenied):
        held.store.delete(people_journal(held).entry_key(1))


@pytest.mark.ceph
def test_an_operator_writes_history_and_nothing_else(bucket, holds):
    held = Bucket.from_store(holds("operator"))
    Journal(held, "m").append(lambda _: ("rolled_back", {"text": "second"}))
    with pytest.raises(StoreDenied):
        held.objects.put(b"mine")
    with pytest.raises(StoreDenied):
        held.store.delete(Journal(held, "m").entry_key(1))


@pytest.mark.ceph
def test_the_collector_collects_and_keeps_history(bucket, holds):
    held = Bucket.from_store(holds("collector"))
    collector = GarbageCollector(
        held, grace=timedelta(seconds=-60)
    )  # Ceph's times have whole seconds
    assert collector.collect().moved == 1
    assert GarbageCollector(held, grace=timedelta(seconds=-60)).collect().deleted == 1
    assert list(held.objects.list_entries()) == []
    for key in (Journal(held, "m").entry_key(1), "assay.json"):
        with pytest.raises(StoreDenied):
            held.store.delete(key)
    assert len(Journal(bucket, "m").entries()) == 1


@pytest.mark.ceph
@pytest.mark.parametrize("who", ["scientist", "collector"])
def test_the_doctor_can_examine_with_such_a_key(who, bucket, holds, ceph_url):
    holds(who)
    found = {finding.name: finding.verdict for finding in diagnose_setup(ceph_url)}
    assert Verdict.FAIL not in found.values()
    assert found["deletable"] is (Verdict.PASS if who == "collector" else Verdict.CAUTION)


@pytest.mark.ceph
@pytest.mark.parametrize("who", EVERYBODY)
def test_what_is_absent_is_not_taken_for_forbidden(who, bucket, holds):
    with pytest.raises(KeyAbsent):
        holds(who).get("memo/fit/a.json")


@pytest.mark.ceph
@pytest.mark.parametrize("who", EVERYBODY)
def test_nobody_reads_the_bucket_beside_it(who, bucket, holds, ceph_server):
    other = f"s3://{servers.BUCKET}/other"
    open_store(other).put_if_absent("objects/theirs", b"theirs")
    holds(who)
    with pytest.raises(StoreDenied):
        open_store(other).get("objects/theirs")


@pytest.mark.ceph
def test_this_server_does_not_enforce_that_puts_are_conditional(
    bucket, holds, ceph_url, ceph_server
):
    """Ceph 16 takes the statement and knows neither of its conditions. Where this fails, the
    documents may promise more.
    """
    holds("scientist")
    (entry,) = bucket.objects.list_entries()
    prefix = ceph_url.rpartition("/")[2]
    key = servers.Server(ceph_server.endpoint, "scientist", "scientist-secret").client()
    key.put_object(Bucket=servers.BUCKET, Key=f"{prefix}/{entry.key}", Body=b"other")
    assert holds("viewer").get(entry.key) == b"other"
