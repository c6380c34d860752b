"""Lost objects that a run would make again, and the use cases to run for them.

A run makes them again if it asks the same question: the same use case, source and code. Then its
steps yield the same bytes, and the journal gains no version. For older models, `assay reproduce
MODEL@N --into FOLDER` makes a bucket to copy from.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, JournalEntry, list_journals
from assay.config.loaded_use_case import parse_use_case
from assay.errors import AssayError, IntegrityError
from assay.runs.run import question_key
from assay.sources.fingerprint import fingerprint
from assay.upkeep import references
from assay.upkeep.problems import BucketFindings, BucketProblem
from assay.upkeep.references import ObjectReference

_LOST_KINDS = {"corrupt", "dangling"}


def rerunnable_use_cases(bucket: Bucket, findings: BucketFindings) -> list[dict[str, Any]]:
    """The use cases whose run here and now would make some of the lost objects again."""
    lost = {_digest(problem) for problem in findings.problems if problem.kind in _LOST_KINDS}
    found: dict[str, dict[str, Any]] = {}
    for model in list_journals(bucket.store) if lost else ():
        for entry in _run_entries(bucket, model):
            question = str(entry.body.get("question"))
            if question not in found and _leads_to(bucket, model, entry, lost):
                words = _unchanged_use_case(bucket, entry)
                found |= {question: words} if words else {}
    return [*found.values()]


def mark_recomputed(bucket: Bucket, findings: BucketFindings) -> BucketFindings:
    """The findings, with recomputed objects marked as mended."""
    return replace(
        findings, problems=tuple(_recheck_problem(bucket, problem) for problem in findings.problems)
    )


def _recheck_problem(bucket: Bucket, problem: BucketProblem) -> BucketProblem:
    if problem.kind not in _LOST_KINDS:
        return problem
    try:
        bucket.objects.verify(_digest(problem))
    except IntegrityError:
        return problem
    return BucketProblem("mended", problem.key, f"{problem.what}; made again")


def _run_entries(bucket: Bucket, model: str) -> Iterator[JournalEntry]:
    """The journal's entries that end a run, the latest first; none of a broken journal."""
    try:
        entries = Journal(bucket, model).entries()
    except IntegrityError:
        return
    yield from (entry for entry in reversed(entries) if "run" in entry.body)


def _leads_to(bucket: Bucket, model: str, entry: JournalEntry, lost_digests: Set[Digest]) -> bool:
    def inside(reference: ObjectReference) -> list[ObjectReference]:
        if not reference.leads_on:
            return []
        try:
            return references.object_references(reference, bucket.objects.get(reference.digest))
        except (IntegrityError, ValueError):
            return []  # itself among the lost

    reached: dict[Digest, ObjectReference] = {}
    references.follow_references(references.journal_references(model, [entry]), reached, inside)
    return not lost_digests.isdisjoint(reached)


def _unchanged_use_case(bucket: Bucket, entry: JournalEntry) -> dict[str, Any] | None:
    """The use case, if a run of it today asks the same question."""
    try:
        record = bucket.get_json(Artifact.model_validate(entry.body["run"]))
        words: dict[str, Any] = bucket.get_json(Artifact.model_validate(record["use_case"]))
        written = parse_use_case(words)
        source = fingerprint(written.use_case.data)
    except (AssayError, OSError):
        return None  # the record, the words or the source are gone, or mean nothing here
    same = source and str(question_key(written, source)) == entry.body["question"]
    return words if same else None


def _digest(problem: BucketProblem) -> Digest:
    return Digest(problem.key.rpartition("/")[2])
