"""Labels: what became of the rows, read as it arrives, late and out of order.

A label belongs to a row by its identity. All that ever arrived is kept in the ledger; what is
known now is a view of it (see `known`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from assay.bucket import canonical_json
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.config.data import Source
from assay.config.loaded_use_case import LoadedUseCase
from assay.errors import AssayError, ConfigError, IntegrityError, SourceError
from assay.production.labels.label_reader import LabelReader
from assay.registry.batch_ledger import BatchLedger, ReceivedLabels
from assay.runs.lineage import find_reference_table
from assay.sources.blocks import QUARANTINE_SCHEMA, quarantine_batch
from assay.sources.files import find_files, is_pattern
from assay.sources.fingerprint import fingerprint
from assay.sources.quarantine import QuarantineSummary
from assay.tables.table import Table
from assay.tables.table_writer import write_table
from assay.util import clock
from assay.util.url_secrets import redact_url
from assay.util.wording import format_count

_STAGE: Final = "labels"
_QUERY_NAME: Final = "labels query"


@dataclass(frozen=True)
class LabelImport:
    """What came of reading labels: the entries that are new, files that held nothing new, and
    those that could not be read, each with why.
    """

    new: tuple[ReceivedLabels, ...] = ()
    known_sources: tuple[str, ...] = ()
    refused: tuple[tuple[str, AssayError], ...] = ()


def import_labels(
    bucket: Bucket,
    loaded_use_case: LoadedUseCase,
    as_of: datetime,
    files: Sequence[str] = (),
    *,
    tell: Callable[[ReceivedLabels], None] = lambda _: None,
) -> LabelImport:
    """Read `files`, or what `labels.source` names, into the ledger. What came before is not
    counted again, and a file that cannot be read does not stop the others. `tell` hears of each
    entry that is new.

    Raises ConfigError for a use case without identity, ReferenceUnknown for a model that was
    never trained, ObjectMissing, ObjectCorrupt.
    """
    sources = label_sources(loaded_use_case, files)
    if not sources:
        return LabelImport()
    _check_identity(loaded_use_case)
    reader = _LabelFileReader.for_use_case(bucket, loaded_use_case, as_of)
    taken = LabelImport()
    for name, source in sources.items():
        try:
            entry = reader.read(name, source)
        except IntegrityError:
            raise
        except AssayError as error:
            taken = replace(taken, refused=(*taken.refused, (name, error)))
            continue
        if entry is None:
            taken = replace(taken, known_sources=(*taken.known_sources, name))
        else:
            taken = replace(taken, new=(*taken.new, entry))
            tell(entry)
    return taken


def describe_label_entry(bucket: Bucket, entry: ReceivedLabels) -> str:
    """What came, in a line, and why the first rows of it are no labels."""
    told = f"{entry.name}: {format_count(entry.rows, 'label')}"
    if entry.unfit is None:
        return told
    aside = QuarantineSummary.from_table(
        bucket, entry.unfit, None if entry.name == _QUERY_NAME else entry.name
    )
    return f"{told}; {format_count(aside.rows, 'row')} unfit: {aside.reasons}"


def has_new_labels(bucket: Bucket, loaded_use_case: LoadedUseCase) -> bool:
    """Whether `labels.source` may hold what was not read yet: all but reading was asked.

    Raises SourceError, StoreUnreachable.
    """
    sources = label_sources(loaded_use_case)
    last = _last_by_name(BatchLedger(bucket, loaded_use_case.use_case.name)) if sources else {}
    return any(
        isinstance(source, AssayError)
        or not _is_known(bucket, last.get(name), _source_mark(loaded_use_case, source))
        for name, source in sources.items()
    )


@dataclass(frozen=True)
class _LabelFileReader:
    """Reads one source after the other into the ledger."""

    bucket: Bucket
    loaded_use_case: LoadedUseCase
    as_of: datetime
    trained: Table
    ledger: BatchLedger
    last: Mapping[str, ReceivedLabels]  # what was read under each name

    @classmethod
    def for_use_case(
        cls, bucket: Bucket, loaded_use_case: LoadedUseCase, as_of: datetime
    ) -> _LabelFileReader:
        name = loaded_use_case.use_case.name
        ledger, trained = (
            BatchLedger(bucket, name),
            Table.read(bucket, find_reference_table(bucket, name)),
        )
        return cls(bucket, loaded_use_case, as_of, trained, ledger, _last_by_name(ledger))

    def read(self, name: str, source: Source | AssayError) -> ReceivedLabels | None:
        """The entry of one file or query; None if it held nothing new. Raises AssayError."""
        if isinstance(source, AssayError):
            raise source
        mark = _source_mark(self.loaded_use_case, source)
        if _is_known(self.bucket, self.last.get(name), mark):
            return None
        entry = self._store_labels(
            LabelReader.for_source(self.loaded_use_case, self.trained, source, name), mark
        )
        if self.ledger.add_labels(entry):
            return entry
        _remember_mark(self.bucket, entry)
        return None

    def _store_labels(self, intake: LabelReader, mark: str | None) -> ReceivedLabels:
        name, bucket = intake.name, self.bucket
        with intake.unfit_blocks as aside:
            table = write_table(bucket, intake.batches(), intake.schema, f"labels {name}")
            intake.check_unfit_share()
            listed = (quarantine_batch(block.malformed_rows) for block in aside)
            unfit = (
                write_table(bucket, listed, QUARANTINE_SCHEMA, f"unfit labels {name}")
                if intake.unfit_rows
                else None
            )
        return ReceivedLabels(
            name=name,
            source=mark,
            as_of=clock.format_timestamp(self.as_of),
            table=table,
            unfit=unfit,
            rows=intake.rows,
            unfit_rows=intake.unfit_rows,
        )


def _last_by_name(ledger: BatchLedger) -> dict[str, ReceivedLabels]:
    return {entry.name: entry for entry in ledger.read().received_labels}


def _is_known(bucket: Bucket, last: ReceivedLabels | None, mark: str | None) -> bool:
    """Whether content of this mark need not be read: it is what was read under its name the last
    time, or was found to hold the same labels, as after a change of line ends.
    """
    if last is None or mark is None:
        return False
    return last.source == mark or bool(
        bucket.memo.find(_STAGE, _memo_key(_memo_components(last, mark)))
    )


def _remember_mark(bucket: Bucket, entry: ReceivedLabels) -> None:
    """Keep in mind that an entry's source holds nothing new. An entry of the ledger would pass
    for labels that came.
    """
    if entry.source is not None:
        made_of = _memo_components(entry, entry.source)
        told: dict[str, Any] = {"components": made_of, "needs": [], "outputs": {}}
        bucket.memo.remember(_STAGE, _memo_key(made_of), told)


def _memo_components(entry: ReceivedLabels, mark: str) -> dict[str, str]:
    return {"stage": _STAGE, "name": entry.name, "of": str(entry.table.digest), "mark": mark}


def _memo_key(made_of: Mapping[str, str]) -> Digest:
    return Digest.of_bytes(canonical_json.dump(made_of))


def _source_mark(loaded_use_case: LoadedUseCase, source: Source) -> str | None:
    return fingerprint(loaded_use_case.use_case.data.model_copy(update={"source": source}))


def label_sources(
    loaded_use_case: LoadedUseCase, files: Sequence[str] = ()
) -> dict[str, Source | AssayError]:
    """What there is to read, by name: every file by itself, or why there is none."""
    asked = loaded_use_case.use_case.labels.source
    if files:
        given = (asked or Source(path="-")).model_dump(exclude={"path", "sql", "connection"})
        return {
            n: s
            for path in files
            for n, s in _files_of(Source.from_argument(path, **given)).items()
        }
    if asked is None:
        return {}
    if asked.sql is not None:
        return {_QUERY_NAME: asked}
    found = _files_of(asked)
    missing = any(isinstance(one, AssayError) for one in found.values())
    # Of a pattern, none may have come yet.
    return {} if missing and is_pattern(asked) else found


def _files_of(source: Source) -> dict[str, Source | AssayError]:
    try:
        files = find_files(source)
    except SourceError as error:
        return {redact_url(source.path or ""): error}
    return {file.display_path: source.model_copy(update={"path": file.url}) for file in files}


def _check_identity(loaded_use_case: LoadedUseCase) -> None:
    if not loaded_use_case.use_case.data.identity:
        raise ConfigError(
            "labels are joined to rows by their identity, and the use case names no columns of it",
            where=loaded_use_case.text.locate(("data",)),
            remedy="Name under data.identity the columns that make a row the same row tomorrow.",
        )
