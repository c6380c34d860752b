"""Before code runs that an unsigned record names, whoever reproduces it agrees to that."""

import json
import shutil
import sys

import pytest
import typer

from assay.cli import reproduce
from assay.errors import NotAllowed
from assay.registry.open import open_bucket
from tests.test_golden import GOLDEN


@pytest.fixture
def bucket(tmp_path):
    """Its records are unsigned."""
    return open_bucket(str(shutil.copytree(GOLDEN, tmp_path / "v1")))


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Somebody is listed, and signatures are optional."""
    path = tmp_path / "people.yaml"
    path.write_text(json.dumps({"people": {"ada": {"role": "engineer"}}}))
    monkeypatch.setenv("ASSAY_PEOPLE", str(path))


@pytest.fixture
def at_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(type(sys.stdin), "isatty", lambda _: True)
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda _: True)


def test_without_a_person_to_ask_an_unsigned_record_is_refused(bucket, listed):
    with pytest.raises(NotAllowed, match=r"guests@2 is not signed, .* runs the code") as refused:
        reproduce._require_consent(bucket, "guests@2", may_ask=True)
    assert "--unsigned" in refused.value.remedy


@pytest.mark.parametrize("agrees", [True, False])
def test_at_a_terminal_it_is_shown_and_asked_about(
    bucket, listed, at_a_terminal, monkeypatch, capsys, agrees
):
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: agrees)
    if agrees:
        reproduce._require_consent(bucket, "guests@2", may_ask=True)
    else:
        with pytest.raises(typer.Exit):
            reproduce._require_consent(bucket, "guests@2", may_ask=True)
    assert "The record of guests@2 is not signed" in capsys.readouterr().err


def test_json_is_never_interrupted_by_a_question(bucket, listed, at_a_terminal):
    with pytest.raises(NotAllowed):
        reproduce._require_consent(bucket, "guests@2", may_ask=False)


def test_where_nobody_is_listed_no_record_could_be_signed_and_none_is_asked_about(
    bucket, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_PEOPLE", raising=False)
    reproduce._require_consent(bucket, "guests@2", may_ask=False)
