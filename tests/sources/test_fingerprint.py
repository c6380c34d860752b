"""Fingerprints: cheap, and different whenever the source may be."""

from __future__ import annotations

import os
import subprocess
import sys

import fsspec
import pytest

from assay.errors import SourceError
from assay.sources.fingerprint import fingerprint


def test_a_file_is_known_by_its_bytes_alone(tmp_path, take, data) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    before = fingerprint(data(file))
    assert before == take(file).about["source"]["digest"]
    os.utime(file, (1, 1))
    assert fingerprint(data(file)) == before
    file.write_text("a\n2\n")
    assert fingerprint(data(file)) != before


def test_several_files_are_known_by_names_and_bytes(tmp_path, take, data) -> None:
    for name in "12":
        (tmp_path / f"{name}.csv").write_text("a\n1\n")
    source = data(tmp_path / "*.csv")
    before = fingerprint(source)
    assert before == take(tmp_path / "*.csv").about["source"]["digest"]
    (tmp_path / "2.csv").rename(tmp_path / "3.csv")
    assert fingerprint(source) != before


def test_a_remote_file_is_known_by_what_its_server_tells(data) -> None:
    files = fsspec.filesystem("memory")
    files.pipe("/fingerprint/a.csv", b"a\n1\n")
    before = fingerprint(data("memory://fingerprint/a.csv"))
    assert before == fingerprint(data("memory://fingerprint/a.csv"))
    files.pipe("/fingerprint/a.csv", b"a\n2\n")
    assert before not in {None, fingerprint(data("memory://fingerprint/a.csv"))}


def test_a_query_has_none(data) -> None:
    assert fingerprint(data({"sql": "select 1", "connection": "sqlite://"})) is None


def test_a_missing_file_is_an_error(tmp_path, data) -> None:
    with pytest.raises(SourceError, match="no such file"):
        fingerprint(data(tmp_path / "a.csv"))


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, assay.sources.fingerprint; "
        "print([m for m in ('pandas', 'pyarrow', 'numpy', 'fsspec') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
