"""Files that come to be: each is taken once it has stopped growing."""

from __future__ import annotations

from collections.abc import Callable

from assay.living.arrivals import Arrival

Look = Callable[[], list[tuple[Arrival, str]]]
"""What is there now, with marks that change while a file is being written."""


class Watch:
    """What comes to a place that is looked at again and again."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._seen: dict[str, str] = {}  # the mark at the last look, by name
        self._taken: dict[str, str] = {}  # the mark with which it was handed out

    def poll(self) -> list[Arrival]:
        """The files that did not change since the last look, and were not handed out so."""
        found = self._look()
        ready = [
            arrival
            for arrival, mark in found
            if self._seen.get(arrival.name) == mark and self._taken.get(arrival.name) != mark
        ]
        self._seen = {arrival.name: mark for arrival, mark in found}
        self._taken = {name: mark for name, mark in self._taken.items() if name in self._seen}
        self._taken |= {arrival.name: self._seen[arrival.name] for arrival in ready}
        return ready
