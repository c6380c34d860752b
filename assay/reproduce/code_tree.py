"""The recorded code as files: a git commit, the recorded changes to it, and stray modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from assay.bucket.digest import Digest
from assay.errors import ConfigError, IntegrityError, ReferenceUnknown
from assay.reproduce.recorded_run import RecordedRun
from assay.steps.code_version import FILE_PREFIX, find_code_file, find_module_file

_OURS = Path(__file__).parents[2]


@dataclass
class CodeTree:
    """Code laid out to be run. `root` holds the packages; `changed_modules` differ from what the
    steps recorded; `stray_modules` are modules that git did not track, by the paths that they were
    copied from.
    """

    root: Path
    commit: str | None
    changed_files: int = 0  # files in the recorded diff
    changed_modules: list[str] = field(default_factory=list)
    stray_modules: dict[str, str] = field(default_factory=dict)

    @property
    def description(self) -> str:
        if self.commit is None:
            return "that of this installation: the record names no commit"
        changes = (
            f", with the {self.changed_files} changed files of the time"
            if self.changed_files
            else ""
        )
        return f"commit {self.commit[:12]}{changes}"


def lay_out_code(
    recorded: RecordedRun, folder: Path, working: Path, repository: str | None
) -> CodeTree:
    """Lay the recorded code out below `folder`. Modules that git did not track are known by their
    digests alone: they are copied from where they lie now, into their package or else into
    `working`, the rebuilt run's working folder.

    `repository`: a path or URL; by default the repository around the working directory or around
    this Assay, whichever has the commit.

    Raises ReferenceUnknown for a commit that is not there, IntegrityError for changes that do
    not apply, ConfigError for a module that is nowhere.
    """
    if recorded.commit is None:
        code = CodeTree(_OURS, None)
    else:
        git = _git_command(recorded.commit, folder, repository)
        code = CodeTree(_check_out(git, recorded, folder / "code"), recorded.commit)
        code.changed_files = len(re.findall(rb"^diff --git ", recorded.diff, re.MULTILINE))
    for name, digest in recorded.modules.items():
        if name.startswith(FILE_PREFIX):
            if not _put_file(name.removeprefix(FILE_PREFIX), digest, code.root, working):
                code.changed_modules.append(name)
            continue
        found = _module_path(code.root, name)
        if found is None:
            beside = code.commit and (code.root / name.partition(".")[0]).is_dir()
            found = _copy_stray(name, code.root if beside else working)
            code.stray_modules[name] = str(found)
        if str(Digest.of_file(found)) != digest:
            code.changed_modules.append(name)
    return code


def _put_file(name: str, digest: str, root: Path, working: Path) -> bool:
    """Put a file that the code reads where the rebuilt run reads it: below `working`, its working
    folder. Whether it has the recorded digest. Raises ConfigError for a file that is nowhere.
    """
    places = [place for place in (root / name, find_code_file(name)) if place and place.is_file()]
    if not places:
        raise ConfigError(
            f"the file {name}, which the estimator read then, is nowhere now",
            remedy="Put it back below the working folder; the record knows its digest alone.",
        )
    sound = [place for place in places if str(Digest.of_file(place)) == digest]
    target = working / name
    if not Path(name).is_absolute() and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile((sound or places)[0], target)
    return bool(sound)


def _module_path(root: Path, name: str) -> Path | None:
    base = root.joinpath(*name.split("."))
    files = (base / "__init__.py", base.with_name(f"{base.name}.py"))
    return next((path for path in files if path.is_file()), None)


def _copy_stray(name: str, base: Path) -> Path:
    """A module that git did not track, copied below `base`; returns where it was found."""
    path = find_module_file(name)
    if path is None:
        raise ConfigError(
            f"the module {name} ran then and is nowhere now: git did not track it",
            remedy="Put it back beside the working directory; the record knows its digest alone.",
        )
    target = base.joinpath(*name.split("."))
    target = target / "__init__.py" if path.name == "__init__.py" else target.with_suffix(".py")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    return path


def _check_out(git: list[str], recorded: RecordedRun, tree: Path) -> Path:
    """Check out the commit with the recorded changes. Returns the tree and the folder in it that
    holds Assay.

    A private index leaves the repository untouched: git registers no worktree there.
    """
    tree.mkdir(parents=True)
    words = [*git, f"--work-tree={tree}"]
    index = {"GIT_INDEX_FILE": str(tree.with_name("index"))}
    _git(*words, "read-tree", str(recorded.commit), index=index)
    _git(*words, "checkout-index", "--all", "--quiet", folder=tree, index=index)
    if diff := recorded.diff:
        apply = ("apply", "--binary", "--whitespace=nowarn", "-")
        _git(*words, *apply, folder=tree, index=index, input_bytes=diff)
    homes = sorted(tree.rglob("assay/__init__.py"), key=lambda path: len(path.parts))
    if not homes:
        raise ReferenceUnknown(
            f"commit {recorded.commit} holds no Assay",
            remedy="Name its own repository with --repository.",
        )
    return homes[0].parents[1]


def _git_command(commit: str, folder: Path, repository: str | None) -> list[str]:
    """The git command for the repository that has the commit."""
    for place in _repository_places(folder, repository):
        found = _try_git("-C", str(place), "rev-parse", "--absolute-git-dir")
        if found is None:
            continue
        git = ["-c", f"core.hooksPath={os.devnull}", f"--git-dir={found.decode().strip()}"]
        if _try_git(*git, "cat-file", "-e", f"{commit}^{{commit}}") is not None:
            return git
    raise ReferenceUnknown(
        f"the code of this run is commit {commit}, which is not here",
        where=repository,
        remedy="Fetch it, or name a repository that has it: --repository PATH or URL.",
    )


def _repository_places(folder: Path, repository: str | None) -> Iterator[Path]:
    if repository is None:
        yield from (Path.cwd(), _OURS)
    elif Path(repository).expanduser().is_dir():
        yield Path(repository).expanduser()
    else:
        clone = folder / "repository"
        _git("clone", "--quiet", "--bare", "--", repository, str(clone))
        yield clone


def _try_git(*words: str) -> bytes | None:
    try:
        return _git(*words)
    except IntegrityError:
        return None


def _git(
    *words: str,
    folder: Path | None = None,
    index: dict[str, str] | None = None,
    input_bytes: bytes | None = None,
) -> bytes:
    """Run git without the variables, set by hooks, that point it to another repository."""
    environment = {k: v for k, v in os.environ.items() if k not in _GIT_VARIABLES} | (index or {})
    try:
        done = subprocess.run(  # noqa: S603 - no shell; the words are ours, the commit git's own
            ["git", *words],  # noqa: S607 - the user's own git
            cwd=folder,
            env=environment,
            input=input_bytes,
            capture_output=True,
            check=True,
        )
    except FileNotFoundError:
        raise ConfigError("git is not installed", remedy="Install git, then try again.") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip() or f"it ended with {error.returncode}"
        what = next(word for word in words if word in _GIT_VERBS)
        kind = ConfigError if what == "clone" else IntegrityError
        raise kind(
            f"git {what} failed: {said}",
            remedy="Check that the repository is there and whole, or name another: --repository.",
        ) from None
    return done.stdout


_GIT_VARIABLES = {
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
}
_GIT_VERBS = {"read-tree", "checkout-index", "apply", "rev-parse", "cat-file", "clone"}
