"""The version that scores batches, and the batches that were scored before."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.config.loaded_use_case import LoadedUseCase
from assay.errors import ConfigError, NoChampion, ReferenceUnknown, Unproven
from assay.production.scoring.incoming_batch import IncomingBatch
from assay.registry.batch_ledger import BatchClaim, BatchLedger, Role, ScoredBatch
from assay.registry.history import CHALLENGER, CHAMPION, ModelHistory, Version
from assay.registry.registry import Registry
from assay.runs.lineage import find_training_table
from assay.steps.step import Step

if TYPE_CHECKING:
    from assay.learning.scoring_model import ScoringModel


@dataclass(frozen=True)
class LoadedVersion:
    """A version ready to score. `column_specs`: how its batches are read (see `batch_reader`);
    `identity_rule`: that of the table it was trained on, by which a batch's rows are known too.
    """

    version: Version
    model: ScoringModel
    column_specs: dict[str, dict[str, Any]]
    identity_rule: int

    @classmethod
    def load(
        cls, bucket: Bucket, loaded_use_case: LoadedUseCase, reference: str, as_of: datetime
    ) -> LoadedVersion:
        """Load the version behind a reference. Raises what `Registry.load` raises, and ConfigError
        for a version that answers another question than the use case asks.
        """
        from assay.learning.signature import describe_other_question
        from assay.production.scoring.batch_reader import column_specs
        from assay.tables.table import Table

        registry = Registry(bucket)
        while True:
            version = registry.find_version(reference)
            model = registry.load(reference, as_of=as_of)
            if registry.find_version(reference).number == version.number:
                break  # else an alias was moved while it was being loaded
        target = loaded_use_case.use_case.data.target
        if other := describe_other_question(model.signature, target):
            raise ConfigError(
                f"{version.name} cannot score these batches: {other}",
                where=loaded_use_case.text.locate(("data", "target")),
                remedy="Train and promote a model of this question, or ask under another name.",
            )
        trained = Table.read(bucket, find_training_table(bucket, version))
        specs = column_specs(trained.description, loaded_use_case.use_case)
        return cls(version, model, specs, trained.identity_rule)


@dataclass
class PriorScores:
    """The batches that were scored before. A batch is served once, whoever is champion when it
    comes again; with `for_named_version`, once by that version. `open_claims`: unfinished claims on
    the use case's own sink, by batch. `retired_versions`: retired versions, whose claims bind
    nobody.
    """

    for_named_version: bool = False
    retired_versions: frozenset[int] = frozenset()
    open_claims: dict[Digest, BatchClaim] = field(default_factory=dict)
    _files: set[str] = field(default_factory=set)
    _batches: dict[Digest, ScoredBatch] = field(default_factory=dict)

    @classmethod
    def from_ledger(
        cls, bucket: Bucket, version: Version, *, for_named_version: bool
    ) -> PriorScores:
        batches = BatchLedger(bucket, version.model).read()
        before = cls(
            for_named_version, frozenset(Registry(bucket).history(version.model).retirements)
        )
        for scored in batches.scored_batches:
            counts = not for_named_version or scored.version == version.number
            if scored.role == "served" and counts:
                before.add(scored.source, scored)
        if not for_named_version:
            left = (
                claim for claim in batches.open_claims(before.retired_versions) if not claim.aside
            )
            before.open_claims = {claim.batch_digest: claim for claim in left}
        return before

    def add(self, source: str | None, scored: ScoredBatch) -> None:
        """Note that these rows, from a source with this fingerprint, are scored."""
        self._batches.setdefault(scored.batch_digest, scored)
        if source is not None:
            self._files.add(source)

    def has_source(self, source: str | None) -> bool:
        """Whether a source with this fingerprint was scored before."""
        return source is not None and source in self._files

    def has_batch(self, batch: Digest) -> bool:
        """Whether exactly these rows were scored before, under any name."""
        return batch in self._batches

    def with_prior_answers(self, answers: BatchClaim) -> BatchClaim:
        """The claim with the predictions that the batch got before, whoever is champion now."""
        first = self._batches[answers.batch_digest]
        held = {name: getattr(first, name) for name in ("predictions", "version", "model")}
        return answers.model_copy(update=held)


def build_claim(
    bucket: Bucket,
    batch: IncomingBatch,
    source: str | None,
    reading: Step,
    prediction: Step,
    *,
    version: Version,
    role: Role,
    as_of: str,
    aside: bool = False,
    beside: int | None = None,
) -> BatchClaim:
    """A version's predictions for a batch, as the ledger keeps them.

    `reading` and `prediction` are the steps that read and scored it; `source` is its fingerprint.
    """
    about = bucket.get_json(prediction["about"])
    return BatchClaim(
        name=batch.name,
        source=None if batch.is_transient else source,
        as_of=as_of,
        table=prediction["table"],
        predictions=prediction["predictions"],
        unfit=prediction.outputs.get("unfit"),
        rows=about["rows"],
        unfit_rows=about["unfit_rows"],
        version=version.number,
        model=version.digest,
        role=role,
        seconds=reading.seconds + prediction.seconds,
        cpu=_total_cpu(reading, prediction),
        lines=prediction["lines"],
        beside=beside,
        file=batch.file_name(prediction["table"].digest),
        aside=aside,
    )


def resolve_reference(bucket: Bucket, name: str, model: str | None) -> str:
    """The reference of the version that scores the batches of `name`: 3, name@3 or an alias, as
    `model` says; the champion by default.

    Raises NoChampion where there was none yet, ReferenceUnknown where there is none any more,
    Unproven for a retired version, ConfigError for another model's.
    """
    reference = _full_reference(name, model)
    registry = Registry(bucket)
    history = registry.history(name)
    if reference == f"{name}@{CHAMPION}" and history.champion is None:
        raise _no_champion_error(history)
    version = registry.find_version(reference)
    if version.number in history.retirements:
        raise Unproven(
            f"{version.name} was retired: {history.retirements[version.number].body['because']}",
            remedy=f"Name another version; `assay log {name}` tells which there are.",
        )
    return reference


def shadow_challenger(
    bucket: Bucket, loaded_use_case: LoadedUseCase, version: Version
) -> Version | None:
    """The challenger that scores in shadow beside a version; None if there is none."""
    if not loaded_use_case.use_case.promotion.shadow:
        return None
    history = Registry(bucket).history(version.model)
    number = history.aliases.get(CHALLENGER)
    return None if number in {None, version.number} else history.versions[number]


def _full_reference(name: str, model: str | None) -> str:
    given = model or CHAMPION
    of, at, which = given.rpartition("@")
    if at and of != name:
        raise ConfigError(
            f"{given!r} is no version of {name!r}, whose batches are to be scored",
            where="--model",
            remedy=f"Write {name}@3, or 3, or an alias such as {CHALLENGER}.",
        )
    return f"{name}@{which}" if given != name else f"{name}@{CHAMPION}"


def _no_champion_error(history: ModelHistory) -> ReferenceUnknown:
    gone = [*history.retirements]
    why = f": version {gone[-1]} was retired" if gone else " yet"
    train = "" if history.versions else "Train one: assay run CONFIG. "
    kind = ReferenceUnknown if history.served_versions else NoChampion
    return kind(
        f"{history.model!r} has no champion to score with{why}",
        remedy=f"{train}Promote one: assay promote {history.model}@N --because TEXT. Or name a "
        "version with --model.",
    )


def _total_cpu(*steps: Step) -> float | None:
    """The CPU seconds of steps; None if one does not say."""
    known = [step.cpu for step in steps if step.cpu is not None]
    return sum(known) if len(known) == len(steps) else None
