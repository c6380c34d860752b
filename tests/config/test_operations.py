"""What all use cases share: read with its lines, refused with a reason, secrets kept outside."""

import pytest
from pydantic import ValidationError

from assay.config.operations import Alert, Operations, expand_variables
from assay.errors import ConfigError


def read(tmp_path, text):
    file = tmp_path / "operations.yaml"
    file.write_text(text)
    return Operations.read(file)


def test_everything_has_a_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Operations.load_configured() == Operations()
    assert read(tmp_path, "# nothing\n") == Operations()


def test_a_mistake_is_told_with_its_line(tmp_path):
    with pytest.raises(ConfigError, match="at_once") as caught:
        read(tmp_path, "pool: process\nat_once: 0\n")
    assert caught.value.where.endswith("operations.yaml:2")


def test_an_unknown_key_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="pools"):
        read(tmp_path, "pools: process\n")


def test_a_run_may_be_silent_for_three_heartbeats():
    with pytest.raises(ValidationError, match="90s"):
        Operations(lost="60s")


@pytest.mark.parametrize("to", ["slack://aaa/bbb/ccc", "mailto://me:secret@mail.example"])
def test_secrets_are_not_written_down(to):
    with pytest.raises(ValidationError, match="outside"):
        Alert(to=to)


@pytest.mark.parametrize(
    "to", ["${SLACK}", "mailto://${U}:${P}@mail.example", "block://slack-webhook/x"]
)
def test_secrets_come_from_outside(to):
    assert Alert(to=to).to == to


def test_what_is_not_set_is_named(monkeypatch):
    monkeypatch.setenv("ONE", "1")
    monkeypatch.delenv("TWO", raising=False)
    assert expand_variables("a${ONE}b", "here") == "a1b"
    with pytest.raises(ConfigError, match="TWO") as caught:
        expand_variables("${ONE}${TWO}", "here")
    assert caught.value.where == "here"
