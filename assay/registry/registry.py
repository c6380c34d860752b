"""The registry: models by reference, and the only way to load one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal, JournalEntry, list_journals
from assay.config.production import PromotionPolicy
from assay.errors import ConfigError, ReferenceUnknown, Unproven, suggest_name
from assay.registry import authority
from assay.registry.batch_ledger import BatchLedger, is_ledger
from assay.registry.history import (
    CHALLENGER,
    CHAMPION,
    PROMOTED,
    REGISTERED,
    ROLLED_BACK,
    STOPPED,
    ModelHistory,
    Version,
    fold_journal,
    is_waiver_in_force,
)
from assay.util import clock

if TYPE_CHECKING:
    import pandas as pd

    from assay.learning.scoring_model import ScoringModel


_SELECTOR = r"[A-Za-z0-9_-]+"  # a number or an alias
_REFERENCE = re.compile(rf"(?P<model>[a-z0-9][a-z0-9_-]*)(?:@(?P<version>{_SELECTOR}))?")


class Registry:
    """The models of one bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def history(self, model: str) -> ModelHistory:
        """The history of a model; empty if it has no journal."""
        return fold_journal(self._bucket, model, Journal(self._bucket, model).entries())

    def find_version(self, reference: str) -> Version:
        """The version behind `income@3`, `income@champion`, or `income` (champion, else newest).

        Raises ReferenceUnknown.
        """
        return self.resolve_reference(reference)[1]

    def find_history(self, reference: str) -> ModelHistory:
        """The history of the referenced model, even if all its runs stopped.

        Raises ReferenceUnknown.
        """
        match = _REFERENCE.fullmatch(reference)
        if not match:
            raise ReferenceUnknown(
                f"{reference!r} is not a model reference",
                remedy="Write name, name@version or name@alias.",
            )
        history = self.history(match["model"])
        if not history.entries:
            raise self._unknown_model_error(match["model"])
        return history

    def resolve_reference(self, reference: str) -> tuple[ModelHistory, Version]:
        """The history of the referenced model, and the version as `find_version` gives it."""
        history = self.find_history(reference)
        if not history.versions:
            raise ReferenceUnknown(
                f"{history.model!r} has no version: every run stopped before it had a model",
                remedy=f"See why with `assay log {history.model}`.",
            )
        wanted = reference.partition("@")[2]
        if not wanted:
            number: int | None = history.aliases.get(CHAMPION, max(history.versions))
        else:
            number = history.number_of(wanted)
        if number not in history.versions:
            raise _unknown_version_error(history, wanted)
        return history, history.versions[number]

    def promotion_policy(self, version: Version) -> PromotionPolicy:
        """The promotion policy of the use case that a version was trained by."""
        record = self._bucket.get_json(version.artifact("run"))
        return PromotionPolicy.model_validate_json(json.dumps(record["configuration"]["promotion"]))

    def load(self, reference: str, *, as_of: datetime | None = None) -> ScoringModel:
        """The model behind a reference, ready to predict as of a moment (default: now).

        Nothing is unpickled before these hold: the journal's chain is intact and says that the
        version was registered, the bytes match their digest, and signatures are valid if people
        are listed.

        Raises Unproven for a rejected version without a valid waiver, for a retired one unless it
        is named by number, and, where signatures are required, for one that nobody with the
        permission registered or promoted. Raises IntegrityError for anything altered, and
        ReferenceUnknown.
        """
        from assay.learning.scoring_model import ScoringModel

        history, version = self.resolve_reference(reference)
        wanted = reference.partition("@")[2] or CHAMPION
        self._require_servable(history, version, wanted, as_of or clock.parse_timestamp(None))
        data = self._bucket.get(version.artifact("model"))
        return ScoringModel.load(data, self._bucket.get_json(version.artifact("signature")))

    def load_trained(self, model: Artifact, signature: Artifact) -> ScoringModel:
        """The model that a step of the present run trained, before an entry names it.

        The caller answers for the step: it was taken in this run, or the result cache vouches for
        it, as it does for what the run is about to register. Raises IntegrityError for altered
        bytes.
        """
        from assay.learning.scoring_model import ScoringModel

        data = self._bucket.get(model)
        return ScoringModel.load(data, self._bucket.get_json(signature))

    def _require_servable(
        self, history: ModelHistory, version: Version, number_or_alias: str, as_of: datetime
    ) -> None:
        """Require everything that must hold before unpickling. Raises what `load` raises."""
        self.require_genuine(version)
        by_number = number_or_alias.isdecimal()
        if version.number in history.retirements and not by_number:
            raise _retired_version_error(history, version)
        if version.status == REGISTERED and by_number:
            return  # as evidence, such as a model that a challenger is compared with
        aliases = [a for a, number in history.aliases.items() if number == version.number]
        rests_on = [alias for alias in aliases if by_number or alias == number_or_alias]
        for alias in rests_on:
            self.require_promotion(history, history.promotion_trails[alias][-1], as_of)
            since = history.alias_entries[alias]
            authority.require_signatures(self._bucket, history.model, [since])
            if alias == CHAMPION and since.kind == ROLLED_BACK:
                authority.require_permission(self._bucket, history.model, since, "rollback")
        if version.status != REGISTERED and not rests_on:
            raise _rejected_version_error(version)

    def require_genuine(self, version: Version) -> None:
        """Require that a version's entry is by somebody who may train.

        Nothing that a version's record names may run before. Raises SignatureBad, Unproven,
        ConfigError.
        """
        authority.require_signatures(self._bucket, version.model, [version.entry])
        authority.require_permission(self._bucket, version.model, version.entry, "run")

    def require_promotion(
        self, history: ModelHistory, promotion: JournalEntry, as_of: datetime
    ) -> None:
        """Require that a promotion lets its version serve at that moment.

        Its entries must be by people with the permission, and its waiver must be in force. Raises
        what `load` raises.
        """
        version, waiver = (
            history.versions[promotion.body["version"]],
            history.find_waiver(promotion),
        )
        authority.require_signatures(
            self._bucket, history.model, [e for e in (version.entry, promotion, waiver) if e]
        )
        authority.require_permission(self._bucket, history.model, version.entry, "run")
        if promotion.body["alias"] == CHAMPION:
            automatic = partial(self._was_automatic, history, promotion)
            authority.require_permission(
                self._bucket, history.model, promotion, "promote", unless=automatic
            )
        if waiver is not None:
            authority.require_permission(self._bucket, history.model, waiver, "waive")
            if not is_waiver_in_force(waiver, as_of):
                raise _expired_waiver_error(version, promotion, waiver)
        elif version.status != REGISTERED:
            raise _rejected_version_error(version)

    def _was_automatic(self, history: ModelHistory, promotion: JournalEntry) -> bool:
        """Whether the use case allowed this promotion without a person's decision, and somebody
        who may train signed it.
        """
        if not authority.has_effect(self._bucket, promotion, "run"):
            return False
        version = history.versions[promotion.body["version"]]
        policy = self.promotion_policy(version)
        how = policy.later if promotion.body["previous"] else policy.first
        return how == "automatic" and set(version.entry.body["gates"].values()) <= {
            "pass",
            "caution",
        }

    def predict_rows(self, version: Version, table: Artifact, rows: list[int]) -> pd.DataFrame:
        """A version's answers to some rows of a table, by number, and the column `row`.

        Raises DataError if the table does not fit the model's signature, and what `load` raises.
        """
        from assay.learning.one_thread import one_thread
        from assay.tables.table import Table

        model = self.load(version.name)
        frame = Table.read(self._bucket, table).to_pandas(model.columns)
        with one_thread():
            return model.predict(frame.iloc[rows]).assign(row=rows)

    def register(
        self, model: str, status: str, body: Mapping[str, Any], *, actor: str | None = None
    ) -> Version:
        """Append a version, or return the one with the same question, bytes and evidence.

        One that `load` would refuse for its signature is no such version.
        """

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            history = fold_journal(self._bucket, model, entries)
            if history.find_identical(status, body):
                return None
            return status, {**body, "version": max(history.versions, default=0) + 1}

        journal = Journal(self._bucket, model)
        entry = journal.append(decide, actor=actor)
        if entry is None:
            found = self.history(model).find_identical(status, body)
            assert found is not None, "an append is declined only for a version that exists"
            return found
        return Version(model, entry.body["version"], status, entry)

    def record_stop(
        self, model: str, body: Mapping[str, Any], *, actor: str | None = None
    ) -> JournalEntry | None:
        """Record that a run stopped before it had a model, once for each question."""

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            known = any(
                e.kind == STOPPED and e.body["question"] == body["question"] for e in entries
            )
            return None if known else (STOPPED, dict(body))

        return Journal(self._bucket, model).append(decide, actor=actor)

    def promote(
        self,
        version: Version,
        *,
        because: str,
        expected_version: int | None,
        alias: str = CHAMPION,
        actor: str | None = None,
        extra_fields: Mapping[str, Any] | None = None,
        check_history: Callable[[ModelHistory], Mapping[str, Any]] = lambda _: {},
    ) -> bool:
        """Point an alias at a registered version, if it points to `expected_version` now.

        Returns False if it points to the version already (under the same waiver, if any), or to
        another than expected. The entry gets `extra_fields`, such as `as_of`, and the fields that
        `check_history` returns for the history at the time of writing: `waiver` (an entry's number)
        and `evidence`. `check_history` raises what forbids the promotion. A challenger's entry
        holds the ledger's length, so that later batches are known as such.

        Raises ConfigError for an alias that no reference could name, Unproven for a retired
        version, and for a rejected one without a waiver. The rules for people are in
        `decisions.promotion`.
        """
        _check_alias(alias)
        evidence = {gate: str(report.digest) for gate, report in version.reports.items()}
        upto = (
            BatchLedger(self._bucket, version.model).read().length if alias == CHALLENGER else None
        )

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            history = fold_journal(self._bucket, version.model, entries)
            if version.number in history.retirements:
                raise _retired_version_error(history, version)
            standing, rests_on = history.aliases.get(alias), history.current_promotion(alias)
            if standing != expected_version:
                return None
            fields = {**(extra_fields or {}), **check_history(history)}
            fields |= {} if upto is None else {"upto": upto}
            if version.status != REGISTERED and not fields.get("waiver"):
                raise Unproven(
                    f"{version.name} was rejected by its gates and cannot be promoted",
                    remedy=f"See why with `assay show {version.name}`.",
                )
            renewed = rests_on is not None and rests_on.body.get("waiver") != fields.get("waiver")
            if standing == version.number and not renewed:
                return None
            body = {"alias": alias, "version": version.number, "previous": standing}
            return PROMOTED, {**body, "because": because, "evidence": evidence, **fields}

        return Journal(self._bucket, version.model).append(decide, actor=actor) is not None

    def _unknown_model_error(self, model: str) -> ReferenceUnknown:
        known = [name for name in list_journals(self._bucket.store) if not is_ledger(name)]
        shown = ", ".join(known[:20]) or "none yet; run `assay run CONFIG`"
        return ReferenceUnknown(
            f"no model {model!r} in this bucket",
            where=self._bucket.root,
            remedy=suggest_name(model, known, f"Models here: {shown}."),
        )


def _unknown_version_error(history: ModelHistory, number_or_alias: str) -> ReferenceUnknown:
    known = [*history.aliases, *(str(n) for n in sorted(history.versions))]
    gone = (
        history.promotion_trails[number_or_alias][-1].body["version"]
        if number_or_alias in history.promotion_trails
        else None
    )
    why = f": {history.describe_retirement(history.versions[gone])}" if gone else ""
    return ReferenceUnknown(
        f"{history.model!r} has no version {number_or_alias!r}{why}",
        remedy=f"Versions and aliases: {', '.join(known)}.",
    )


def _check_alias(alias: str) -> None:
    """Raise ConfigError for an alias that a reference cannot name or would read as a number."""
    if alias.isdecimal() or not re.fullmatch(_SELECTOR, alias):
        why = "reads as a version's number" if alias.isdecimal() else "cannot stand in a reference"
        raise ConfigError(
            f"{alias!r} is no alias: it {why}",
            remedy="Use letters, digits, - and _, and not digits alone, such as next-1.",
        )


def _expired_waiver_error(
    version: Version, promotion: JournalEntry, waiver: JournalEntry
) -> Unproven:
    name, alias = version.name, promotion.body["alias"]
    why = f"expired on {waiver.body['expires']}" if waiver.signature else "nobody signed"
    gates = " ".join(f"--gate {gate}" for gate in waiver.body["gates"])
    return Unproven(
        f"{name} became {alias} under a waiver (entry {waiver.number}) that {why}",
        remedy=f"Run `assay rollback {version.model}`, or renew the waiver with "
        f"`assay waive {name} {gates}` and then `assay promote {name}`.",
    )


def _rejected_version_error(version: Version) -> Unproven:
    return Unproven(
        f"{version.name} was rejected by its gates: it is kept as evidence, not for use",
        remedy=f"See why with `assay show {version.name}`.",
    )


def _retired_version_error(history: ModelHistory, version: Version) -> Unproven:
    remedy = f"See the other versions with `assay log {history.model}`."
    return Unproven(history.describe_retirement(version), remedy=remedy)
