"""Experiments run over their seeds, in processes, and kept so that none is repeated for nothing."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from assay.bucket import canonical_json
from assay.bucket.digest import Digest
from assay.steps.code_version import read_code_version
from benchmarks.calibration.experiment import Experiment, Outcomes, Tally

GATES = ("validation", "feasibility", "performance", "fairness", "drift", "monitoring")
KEPT = Path(__file__).parents[2] / ".bench" / "calibration"
_BATCHES = 20  # of an experiment's seeds: enough for two processes to end together

Say = Callable[[str], object]


def experiments(gate: str) -> tuple[Experiment, ...]:
    """All experiments with a gate."""
    found: tuple[Experiment, ...] = import_module(_module(gate)).EXPERIMENTS
    return found


def run(gate: str, *, most_seeds: int | None, jobs: int, say: Say) -> dict[Experiment, Tally]:
    """Every experiment with a gate, each over its seeds or over `most_seeds` if that is less.

    What was run before with the same code, the same versions and as many seeds is taken from where
    it was kept.
    """
    # A pool of numeric threads in each process would fight the others for the processors.
    os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")})
    code = read_code_version(_module(gate), __name__).as_json()
    tallies = {}
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for experiment in experiments(gate):
            seeds = min(experiment.seeds, most_seeds or experiment.seeds)
            key = Digest.of_bytes(canonical_json.dump({"code": code, "seeds": seeds})).hex[:16]
            kept = KEPT / f"{gate}-{experiment.name.replace(' ', '-')}-{key}.json"
            tally = _read(kept)
            if tally is None:
                tally = _all_seeds(pool, gate, experiment.name, seeds, say)
                _write(kept, tally)
            tallies[experiment] = tally
    return tallies


def _module(gate: str) -> str:
    return f"benchmarks.calibration.{gate}"


def _all_seeds(pool: Executor, gate: str, name: str, seeds: int, say: Say) -> Tally:
    began = time.perf_counter()
    batches = [range(seeds)[start::_BATCHES] for start in range(min(_BATCHES, seeds))]
    asked = [pool.submit(some_seeds, gate, name, batch) for batch in batches]
    parts = []
    for number, part in enumerate(asked, 1):
        parts.append(part.result())
        say(f"{gate}: {name}: {100 * number // len(asked)} %")
    say(f"{gate}: {name}: {seeds} seeds in {time.perf_counter() - began:.0f} s\n")
    return merged(parts)


def some_seeds(gate: str, name: str, seeds: Sequence[int]) -> Tally:
    """One experiment over some seeds. What it raises is counted, and stops nothing.

    No two experiments with a gate begin alike, lest one unlucky draw be counted in all of them.
    """
    names = [experiment.name for experiment in experiments(gate)]
    place = names.index(name)
    experiment = experiments(gate)[place]
    return merged([_one(experiment, 1000 * place + seed) for seed in seeds])


def _one(experiment: Experiment, seed: int) -> Tally:
    try:
        outcomes: Outcomes = experiment.once(seed)
    except Exception as error:  # noqa: BLE001 - whatever a gate raises is a finding about it
        first = str(error).partition("\n")[0]
        return Tally(1, {}, (f"seed {seed}: {type(error).__name__}: {first}",))
    unknown = {claim.outcome for claim in experiment.claims} - set(outcomes)
    assert not unknown, f"{experiment.name} says nothing of {unknown}"
    return Tally(1, {k: (int(bool(v)), int(v is not None)) for k, v in outcomes.items()})


def merged(tallies: Sequence[Tally]) -> Tally:
    """The sum of several."""
    counts: dict[str, tuple[int, int]] = {}
    for tally in tallies:
        for outcome, (hits, tried) in tally.counts.items():
            before = counts.get(outcome, (0, 0))
            counts[outcome] = (before[0] + hits, before[1] + tried)
    raised = tuple(text for tally in tallies for text in tally.raised)
    return Tally(sum(tally.seeds for tally in tallies), counts, raised)


def _read(path: Path) -> Tally | None:
    if not path.exists():
        return None
    held = json.loads(path.read_text())
    counts = {outcome: (hits, tried) for outcome, (hits, tried) in held["counts"].items()}
    return Tally(held["seeds"], counts, tuple(held["raised"]))


def _write(path: Path, tally: Tally) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    held = {"seeds": tally.seeds, "counts": tally.counts, "raised": tally.raised}
    path.write_text(json.dumps(held))
