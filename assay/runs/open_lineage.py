"""A flow's run as events of OpenLineage: what was asked, what was read, what came of it.

Events hold names, types, counts and digests. They hold no value of a row and no message of an
error, since these may quote one. A dataset in the bucket keeps one name for each use case, and its
digest is its version, so that a catalogue draws one graph over all runs.

Source: OpenLineage specification 2-0-2, RunEvent, and the facets' own schemas.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal

from assay import __version__
from assay.bucket import canonical_json
from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.config.data import Source
from assay.config.use_case import UseCase
from assay.runs.outcome import RunOutcome
from assay.tables.table import Table
from assay.util.url_secrets import redact_url

RunState = Literal["START", "COMPLETE", "FAIL", "ABORT"]
Json = dict[str, Any]

_PRODUCER: Final = f"urn:assay:{__version__}"
_SPEC: Final = "https://openlineage.io/spec"
_FACETS: Final = {
    "dataQualityMetrics": "1-0-3/DataQualityMetricsInputDatasetFacet",
    "documentation": "1-1-0/DocumentationJobFacet",
    "errorMessage": "1-0-1/ErrorMessageRunFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "ownership": "1-0-1/OwnershipJobFacet",
    "schema": "1-2-0/SchemaDatasetFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
}


def run_event(
    state: RunState,
    *,
    flow: str,
    name: str,
    run_id: str,
    at: str,
    use_case: UseCase | None = None,
    inputs: Iterable[Json] = (),
    outputs: Iterable[Json] = (),
    failure: str | None = None,
) -> Json:
    """One event of a flow's run. `name` is the use case's; `at` is RFC 3339; `failure` says in a
    word how it failed.
    """
    job = _facet("jobType", processingType="BATCH", integration="ASSAY", jobType="FLOW")
    if use_case is not None:
        job |= _facet("documentation", description=use_case.question)
        job |= _facet("ownership", owners=[{"name": use_case.owner, "type": "OWNER"}])
    failed = _facet("errorMessage", message=failure, programmingLanguage="PYTHON")
    return {
        "eventType": state,
        "eventTime": at,
        "producer": _PRODUCER,
        "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run_id, "facets": failed if failure else {}},
        "job": {"namespace": "assay", "name": f"{name}.{flow}", "facets": job},
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


def source_dataset(source: Source) -> Json:
    """Where a use case's rows come from, without secrets."""
    if source.sql is not None:
        where = redact_url(source.connection or "sql").split("?")[0]
        return {"namespace": where, "name": "query", "facets": {}}
    path = redact_url(str(source.path))
    scheme, mark, rest = path.partition("://")
    if mark:
        host, _, name = rest.partition("/")
        return {"namespace": f"{scheme}://{host}", "name": name or "/", "facets": {}}
    place = Path(path) if Path(path).is_absolute() or Path(path).exists() else None
    place = place or Path(source.folder, path)
    return {"namespace": "file", "name": place.absolute().as_posix(), "facets": {}}


def training_datasets(bucket: Bucket, outcome: RunOutcome) -> tuple[list[Json], list[Json]]:
    """The table that a training read and the model that it left, from the run's record."""
    name = outcome.use_case
    record = canonical_json.load(bucket.objects.get(outcome.run))
    named = (step[side].get("table") for step in record["steps"] for side in ("outputs", "inputs"))
    table = Artifact.model_validate(next(one for one in named if one))
    read = _with_counts(bucket, table_dataset(bucket, table, f"{name}/table"), table)
    made = [] if outcome.model is None else [_model_dataset(bucket, name, str(outcome.digest))]
    return [read], made


def scoring_datasets(
    bucket: Bucket, name: str, model: str, batches: Iterable[tuple[Artifact, Artifact]]
) -> tuple[list[Json], list[Json]]:
    """What a scoring read and made: `batches` are tables of rows, each with its predictions;
    `model` is the digest of the model that answered.
    """
    read, made = [], []
    for rows, predictions in batches:
        read.append(_with_counts(bucket, table_dataset(bucket, rows, f"{name}/batch"), rows))
        answers = table_dataset(bucket, predictions, f"{name}/predictions")
        count = Table.read(bucket, predictions).rows
        made.append(answers | {"outputFacets": _facet("outputStatistics", rowCount=count)})
    return [*read, *([_model_dataset(bucket, name, model)] if made else [])], made


def table_dataset(bucket: Bucket, table: Artifact, name: str) -> Json:
    """A table of the bucket, with its version and its columns."""
    columns = Table.read(bucket, table).description
    fields = [{"name": one["name"], "type": one["type"]} for one in columns]
    version = _facet("version", datasetVersion=str(table.digest))
    return _dataset(bucket, name, version | _facet("schema", fields=fields))


def _model_dataset(bucket: Bucket, name: str, digest: str) -> Json:
    return _dataset(bucket, f"{name}/model", _facet("version", datasetVersion=digest))


def _dataset(bucket: Bucket, name: str, facets: Json) -> Json:
    root = redact_url(bucket.root)
    namespace = root if "://" in root else f"file://{Path(root).absolute().as_posix()}"
    return {"namespace": namespace, "name": name, "facets": facets}


def _with_counts(bucket: Bucket, dataset: Json, table: Artifact) -> Json:
    """The dataset as an input, with the rows and bytes that were read."""
    held = Table.read(bucket, table)
    size = sum(part.size for part in held.parts)
    counts = _facet("dataQualityMetrics", rowCount=held.rows, bytes=size, columnMetrics={})
    return dataset | {"inputFacets": counts}


def _facet(name: str, **fields: Any) -> Json:
    kind = _FACETS[name]
    about = {
        "_producer": _PRODUCER,
        "_schemaURL": f"{_SPEC}/facets/{kind}.json#/$defs/{kind.partition('/')[2]}",
    }
    return {name: about | fields}
