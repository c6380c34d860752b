"""Contenders that take turns, each in a process of its own, and what they took."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.rivals import Absent, python_of, version_of

HERE = Path(__file__).parents[1]
BOUND = 120  # seconds that a contender may take in all; who takes longer has not finished

# No contender may call home, and none may have more numeric threads than another.
_ALIKE = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "NML_DISABLE_USAGE_LOGGING": "1",
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")},
}


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of a table. `{}` in the name stands for the version of `distribution`; `rival` names
    an environment of its own, else Assay's is used. `module` lies below `benchmarks`."""

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


def measure(
    contenders: Sequence[Contender],
    folder: Path,
    tiny: Path,
    rounds: int,
    *,
    options: Sequence[str] = (),
    bound: float = BOUND,
) -> dict[Contender, Measured]:
    """Every contender once a round, in turn, each in a fresh process; in every other round the
    other way round.

    Each first works on `tiny`, then, measured, on `folder`; `options` are the meter's. Who takes
    longer than `bound` seconds in all is not asked again.
    """
    measured = {contender: Measured() for contender in contenders}
    for number in range(rounds):
        for contender in contenders if number % 2 == 0 else contenders[::-1]:
            into = measured[contender]
            if not into.why_not:
                _once(contender, [str(folder), str(tiny), *options], into, bound)
    return measured


def _once(contender: Contender, words: list[str], into: Measured, bound: float) -> None:
    try:
        program = [contender.python(), "-m", "benchmarks.meter", f"benchmarks.{contender.module}"]
    except Absent as error:
        into.why_not = f"absent, could not be installed: {error}"
        return
    try:
        printed = output([*program, *words], bound)
    except subprocess.TimeoutExpired:
        into.why_not = f"not finished in {bound:g} s"
        return
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[-1]
        into.why_not = f"failed: {last}"
        return
    one = json.loads(printed.splitlines()[-1])
    for name in ("cpu", "wall", "beyond", "peak"):
        getattr(into, name).append(one[name])
    into.found = one["found"]


def output(words: Sequence[str], bound: float = BOUND) -> str:
    """What a command prints, run where all contenders are. Raises CalledProcessError,
    TimeoutExpired."""
    done = subprocess.run(
        words,
        cwd=HERE,
        env=os.environ | _ALIKE,
        check=True,
        capture_output=True,
        text=True,
        timeout=bound,
    )
    return done.stdout
