"""Buckets that may only be read, of another format, with odd names, or with a crash's leftovers."""

import ctypes
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assay.bucket.artifacts import Artifact
from assay.bucket.journal import list_journals
from assay.registry.open import open_bucket
from assay.registry.registry import Registry
from assay.tables.duckdb_views import open_duckdb
from assay.tables.table import Table

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "v1"
CASE = """\
name: guests
question: Will this guest come back?
decision: none
harm: none
owner: the tests
data:
  source: rows.csv
  target: {column: back, positive: "yes"}
candidates:
  - estimator: sklearn.linear_model.LogisticRegression
"""


def bound_by_permissions():
    """Root passes by every permission; then nothing here would be refused."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


def assay(folder, *words, **environment):
    done = subprocess.run(
        [sys.executable, "-c", "from assay.cli import main; main()", *map(str, words)],
        check=False,
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "XDG_CACHE_HOME": str(folder / "cache")}
        | environment,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        preexec_fn=bound_by_permissions,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def may_write(folder, allowed):
    for path in [folder, *folder.rglob("*")]:
        path.chmod(
            (0o755 if path.is_dir() else 0o644) if allowed else (0o555, 0o444)[path.is_file()]
        )


@pytest.fixture
def read_only(tmp_path):
    """The golden bucket, not to be written."""
    shutil.copytree(GOLDEN, tmp_path / "bucket")
    may_write(tmp_path / "bucket", allowed=False)
    yield tmp_path
    may_write(tmp_path / "bucket", allowed=True)


def state(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_reading_commands_work_on_a_bucket_that_may_only_be_read(read_only):
    before = state(read_only / "bucket")
    for words in (
        ["show", "guests"],
        ["show", "guests@1", "--gate", "fairness"],
        ["log"],
        ["verify"],
        ["verify", "guests@2", "--resume"],
        ["pin"],
        ["gc", "--dry-run"],
    ):
        done = assay(read_only, *words, "--store", "bucket")
        assert done.returncode == 0, (words, done.stderr)
    assert state(read_only / "bucket") == before


@pytest.mark.slow
def test_why_tells_what_would_run_on_a_bucket_that_may_only_be_read(read_only):
    (read_only / "guests.yaml").write_text(CASE)
    (read_only / "rows.csv").write_text("visits,back\n1,yes\n2,no\n")
    before = state(read_only / "bucket")
    done = assay(read_only, "why", "guests.yaml", "--store", "bucket")
    assert done.returncode == 0, done.stderr
    assert "ingest: would run" in done.stdout
    assert state(read_only / "bucket") == before


def test_writing_commands_say_that_they_may_not(read_only):
    part = next((read_only / "bucket" / "objects").glob("*/*/*")).name
    for words in (
        ["gc", "--grace", "0", "--memo", "0"],
        ["pin", f"sha256:{part}", "--because", "x"],
    ):
        done = assay(read_only, *words, "--store", "bucket")
        assert done.returncode == 1, (words, done.stdout)
        assert "the bucket refuses this" in done.stderr


@pytest.mark.parametrize("words", [["show", "guests"], ["log"], ["verify"], ["gc"], ["pin"]])
def test_a_bucket_of_a_later_format_is_refused_with_the_version_that_reads_it(tmp_path, words):
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "assay.json").write_text('{"assay":"7.3","format":2}')
    (tmp_path / "bucket" / "kept.json").write_text("by that version")
    done = assay(tmp_path, *words, "--store", "bucket")
    assert done.returncode == 1
    assert "has format 2; this version of Assay reads format 1" in done.stderr
    assert "Use Assay 7.3 or a newer one" in done.stderr
    assert sorted(os.listdir(tmp_path / "bucket")) == ["assay.json", "kept.json"]


def test_what_a_crash_left_half_written_is_ignored_and_then_collected(tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "bucket")
    left = tmp_path / "bucket" / ".tmp" / "0123456789abcdef"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b'{"number": 5, "prev')
    found = json.loads(assay(tmp_path, "verify", "--json", "--store", "bucket").stdout)
    assert found["problems"] == []
    assert assay(tmp_path, "gc", "--store", "bucket").returncode == 0
    assert left.exists()  # its writer may be alive
    os.utime(left, (0, 0))
    done = assay(tmp_path, "gc", "--json", "--store", "bucket")
    assert json.loads(done.stdout)["leftovers"] == 1
    assert not left.exists()
    assert assay(tmp_path, "verify", "--store", "bucket").returncode == 0


ODD = "Gäste 2026/mein Eimer [1] 🙂 ü%20+"


@pytest.mark.parametrize("as_url", [False, True])
def test_a_bucket_may_lie_below_spaces_and_unicode(tmp_path, as_url):
    folder = tmp_path / ODD
    shutil.copytree(GOLDEN, folder)
    # In a URL, % begins an escape; in a path it is itself.
    store = folder.as_uri() if as_url else str(folder)
    for words in (["show", "guests@2"], ["log"], ["verify"], ["gc", "--dry-run"]):
        done = assay(tmp_path, *words, "--store", store)
        assert done.returncode == 0, (words, done.stderr)
    assert list_journals(open_bucket(store).store) == ["guests"]
    _reads_in_place(open_bucket(store))


def test_a_bucket_may_lie_below_spaces_and_unicode_on_s3(tmp_path, moto_url):
    store = f"{moto_url}/Gäste 2026/mein Eimer [1] ü+"
    bucket = open_bucket(store)
    for path in sorted(p for p in GOLDEN.rglob("*") if p.is_file()):
        bucket.store.put_if_absent(path.relative_to(GOLDEN).as_posix(), path)
    for words in (["show", "guests@2"], ["verify"], ["gc", "--dry-run"]):
        done = assay(tmp_path, *words, "--store", store)
        assert done.returncode == 0, (words, done.stderr)


def _reads_in_place(bucket):
    """DuckDB finds the parts of a table by their place, whatever the folders are called."""
    record = Registry(bucket).find_version("guests@2").artifact("run")
    steps = {step["name"]: step for step in bucket.get_json(record)["steps"]}
    table = Artifact.model_validate(steps["ingest"]["outputs"]["table"])
    with open_duckdb(Table.read(bucket, table)) as duck:
        assert duck.execute("select count(*) from held").fetchone() == (5999,)
