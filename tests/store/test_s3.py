"""The store on S3: conformance on two servers, and what a third does wrong on request."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import servers

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.errors import (
    ConfigError,
    KeyAbsent,
    StoreDenied,
    StoreError,
    StoreFull,
    StoreUnreachable,
    StoreUnsafe,
)
from assay.registry.history import REGISTERED
from assay.registry.registry import Registry
from assay.store import s3
from assay.store.open import open_store
from assay.store.s3 import S3Store
from assay.testing import PersistentStoreConformance
from assay.upkeep.garbage_collector import GarbageCollector


def _answer(store: S3Store, answers: Any) -> None:
    answers.put((store.get("k"), store.root))
    _end()


def _end() -> None:
    """End a forked child well, without the exit handlers of what other tests have imported."""
    os._exit(0)


def _register(url: str, gate: Any, number: int) -> None:
    bucket = Bucket.from_store(S3Store(url))
    model = bucket.put(b"%d" % number, "text/plain", "model")
    gate.wait(60)
    body = {"question": f"q{number}", "model": model.as_json(), "reports": {}, "against": None}
    Registry(bucket).register("m", REGISTERED, body)
    _end()


_stores: dict[servers.Server, S3Store] = {}
IN_PARTS = (17 << 20) + 1  # bytes; more than one part


class S3Conformance(PersistentStoreConformance):
    """What every S3 server must do, beyond what every store must."""

    examples = 6
    server: servers.Server

    def connected(self, url: str, server: servers.Server) -> S3Store:
        """A store with a connection that an earlier test has made: making one takes 0.4 s."""
        self.server = server
        first = _stores.setdefault(server, S3Store(url))
        first._client()
        store = S3Store(url)
        store._connected = first._connected
        return store

    def test_what_goes_in_parts_comes_back_whole(self, store: S3Store, tmp_path: Path) -> None:
        data = os.urandom(IN_PARTS)
        (tmp_path / "large").write_bytes(data)
        assert store.put_if_absent("from file", tmp_path / "large") is True
        assert store.put_if_absent("from bytes", data) is True
        assert store.put_if_absent("from file", data) is False
        assert store.put_if_absent("from bytes", tmp_path / "large") is False
        assert store.get("from bytes") == data
        with store.open("from file") as file:
            file.seek(IN_PARTS // 2)
            assert file.read() == data[IN_PARTS // 2 :]

    def test_a_forked_child_connects_anew(self, store: S3Store) -> None:
        store.put_if_absent("k", b"parent's")
        context = multiprocessing.get_context("fork")
        answers = context.SimpleQueue()
        child = context.Process(target=_answer, args=(store, answers))
        child.start()
        child.join(30)
        assert child.exitcode == 0
        assert answers.get() == (b"parent's", store.root)

    def test_twenty_processes_register_twenty_consecutive_versions(self, store: S3Store) -> None:
        Bucket.from_store(store).prepare()
        context = multiprocessing.get_context("fork")
        gate = context.Barrier(20)
        people = [context.Process(target=_register, args=(store.root, gate, n)) for n in range(20)]
        for person in people:
            person.start()
        for person in people:
            person.join(120)
        assert [person.exitcode for person in people] == [0] * 20
        history = Registry(Bucket.from_store(store)).history("m")
        assert sorted(history.versions) == list(range(1, 21))
        assert {v.digest for v in history.versions.values()} == {
            Digest.of_bytes(b"%d" % n) for n in range(20)
        }

    def test_two_prefixes_of_one_bucket_do_not_see_each_other(self, store: S3Store) -> None:
        other = S3Store(store.root + "x")
        other.put_if_absent("k", b"other's")
        assert list(store.list()) == []
        assert store.put_if_absent("k", b"own") is True
        assert other.get("k") == b"other's"

    def test_an_upload_that_was_never_ended_goes_once_it_is_old(self, store: S3Store) -> None:
        s3 = store._client()
        s3.connect()
        s3.call_s3("create_multipart_upload", **store._request_address("half"))
        now = store.describe_server().clock
        assert now is not None
        # Moto says of every upload that it began in 2010.
        young = int(isinstance(self, TestMoto))
        assert store.tidy(now - timedelta(hours=1)) == young
        assert store.tidy(now + timedelta(hours=1)) == 1 - young
        assert store.tidy(now + timedelta(hours=1)) == 0

    def test_garbage_goes_in_two_passes_and_can_be_taken_back(self, store: S3Store) -> None:
        bucket = Bucket.from_store(store).prepare()
        gone, wanted = bucket.objects.put(b"gone"), bucket.objects.put(b"wanted")
        # S3 stamps whole seconds: an age of none at all is older than less than none.
        collector = partial(GarbageCollector, bucket, grace=timedelta(seconds=-1))
        assert collector().collect().moved == 2
        assert bucket.objects.get(wanted) == b"wanted"
        done = collector().collect()
        assert (done.moved, done.deleted) == (1, 2)  # the copy of what was read, too
        assert bucket.objects.find_missing([gone, wanted]) == [gone]

    def test_a_folder_mark_made_by_a_console_is_no_key(self, store: S3Store) -> None:
        client = self.server.client()
        for name in ("", "journals/"):
            client.put_object(Bucket=servers.BUCKET, Key=f"{store.prefix}/{name}", Body=b"")
        store.put_if_absent("journals/k", b"")
        assert [e.key for e in store.list()] == ["journals/k"]

    def test_a_server_on_this_machine_is_reached_past_a_proxy(self, store: S3Store, monkeypatch):
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody answers there
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "")
        again = S3Store(store.root)
        assert again.put_if_absent("past", b"it")
        assert again.get("past") == b"it"

    def test_a_wrong_secret_is_named(self, store: S3Store, monkeypatch) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        for call in _verbs(S3Store(store.root)):
            with pytest.raises(StoreDenied) as caught:
                call()
            assert "SignatureDoesNotMatch" in caught.value.what or "403" in caught.value.what
        assert "AWS_" in (caught.value.remedy or "")

    def test_an_unknown_access_key_is_named(self, store: S3Store, monkeypatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "NOBODYKNOWSTHISKEY00")
        with pytest.raises(StoreDenied, match="InvalidAccessKeyId") as caught:
            S3Store(store.root).get("k")
        assert "does not know this access key" in (caught.value.remedy or "")

    @pytest.mark.usefixtures("store")
    def test_a_missing_bucket_is_named_with_the_command_that_makes_it(self) -> None:
        lost = S3Store("s3://no-such-bucket/prefix")
        for call in (partial(lost.get, "k"), partial(lost.put_if_absent, "k", b""), _list(lost)):
            with pytest.raises(StoreError, match="no bucket 'no-such-bucket'") as caught:
                call()
            assert not isinstance(caught.value, KeyAbsent)
            assert "aws s3 mb s3://no-such-bucket" in (caught.value.remedy or "")

    def test_it_says_who_answers(self, store: S3Store) -> None:
        server = store.describe_server()
        assert server.endpoint == self.server.endpoint
        assert server.clock is not None

    def test_a_bucket_can_be_prepared_and_opened_again(self, store: S3Store) -> None:
        Bucket.from_store(store).prepare().put(b"x", "text/plain", "x")
        assert len(list(Bucket.from_store(store).prepare().objects.list_entries())) == 1


class TestMoto(S3Conformance):
    @pytest.fixture
    def store(self, moto_url: str, moto_server: servers.Server) -> S3Store:
        return self.connected(moto_url, moto_server)

    def test_parts_are_completed_under_the_condition(self, store: S3Store) -> None:
        store.put_if_absent("k", b"x")
        assert store.keeps_parts_conditional("k") is True
        assert store.get("k") == b"x"

    def test_a_large_upload_that_comes_second_is_told_so(
        self, store: S3Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.put_if_absent("k", b"first")
        look = S3Store._author
        looks = iter([lambda *_: None, look])  # it was not there when the upload began

        def author(*arguments: Any) -> str | None:
            return next(looks)(*arguments)

        monkeypatch.setattr(S3Store, "_author", author)
        assert store.put_if_absent("k", bytes(IN_PARTS)) is False
        assert store.get("k") == b"first"
        assert not self.server.client().list_multipart_uploads(Bucket=servers.BUCKET).get("Uploads")


@pytest.mark.ceph
class TestCeph(S3Conformance):
    @pytest.fixture
    def store(self, ceph_url: str, ceph_server: servers.Server) -> S3Store:
        return self.connected(ceph_url, ceph_server)

    def test_it_is_known_to_ignore_the_condition_on_parts(self, store: S3Store) -> None:
        # If this fails, Ceph has learnt it: mend the comment in S3Store.put_if_absent.
        store.put_if_absent("k", b"x")
        assert store.keeps_parts_conditional("k") is False


# --- a server that misbehaves ---------------------------------------------------------------


def test_a_put_whose_answer_got_lost_is_not_taken_for_a_lost_race(misbehaving) -> None:
    misbehaving.faults.drop_answer_to_put = 1
    assert S3Store("s3://b").put_if_absent("k", b"x") is True
    assert misbehaving.seen == ["PUT /b/k", "PUT /b/k", "HEAD /b/k"]


def test_equal_bytes_of_another_writer_are_not_taken_for_ones_own(misbehaving) -> None:
    first, second = S3Store("s3://b"), S3Store("s3://b")
    first.put_if_absent("k", b"same")
    misbehaving.faults.drop_answer_to_refusal = 1
    assert second.put_if_absent("k", b"same") is False
    assert misbehaving.seen[-1] == "HEAD /b/k"


def test_a_conflict_of_two_writers_is_tried_again(misbehaving) -> None:
    misbehaving.faults.conflict_on_put = 2
    assert S3Store("s3://b").put_if_absent("k", b"x") is True
    assert misbehaving.held == {"/b/k": b"x"}


def test_a_body_that_breaks_off_is_fetched_again(misbehaving) -> None:
    store = S3Store("s3://b")
    store.put_if_absent("k", bytes(100_000))
    misbehaving.faults.break_off_get = 2
    assert store.get("k") == bytes(100_000)


def test_a_body_that_always_breaks_off_is_no_short_answer(misbehaving, monkeypatch) -> None:
    monkeypatch.setattr(s3, "_PAUSES", (0.01,))
    store = S3Store("s3://b")
    store.put_if_absent("k", bytes(100_000))
    misbehaving.faults.break_off_get = 99
    with pytest.raises(StoreUnreachable):
        store.get("k")


def test_a_get_is_one_request(misbehaving) -> None:
    store = S3Store("s3://b/prefix")
    store.put_if_absent("k", b"x")
    misbehaving.seen.clear()
    assert store.get("k") == b"x"
    assert misbehaving.seen == ["GET /b/prefix/k"]


def test_a_server_that_overwrites_is_refused_before_anything_is_written(misbehaving) -> None:
    misbehaving.faults.ignore_condition = True
    with pytest.raises(StoreUnsafe, match="overwrites") as caught:
        Bucket.from_store(S3Store("s3://b")).prepare()
    assert "Ceph" in (caught.value.remedy or "")
    assert list(misbehaving.held) == ["/b/assay.json"]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccessDenied", StoreDenied),
        (403, "QuotaExceeded", StoreFull),
        (507, "XMinioStorageFull", StoreFull),
        (400, "ExpiredToken", StoreDenied),
        (403, "RequestTimeTooSkewed", StoreDenied),
        (501, "NotImplemented", StoreUnsafe),
        (400, "InvalidArgument", StoreError),
    ],
)
def test_each_refusal_becomes_the_error_that_tells_what_to_do(
    misbehaving, status: int, code: str, error: type[StoreError]
) -> None:
    misbehaving.faults.refuse_put = (status, code)
    with pytest.raises(StoreError, match=code) as caught:
        S3Store("s3://b").put_if_absent("k", b"x")
    assert type(caught.value) is error
    assert misbehaving.server.endpoint in (caught.value.where or "")


def test_a_server_that_keeps_failing_is_given_up(misbehaving, monkeypatch) -> None:
    monkeypatch.setattr(s3, "_ATTEMPTS", 2)
    misbehaving.faults.refuse_put = (503, "ServiceUnavailable")
    with pytest.raises(StoreUnreachable, match="several times"):
        S3Store("s3://b").put_if_absent("k", b"x")
    assert len(misbehaving.seen) == 2


def test_the_servers_clock_is_read(misbehaving) -> None:
    store = S3Store("s3://b")
    before = store.describe_server().clock
    misbehaving.faults.clock = timedelta(hours=1)
    after = store.describe_server().clock
    assert before is not None
    assert after is not None
    assert after - before > timedelta(minutes=59)


# --- no server at all -----------------------------------------------------------------------


@pytest.fixture
def alone(misbehaving, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which no test can reach a real account."""
    return monkeypatch


def test_an_endpoint_without_a_server_is_named(alone) -> None:
    alone.setattr(s3, "_ATTEMPTS", 2)
    alone.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreUnreachable, match=r"127\.0\.0\.1:9") as caught:
        S3Store("s3://b").get("k")
    assert "AWS_ENDPOINT_URL" in (caught.value.remedy or "")


def test_the_endpoint_for_s3_alone_goes_first(alone, misbehaving) -> None:
    alone.setenv("AWS_ENDPOINT_URL_S3", misbehaving.server.endpoint)
    alone.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert S3Store("s3://b").put_if_absent("k", b"x") is True


def test_a_profile_brings_endpoint_and_credentials(alone, misbehaving, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[profile team]\naws_access_key_id = key\naws_secret_access_key = secret\n"
        f"region = us-east-1\nendpoint_url = {misbehaving.server.endpoint}\n"
    )
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        alone.delenv(name)
    alone.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    alone.setenv("AWS_PROFILE", "team")
    assert S3Store("s3://b").put_if_absent("k", b"x") is True


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("AWS_SECRET_ACCESS_KEY", None, StoreDenied),
        ("AWS_PROFILE", "nobody", StoreDenied),
        ("AWS_ENDPOINT_URL", "nonsense", ConfigError),
    ],
)
def test_a_setting_that_cannot_work_is_named(alone, name: str, value, error) -> None:
    alone.delenv(name, raising=False) if value is None else alone.setenv(name, value)
    with pytest.raises(error) as caught:
        S3Store("s3://b").get("k")
    assert "AWS_" in (caught.value.remedy or "")


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3:///prefix",
        "s3://key:hidden@bucket/prefix",
        "s3://bucket:9000/prefix",
        "s3://bucket/a//b",
        "s3://bucket/../b",
        "s3://bucket/prefix?versionId=1",
        "s3://bucket/" + "p" * 121,
        "s3://white space/prefix",
    ],
)
def test_a_url_of_another_form_is_refused_without_repeating_a_secret(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_store(url)
    assert "hidden" not in str(caught.value)
    assert caught.value.remedy


def test_root_and_url_are_what_opens_it_again() -> None:
    assert S3Store("s3://bucket/a/b/").root == "s3://bucket/a/b"
    assert S3Store("s3://bucket").root == "s3://bucket"
    assert S3Store("s3://bucket/").url("k") == "s3://bucket/k"
    assert pickle.loads(pickle.dumps(S3Store("s3://bucket/a"))).url("k") == "s3://bucket/a/k"


def test_opening_a_bucket_elsewhere_imports_no_s3fs() -> None:
    modules = "assay.store.open, assay.store.s3, assay.upkeep.doctor"
    code = f"import sys, {modules}; print('s3fs' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def _verbs(store: S3Store):
    yield partial(store.get, "k")
    yield partial(store.open, "k")
    yield partial(store.put_if_absent, "k", b"x")
    yield partial(store.delete, "k")
    yield _list(store)


def _list(store: S3Store):
    return lambda: list(store.list())
