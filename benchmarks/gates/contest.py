"""Who is measured against whom, and what came out."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.gates.rivals import Absent, python_of, version_of

HERE = Path(__file__).parents[2]
BOUND = 120  # seconds that a contender may take in all; who takes longer has not finished

# No contender may call home, and none may have more numeric threads than another.
_ALIKE = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
_ALIKE |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table. `{}` in the name stands for the version of `distribution`; `rival`
    names an environment of its own, else Assay's is used."""

    name: str
    module: str
    distribution: str | None = None
    rival: str | None = None

    def python(self) -> str:
        """Its interpreter. Raises Absent."""
        return python_of(self.rival) if self.rival else sys.executable

    def title(self) -> str:
        """Its name with the version that is measured."""
        if self.distribution is None:
            return self.name
        try:
            return self.name.format(version_of(self.python(), self.distribution))
        except Absent:
            return self.name.replace("{} ", "").replace(" {}", "")


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that Assay may take for so many rows."""

    rows: str
    cpu: float | None = None  # seconds
    wall: float | None = None  # seconds
    memory: float | None = None  # bytes, the peak beyond what the process held before


@dataclass(frozen=True, slots=True)
class Contest:
    """One gate: Assay first, then its rivals, the plain limit last."""

    gate: str
    about: str
    contenders: tuple[Contender, ...]
    budget: Budget
    sizes: tuple[str, ...] = ("49k", "490k", "4.9M")


@dataclass(slots=True)
class Measured:
    """What a contender took, one number a round, or why there is none."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    beyond: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    found: str = ""
    why_not: str = ""

    def median(self, what: str) -> float:
        return statistics.median(getattr(self, what))


def measure(contest: Contest, folder: Path, rounds: int) -> dict[Contender, Measured]:
    """Every contender once a round, in turn, each in a fresh process; in every other round the
    other way round. `folder` has the rows, and beside it lies `tiny`.
    """
    measured = {contender: Measured() for contender in contest.contenders}
    for number in range(rounds):
        order = contest.contenders if number % 2 == 0 else contest.contenders[::-1]
        for contender in order:
            into = measured[contender]
            if not into.why_not:
                _once(contender, folder, into)
    return measured


def _once(contender: Contender, folder: Path, into: Measured) -> None:
    try:
        words = [contender.python(), "-m", "benchmarks.gates.meter"]
    except Absent as error:
        into.why_not = f"absent, could not be installed: {error}"
        return
    words += [f"benchmarks.gates.{contender.module}", str(folder), str(folder.parent / "tiny")]
    try:
        printed = _output(words)
    except subprocess.TimeoutExpired:
        into.why_not = f"not finished in {BOUND} s"
        return
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[-1]
        into.why_not = f"failed: {last}"
        return
    one = json.loads(printed.splitlines()[-1])
    for name in ("cpu", "wall", "beyond", "peak"):
        getattr(into, name).append(one[name])
    into.found = one["found"]


def _output(words: Sequence[str]) -> str:
    done = subprocess.run(
        words,
        cwd=HERE,
        env=os.environ | _ALIKE,
        check=True,
        capture_output=True,
        text=True,
        timeout=BOUND,
    )
    return done.stdout
