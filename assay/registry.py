"""The registry: what the journals say about models, and the only door to loading one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay import trust
from assay.artifacts import Artifact
from assay.bucket import Bucket
from assay.digest import Digest
from assay.errors import ReferenceUnknown, Unproven, nearest
from assay.gates import MEASURED, in_order
from assay.journal import JournalEntry

if TYPE_CHECKING:
    import pandas as pd

    from assay.learning.predict import Model

CHAMPION = "champion"
REGISTERED, REJECTED, STOPPED, PROMOTED = "registered", "rejected", "stopped", "promoted"
_REFERENCE = re.compile(r"(?P<model>[a-z0-9][a-z0-9_-]*)(?:@(?P<version>[A-Za-z0-9_-]+))?")


@dataclass(frozen=True)
class Version:
    """One version of a model as the journal has it. `status` is registered or rejected."""

    model: str
    number: int
    status: str
    entry: JournalEntry

    @property
    def name(self) -> str:
        return f"{self.model}@{self.number}"

    def artifact(self, name: str) -> Artifact:
        """What the version is made of: model, signature, card, run, page."""
        return Artifact.model_validate(self.entry.body[name])

    @property
    def reports(self) -> dict[str, Artifact]:
        """The gates' reports, in reading order."""
        held = in_order(self.entry.body["reports"])
        return {gate: Artifact.model_validate(report) for gate, report in held.items()}

    @property
    def digest(self) -> Digest:
        return self.artifact("model").digest


@dataclass(frozen=True)
class History:
    """The fold of one journal: versions by number, and what each alias points to."""

    model: str
    entries: list[JournalEntry]
    versions: dict[int, Version] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)

    @property
    def champion(self) -> Version | None:
        number = self.aliases.get(CHAMPION)
        return self.versions[number] if number else None

    def rival(self, question: Digest) -> Version | None:
        """The champion that answers of `question` (a run's key) are to be compared with.

        A champion that this same question brought forth is no rival to itself: the one it was
        compared with then stands in, so that asking again changes nothing.
        """
        champion = self.champion
        if champion is None or champion.entry.body["question"] != str(question):
            return champion
        against = champion.entry.body["against"]
        return self.versions[against] if against else None


def fold(model: str, entries: Iterable[JournalEntry]) -> History:
    """What a journal's entries amount to. Kinds it does not know change nothing."""
    history = History(model, list(entries))
    for entry in history.entries:
        if entry.kind in {REGISTERED, REJECTED}:
            number = entry.body["version"]
            history.versions[number] = Version(model, number, entry.kind, entry)
        elif entry.kind == PROMOTED:
            history.aliases[entry.body["alias"]] = entry.body["version"]
    return history


class Registry:
    """The models of one bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def history(self, model: str) -> History:
        """Everything the journal says about a model; empty for one without a journal."""
        return fold(model, self._bucket.journal(model).entries())

    def find(self, reference: str) -> Version:
        """The version behind `income@3`, `income@champion`, or `income` (champion, else newest).

        Raises ReferenceUnknown.
        """
        match = _REFERENCE.fullmatch(reference)
        if not match:
            raise ReferenceUnknown(
                f"{reference!r} names no model", remedy="Write name, name@version or name@alias."
            )
        history = self.history(match["model"])
        if not history.versions:
            raise self._no_model(match["model"], bool(history.entries))
        wanted = match["version"]
        if wanted is None:
            number: int | None = history.aliases.get(CHAMPION, max(history.versions))
        elif wanted.isdecimal():
            number = int(wanted)
        else:
            number = history.aliases.get(wanted)
        if number not in history.versions:
            raise _no_version(history, wanted or "")
        return history.versions[number]

    def load(self, reference: str) -> Model:
        """The model behind a reference, ready to predict.

        Nothing is unpickled before the journal's chain is verified, says that this version was
        registered, the bytes match their digest, and signatures hold where the people's file is
        there. Raises Unproven for a rejected version or an unsigned one where signatures are
        required, IntegrityError for anything altered, ReferenceUnknown.
        """
        from assay.learning.predict import Model

        version = self.find(reference)
        self._trust(reference, version)
        if version.status != REGISTERED:
            raise Unproven(
                f"{version.name} was rejected by its gates; it is kept as evidence, not for use",
                remedy=f"See why with `assay show {version.name}`.",
            )
        data = self._bucket.get(version.artifact("model"))
        return Model.load(data, self._bucket.get_json(version.artifact("signature")))

    def _trust(self, reference: str, version: Version) -> None:
        """Check who signed the entries that this reference rests on."""
        alias = reference.partition("@")[2] or CHAMPION
        history = self.history(version.model)
        promoted = [e for e in history.entries if e.kind == PROMOTED and e.body["alias"] == alias]
        trust.demand(version.model, (version.entry, *promoted[-1:]))

    def predict_rows(self, version: Version, table: Artifact, rows: list[int]) -> pd.DataFrame:
        """A version's predictions for some rows of a table, by row number: `row`, `probability`
        and `decision`. Raises DataError if the table no longer fits the model's signature, and
        what `load` raises.
        """
        from assay.tables import Table

        model = self.load(version.name)
        frame = Table.read(self._bucket, table).pandas(model.columns)
        return model.predict(frame.iloc[rows]).assign(row=rows)

    def register(
        self, model: str, status: str, body: Mapping[str, Any], *, actor: str | None = None
    ) -> Version:
        """Append a version, unless this very one (same question, same bytes, same evidence)
        is there already; then return that.
        """

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            history = fold(model, entries)
            if _same(history, status, body):
                return None
            return status, {**body, "version": max(history.versions, default=0) + 1}

        journal = self._bucket.journal(model)
        entry = journal.append(decide, actor=actor)
        if entry is None:
            found = _same(self.history(model), status, body)
            assert found is not None, "an append was declined for a version that is not there"
            return found
        return Version(model, entry.body["version"], status, entry)

    def stop(
        self, model: str, body: Mapping[str, Any], *, actor: str | None = None
    ) -> JournalEntry | None:
        """Note that a run stopped before there was a model, once for each question."""

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            known = any(
                e.kind == STOPPED and e.body["question"] == body["question"] for e in entries
            )
            return None if known else (STOPPED, dict(body))

        return self._bucket.journal(model).append(decide, actor=actor)

    def promote(
        self,
        version: Version,
        *,
        because: str,
        instead_of: int | None,
        alias: str = CHAMPION,
        actor: str | None = None,
    ) -> bool:
        """Point an alias at a registered version, instead of the one it pointed to when this was
        decided. False if it points there already, or meanwhile somewhere else.

        Raises Unproven for a rejected version.
        """
        if version.status != REGISTERED:
            raise Unproven(
                f"{version.name} was rejected by its gates and cannot be promoted",
                remedy=f"See why with `assay show {version.name}`.",
            )

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            standing = fold(version.model, entries).aliases.get(alias)
            if standing == version.number or standing != instead_of:
                return None
            body = {"alias": alias, "version": version.number, "previous": standing}
            return PROMOTED, {**body, "because": because}

        return self._bucket.journal(version.model).append(decide, actor=actor) is not None

    def _no_model(self, model: str, has_journal: bool) -> ReferenceUnknown:
        if has_journal:
            return ReferenceUnknown(
                f"{model!r} has no version yet: every run stopped before there was a model",
                remedy=f"See why with `assay log {model}`.",
            )
        known = self._bucket.journals()
        near = nearest(model, known)
        shown = ", ".join(known[:20]) or "none yet; run `assay run CONFIG`"
        return ReferenceUnknown(
            f"no model {model!r} in this bucket",
            where=self._bucket.root,
            remedy=f"Did you mean {near!r}?" if near else f"Models here: {shown}.",
        )


def _same(history: History, status: str, body: Mapping[str, Any]) -> Version | None:
    for version in history.versions.values():
        if version.status == status and _identity(version.entry.body) == _identity(body):
            return version
    return None


def _identity(body: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes two versions one: asked the same, made of the same, judged the same."""
    reports = {gate: held for gate, held in body["reports"].items() if gate not in MEASURED}
    return body["question"], body["model"], reports


def _no_version(history: History, wanted: str) -> ReferenceUnknown:
    known = [*history.aliases, *(str(n) for n in sorted(history.versions))]
    return ReferenceUnknown(
        f"{history.model!r} has no version {wanted!r}", remedy=f"There are: {', '.join(known)}."
    )
