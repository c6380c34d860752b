"""Environments for rivals whose pins conflict with Assay's, made when they are first asked for."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from functools import cache
from pathlib import Path

PINS = Path(__file__).parent
MADE = Path(__file__).parents[2] / ".bench" / "rivals"
_MOST_SECONDS = 900


class Absent(Exception):
    """A rival could not be installed; the text says why."""


def python_of(rival: str) -> str:
    """The interpreter of the rival's environment, with just what its pins say. Raises Absent."""
    pins, home = PINS / f"{rival}.txt", MADE / rival
    mark, wanted = home / ".pins", hashlib.sha256(pins.read_bytes()).hexdigest()
    python = str(home / "bin" / "python")
    if mark.exists() and mark.read_text() == wanted:
        return python
    print(f"installing {rival} into {home}", file=sys.stderr, flush=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    for words in ([sys.executable, "-m", "venv", "--clear", str(home)], [*pip, "-r", str(pins)]):
        _run(words)
    mark.write_text(wanted)
    return python


def _run(words: list[str]) -> None:
    try:
        subprocess.run(words, check=True, capture_output=True, text=True, timeout=_MOST_SECONDS)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise Absent(last) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Absent(str(error)) from None


@cache
def version_of(python: str, name: str) -> str:
    """The version of a distribution in an interpreter's environment."""
    code = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    done = subprocess.run([python, "-c", code, name], check=True, capture_output=True, text=True)
    return done.stdout.strip()
