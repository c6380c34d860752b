"""What a run's record names: everything that is needed to repeat the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import JOURNAL_PREFIX, Journal, JournalEntry
from assay.config.loaded_use_case import LoadedUseCase, parse_use_case
from assay.registry.batch_ledger import LEDGER_SUFFIX
from assay.registry.history import ModelHistory, Version, fold_journal
from assay.registry.registry import Registry
from assay.steps.step import Step, referenced_objects
from assay.util.concurrency import ordered_map


@dataclass(frozen=True)
class RecordedRun:
    """A version, the record of the run that made it, and the journal as that run found it."""

    bucket: Bucket
    version: Version
    record: dict[str, Any]
    loaded_use_case: LoadedUseCase
    steps: tuple[Step, ...]
    history_before: ModelHistory
    entries: tuple[JournalEntry, ...]  # what the run itself added to the journal

    @property
    def commit(self) -> str | None:
        """The git commit of the code that ran; None for an installed package."""
        commit: str | None = self.record["code"]["commit"]
        return commit

    @property
    def diff(self) -> bytes:
        """The difference between the tracked files and the commit."""
        held = self.record["code"]["diff"]
        return self.bucket.get(Artifact.model_validate(held)) if held else b""

    @property
    def source(self) -> str | None:
        """The fingerprint of the source; None where only reading it gives one."""
        found: str | None = self.record["source"]
        return found

    @property
    def environment(self) -> dict[str, Any]:
        held: dict[str, Any] = self.bucket.get_json(
            Artifact.model_validate(self.record["environment"])
        )
        return held

    @property
    def modules(self) -> dict[str, str]:
        """Digests of the first-party modules behind the steps."""
        return {name: d for step in self.steps for name, d in step.components["code"].items()}

    @property
    def distributions(self) -> set[str]:
        """Names of the distributions that the steps' code imports."""
        return {name for step in self.steps for name in step.components["distributions"]}

    @property
    def retraining_entry(self) -> JournalEntry | None:
        """The entry that began the retraining behind the version, if there was one."""
        return self.history_before.retraining_entry(self.version)

    @property
    def ingested_outputs(self) -> dict[str, Artifact]:
        """The outputs of ingestion."""
        if self.retraining_entry is not None:
            return {"table": self._gather_step.inputs["first"]}
        ingested = next(step for step in self.steps if step.components["stage"] == "ingest")
        return ingested.outputs

    @property
    def _gather_step(self) -> Step:
        return next(step for step in self.steps if step.components["stage"] == "gather")

    def seed(self, target: Bucket) -> None:
        """Fill an empty bucket with what the run found in this one: the journal so far, the
        champion of the time, the table that validation compared with, and for a retraining its
        batches and labels.

        Steps and their outputs are left out, so that every step runs again. Raises
        ObjectMissing, ObjectCorrupt.
        """
        target.prepare(bucket_id=self.bucket.id)
        copy_objects(self.bucket, target, self._seed_digests())
        _write_entries(target, self.version.model, self.history_before.entries)
        if self.retraining_entry is not None:
            ledger = self.version.model + LEDGER_SUFFIX
            entries = Journal(self.bucket, ledger).entries()
            _write_entries(target, ledger, entries[: self.retraining_entry.body["upto"]])

    def _seed_digests(self) -> Iterator[Digest]:
        for entry in self.history_before.entries:
            if "run" in entry.body:
                yield Artifact.model_validate(entry.body["run"]).digest
        question = Digest.parse(self.version.entry.body["question"])
        for rival in (self.history_before.champion, self.history_before.champion_to_beat(question)):
            if rival:
                yield from (rival.artifact(name).digest for name in ("model", "signature"))
        if self.retraining_entry is not None:
            for held in self._gather_step.inputs.values():
                yield from referenced_objects(self.bucket, held)
        for step in self.steps:
            if "previous" in step.inputs:
                yield from referenced_objects(self.bucket, step.inputs["previous"])


def _write_entries(target: Bucket, journal: str, entries: Sequence[JournalEntry]) -> None:
    for entry in entries:
        key = f"{JOURNAL_PREFIX}{journal}/{entry.number:010d}.json"
        target.store.put_if_absent(key, entry.encode())


def recall_run(bucket: Bucket, reference: str) -> RecordedRun:
    """The record of the run behind `income@3`. Raises ReferenceUnknown, ObjectMissing,
    ChainBroken.
    """
    registry = Registry(bucket)
    version = registry.find_version(reference)
    record = bucket.get_json(version.artifact("run"))
    words = bucket.get_json(Artifact.model_validate(record["use_case"]))
    entries = registry.history(version.model).entries
    own = [entry for entry in entries if entry.body.get("run") == version.entry.body["run"]]
    return RecordedRun(
        bucket=bucket,
        version=version,
        record=record,
        loaded_use_case=parse_use_case(words),
        steps=tuple(Step.model_validate(step) for step in record["steps"]),
        history_before=_history_at_run(bucket, version, entries[: own[0].number - 1]),
        entries=tuple(own),
    )


def _history_at_run(bucket: Bucket, version: Version, before: list[JournalEntry]) -> ModelHistory:
    """The journal as the run found it: the longest beginning in which the champion is the one that
    the run was judged against. Another may have been promoted during the run.
    """
    question, against = Digest.parse(version.entry.body["question"]), version.entry.body["against"]
    for end in range(len(before), -1, -1):
        history = fold_journal(bucket, version.model, before[:end])
        rival = history.champion_to_beat(question)
        if (rival.number if rival else None) == against:
            return history
    return fold_journal(bucket, version.model, before)


def copy_objects(source: Bucket, target: Bucket, digests: Iterator[Digest]) -> None:
    """Copy objects from bucket to bucket, verified."""
    wanted = dict.fromkeys(digests)
    for _ in ordered_map(lambda digest: target.objects.put(source.objects.get(digest)), wanted):
        pass
