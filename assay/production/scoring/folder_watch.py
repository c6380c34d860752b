"""Watches a folder: hands out each new file once it has stopped growing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from assay.production.scoring.incoming_batch import IncomingBatch

_MAX_DOUBLINGS: Final = 6  # times that a pause is doubled

FileLister = Callable[[], list[tuple[IncomingBatch, str]]]
"""The present files, with marks that change while a file is being written."""


class FolderWatch:
    """The files of a folder that is polled again and again."""

    def __init__(self, list_files: FileLister) -> None:
        self._list_files = list_files
        self._seen: dict[str, str] = {}  # the mark at the last poll, by name
        self._taken: dict[str, str] = {}  # the mark with which it was handed out
        self._failed: Counter[str] = Counter()  # how often it was given back
        self._pauses: dict[str, int] = {}  # for how many more polls it waits

    def poll(self) -> list[IncomingBatch]:
        """The files that did not change since the last poll and were not handed out in this state,
        and those that were given back and have waited out their pause.
        """
        found = self._list_files()
        self._pauses = {name: left - 1 for name, left in self._pauses.items() if left}
        ready = [
            arrival
            for arrival, mark in found
            if self._seen.get(arrival.name) == mark
            and (self._taken.get(arrival.name) != mark or self._pauses.get(arrival.name) == 0)
        ]
        self._seen = {arrival.name: mark for arrival, mark in found}
        self._taken = {name: mark for name, mark in self._taken.items() if name in self._seen}
        self._failed = Counter({n: times for n, times in self._failed.items() if n in self._seen})
        self._taken |= {arrival.name: self._seen[arrival.name] for arrival in ready}
        return ready

    def give_back(self, names: Iterable[str]) -> None:
        """Give back files that failed, for example because a sink is down. Each is handed out again
        at the next poll; after another failure at the second poll, then the fourth, and so on up to
        the 64th.
        """
        for name in names:
            self._pauses[name] = 2 ** min(self._failed[name], _MAX_DOUBLINGS)
            self._failed[name] += 1
