"""`assay new`: from a file never seen to a use case that runs, with its traps named."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from assay.cli.app import app
from assay.config.loaded_use_case import load_use_case
from assay.errors import ConfigError


def new(*arguments):
    return CliRunner().invoke(app, ["new", *map(str, arguments)], catch_exceptions=True)


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    """Semicolons, decimal commas, marks, German dates, personal data, rows without an outcome."""
    rng, rows = np.random.default_rng(1), 400
    x = rng.normal(size=rows)
    outcome = np.where(rng.random(rows) < 1 / (1 + np.exp(-2 * x)), "ja", "nein").astype(object)
    outcome[:20] = ""
    frame = pd.DataFrame(
        {
            "Kunde Nr": np.arange(rows) * 3 + 1000,
            "Straße": [f"Weg {i}" for i in range(rows)],
            "E-Mail": [f"a{i}@example.org" for i in range(rows)],
            "x": [f"{value:.3f}".replace(".", ",") for value in x],
            "Lohn": ["k.A." if i % 9 == 0 else str(1000 + i) for i in range(rows)],
            "Datum": pd.date_range("2026-01-01", periods=rows).strftime("%d.%m.%Y"),
            "Geschlecht": rng.choice(["w", "m"], rows),
            "gekündigt": [{"ja": "1", "nein": "0"}.get(v, "") for v in outcome],
            "Antwort": outcome,
        }
    )
    path = tmp_path_factory.mktemp("messy") / "kunden.csv"
    frame.to_csv(path, sep=";", index=False, encoding="cp1252")
    return path


@pytest.fixture(scope="module")
def drafted(messy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("configs")
    done = new("kunden", "--from", messy, "--target", "Antwort", "--configs", folder, "--json")
    assert done.exit_code == 0, done.output
    return folder / "kunden.yaml", json.loads(done.stdout)


def test_the_draft_is_a_use_case_that_loads(drafted):
    path, _ = drafted
    use_case = load_use_case(path).use_case
    data = use_case.data
    assert (data.source.delimiter, data.source.encoding, data.source.decimal) == (
        ";",
        "cp1252",
        ",",
    )
    assert data.missing == ("", "k.A.")
    assert data.dates == {"Datum": "%d.%m.%Y"}
    assert (data.target.positive, data.target.unlabelled) == ("ja", "leave_out")
    assert set(data.never_store) == {"Straße", "E-Mail"}
    assert data.identity == ("Kunde Nr",)
    assert data.after_outcome == ("gekündigt",)
    assert use_case.split.by == "time"
    assert not data.sensitive  # asked about, never assumed


def test_every_line_of_it_has_its_reason(drafted):
    path, told = drafted
    text = path.read_text()
    assert "20 rows have no outcome and are left out" in text
    assert "alone it tells the outcome with a ROC AUC of 1.000" in text
    assert "# sensitive: {Geschlecht: {}}" in text
    assert told["features"] == ["x", "Lohn", "Geschlecht"]
    assert told["forecast"]["validation"] == "pass"
    assert told["forecast"]["feasibility"] in {"pass", "caution", "unknown"}


def test_a_file_that_is_there_is_kept_and_an_update_says_what_changed(drafted, messy):
    path, _ = drafted
    before = path.read_text()
    common = ("kunden", "--from", messy, "--target", "Antwort", "--configs", path.parent)
    refused = new(*common)
    assert isinstance(refused.exception, ConfigError)
    assert "--update" in refused.exception.remedy
    same = new(*common, "--update")
    assert "says what a draft of these data would say" in same.stdout
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--target", "Antwrt"), "no column 'Antwrt'"),
        (("--target", "Antwort", "--positive", "vielleicht"), "no row has the outcome"),
        (("--target", "Straße"), "different values"),
    ],
)
def test_what_cannot_be_drafted_is_said_in_a_sentence(messy, tmp_path, more, said):
    done = new("other", "--from", messy, *more, "--configs", tmp_path)
    assert isinstance(done.exception, ConfigError)
    assert said in str(done.exception)
    assert not (tmp_path / "other.yaml").exists()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "d.csv"
    path.write_text("x,y\n" + "".join(f"{i / 7},{'no' if i % 3 else 'yes'}\n" for i in range(90)))
    return path


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "/x", "people", "operations", "", "a b", "a\nb", "Straße", "n" * 70]
)
def test_what_is_no_name_of_a_use_case_writes_no_file(plain, tmp_path, name):
    options = ("--from", plain, "--target", "y", "--no-forecast", "--configs", tmp_path / "c")
    done = new(*options, "--", name)
    assert isinstance(done.exception, ConfigError)
    assert not list(tmp_path.rglob("*.yaml"))


@pytest.mark.parametrize("written", ["expectations: {a: 1}\ndata: 7", "[1, 2]", "", "\udcff"])
def test_an_update_of_what_is_no_use_case_says_so(plain, tmp_path, written):
    (tmp_path / "odd.yaml").write_bytes(written.encode("utf-8", "surrogateescape"))
    done = new("odd", "--from", plain, "--target", "y", "--configs", tmp_path, "--update")
    assert isinstance(done.exception, ConfigError)
