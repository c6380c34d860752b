"""The ledger of a model's batches: which were scored, which were refused, and which labels came.

It is a journal of its own, `journals/<model>.batches/`, append-only and chained like the model's,
because batches may come every minute. An entry that is appended twice is there once, so two scorers
at the same time, or one after a crash, count nothing twice.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeVar
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, JournalEntry, malformed_entry_error

CLAIMED, SCORED, REFUSED, LABELLED = "claimed", "scored", "refused", "labelled"
LEDGER_SUFFIX = ".batches"

# Kept open, since a run may append to one ledger for each of many batches.
_OPEN_JOURNALS: WeakKeyDictionary[Bucket, dict[str, Journal]] = WeakKeyDictionary()

Role = Literal["served", "shadow"]


class _LedgerEntry(BaseModel):
    """The fields that every entry has.

    `as_of` is the moment that it is about (RFC 3339, UTC); a replay of the past sets it. `at` is
    when the entry was written.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    source: str | None
    """The source's fingerprint; None for a query or a stream."""
    as_of: str
    number: int = 0
    at: str = ""

    @classmethod
    def from_entry(cls, entry: JournalEntry) -> Self:
        return cls.model_validate({**entry.body, "number": entry.number, "at": entry.at})

    def body(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"number", "at"})


_Entry = TypeVar("_Entry", bound=_LedgerEntry)


class ScoredBatch(_LedgerEntry):
    """A batch scored by one version.

    `table` holds the rows that could be scored, in order. `predictions` has one row for each: row,
    unit, the identity columns, the model's answers, model. `unfit` lists the other rows: line,
    reason, row. `lines` gives each row's line in the source (see `sources.places`). `beside` is
    the number of the challenger that should score a served batch in shadow. `cpu`: CPU seconds of
    what took `seconds`. Entries of older versions of Assay lack the last three.
    """

    table: Artifact
    predictions: Artifact
    unfit: Artifact | None
    rows: int
    unfit_rows: int
    version: int
    model: Digest
    role: Role
    seconds: float
    lines: Artifact | None = None
    beside: int | None = None
    cpu: float | None = None

    @property
    def batch_digest(self) -> Digest:
        """The batch's identity: the digest of its rows."""
        return self.table.digest


class BatchClaim(ScoredBatch):
    """Predictions that are about to be delivered.

    They count as scored once delivered, whoever is champion by then and whoever delivers them.
    `lines` gives each row's line in the source, and `file` the name of the batch's file. `aside`:
    they go where a person said, not where the use case says.
    """

    lines: Artifact
    file: str
    aside: bool = False

    @property
    def scored_batch(self) -> ScoredBatch:
        """The entry to record once they are delivered."""
        return ScoredBatch.model_validate(self.model_dump())


class RefusedBatch(_LedgerEntry):
    """A batch of which nothing could be scored, and why."""

    why: str
    remedy: str | None = None


class ReceivedLabels(_LedgerEntry):
    """Labels of one file or query.

    The columns of `table`: unit, label (boolean), known (date or null), the identity columns.
    """

    table: Artifact
    unfit: Artifact | None
    rows: int
    unfit_rows: int


@dataclass(frozen=True)
class ScoredPair:
    """One batch, as the champion served it and as the challenger scored it in shadow."""

    served: ScoredBatch
    shadow: ScoredBatch


@dataclass(frozen=True)
class BatchHistory:
    """The content of a ledger by kind, in the order of its entries."""

    scored_batches: tuple[ScoredBatch, ...] = ()
    claims: tuple[BatchClaim, ...] = ()
    refused_batches: tuple[RefusedBatch, ...] = ()
    received_labels: tuple[ReceivedLabels, ...] = ()
    length: int = 0

    def scored_by(self, version: int, role: Role = "served") -> tuple[ScoredBatch, ...]:
        """The batches that a version scored."""
        return tuple(s for s in self.scored_batches if (s.version, s.role) == (version, role))

    def open_claims(self, void_versions: Container[int] = ()) -> tuple[BatchClaim, ...]:
        """Claims without a `scored` entry. Claims of `void_versions` do not count."""
        done = {(s.batch_digest, s.version) for s in self.scored_batches if s.role == "served"}
        valid = (c for c in self.claims if c.version not in void_versions)
        return tuple(c for c in valid if (c.batch_digest, c.version) not in done)

    @property
    def unique_batches(self) -> tuple[ScoredBatch, ...]:
        """Every batch once, at its first entry, whichever version scored it in whichever role."""
        first = {scored.batch_digest: scored for scored in reversed(self.scored_batches)}
        return tuple(reversed(first.values()))

    @property
    def served_batches(self) -> tuple[ScoredBatch, ...]:
        """Every served batch once.

        Two entries are of one batch if their rows are equal or, where versions read rows
        differently, if their sources are.
        """
        seen: set[Digest | str] = set()
        found = []
        for scored in (s for s in self.scored_batches if s.role == "served"):
            keys = {key for key in (scored.batch_digest, scored.source) if key is not None}
            if not seen & keys:
                found.append(scored)
            seen |= keys
        return tuple(found)

    def scored_pairs(self, challenger: int, champion: int) -> tuple[ScoredPair, ...]:
        """The batches that the champion served and the challenger scored in shadow, as served.

        Two entries are of one batch if their rows are equal. Where the two versions read rows
        differently, their sources must be equal, or their names and moments.
        """
        unseen: dict[Any, ScoredBatch] = {}
        for shadow in self.scored_by(challenger, "shadow"):
            for key in _batch_keys(shadow):
                unseen.setdefault(key, shadow)
        pairs = []
        for served in self.scored_by(champion):
            found = next((unseen[key] for key in _batch_keys(served) if key in unseen), None)
            if found is not None:
                pairs.append(ScoredPair(served, found))
        return tuple(pairs)

    def truncate(self, number: int) -> BatchHistory:
        """The history when the ledger had `number` entries."""
        return BatchHistory(
            tuple(e for e in self.scored_batches if e.number <= number),
            tuple(e for e in self.claims if e.number <= number),
            tuple(e for e in self.refused_batches if e.number <= number),
            tuple(e for e in self.received_labels if e.number <= number),
            length=min(number, self.length),
        )


def _batch_keys(scored: ScoredBatch) -> Iterator[Any]:
    yield scored.batch_digest
    if scored.source is not None:
        yield scored.source
    yield scored.name, scored.as_of


def fold_ledger(ledger: str, entries: Iterable[JournalEntry]) -> BatchHistory:
    """The history that a ledger's entries give. Unknown kinds of entries change nothing.

    Raises ChainBroken for an entry without its kind's fields, which Assay never writes.
    """
    known = list(entries)

    def of(kind: str, model: type[_Entry]) -> tuple[_Entry, ...]:
        return tuple(read(entry, model) for entry in known if entry.kind == kind)

    def read(entry: JournalEntry, model: type[_Entry]) -> _Entry:
        try:
            return model.from_entry(entry)
        except ValueError as error:  # pydantic's own is one
            raise malformed_entry_error(ledger, entry, error) from error

    return BatchHistory(
        of(SCORED, ScoredBatch),
        of(CLAIMED, BatchClaim),
        of(REFUSED, RefusedBatch),
        of(LABELLED, ReceivedLabels),
        length=len(known),
    )


class BatchLedger:
    """The ledger of one model in one bucket."""

    def __init__(self, bucket: Bucket, model: str) -> None:
        name = model + LEDGER_SUFFIX
        kept = _OPEN_JOURNALS.setdefault(bucket, {})
        self._journal = kept.setdefault(name, Journal(bucket, name, reuse_chain=True))

    def read(self) -> BatchHistory:
        """The history so far, its chain verified. Raises ChainBroken."""
        return fold_ledger(self._journal.model, self._journal.entries())

    def claim(self, claim: BatchClaim, void_versions: Container[int] = ()) -> BatchClaim | None:
        """The valid claim to a batch: this one, unless another was faster.

        None if the batch was served. Claims of `void_versions` do not count.
        """
        body = claim.body()

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            taken = _serving_entries(entries, body) or _claim_entries(entries, body, void_versions)
            return None if taken else (CLAIMED, body)

        if self._journal.append(decide):
            return claim
        entries = self._journal.entries()
        return (
            None
            if _serving_entries(entries, body)
            else BatchClaim.from_entry(_claim_entries(entries, body, void_versions)[0])
        )

    def add_scored(
        self, scored: ScoredBatch, void_versions: Container[int] = (), *, allow_repeat: bool = False
    ) -> bool:
        """Append an entry. False if this version has scored this batch in this role before.

        A batch is served by one version: the one that claimed it, if any did (see `claim`).
        `allow_repeat` lets a version that the user named serve it again.
        """
        body = scored.body()

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            if any(e.kind == SCORED and _is_same_scoring(e.body, body) for e in entries):
                return None
            if scored.role == "served" and not allow_repeat:
                claims = _claim_entries(entries, body, void_versions)
                claimed = any(e.body["version"] == scored.version for e in claims)
                if not claimed and (claims or _serving_entries(entries, body)):
                    return None
            return SCORED, body

        return self._journal.append(decide) is not None

    def add_refusal(self, refused: RefusedBatch) -> bool:
        """Append an entry. False if nothing has changed since the batch was refused."""
        return self._add_if_changed(REFUSED, refused, fields=("source", "why"))

    def add_labels(self, labelled: ReceivedLabels) -> bool:
        """Append an entry. False if it equals the last one of this name.

        Labels that are withdrawn and then given again have three entries.
        """
        return self._add_if_changed(LABELLED, labelled, fields=("table",))

    def _add_if_changed(
        self, kind: str, new_entry: _LedgerEntry, *, fields: tuple[str, ...]
    ) -> bool:
        """Append, unless the last entry of this kind and name has the same `fields`."""
        body = new_entry.body()

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            same_name = [e for e in entries if e.kind == kind and e.body["name"] == body["name"]]
            values = _identifying_values(body, fields)
            if same_name and _identifying_values(same_name[-1].body, fields) == values:
                return None
            return kind, body

        return self._journal.append(decide) is not None


def _serving_entries(
    entries: Iterable[JournalEntry], batch: Mapping[str, Any]
) -> list[JournalEntry]:
    """The entries that say that a batch was served."""
    return [
        e
        for e in entries
        if e.kind == SCORED and e.body["role"] == "served" and _is_same_batch(e, batch)
    ]


def _claim_entries(
    entries: Iterable[JournalEntry], batch: Mapping[str, Any], void: Container[int]
) -> list[JournalEntry]:
    """The claims to a batch, without those of `void` versions."""
    return [
        e
        for e in entries
        if e.kind == CLAIMED and e.body["version"] not in void and _is_same_batch(e, batch)
    ]


def _is_same_batch(entry: JournalEntry, batch: Mapping[str, Any]) -> bool:
    """Whether an entry is about a batch, by its rows or by its source.

    Two versions may read different rows from one source.
    """
    source = batch["source"]
    return _identifying_values(entry.body, ("table",)) == _identifying_values(
        batch, ("table",)
    ) or (source is not None and entry.body["source"] == source)


def _is_same_scoring(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    same = ("table", "version", "role")
    return _identifying_values(first, same) == _identifying_values(second, same)


def _identifying_values(body: Mapping[str, Any], names: Iterable[str]) -> list[Any]:
    """The values by which two entries are compared; of a table, its digest without its name."""
    values = [body[name] for name in names]
    return [value["digest"] if isinstance(value, dict) else value for value in values]


def is_ledger(journal: str) -> bool:
    """Whether a journal is a ledger of batches, not a model's own."""
    return journal.endswith(LEDGER_SUFFIX)
