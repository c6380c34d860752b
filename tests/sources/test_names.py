"""Names that look like patterns, escapes or queries; secrets in URLs."""

from __future__ import annotations

import gzip
import http.server
import json
import threading
import uuid
from pathlib import Path

import fsspec
import pytest

from assay.config.data import Source
from assay.config.loaded_use_case import load_use_case
from assay.errors import ConfigError, SourceError
from assay.sources.files import find_files, is_pattern

ODD_NAMES = (
    "part[1].csv",
    "a#1.csv",
    "a#2.csv",
    "what?.csv",
    "50%.csv",
    "50%20off.csv",
    "a b.csv",
    "[x]*.csv",
    "a&b=c+d.csv",
    "Größe.csv",
)


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("folder", ["plain", "in [1]", "lab#2", "50%", "what?"])
def test_a_name_on_this_machine_is_taken_to_the_letter(tmp_path, take, folder, name) -> None:
    place = tmp_path / folder
    place.mkdir()
    for other in ("part1.csv", "x.csv", "whats.csv", "50 off.csv"):
        (place / other).write_text("a\n1\n")
    (place / name).write_text("a\n7\n")
    for path in (str(place / name), f"file://{place / name}", (place / name).as_uri()):
        taken = take(path)
        assert taken.frame["a"].tolist() == [7]
        assert not is_pattern(Source(path=path))
        assert taken.about["source"]["path"] == str(place / name)


@pytest.mark.parametrize("folder", ["in [1]", "a#b", "what?", "50%20", "star*"])
def test_a_pattern_finds_the_files_of_a_folder_with_an_odd_name(tmp_path, take, folder) -> None:
    for place, value in ((folder, 7), ("in 1", 1), ("whats", 1), ("stars", 1)):
        (tmp_path / place).mkdir()
        (tmp_path / place / "a[1].csv").write_text(f"a\n{value}\n")
    for path in (f"{tmp_path}/{folder}/*.csv", f"file://{tmp_path}/{folder}/a*.csv"):
        assert is_pattern(Source(path=path))
        assert take(path).frame["a"].tolist() == [7]


def test_what_does_not_exist_is_a_pattern(tmp_path) -> None:
    for name in ("a1.csv", "a2.csv", "b1.csv"):
        (tmp_path / name).touch()
    found = find_files(Source(path=f"{tmp_path}/a[12].csv"))
    assert [Path(f.path).name for f in found] == ["a1.csv", "a2.csv"]
    with pytest.raises(SourceError, match="no file fits this pattern"):
        find_files(Source(path=f"{tmp_path}/c[12].csv"))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_key_on_s3_is_taken_to_the_letter(moto_server, moto_url, take, name) -> None:
    bucket, _, prefix = moto_url.removeprefix("s3://").partition("/")
    client = moto_server.client()
    for key, value in (("part1.csv", 1), ("x.csv", 1), ("whats.csv", 1), (name, 7)):
        for folder in ("in [1]", "in 1"):
            body = f"a\n{value if folder == 'in [1]' else 2}\n".encode()
            client.put_object(Bucket=bucket, Key=f"{prefix}/{folder}/{key}", Body=body)
    taken = take(f"{moto_url}/in [1]/{name}")
    assert taken.frame["a"].tolist() == [7]
    assert taken.about["source"]["path"] == f"{moto_url}/in [1]/{name}"
    found = find_files(Source(path=f"{moto_url}/in [1]/*.csv"))
    assert len(found) == 4
    assert len({f.display_path for f in found}) == 4
    assert all("/in [1]/" in f.path for f in found)
    again = [find_files(Source(path=f.url))[0].path for f in found]
    assert again == [f.path for f in found]


class _SignedFiles(http.server.BaseHTTPRequestHandler):
    """As S3 treats a signed URL: good for GET alone, and only as it was signed, to the letter."""

    PATH = "/rows/my%20rows%20%5B1%5D.csv.gz?X-Amz-Credential=A%2FB&X-Amz-Signature=0abc%3D"

    def do_HEAD(self) -> None:
        self.send_error(403)

    def do_GET(self) -> None:
        if self.path != self.PATH:
            self.send_error(403 if "Signature" in self.path else 404)
            return
        body = gzip.compress(b"a\n7\n")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"one"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def signed_url():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _SignedFiles) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{_SignedFiles.PATH}"
        server.shutdown()


def test_a_signed_url_is_read_and_its_signature_told_to_nobody(
    signed_url, take, monkeypatch
) -> None:
    monkeypatch.setenv("ROWS_URL", signed_url)
    assert not is_pattern(Source(path="${ROWS_URL}"))
    taken = take("${ROWS_URL}")
    assert taken.frame["a"].tolist() == [7]
    assert "ignature" not in taken.stored().decode()
    for wrong, said in (("0abc", "refuses this file .403."), ("X-Amz-Signature", "no such file")):
        monkeypatch.setenv("ROWS_URL", signed_url.replace(wrong, "none"))
        with pytest.raises(SourceError, match=said) as caught:
            take("${ROWS_URL}")
        assert "Credential" not in json.dumps(caught.value.as_json())


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(ConfigError, match="NO_SUCH_URL"):
        find_files(Source(path="${NO_SUCH_URL}"))


def test_keys_of_other_file_systems_are_taken_to_the_letter(take) -> None:
    place = f"/{uuid.uuid4().hex}"
    files = fsspec.filesystem("memory")
    for name in ODD_NAMES:
        files.pipe(f"{place}/in [1]/{name}", b"a\n7\n")
    for name in ODD_NAMES:
        assert take(f"memory:/{place}/in [1]/{name}").frame["a"].tolist() == [7]
    assert len(find_files(Source(path=f"memory:/{place}/in [1]/*.csv"))) == len(ODD_NAMES)


_USE_CASE = """
question: Is it so?
decision: nothing
harm: none
owner: us
data: {source: %s, target: {column: a, positive: 1}}
score: {source: "in [1]/*.csv"}
candidates: [{estimator: sklearn.dummy.DummyClassifier}]
"""


def test_paths_of_a_use_case_count_from_its_folder_then_from_the_working_one(
    tmp_path, monkeypatch
) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    for place in (home, work):
        (place / "in [1]").mkdir(parents=True)
        (place / "in [1]" / "b.csv").touch()
        (place / "rows.csv").touch()
    (work / "only-here.csv").touch()
    monkeypatch.chdir(work)
    for config in (home / "case.yaml", Path("../home/case.yaml")):
        config.write_text(_USE_CASE % "rows.csv")
        case = load_use_case(config).use_case
        (file,) = find_files(case.data.source)
        assert Path(file.path).samefile(home / "rows.csv")
        assert file.display_path == "rows.csv"
        (batch,) = find_files(case.score.source)
        assert Path(batch.path).samefile(home / "in [1]" / "b.csv")
        (set_,) = find_files(load_use_case(config, ["data.source=rows.csv"]).use_case.data.source)
        assert Path(set_.path).samefile(work / "rows.csv")
        config.write_text(_USE_CASE % "only-here.csv")
        (fallback,) = find_files(load_use_case(config).use_case.data.source)
        assert Path(fallback.path).samefile(work / "only-here.csv")


def test_a_signed_url_in_a_use_case_is_refused_with_its_line(tmp_path) -> None:
    config = tmp_path / "case.yaml"
    url = '"https://b.s3.amazonaws.com/a.csv?X-Amz-Expires=9&X-Amz-Signature=0abc"'
    config.write_text(_USE_CASE % url)
    with pytest.raises(ConfigError, match=r"signed \(X-Amz-Signature\)") as caught:
        load_use_case(config)
    assert caught.value.where == f"{config}:6"
    assert "0abc" not in str(caught.value)
    config.write_text(_USE_CASE % url.replace("0abc", "${SIGNATURE}"))
    load_use_case(config)
