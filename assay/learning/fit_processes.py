"""Units of work in processes of this machine, beside each other, in one thread each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

from joblib.externals.loky import get_reusable_executor

Unit = TypeVar("Unit")
Result = TypeVar("Result")

# Read by native libraries when they are loaded, before anything could limit their threads.
_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)


_IDLE_SECONDS = 300
"""After that long without work a process ends; the next search starts it again."""


def map_units(
    work: Callable[[Unit], Result], units: Iterable[Unit], processes: int
) -> Iterator[tuple[Unit, Result]]:
    """Do `work` on each unit; yield each with its result, as they finish.

    Units are taken one by one: the next is made while `processes` others are worked on, and no
    sooner, so that what a unit stands for (a file of rows) exists for as few as possible.

    Raises what `work` raises, and loky's TerminatedWorkerError when a process dies. No unit begins
    after that, or after the iterator is closed.
    """
    executor = get_reusable_executor(
        max_workers=processes,
        timeout=_IDLE_SECONDS,
        initializer=_take_path,
        initargs=(tuple(sys.path),),
        env=_ONE_THREAD,
    )
    running: dict[Future[Result], Unit] = {}
    try:
        for unit in units:
            while len(running) >= processes:
                yield from _take_finished(running)
            running[executor.submit(work, unit)] = unit
        while running:
            yield from _take_finished(running)
    finally:
        for future in running:
            future.cancel()


def _take_finished(running: dict[Future[Result], Unit]) -> Iterator[tuple[Unit, Result]]:
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        yield running.pop(future), future.result()


def _take_path(path: tuple[str, ...]) -> None:
    """Set a worker's import path. Workers outlive a search, and one that started earlier may not
    find a team's module; with another path, loky starts new workers.
    """
    sys.path[:] = path
