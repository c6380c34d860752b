"""Files by path, pattern and URL; errors that say what was meant."""

from __future__ import annotations

import fsspec
import pytest

from assay.config.data import Source
from assay.errors import SourceError, StoreUnreachable
from assay.sources.file_format import detect_format
from assay.sources.files import find_files
from assay.sources.fingerprint import fingerprint
from assay.util.url_secrets import redact_url


def test_a_missing_file_is_answered_with_the_nearest(tmp_path) -> None:
    (tmp_path / "adult.parquet").touch()
    with pytest.raises(SourceError, match=r"(?s)no such file.*Did you mean .*adult\.parquet"):
        find_files(Source(path=str(tmp_path / "adults.parquet")))
    with pytest.raises(SourceError, match="There is no folder"):
        find_files(Source(path=str(tmp_path / "none" / "a.csv")))


def test_folders_and_patterns_without_files_are_refused(tmp_path) -> None:
    with pytest.raises(SourceError, match=r"this is a folder\n.*\*\.csv"):
        find_files(Source(path=str(tmp_path)))
    with pytest.raises(SourceError, match="no file fits this pattern"):
        find_files(Source(path=str(tmp_path / "*.csv")))


def test_a_name_with_pattern_characters_is_a_name_first(tmp_path) -> None:
    for name in ("a[1].csv", "a1.csv"):
        (tmp_path / name).touch()
    assert [f.path for f in find_files(Source(path=str(tmp_path / "a[1].csv")))] == [
        str(tmp_path / "a[1].csv")
    ]


def test_urls_are_read_like_paths(tmp_path, take) -> None:
    files = fsspec.filesystem("memory")
    files.pipe("/location/b.csv", b"a\n2\n")
    files.pipe("/location/a.csv", b"a\n1\n")
    assert take("memory://location/*.csv").frame["a"].tolist() == [1, 2]
    assert take("memory://location/b.csv").about["source"]["path"] == "memory://location/b.csv"
    (tmp_path / "a.csv").write_text("a\n3\n")
    assert take(f"file://{tmp_path}/a.csv").frame["a"].tolist() == [3]
    with pytest.raises(SourceError, match="no such file"):
        find_files(Source(path="memory://location/c.csv"))
    with pytest.raises(SourceError, match="this is a folder"):
        find_files(Source(path="memory://location"))


def test_files_on_s3_are_read_and_known_by_their_tags(moto_server, moto_url, take, data) -> None:
    bucket, _, key = moto_url.removeprefix("s3://").partition("/")
    seen: set[str | None] = set()
    for words in (b"a\n1\n", b"a\n2\n"):
        moto_server.client().put_object(Bucket=bucket, Key=f"{key}/a.csv", Body=words)
        marks = {fingerprint(data(f"{moto_url}/a.csv")) for _ in range(2)}
        assert len(marks) == 1
        seen |= marks
    assert len(seen) == 2
    taken = take(f"{moto_url}/*.csv")
    assert taken.frame["a"].tolist() == [2]
    assert taken.about["source"]["path"] == f"{moto_url}/a.csv"
    taken.frame.to_parquet(f"{moto_url}/a.parquet")
    assert take(f"{moto_url}/a.parquet").frame["a"].tolist() == [2]
    with pytest.raises(SourceError, match="no such file"):
        find_files(Source(path=f"{moto_url}/b.csv"))


def test_a_server_that_is_silent_may_be_asked_again() -> None:
    with pytest.raises(StoreUnreachable, match="does not answer"):
        find_files(Source(path="http://127.0.0.1:9/a.csv"))


def test_unknown_protocols_and_endings_are_refused(tmp_path) -> None:
    with pytest.raises(SourceError, match="gopher"):
        find_files(Source(path="gopher://x/a.csv"))
    (tmp_path / "a.xyz").touch()
    source = Source(path=str(tmp_path / "a.xyz"))
    with pytest.raises(SourceError, match=r"'\.xyz' does not tell the format"):
        detect_format(source, find_files(source)[0])


def test_what_is_shown_of_a_url_holds_no_secret() -> None:
    assert redact_url("https://me:pw@host/a.csv?token=x") == "https://host/a.csv"
    assert redact_url("data/a.csv") == "data/a.csv"
