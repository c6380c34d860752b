"""A team's own repository, rendered from a Copier template.

Assay's own template lies in `assay/templates`, a folder for each version that was ever released.
Copier updates from a git repository with tags, so one is built for each call from these folders:
the versions in order, each a commit with its tag. The answers file names it `_BUILTIN_URL`, which
git is told to read from the built folder. So an update needs no network and no older wheel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import assay
from assay.bucket.journal import current_user
from assay.config.json_schema import schema_text
from assay.errors import ConfigError, SystemRefusal

ANSWERS_FILE = ".copier-answers.yml"
SCHEMA_FILE = Path("configs/use-case.schema.json")
_TEMPLATES = Path(assay.__file__).parent / "templates"
_BUILTIN_URL = "https://assay.invalid/template.git"
# Commits are named by these too: the same version has the same commit on every machine.
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (
        ("NAME", "assay"),
        ("EMAIL", "assay@localhost"),
        ("DATE", "2026-01-01T00:00:00+00:00"),
    )
}


def create_repository(
    folder: Path, template: str | None = None, templates: Path = _TEMPLATES
) -> None:
    """Render a template into `folder`, which must be empty or absent; git files may be there.

    `template` is a folder or git URL, else Assay's own. Raises ConfigError for a folder that holds
    something and for a template that cannot be rendered.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError("this is no folder", where=str(folder), remedy="Choose another name.")
    held = (
        [path.name for path in folder.iterdir() if path.name != ".git"] if folder.exists() else []
    )
    if held:
        raise ConfigError(
            f"this folder holds {len(held)} files or folders, such as {min(held)}",
            where=str(folder),
            remedy="Choose an empty or new folder, or carry a later template in with --update.",
        )
    answers = {"project_name": folder.resolve().name, "assay_version": assay.__version__}
    answers["first_person"] = current_user()
    if template:
        source = str(Path(template).resolve()) if Path(template).is_dir() else template
        _run_copier("copy", source, str(folder), answers=answers)
    else:
        with _serve_builtin(templates) as environment:
            _run_copier("copy", _BUILTIN_URL, str(folder), answers=answers, environment=environment)
    _write_schema(folder)


def update_repository(folder: Path, templates: Path = _TEMPLATES) -> list[str]:
    """Carry the newest version of its template into `folder`; returns what git says has changed.

    What the team has changed stays; where both changed the same lines, the file holds git's
    conflict marks. Raises ConfigError for a folder that no template made or that has uncommitted
    changes.
    """
    if not (folder / ANSWERS_FILE).is_file():
        raise ConfigError(
            f"there is no {ANSWERS_FILE}",
            where=str(folder),
            remedy="Name a repository that `assay init` made; leave --update out for a new one.",
        )
    if _read_changes(folder):
        raise ConfigError(
            "this repository has uncommitted changes",
            where=str(folder),
            remedy="Commit them first: what an update changes can then be seen and undone.",
        )
    answers = {"assay_version": assay.__version__}
    with _serve_builtin(templates) as environment:
        _run_copier("update", str(folder), answers=answers, environment=environment)
    _write_schema(folder)
    return _read_changes(folder)


def _write_schema(folder: Path) -> None:
    """For editors. It belongs to the installed version, whatever the template's."""
    if (folder / "configs").is_dir():
        (folder / SCHEMA_FILE).write_text(schema_text(), encoding="utf-8")


@contextmanager
def _serve_builtin(templates: Path) -> Iterator[Mapping[str, str]]:
    """Build the repository of Assay's template; gives the environment in which git finds it."""
    with tempfile.TemporaryDirectory(prefix="assay-") as temporary:
        tree = Path(temporary) / "template"
        tree.mkdir()
        _run_git(tree, "init", "--quiet", "--initial-branch=main", "--object-format=sha1")
        for version in sorted(templates.glob("v*"), key=lambda path: int(path.name[1:])):
            for path in tree.iterdir():
                if path.name != ".git":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(version, tree, dirs_exist_ok=True)
            _run_git(tree, "add", "--all", "--force")
            _run_git(tree, "-c", "commit.gpgsign=false", "commit", "--quiet", "-m", version.name)
            _run_git(tree, "-c", "tag.gpgsign=false", "tag", version.name)
        count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
        yield {
            "GIT_CONFIG_COUNT": str(count + 1),
            f"GIT_CONFIG_KEY_{count}": f"url.{tree.as_uri()}.insteadOf",
            f"GIT_CONFIG_VALUE_{count}": _BUILTIN_URL,
        }


def _run_copier(
    verb: str,
    *places: str,
    answers: Mapping[str, str],
    environment: Mapping[str, str] | None = None,
) -> None:
    """In a process of its own, because Copier hands its environment to git when it is imported."""
    data = [word for name, value in answers.items() for word in ("--data", f"{name}={value}")]
    command = [sys.executable, "-m", "copier", verb, "--defaults", "--quiet", *data, *places]
    done = subprocess.run(  # noqa: S603 - fixed words and the user's own template
        command, env=os.environ | (environment or {}), capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise ConfigError(
            f"the template cannot be rendered: {said[-1] if said else 'Copier gave no reason'}",
            where=places[0],
            remedy="Name a Copier template that runs no code: a folder or a git URL.",
        )


def _read_changes(folder: Path) -> list[str]:
    """What `git status` says of the folder, a line for each file."""
    return _run_git(folder, "status", "--porcelain", "--", ".").splitlines()


def _run_git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            ["git", *words],  # noqa: S607 - the user's own git
            cwd=folder,
            env=os.environ | _IDENTITY,
            capture_output=True,
            text=True,
            check=True,
        )
    except OSError as error:
        raise SystemRefusal(
            "git is not installed", where=str(folder), remedy="Install git."
        ) from error
    except subprocess.CalledProcessError as error:
        raise ConfigError(
            f"git {words[0]} says: {error.stderr.strip()}",
            where=str(folder),
            remedy="Put the folder under git, commit, and try again.",
        ) from error
    return done.stdout
