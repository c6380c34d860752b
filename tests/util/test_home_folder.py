"""A `~` in a path is a home folder, or an error that says so."""

from pathlib import Path

import pytest

from assay.errors import ConfigError
from assay.util.home_folder import expand_home


def test_a_home_is_put_in_place_of_its_sign(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ana")
    assert expand_home("~/b") == Path("/home/ana/b")
    assert expand_home("/b/~") == Path("/b/~")


def test_a_user_whom_the_system_does_not_know_is_told_what_to_set():
    with pytest.raises(ConfigError, match="no home folder") as caught:
        expand_home("~nobody-of-this-name/b", "Set PREFECT_HOME.")
    assert caught.value.where == "~nobody-of-this-name/b"
    assert caught.value.remedy == "Set PREFECT_HOME."
