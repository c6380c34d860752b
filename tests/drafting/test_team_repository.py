"""A team's own repository: rendered from a template, and kept up with later versions of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import assay
from assay.bucket.journal import current_user
from assay.config.operations import Operations
from assay.config.people import People
from assay.drafting.team_repository import create_repository, update_repository
from assay.errors import ConfigError

TEMPLATES = Path(assay.__file__).parent / "templates"


def git(folder, *words):
    name = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")
    return subprocess.run(["git", *name, *words], cwd=folder, check=True, capture_output=True)


def commit_all(folder):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "as it is")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home") / "credit"
    create_repository(folder)
    git(folder, "init", "--quiet")
    commit_all(folder)
    return folder


@pytest.fixture
def team(rendered, tmp_path):
    return Path(shutil.copytree(rendered, tmp_path / "credit"))


@pytest.fixture
def later(tmp_path):
    """Templates with one version more, which ignores `notes/` and adds a file."""
    templates = Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))
    newest = max(templates.glob("v*"), key=lambda path: int(path.name[1:]))
    added = templates / f"v{int(newest.name[1:]) + 1}"
    shutil.copytree(newest, added)
    with open(added / ".gitignore", "a") as file:
        file.write("notes/\n")
    (added / "NEW.md").write_text("new\n")
    return templates


def test_it_is_pinned_to_this_version_and_named_for_its_folder(rendered):
    text = (rendered / "pyproject.toml").read_text()
    assert f"assay=={assay.__version__}" in text
    assert 'name = "credit"' in text


def test_its_settings_can_be_read(rendered):
    Operations.read(rendered / "configs/operations.yaml")
    people = People.read(rendered / "configs/people.yaml").people
    assert {name: person.role for name, person in people.items()} == {current_user(): "engineer"}


def test_its_schema_is_that_of_the_installed_version(rendered):
    ours = Path(__file__).parents[2] / "configs/use-case.schema.json"
    assert (rendered / "configs/use-case.schema.json").read_text() == ours.read_text()


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path):
    (tmp_path / "README.md").write_text("ours")
    with pytest.raises(ConfigError, match=r"holds 1 files or folders, such as README\.md"):
        create_repository(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "ours"


def test_an_update_keeps_what_the_team_wrote(team, later):
    (team / "README.md").write_text("our own words\n")
    commit_all(team)
    changes = update_repository(team, later)
    assert (team / "README.md").read_text() == "our own words\n"
    assert "notes/" in (team / ".gitignore").read_text()
    assert "?? NEW.md" in changes
    commit_all(team)
    assert update_repository(team, later) == []


def test_lines_that_both_changed_are_marked_as_a_conflict(team, later):
    with open(team / ".gitignore", "a") as file:
        file.write("drafts/\n")
    commit_all(team)
    update_repository(team, later)
    text = (team / ".gitignore").read_text()
    assert "<<<<<<<" in text
    assert "drafts/" in text
    assert "notes/" in text


def test_an_update_waits_until_all_is_committed(team, later):
    (team / "README.md").write_text("not committed\n")
    with pytest.raises(ConfigError, match="uncommitted changes"):
        update_repository(team, later)
    assert not (team / "NEW.md").exists()


def test_what_no_template_made_is_not_updated(tmp_path):
    with pytest.raises(ConfigError, match=r"no \.copier-answers\.yml"):
        update_repository(tmp_path)


def test_a_template_of_ones_own_may_be_a_folder(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "copier.yml").write_text("project_name: {type: str}\n")
    (own / "hello.txt.jinja").write_text("{{ project_name }}\n")
    create_repository(tmp_path / "credit", str(own))
    assert (tmp_path / "credit/hello.txt").read_text() == "credit\n"


def test_a_template_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="cannot be rendered"):
        create_repository(tmp_path / "credit", str(tmp_path / "nowhere"))
