"""No password of a URL is written down or shown, wherever a URL may stand."""

import http.server
import json
import threading
from functools import partial

import pytest

from assay.config.data import Source
from assay.config.loaded_use_case import load_use_case
from assay.config.operations import Operations
from assay.errors import AssayError, ConfigError
from assay.production.scoring.sinks import resolve_sink
from assay.sources.files import find_files
from assay.store.open import open_store
from assay.util.url_secrets import find_secrets, redact_text, redact_url, remove_passwords

SECRET = "SEKRET-4711"
URLS = [
    f"http://user:{SECRET}@h/x/{{batch}}.csv",
    f"https://{SECRET}@h/x/{{batch}}.csv",
    f"ftp://user:pa/{SECRET}@h/{{batch}}.csv",
    f"simplecache::http://user:{SECRET}@h/{{batch}}.csv",
    f"filecache::s3://key:{SECRET}@bucket/{{batch}}.csv",
    f"zip://a-{{batch}}.csv::https://user:{SECRET}@h/x.zip",
    f"zip://a-{{batch}}.csv::simplecache::https://h/x.zip?token={SECRET}",
    f"https://h/{{batch}}.csv?token={SECRET}",
    f"https://h/{{batch}}.csv?access_token={SECRET}&x=1",
    f"https://h/{{batch}}.csv?a=1&X-Amz-Signature={SECRET}",
    f"https://h/{{batch}}.csv?a=1&X-Amz-Security-Token={SECRET}",
    f"https://h/{{batch}}.csv?sv=1&sig={SECRET}",
    f"https://h/{{batch}}.csv?api_key={SECRET}",
    f"s3://bucket/{{batch}}.csv?token={SECRET}",
]
USE_CASE = """\
question: q
decision: d
harm: h
owner: o
data:
  source: rows.csv
  target: {column: y, positive: "1"}
candidates:
  - estimator: sklearn.linear_model.LogisticRegression
"""


def in_data(folder, url):
    _load(folder, USE_CASE.replace("rows.csv", f"{{path: '{url}'}}"))


def in_data_as_text(folder, url):
    _load(folder, USE_CASE.replace("rows.csv", f"'{url}'"))


def in_score_source(folder, url):
    _load(folder, USE_CASE + f"score: {{source: '{url}'}}\n")


def in_score_to(folder, url):
    _load(folder, USE_CASE + f"score: {{to: '{url}'}}\n")


def in_labels(folder, url):
    _load(folder, USE_CASE + f"labels: {{source: '{url}'}}\n")


def in_an_override(folder, url):
    _load(folder, USE_CASE, f"data.source='{url}'")


def in_an_alert(folder, url):
    path = folder / "operations.yaml"
    path.write_text(f"alerts: [{{to: '{url}&x=${{OTHER}}'}}]\n")
    Operations.read(path)


def in_the_store(_folder, url):
    open_store(url)


def in_a_commands_source(_folder, url):
    Source.from_argument(url)


def in_a_commands_sink(folder, url):
    resolve_sink(_load(folder, USE_CASE), url, single_batch=True)


def in_a_commands_sink_of_many(folder, url):
    resolve_sink(_load(folder, USE_CASE), url, single_batch=False)


def _load(folder, text, *overrides):
    path = folder / "case.yaml"
    path.write_text(text)
    return load_use_case(path, overrides)


PLACES = [
    in_data, in_data_as_text, in_score_source, in_score_to, in_labels, in_an_override, in_an_alert,
    in_the_store, in_a_commands_source, in_a_commands_sink, in_a_commands_sink_of_many,
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@pytest.mark.parametrize("url", URLS)
def test_a_url_with_a_secret_is_refused_and_not_repeated(tmp_path, place, url):
    with pytest.raises(ConfigError) as caught:
        place(tmp_path, url)
    assert SECRET not in str(caught.value)
    assert SECRET not in json.dumps(caught.value.as_json())


@pytest.mark.parametrize("url", URLS)
def test_secrets_are_found_and_never_shown(url):
    (found,) = find_secrets(url)
    assert SECRET in found
    assert SECRET not in redact_url(url)
    assert SECRET not in redact_text(f"cannot open '{url}': refused")
    assert find_secrets(url.replace(found, "${NAME}")) == ["${NAME}"]


@pytest.mark.parametrize(
    "url",
    [
        "data/rows.csv", "https://h:8080/a@2x.csv", "https://h/a.csv?page=2", "s3://bucket/a@b?.csv",
        "zip://a.csv::https://h/x.zip", "simplecache::s3://bucket/*.csv", "http://[::1]:80/a.csv",
        "https://h/a.csv?keyword=x",
    ],
)  # fmt: skip
def test_a_url_without_a_secret_is_accepted(url):
    assert find_secrets(url) == []
    assert Source(path=url).path == url
    assert redact_url(url).startswith(url.partition("?")[0])


def test_a_variables_value_is_found_in_no_error_and_no_name(tmp_path, monkeypatch):
    (tmp_path / "rows.csv").write_text("a\n1\n")
    handler = partial(_QuietHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"127.0.0.1:{server.server_port}"
        monkeypatch.setenv("PW", SECRET)
        for url in (
            f"simplecache::http://user:${{PW}}@{host}/rows.csv",
            f"simplecache::http://{host}/rows.csv?token=${{PW}}",
            f"simplecache::http://{host}/none.csv?token=${{PW}}",
            "simplecache::http://user:${PW}@127.0.0.1:1/rows.csv",
        ):
            try:
                shown = str([file.display_path for file in find_files(Source(path=url))])
            except AssayError as error:
                shown = str(error)
            assert SECRET not in shown
        server.shutdown()


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_args):
        pass


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        (f"postgresql://ana:{SECRET}@h:5/d", "postgresql://ana@h:5/d"),
        (f"postgresql://ana:a/{SECRET}@x@h/d", "postgresql://ana@h/d"),
        (f"postgresql://ana@h/d?password={SECRET}", "postgresql://ana@h/d"),
        (
            f"postgresql://ana@h/d?user=b&password={SECRET}&ssl=1",
            "postgresql://ana@h/d?user=b&ssl=1",
        ),
        (f"postgresql://h/d?ssl=1&pass%77ord={SECRET}", "postgresql://h/d?ssl=1"),
        (f"postgresql://h/d?PASSWORD={SECRET}&sslpassword={SECRET}", "postgresql://h/d"),
        (
            "postgresql://h/d?passfile=/home/ana/.pgpass",
            "postgresql://h/d?passfile=/home/ana/.pgpass",
        ),
        ("postgresql:///d?host=/run/postgresql", "postgresql:///d?host=/run/postgresql"),
        ("postgresql://[::1]:5432/d", "postgresql://[::1]:5432/d"),
    ],
)
def test_a_database_is_named_without_its_password_and_with_all_else(url, plain):
    assert remove_passwords(url) == plain
