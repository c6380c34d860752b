"""`doctor`: what is wrong with a set-up is named, with what to do, and nothing is left behind."""

from __future__ import annotations

import errno
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import servers

from assay.bucket.bucket import Bucket
from assay.gates.report import Verdict
from assay.registry.decisions.justification import Justification
from assay.registry.open import open_bucket
from assay.registry.recorded_people import forget_recorded_people
from assay.store.base import StoreEntry
from assay.store.local import LocalStore
from assay.store.open import open_store
from assay.store.s3 import S3Store
from assay.upkeep import doctor
from assay.upkeep.doctor import Finding, check_folders, check_packages, diagnose_setup
from tests.registry.decisions.conftest import NOON
from tests.registry.team import Team

LOCAL = [
    "reachable",
    "format",
    "writable",
    "readable",
    "conditional writes",
    "clock",
    "durability",
    "space",
    "sharing",
    "deletable",
    "people",
]


def bucket_findings(url: str) -> dict[str, Finding]:
    found = {finding.name: finding for finding in diagnose_setup(url)}
    return {name: f for name, f in found.items() if name not in {"python", "packages", "folders"}}


def last(url: str) -> Finding:
    return list(bucket_findings(url).values())[-1]


def test_a_sound_folder_passes_everything(tmp_path: Path) -> None:
    Bucket.from_store(LocalStore(tmp_path)).prepare()
    found = bucket_findings(str(tmp_path))
    assert list(found) == LOCAL
    assert {finding.verdict for finding in found.values()} == {Verdict.PASS}


def test_it_says_where_the_people_are_who_count(tmp_path: Path, monkeypatch) -> None:
    team = Team(tmp_path, monkeypatch)
    url = str(tmp_path / "bucket")
    team.bucket = open_bucket(url).prepare()

    def finding() -> Finding:
        forget_recorded_people(team.bucket)
        return bucket_findings(url)["people"]

    seen = finding()
    assert (seen.verdict, "nobody is recorded" in seen.what) == (Verdict.CAUTION, True)
    assert "assay people record" in seen.remedy
    team.record("ada", lambda because: Justification(because, NOON))
    assert (finding().verdict, "entry 1" in finding().what) == (Verdict.PASS, True)
    team.write("optional")
    seen = finding()
    assert (seen.verdict, "differs from entry 1" in seen.what) == (Verdict.CAUTION, True)
    team.plant("sam", team.document(sam="engineer"))
    assert (finding().verdict, "sam" in finding().what) == (Verdict.FAIL, True)


def test_an_optional_people_file_asks_for_no_record(tmp_path: Path, monkeypatch) -> None:
    Team(tmp_path, monkeypatch).write("optional")
    Bucket.from_store(LocalStore(tmp_path / "bucket")).prepare()
    assert bucket_findings(str(tmp_path / "bucket"))["people"].verdict is Verdict.PASS


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    Bucket.from_store(LocalStore(tmp_path)).prepare()
    before = sorted(tmp_path.rglob("*"))
    diagnose_setup(str(tmp_path))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_bucket_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    found = bucket_findings(str(tmp_path / "new"))
    assert {finding.verdict for finding in found.values()} == {Verdict.PASS}
    assert "first run makes it" in found["format"].what
    assert not (tmp_path / "new").exists()


def test_findings_are_json(tmp_path: Path) -> None:
    told = json.loads(json.dumps([finding.as_json() for finding in diagnose_setup(str(tmp_path))]))
    assert {finding["verdict"] for finding in told} <= {"pass", "caution", "unknown", "fail"}


def test_a_folder_one_may_not_write_to_is_named(tmp_path: Path, monkeypatch) -> None:
    def refuse(*_args):
        raise PermissionError(errno.EACCES, "Permission denied", "folder")

    monkeypatch.setattr(os, "mkdir", refuse)
    finding = last(str(tmp_path))
    assert (finding.name, finding.verdict) == ("writable", Verdict.FAIL)
    assert "right to read and write" in finding.remedy


def test_a_file_instead_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finding = last(str(tmp_path / "file"))
    assert finding.verdict is Verdict.FAIL
    assert "a file lies where" in finding.what


def test_another_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "assay.json").write_text('{"format": 9}')
    finding = last(str(tmp_path))
    assert (finding.name, finding.verdict) == ("format", Verdict.FAIL)
    assert "format 9" in finding.what


def test_a_url_of_no_known_kind_is_named() -> None:
    finding = last("gopher://hole")
    assert (finding.name, finding.verdict) == ("bucket", Verdict.FAIL)


def test_a_nearly_full_disk_is_a_caution(tmp_path: Path, monkeypatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert bucket_findings(str(tmp_path))["space"].verdict is Verdict.CAUTION


def test_a_clock_that_is_off_is_a_caution(tmp_path: Path, monkeypatch) -> None:
    listed = LocalStore.list

    def late(store, prefix=""):
        for entry in listed(store, prefix):
            yield StoreEntry(entry.key, entry.size, datetime.now(UTC) - timedelta(minutes=5))

    monkeypatch.setattr(LocalStore, "list", late)
    finding = bucket_findings(str(tmp_path))["clock"]
    assert finding.verdict is Verdict.CAUTION
    assert "300 s" in finding.what


# --- S3 -------------------------------------------------------------------------------------


def test_a_sound_server_passes_everything(moto_url: str) -> None:
    found = bucket_findings(moto_url)
    assert {finding.verdict for finding in found.values()} == {Verdict.PASS}
    assert "conditional multipart" in found
    assert list(open_store(moto_url).list()) == []


@pytest.mark.ceph
def test_ceph_is_sound_but_for_conditional_multipart(ceph_url: str) -> None:
    found = bucket_findings(ceph_url)
    poor = {name: f.verdict for name, f in found.items() if f.verdict is not Verdict.PASS}
    assert poor == {"conditional multipart": Verdict.CAUTION}
    assert list(open_store(ceph_url).list()) == []


def test_a_wrong_secret_is_named(moto_url: str, monkeypatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    finding = last(moto_url)
    assert (finding.name, finding.verdict) == ("reachable", Verdict.FAIL)
    assert "AWS_SECRET_ACCESS_KEY" in finding.remedy


@pytest.mark.usefixtures("moto_url")
def test_a_missing_bucket_is_named() -> None:
    finding = last("s3://no-such-bucket")
    assert (finding.name, finding.verdict) == ("reachable", Verdict.FAIL)
    assert "aws s3 mb s3://no-such-bucket" in finding.remedy


def test_a_server_that_overwrites_is_refused_by_its_name(misbehaving: servers.Misbehaving) -> None:
    misbehaving.faults.ignore_condition = True
    finding = last("s3://b")
    assert (finding.name, finding.verdict) == ("conditional writes", Verdict.FAIL)
    assert finding.what.startswith("a second write replaced the first: Misbehaving")
    assert misbehaving.server.endpoint in finding.what
    assert "Ceph" in finding.remedy


def test_a_server_that_honours_the_condition_only_one_at_a_time_is_refused(
    tmp_path: Path, monkeypatch
) -> None:
    put = LocalStore.put_if_absent

    def careless(store, key, content):
        return put(store, key, content) or key.endswith(".race")

    monkeypatch.setattr(LocalStore, "put_if_absent", careless)
    finding = last(str(tmp_path))
    assert finding.verdict is Verdict.FAIL
    assert "8 of 8 writers at once" in finding.what


def test_a_servers_clock_that_is_off_is_a_caution(moto_url: str, monkeypatch) -> None:
    server = S3Store.describe_server

    def late(store):
        told = server(store)
        return type(told)(told.endpoint, told.software, told.clock + timedelta(minutes=10))

    monkeypatch.setattr(S3Store, "describe_server", late)
    assert bucket_findings(moto_url)["clock"].verdict is Verdict.CAUTION


# --- the installation -----------------------------------------------------------------------


def test_packages_that_do_not_fit_are_named_with_what_is_wanted() -> None:
    finding = check_packages(
        ["pytest<1", "no-such-package-at-all>=2", "pytest>=1", "x; extra == 'dev'"]
    )
    assert finding.verdict is Verdict.FAIL
    assert "does not fit <1" in finding.what
    assert "no-such-package-at-all is not installed" in finding.what
    assert finding.what.count(";") == 1
    assert "requirements.lock" in finding.remedy


def test_links_that_git_wrote_as_files_are_named(tmp_path) -> None:
    package = tmp_path / "assay"
    for name in ("flows", "tasks", "deployments"):
        (package / name).mkdir(parents=True)
    assert check_folders(package).verdict is Verdict.PASS
    (package / "flows").rmdir()
    (package / "flows").write_text("../flows")
    finding = check_folders(package)
    assert finding.verdict is Verdict.FAIL
    assert "assay/flows is no folder" in finding.what
    assert "core.symlinks" in finding.remedy


def test_packages_that_fit_pass() -> None:
    assert check_packages(["pytest>=1"]).verdict is Verdict.PASS


def test_a_python_that_is_too_old_is_named(monkeypatch) -> None:
    monkeypatch.setattr(doctor.sys, "version_info", (3, 8, 1))
    finding = next(f for f in diagnose_setup("memory://doctor") if f.name == "python")
    assert finding.verdict is Verdict.FAIL
    assert "3.8.1" in finding.what


def test_a_file_system_without_hard_links_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bucket_findings(str(tmp_path))["durability"].what.startswith("hard links and fsync")

    def refuse(*_args: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert "no hard links" in bucket_findings(str(tmp_path))["durability"].what
