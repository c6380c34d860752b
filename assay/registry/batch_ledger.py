"""The ledger of a model's batches: what came to be scored, and what was learnt of it later.

It is a journal of its own, `journals/<model>.batches/`, append-only and chained like the model's:
a model's story has a few entries a week, its batches may come every minute. What is appended twice
is there once, so a scorer that was killed, or ran beside another, counts nothing twice.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, JournalEntry

CLAIMED, SCORED, REFUSED, LABELLED = "claimed", "scored", "refused", "labelled"
LEDGER_SUFFIX = ".batches"

# A run that scores many batches appends to one ledger again and again.
_OPEN_JOURNALS: WeakKeyDictionary[Bucket, dict[str, Journal]] = WeakKeyDictionary()

Role = Literal["served", "shadow"]


class _LedgerEntry(BaseModel):
    """What every entry has. `as_of` is the moment it is about (RFC 3339, UTC): that of the clock,
    unless the past is played again; `at` is when it was written.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    source: str | None
    """Fingerprint of what was read; None for a query or a stream."""
    as_of: str
    number: int = 0
    at: str = ""

    @classmethod
    def from_entry(cls, entry: JournalEntry) -> Self:
        return cls.model_validate({**entry.body, "number": entry.number, "at": entry.at})

    def body(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"number", "at"})


class ScoredBatch(_LedgerEntry):
    """A batch, scored by one version. `table` holds the rows that could be scored, in order, and
    `predictions` as many: row, unit, the identity's columns, probability, decision, model.
    `unfit` lists the other rows: line, reason, row. `lines` tells on which line of its source each
    row stands (see `sources.places`). `scored_pairs`: the challenger, by its number, that was to score a
    served batch too. Entries of older versions tell neither.
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

    @property
    def batch_digest(self) -> Digest:
        """What the batch is known by: the digest of its rows."""
        return self.table.digest


class BatchClaim(ScoredBatch):
    """Answers that are about to be delivered, and will count as scored then: these, whoever is
    champion by then and whoever delivers them. `lines` tells where their rows stand in the source,
    `file` what the batch's file is called, `aside` that they go where a person said, not where the
    use case does.
    """

    lines: Artifact
    file: str
    aside: bool = False

    @property
    def scored_batch(self) -> ScoredBatch:
        """What is to be recorded once they are delivered."""
        return ScoredBatch.model_validate(self.model_dump())


class RefusedBatch(_LedgerEntry):
    """A batch that could not be scored as a whole, and why."""

    why: str
    remedy: str | None = None


class ReceivedLabels(_LedgerEntry):
    """Labels that came: unit, label (boolean), known (date or null), the identity's columns."""

    table: Artifact
    unfit: Artifact | None
    rows: int
    unfit_rows: int


@dataclass(frozen=True)
class ScoredPair:
    """One batch, as the champion served it and as a challenger scored it unseen."""

    served: ScoredBatch
    shadow: ScoredBatch


@dataclass(frozen=True)
class BatchHistory:
    """The fold of a ledger, in the order of its entries."""

    scored_batches: tuple[ScoredBatch, ...] = ()
    claims: tuple[BatchClaim, ...] = ()
    refused_batches: tuple[RefusedBatch, ...] = ()
    received_labels: tuple[ReceivedLabels, ...] = ()
    length: int = 0

    def scored_by(self, version: int, role: Role = "served") -> tuple[ScoredBatch, ...]:
        """The batches that a version scored."""
        return tuple(s for s in self.scored_batches if (s.version, s.role) == (version, role))

    def open_claims(self, void_versions: Container[int] = ()) -> tuple[BatchClaim, ...]:
        """The claims of which nobody said yet that they were delivered. Those of versions that are
        `void_versions` bind nobody.
        """
        done = {(s.batch_digest, s.version) for s in self.scored_batches if s.role == "served"}
        held = (c for c in self.claims if c.version not in void_versions)
        return tuple(c for c in held if (c.batch_digest, c.version) not in done)

    @property
    def unique_batches(self) -> tuple[ScoredBatch, ...]:
        """Every batch once, where it first came, whoever scored it and in whatever role."""
        first = {scored.batch_digest: scored for scored in reversed(self.scored_batches)}
        return tuple(reversed(first.values()))

    @property
    def served_batches(self) -> tuple[ScoredBatch, ...]:
        """Every batch that was served, once: known by its rows or, where versions read these
        otherwise, by its source.
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
        """The batches that a challenger scored unseen and the champion served, in the order in
        which they were served. They are one by their rows; where the two versions read these
        otherwise, by their source, or by name and moment.
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
        """What the ledger said when it had so many entries."""
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


def fold_ledger(entries: Iterable[JournalEntry]) -> BatchHistory:
    """What a ledger's entries amount to. Kinds it does not know change nothing."""
    held = list(entries)

    def of(kind: str) -> Iterator[JournalEntry]:
        return (entry for entry in held if entry.kind == kind)

    return BatchHistory(
        tuple(map(ScoredBatch.from_entry, of(SCORED))),
        tuple(map(BatchClaim.from_entry, of(CLAIMED))),
        tuple(map(RefusedBatch.from_entry, of(REFUSED))),
        tuple(map(ReceivedLabels.from_entry, of(LABELLED))),
        length=len(held),
    )


class BatchLedger:
    """The ledger of one model in one bucket."""

    def __init__(self, bucket: Bucket, model: str) -> None:
        name = model + LEDGER_SUFFIX
        kept = _OPEN_JOURNALS.setdefault(bucket, {})
        self._journal = kept.setdefault(name, Journal(bucket.store, name, reuse_chain=True))

    def read(self) -> BatchHistory:
        """Everything so far, its chain verified. Raises ChainBroken."""
        return fold_ledger(self._journal.entries())

    def claim(self, claim: BatchClaim, void_versions: Container[int] = ()) -> BatchClaim | None:
        """The claim that stands for a batch: this one, unless another was faster. None if the
        batch was served. Claims of versions that are `void_versions` bind nobody.
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
        """False if this version has scored this very batch in this role before. A batch is served
        by one version, that which claimed it if one did (see `claim`), unless it is wanted `allow_repeat`
        from a version that was named.
        """
        body = scored.body()

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            if any(e.kind == SCORED and _is_same_scoring(e.body, body) for e in entries):
                return None
            if scored.role == "served" and not allow_repeat:
                claims = _claim_entries(entries, body, void_versions)
                mine = any(e.body["version"] == scored.version for e in claims)
                if not mine and (claims or _serving_entries(entries, body)):
                    return None
            return SCORED, body

        return self._journal.append(decide) is not None

    def add_refusal(self, refused: RefusedBatch) -> bool:
        """False if nothing changed since it was refused."""
        return self._add(REFUSED, refused, same=("source", "why"), of=("name",))

    def add_labels(self, labelled: ReceivedLabels) -> bool:
        """False if nothing changed since labels of this name came. Labels that are taken back
        and then given again came three times.
        """
        return self._add(LABELLED, labelled, same=("table",), of=("name",))

    def _add(
        self, kind: str, said: _LedgerEntry, *, same: tuple[str, ...], of: tuple[str, ...] = ()
    ) -> bool:
        """Append, unless an entry has the `same`; given `from_entry`, the last one that is of the same."""
        body = said.body()

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            alike = [
                e.body
                for e in entries
                if e.kind == kind
                and _identifying_values(e.body, of) == _identifying_values(body, of)
            ]
            known = alike[-1:] if of else alike
            return (
                None
                if _identifying_values(body, same) in (_identifying_values(k, same) for k in known)
                else (kind, body)
            )

        return self._journal.append(decide) is not None


def _serving_entries(
    entries: Iterable[JournalEntry], batch: Mapping[str, Any]
) -> list[JournalEntry]:
    """Whoever served a batch."""
    return [
        e
        for e in entries
        if e.kind == SCORED and e.body["role"] == "served" and _is_same_batch(e, batch)
    ]


def _claim_entries(
    entries: Iterable[JournalEntry], batch: Mapping[str, Any], void: Container[int]
) -> list[JournalEntry]:
    """Whoever claimed a batch, but for versions that are `void_versions`."""
    return [
        e
        for e in entries
        if e.kind == CLAIMED and e.body["version"] not in void and _is_same_batch(e, batch)
    ]


def _is_same_batch(entry: JournalEntry, batch: Mapping[str, Any]) -> bool:
    """Whether an entry is about a batch: about its rows or, as two versions may read these
    otherwise, its source.
    """
    source = batch["source"]
    return _identifying_values(entry.body, ("table",)) == _identifying_values(
        batch, ("table",)
    ) or (source is not None and entry.body["source"] == source)


def _is_same_scoring(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    same = ("table", "version", "role")
    return _identifying_values(one, same) == _identifying_values(other, same)


def _identifying_values(body: Mapping[str, Any], names: Iterable[str]) -> list[Any]:
    """What makes two entries one. A table is known by its digest, whatever it was called."""
    held = [body[name] for name in names]
    return [one["digest"] if isinstance(one, dict) else one for one in held]


def is_ledger(journal: str) -> bool:
    """Whether a journal of a bucket is a ledger, not a model's."""
    return journal.endswith(LEDGER_SUFFIX)
