"""What each use case cost: CPU seconds, runs and bytes, from its journals and run records.

Counted is what was recorded: runs that ended with an answer, batches that were scored, looks. A
run that failed before left nothing to count. Bytes are those of the objects that these name, each
once; an object that several use cases name is shared, and stands in none's own bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

from assay.bucket.artifacts import TABLE, Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import JournalEntry
from assay.errors import IntegrityError
from assay.registry.batch_ledger import LABELLED, SCORED
from assay.registry.history import MONITORED
from assay.util.amounts import format_bytes, format_cpu_time
from assay.util.wording import format_count

Work = Literal["train", "score", "monitor"]

WORKS: tuple[Work, ...] = ("train", "score", "monitor")
_THINGS: dict[Work, str] = {"train": "run", "score": "batch", "monitor": "look"}
_SHARED = -1


@dataclass(frozen=True, slots=True)
class UseCaseCost:
    """The cost of one use case so far. By work: what it took in `cpu` and wall `seconds`, and how
    often it was done; `uncounted`: seconds of steps of before CPU time was recorded.

    `own_bytes` only this use case names; `shared_bytes` others name, too. `is_complete`: whether
    all its entries were read; until then these are less than the whole.
    """

    cpu: dict[Work, float]
    seconds: dict[Work, float]
    runs: dict[Work, int]
    uncounted: float
    own_bytes: int
    shared_bytes: int
    is_complete: bool = True

    @property
    def total_cpu(self) -> float:
        return sum(self.cpu.values())


def describe_cost(cost: UseCaseCost | None) -> tuple[str, str]:
    """CPU time and bytes; then how often what was done. Both "" where nothing was recorded."""
    if cost is None or not any(cost.runs.values()):
        return "", ""
    counted = [
        format_count(cost.runs[work], thing) for work, thing in _THINGS.items() if cost.runs[work]
    ]
    shared = f", {format_bytes(cost.shared_bytes)} shared" if cost.shared_bytes else ""
    more = "" if cost.is_complete else "; still being counted"
    if cost.total_cpu:
        took = format_cpu_time(cost.total_cpu)
    else:
        took = f"{sum(cost.seconds.values()):,.0f} s, CPU time not recorded"
    return f"{took}, {format_bytes(cost.own_bytes)}{shared}", f"{', '.join(counted)}{more}"


@dataclass
class _Account:
    """The sums of one use case. `objects`: what it names, by the first bytes of the digest."""

    number: int
    cpu: dict[Work, float] = field(default_factory=lambda: dict.fromkeys(WORKS, 0.0))
    seconds: dict[Work, float] = field(default_factory=lambda: dict.fromkeys(WORKS, 0.0))
    runs: dict[Work, int] = field(default_factory=lambda: dict.fromkeys(WORKS, 0))
    uncounted: float = 0.0
    own_bytes: int = 0
    shared_bytes: int = 0
    objects: set[int] = field(default_factory=set)
    records: set[Digest] = field(default_factory=set)
    waiting: list[JournalEntry] = field(default_factory=list)

    def add_work(self, work: Work, seconds: float, cpu: float | None) -> None:
        self.seconds[work] += seconds
        if cpu is None:
            self.uncounted += seconds
        else:
            self.cpu[work] += cpu


class CostBook:
    """The costs of all use cases of a bucket. Each entry is counted once.

    It keeps eight bytes of the digest of each object, with its size and who names it: about 200
    bytes of memory for each.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._accounts: dict[str, _Account] = {}
        self._next_number = 0
        self._lock = Lock()  # entries come from several threads; counting is for one
        self._owners: dict[int, tuple[int, int]] = {}  # by object: the account's number, its size

    def add_entries(self, use_case: str, entries: list[JournalEntry]) -> None:
        """Take in new entries of a use case's journals; `count` counts them."""
        with self._lock:
            self._account(use_case).waiting += entries

    def count(self, budget: int) -> int:
        """Count at most `budget` waiting entries, of all use cases in turn; how many are left.

        Raises StoreError; what was not counted by then waits for the next call.
        """
        for account in self._accounts.values():
            while account.waiting and budget > 0:
                self._count_entry(account, account.waiting[0])
                del account.waiting[0]
                budget -= 1
        return sum(len(account.waiting) for account in self._accounts.values())

    def cost(self, use_case: str) -> UseCaseCost:
        """The cost of a use case so far."""
        account = self._account(use_case)
        return UseCaseCost(
            dict(account.cpu),
            dict(account.seconds),
            dict(account.runs),
            account.uncounted,
            account.own_bytes,
            account.shared_bytes,
            not account.waiting,
        )

    def forget(self, use_case: str) -> None:
        """Drop what was counted of a use case: its entries will be counted from the start."""
        with self._lock:
            gone = self._accounts.pop(use_case, None)
            if gone is None:
                return
            for key in gone.objects:
                if self._owners[key][0] == gone.number:
                    del self._owners[key]

    def _account(self, use_case: str) -> _Account:
        if use_case not in self._accounts:
            self._accounts[use_case] = _Account(self._next_number)
            self._next_number += 1
        return self._accounts[use_case]

    # --- counting -----------------------------------------------------------------------------

    def _count_entry(self, account: _Account, entry: JournalEntry) -> None:
        """Count an entry; one that lacks its fields, or whose record is damaged, counts nothing."""
        try:
            if entry.kind == SCORED:
                account.runs["score"] += 1
                account.add_work("score", float(entry.body["seconds"]), entry.body.get("cpu"))
            elif entry.kind == MONITORED:
                account.runs["monitor"] += 1
                for step in entry.body.get("steps", ()):
                    account.add_work("monitor", float(step["seconds"]), step.get("cpu"))
            if "run" in entry.body:
                self._count_run(account, Artifact.model_validate(entry.body["run"]))
            if entry.kind in {SCORED, LABELLED, MONITORED}:
                for artifact in _named_artifacts(entry.body):
                    self._add_object(account, artifact)
        except (IntegrityError, LookupError, ValueError, TypeError, AttributeError):
            return

    def _count_run(self, account: _Account, record: Artifact) -> None:
        """Count a run once, whichever of its entries comes first."""
        if record.digest in account.records:
            return
        account.records.add(record.digest)
        self._add_size(account, record.digest, record.size)
        account.runs["train"] += 1
        for step in self._bucket.get_json(record).get("steps", ()):
            if not step["cached"]:
                account.add_work("train", float(step["seconds"]), step.get("cpu"))
            for artifact in map(Artifact.model_validate, step["outputs"].values()):
                self._add_object(account, artifact)

    def _add_object(self, account: _Account, artifact: Artifact) -> None:
        is_new = self._add_size(account, artifact.digest, artifact.size)
        if is_new and artifact.media_type == TABLE:
            for part in self._bucket.get_json(artifact)["parts"]:
                self._add_size(account, Digest.parse(part["digest"]), int(part["size"]))

    def _add_size(self, account: _Account, digest: Digest, size: int) -> bool:
        """Count an object's bytes; False if the use case named it before."""
        key = int(digest.hex[:16], 16)
        if key in account.objects:
            return False
        account.objects.add(key)
        owner, _ = self._owners.get(key, (None, 0))
        if owner is None:
            self._owners[key] = account.number, size
            account.own_bytes += size
            return True
        account.shared_bytes += size
        if owner != _SHARED:
            first = next(a for a in self._accounts.values() if a.number == owner)
            first.own_bytes -= size
            first.shared_bytes += size
            self._owners[key] = _SHARED, size
        return True


def _named_artifacts(body: dict[str, Any]) -> Iterator[Artifact]:
    """The artifacts that stand in an entry itself."""
    for value in body.values():
        if isinstance(value, dict) and {"media_type", "digest", "size", "name"} == set(value):
            yield Artifact.model_validate(value)
