"""Work on a stream in several threads, in order and in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_THREADS = 16  # small objects wait for fsync or the network, not for the processor


def ordered_map(
    work: Callable[[T], R], items: Iterable[T], max_pending: int = 2 * _THREADS
) -> Iterator[R]:
    """Results of `work` in the order of `items`, never more than `max_pending` of them pending.

    Neither a long input nor its results need fit into memory. The first error ends the stream;
    what had not begun is not begun.
    """
    pool = ThreadPoolExecutor(min(max_pending, _THREADS))
    pending: deque[Future[R]] = deque()
    try:
        for item in items:
            if len(pending) == max_pending:
                yield pending.popleft().result()
            pending.append(pool.submit(work, item))
            del item  # else this frame keeps it alive while the next one is made
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
