"""The recorded environment: how the present one differs from it, and how to build it again."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assay.bucket import canonical_json
from assay.bucket.digest import Digest
from assay.errors import ConfigError
from assay.steps.environment import describe_environment
from assay.steps.key_differences import KeyDifference
from assay.util.home_folder import expand_home

CACHE_VARIABLE = "ASSAY_CACHE"
_LIBRARY = "library"
# Assay itself comes from its commit; the installers take no part in a run.
_NOT_INSTALLED = {"assay", "pip", "uv"}
_PRINT_ENVIRONMENT = (
    "import json; from assay.steps.environment import describe_environment; "
    "print(json.dumps(describe_environment()))"
)


def environment_differences(
    recorded: Mapping[str, Any], now: Mapping[str, Any], imported_distributions: set[str]
) -> list[KeyDifference]:
    """Differences between an environment and the recorded one: Python, system and processor first,
    then the distributions that the steps' code imports (`imported_distributions`), then the others.
    """
    found = []
    for name in [*recorded, *(name for name in now if name not in recorded)]:
        before, after = recorded.get(name), now.get(name)
        if name == "distributions" or before == after:
            continue
        if name == "processor_features":
            before, after = _differing_items(before or (), after or ())
        found.append(KeyDifference("environment", name.replace("_", " "), before, after))
    found.sort(key=lambda difference: difference.name != "python")
    before, after = (_distributions(held) for held in (recorded, now))
    libraries = [
        KeyDifference(_LIBRARY, name, before.get(name), after.get(name))
        for name in sorted({*before, *after}, key=str.lower)
        if before.get(name) != after.get(name)
    ]
    return [
        *found,
        *sorted(libraries, key=lambda library: library.name not in imported_distributions),
    ]


def _differing_items(before: Sequence[str], after: Sequence[str]) -> tuple[str, str]:
    """What only one of two lists holds."""
    pairs = ((before, after), (after, before))
    had, has = (" ".join(n for n in one if n not in other) or "-" for one, other in pairs)
    return had, has


def _distributions(environment: Mapping[str, Any]) -> dict[str, str]:
    held = environment["distributions"].items()
    return {name: version for name, version in held if name.lower() not in _NOT_INSTALLED}


def interpreter_environment(python: str) -> dict[str, Any]:
    """The environment of another interpreter, as a run in it would record it.

    Raises ConfigError if it cannot be asked.
    """
    if python == sys.executable:
        return describe_environment()
    done = subprocess.run(  # noqa: S603 - the interpreter that was made here
        [python, "-P", "-c", _PRINT_ENVIRONMENT],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise ConfigError(
            f"the recorded environment does not start: {_last_lines(done.stderr)}",
            where=python,
            remedy="Remove its folder to have it built again, or rebuild without "
            "--recorded-environment.",
        )
    held: dict[str, Any] = json.loads(done.stdout)
    return held


def build_environment(recorded: Mapping[str, Any], say: Callable[[str], None]) -> str:
    """The interpreter of a virtual environment with the recorded distributions.

    It stays in a cache folder (ASSAY_CACHE, else the user's own), where the next rebuild with the
    same list finds it. Raises ConfigError if that Python is not there, or if a distribution cannot
    be installed.
    """
    python = str(recorded["python"])
    wanted = [f"{name}=={version}" for name, version in sorted(_distributions(recorded).items())]
    key = Digest.of_bytes(canonical_json.dump({"python": python, "distributions": wanted}))
    home = cache_folder() / "environments" / key.hex[:32]
    with _environment_lock(home):
        interpreter = home / "bin" / "python"
        if (home / "ready").exists():
            say(f"the recorded environment is at hand: {home}")
            return str(interpreter)
        say(f"installing {len(wanted)} distributions into {home}")
        shutil.rmtree(home, ignore_errors=True)
        _install(home, _interpreter(python), interpreter, wanted)
        (home / "ready").touch()
    return str(interpreter)


def cache_folder() -> Path:
    """The folder for what can be built again."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    remedy = f"Set {CACHE_VARIABLE} to a folder that you may write to."
    return expand_home(os.environ.get("XDG_CACHE_HOME") or "~/.cache", remedy) / "assay"


@contextmanager
def _environment_lock(home: Path) -> Iterator[None]:
    """Wait until no other process builds the same environment."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(home.with_suffix(".lock"), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _interpreter(version: str) -> str:
    """A Python of this version, or at least of its minor version."""
    minor = ".".join(version.split(".")[:2])
    running = ".".join(map(str, sys.version_info[:2]))
    here = getattr(sys, "_base_executable", sys.executable)
    found = here if running == minor else shutil.which(f"python{minor}")
    if found is None:
        raise ConfigError(
            f"the run had Python {version}, and no python{minor} is here",
            remedy=f"Install Python {minor} so that python{minor} is found, or rebuild without "
            "--recorded-environment, under this Python.",
        )
    return str(found)


def _install(home: Path, base: str, interpreter: Path, requirements: list[str]) -> None:
    uv = shutil.which("uv")
    listed = home.with_suffix(".txt")
    listed.write_text("\n".join(requirements) + "\n", encoding="utf-8")
    made = [uv, "venv", "--quiet", "--python", base] if uv else [base, "-m", "venv"]
    _call([*made, str(home)], "no virtual environment can be made")
    # The list is complete: nothing is to be resolved, and nothing else to be installed.
    what = ("install", "--quiet", "--no-deps", "--requirement", str(listed))
    pip = [str(interpreter), "-m", "pip", "--disable-pip-version-check", *what]
    _call(
        [uv, "pip", *what, "--python", str(interpreter)] if uv else pip,
        "the recorded distributions cannot be installed",
    )


def _call(words: list[str], failure: str) -> None:
    done = subprocess.run(  # noqa: S603 - fixed words, and names and versions from the verified record
        words, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        raise ConfigError(
            f"{failure}: {_last_lines(done.stderr or done.stdout)}",
            remedy="Make these versions available to the installer, or rebuild without "
            "--recorded-environment, in the present one.",
        )


def _last_lines(output: str) -> str:
    lines = [line.strip() for line in output.strip().splitlines() if line.strip()]
    return " ".join(lines[-4:]) or "it says nothing"
