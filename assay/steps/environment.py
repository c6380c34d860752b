"""The environment of a run: distributions, Python, the machine, the state of the checkout."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from assay.steps.code_version import _is_installed


def describe_environment() -> dict[str, Any]:
    """The installed distributions, Python, operating system and processor. No host or user name."""
    # Of two installed under one name, the one found first is imported.
    found = reversed(list(metadata.distributions()))
    installed = {d.metadata["Name"]: d.version for d in found}
    return {
        "distributions": dict(sorted(installed.items(), key=lambda item: item[0].lower())),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
        "processor_features": _processor_features(),
    }


def _processor_features() -> list[str]:
    """Instruction sets by which numeric libraries choose code (Linux; elsewhere empty)."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    kept = ("sse4", "avx", "fma", "sha_ni", "asimd", "sve", "neon")
    return sorted(flag for flag in flags.partition(":")[2].split() if flag.startswith(kept))


@dataclass(frozen=True)
class GitState:
    """A git commit, and the difference to it when the tree is dirty."""

    commit: str | None
    diff: bytes


def read_git_state(folder: Path | None = None) -> GitState:
    """The git state of Assay's own source, or of `folder`.

    No commit where that is no git checkout: an installed package, or no git here.
    """
    folder = folder or Path(__file__).parents[2]
    commit = None if _is_installed(folder) else _run_git(folder, "rev-parse", "HEAD")
    if not commit:
        return GitState(None, b"")
    return GitState(commit.decode().strip(), _run_git(folder, *_DIFF_ARGUMENTS) or b"")


def read_team_state(folder: Path) -> GitState:
    """The git state of a team's own repository, in which a run was started.

    No commit where `folder` lies in Assay's own clone or in no clone. The difference is that of
    code and settings alone: data may hold columns that are never to be stored.
    """
    top, own = _top_level(folder), _top_level(Path(__file__).parents[2])
    commit = _run_git(folder, "rev-parse", "HEAD") if top and top != own else None
    if not top or not commit:
        return GitState(None, b"")
    return GitState(
        commit.decode().strip(), _run_git(top, *_DIFF_ARGUMENTS, "--", *_CODE_PATTERNS) or b""
    )


def _top_level(folder: Path) -> Path | None:
    found = _run_git(folder, "rev-parse", "--show-toplevel")
    return Path(os.fsdecode(found.rstrip(b"\n"))) if found else None


# In the form that `git apply` takes, whatever the user's own settings make of a difference.
_DIFF_ARGUMENTS = (
    *("-c", "diff.relative=false", "diff", "HEAD", "--binary", "--no-color"),
    *("--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/"),
)


_CODE_PATTERNS = tuple(f"*.{ending}" for ending in ("py", "yaml", "yml", "toml", "sql", "R"))


def _run_git(folder: Path, *words: str) -> bytes | None:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=True)  # noqa: S603, S607 - fixed words, the user's own git
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout
