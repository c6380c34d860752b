"""The registry: what the journals say about models, and the only door to loading one."""

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
        """Everything the journal says about a model; empty for one without a journal."""
        return fold_journal(model, Journal(self._bucket.store, model).entries())

    def find_version(self, reference: str) -> Version:
        """The version behind `income@3`, `income@champion`, or `income` (champion, else newest).

        Raises ReferenceUnknown.
        """
        return self.resolve_reference(reference)[1]

    def find_history(self, reference: str) -> ModelHistory:
        """The history of the model that a reference is about, were it only of runs that stopped.

        Raises ReferenceUnknown.
        """
        match = _REFERENCE.fullmatch(reference)
        if not match:
            raise ReferenceUnknown(
                f"{reference!r} names no model", remedy="Write name, name@version or name@alias."
            )
        history = self.history(match["model"])
        if not history.entries:
            raise self._unknown_model_error(match["model"])
        return history

    def resolve_reference(self, reference: str) -> tuple[ModelHistory, Version]:
        """The version behind a reference, as `find_version`, and the history that it was found in."""
        history = self.find_history(reference)
        if not history.versions:
            raise ReferenceUnknown(
                f"{history.model!r} has no version yet: every run stopped before there was a model",
                remedy=f"See why with `assay log {history.model}`.",
            )
        wanted = reference.partition("@")[2]
        if not wanted:
            number: int | None = history.aliases.get(CHAMPION, max(history.versions))
        elif wanted.isdecimal():
            number = int(wanted)
        else:
            number = history.aliases.get(wanted)
        if number not in history.versions:
            raise _unknown_version_error(history, wanted)
        return history, history.versions[number]

    def promotion_policy(self, version: Version) -> PromotionPolicy:
        """How the use case that a version came of lets one become champion."""
        record = self._bucket.get_json(version.artifact("run"))
        return PromotionPolicy.model_validate_json(json.dumps(record["configuration"]["promotion"]))

    def load(self, reference: str, *, as_of: datetime | None = None) -> ScoringModel:
        """The model behind a reference, ready to predict. `as_of` is the moment that it is wanted
        for, now if left out.

        Nothing is unpickled before the journal's chain is verified, says that this version was
        registered, the bytes match their digest, and signatures hold where the people's file is
        there. Raises Unproven for a rejected version that no waiver lets serve, for one whose
        waiver has expired, for a retired one unless it is named by number, and for one that was
        registered or promoted by nobody who may where signatures are required; IntegrityError for
        anything altered; ReferenceUnknown.
        """
        from assay.learning.scoring_model import ScoringModel

        history, version = self.resolve_reference(reference)
        wanted = reference.partition("@")[2] or CHAMPION
        self._require_servable(history, version, wanted, as_of or clock.parse_timestamp(None))
        data = self._bucket.get(version.artifact("model"))
        return ScoringModel.load(data, self._bucket.get_json(version.artifact("signature")))

    def _require_servable(
        self, history: ModelHistory, version: Version, wanted: str, when: datetime
    ) -> None:
        """All that must hold before a version is unpickled. Raises what `load` raises."""
        authority.require_signatures(version.model, [version.entry])
        by_number = wanted.isdecimal()
        if version.number in history.retirements and not by_number:
            raise _retired_version_error(history, version)
        if version.status == REGISTERED and by_number:
            return  # evidence, such as what a challenger is compared with
        aliases = [a for a, number in history.aliases.items() if number == version.number]
        rests_on = [alias for alias in aliases if by_number or alias == wanted]
        for alias in rests_on:
            self.require_promotion(history, history.promotion_trails[alias][-1], when)
            since = history.alias_entries[alias]
            authority.require_signatures(history.model, [since])
            if alias == CHAMPION and since.kind == ROLLED_BACK:
                authority.require_permission(history.model, since, "rollback")
        if version.status != REGISTERED and not rests_on:
            raise _rejected_version_error(version)

    def require_promotion(
        self, history: ModelHistory, promotion: JournalEntry, when: datetime
    ) -> None:
        """Demand that a version may be served by a promotion at that moment: the entries that
        it rests on are by people who might write them, and its waiver holds.

        Raises what `load` raises for want of them.
        """
        version, waiver = (
            history.versions[promotion.body["version"]],
            history.find_waiver(promotion),
        )
        authority.require_signatures(
            history.model, [e for e in (version.entry, promotion, waiver) if e]
        )
        if promotion.body["alias"] == CHAMPION:
            automatic = partial(self._was_automatic, history, promotion)
            authority.require_permission(history.model, promotion, "promote", unless=automatic)
        if waiver is not None:
            authority.require_permission(history.model, waiver, "waive")
            if not is_waiver_in_force(waiver, when):
                raise _expired_waiver_error(version, promotion, waiver)
        elif version.status != REGISTERED:
            raise _rejected_version_error(version)

    def _was_automatic(self, history: ModelHistory, promotion: JournalEntry) -> bool:
        """Whether the use case let a version be promoted by whoever ran it."""
        version = history.versions[promotion.body["version"]]
        policy = self.promotion_policy(version)
        how = policy.later if promotion.body["previous"] else policy.first
        return how == "automatic" and set(version.entry.body["gates"].values()) <= {
            "pass",
            "caution",
        }

    def predict_rows(self, version: Version, table: Artifact, rows: list[int]) -> pd.DataFrame:
        """A version's predictions for some rows of a table, by row number: `row`, `probability`
        and `decision`. Raises DataError if the table no longer fits the model's signature, and
        what `load` raises.
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
        """Append a version, unless this very one (same question, same bytes, same evidence)
        is there already; then return that.
        """

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            history = fold_journal(model, entries)
            if history.find_identical(status, body):
                return None
            return status, {**body, "version": max(history.versions, default=0) + 1}

        journal = Journal(self._bucket.store, model)
        entry = journal.append(decide, actor=actor)
        if entry is None:
            found = self.history(model).find_identical(status, body)
            assert found is not None, "an append was declined for a version that is not there"
            return found
        return Version(model, entry.body["version"], status, entry)

    def record_stop(
        self, model: str, body: Mapping[str, Any], *, actor: str | None = None
    ) -> JournalEntry | None:
        """Note that a run stopped before there was a model, once for each question."""

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            known = any(
                e.kind == STOPPED and e.body["question"] == body["question"] for e in entries
            )
            return None if known else (STOPPED, dict(body))

        return Journal(self._bucket.store, model).append(decide, actor=actor)

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
        """Point an alias at a registered version, instead of the one it pointed to when this was
        decided. False if it points there already (under the same waiver, if any), or meanwhile
        somewhere else. `extra_fields` is added to the entry: `as_of`. So is what `check_history` says of the
        history as it is when the entry is written: `find_waiver` (its entry's number), `evidence`. It
        raises what speaks against it. The entry of a challenger says how long the ledger was, so
        that it is known what came since.

        Raises ConfigError for an alias that no reference could name, Unproven for a retired
        version, and for a rejected one without a waiver. It checks no more: `decisions.promote`
        knows the rules for people.
        """
        _check_alias(alias)
        evidence = {gate: str(report.digest) for gate, report in version.reports.items()}
        upto = (
            BatchLedger(self._bucket, version.model).read().length if alias == CHALLENGER else None
        )

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            history = fold_journal(version.model, entries)
            if version.number in history.retirements:
                raise _retired_version_error(history, version)
            standing, rests_on = history.aliases.get(alias), history.current_promotion(alias)
            if standing != expected_version:
                return None
            told = {**(extra_fields or {}), **check_history(history)}
            told |= {} if upto is None else {"upto": upto}
            if version.status != REGISTERED and not told.get("waiver"):
                raise Unproven(
                    f"{version.name} was rejected by its gates and cannot be promoted",
                    remedy=f"See why with `assay show {version.name}`.",
                )
            renewed = rests_on is not None and rests_on.body.get("waiver") != told.get("waiver")
            if standing == version.number and not renewed:
                return None
            body = {"alias": alias, "version": version.number, "previous": standing}
            return PROMOTED, {**body, "because": because, "evidence": evidence, **told}

        return Journal(self._bucket.store, version.model).append(decide, actor=actor) is not None

    def _unknown_model_error(self, model: str) -> ReferenceUnknown:
        known = [name for name in list_journals(self._bucket.store) if not is_ledger(name)]
        shown = ", ".join(known[:20]) or "none yet; run `assay run CONFIG`"
        return ReferenceUnknown(
            f"no model {model!r} in this bucket",
            where=self._bucket.root,
            remedy=suggest_name(model, known, f"Models here: {shown}."),
        )


def _unknown_version_error(history: ModelHistory, wanted: str) -> ReferenceUnknown:
    known = [*history.aliases, *(str(n) for n in sorted(history.versions))]
    gone = (
        history.promotion_trails[wanted][-1].body["version"]
        if wanted in history.promotion_trails
        else None
    )
    why = f": {history.describe_retirement(history.versions[gone])}" if gone else ""
    return ReferenceUnknown(
        f"{history.model!r} has no version {wanted!r}{why}",
        remedy=f"There are: {', '.join(known)}.",
    )


def _check_alias(alias: str) -> None:
    """Raise ConfigError for what a reference could not name, or would take for a number."""
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
    why = f"expired on {waiver.body['expires']}" if waiver.signature else "was signed by nobody"
    gates = " ".join(f"--gate {gate}" for gate in waiver.body["gates"])
    return Unproven(
        f"{name} became {alias} under a waiver (entry {waiver.number}) that {why}",
        remedy=f"Go back with `assay rollback {version.model}`, or renew it with "
        f"`assay waive {name} {gates}` and then `assay promote {name}`.",
    )


def _rejected_version_error(version: Version) -> Unproven:
    return Unproven(
        f"{version.name} was rejected by its gates; it is kept as evidence, not for use",
        remedy=f"See why with `assay show {version.name}`.",
    )


def _retired_version_error(history: ModelHistory, version: Version) -> Unproven:
    remedy = f"See what there is with `assay log {history.model}`."
    return Unproven(history.describe_retirement(version), remedy=remedy)
