"""The state of the checkouts that a run came from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from assay.steps.environment import read_team_state


def git(folder, *words):
    name = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")
    done = subprocess.run(["git", *name, *words], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().strip()


@pytest.fixture
def team(tmp_path):
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/credit.yaml").write_text("owner: ada\n")
    (tmp_path / "people.csv").write_text("name\nada\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "-m", "as it is")
    return tmp_path


def test_a_clean_clone_of_a_team_has_its_commit_and_no_difference(team):
    state = read_team_state(team)
    assert state.commit == git(team, "rev-parse", "HEAD")
    assert state.diff == b""


def test_changed_settings_are_in_the_difference_and_changed_data_are_not(team):
    (team / "configs/credit.yaml").write_text("owner: grace\n")
    (team / "people.csv").write_text("name\ncharles\n")
    diff = read_team_state(team / "configs").diff
    assert b"+owner: grace" in diff
    assert b"charles" not in diff


def test_assays_own_clone_and_a_folder_without_git_are_no_teams(tmp_path):
    assert read_team_state(Path(__file__).parent).commit is None
    assert read_team_state(tmp_path).commit is None
