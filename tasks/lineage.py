"""Tells of a flow's run as events of OpenLineage, where operations.yaml names a receiver."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assay.config.loaded_use_case import load_use_case
from assay.config.operations import Lineage, Operations
from assay.config.use_case import UseCase
from assay.errors import AssayError
from assay.production.scoring.outcome import ScoringOutcome
from assay.registry.open import open_bucket
from assay.runs.lineage_sink import deliver_event
from assay.runs.open_lineage import (
    Json,
    RunState,
    run_event,
    scoring_datasets,
    source_dataset,
    training_datasets,
)
from assay.runs.outcome import RunOutcome
from assay.store.open import default_store_url

_LOG = logging.getLogger(__name__)


def configured_receiver() -> Lineage | None:
    """The receiver of configs/operations.yaml; None where that names none, or is not read."""
    try:
        return Operations.load_configured().lineage
    except (AssayError, OSError) as error:
        _LOG.warning("no lineage is told: %s", error)
        return None


def tell_run(kind: RunState, flow: str, flow_run: Any, state: Any) -> None:
    """Send an event about a run, if a receiver is configured. Raises nothing: a failure is a
    warning in the log.
    """
    try:
        to = configured_receiver()
        failed = None if to is None else _send(to, kind, flow, flow_run, state)
    except Exception as error:  # noqa: BLE001 - lineage is told beside the run
        failed = f"the lineage event was not made: {type(error).__name__}"
    if failed:
        _LOG.warning(failed)


def _send(to: Lineage, kind: RunState, flow: str, flow_run: Any, state: Any) -> str | None:
    given = flow_run.parameters
    use_case = _read_use_case(given)
    outcome = None if kind == "START" else _outcome(state)
    inputs, outputs = _datasets(given, use_case, outcome, flow)
    event = run_event(
        kind,
        flow=flow,
        name=use_case.name if use_case else Path(str(given.get("config", "bucket"))).stem,
        run_id=str(flow_run.id),
        at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        use_case=use_case,
        inputs=inputs,
        outputs=outputs,
        failure=_failure(state, outcome) if kind in {"FAIL", "ABORT"} else None,
    )
    return deliver_event(event, to)


def _read_use_case(given: dict[str, Any]) -> UseCase | None:
    """The use case, as it is now; None where the run itself will say that it cannot be read."""
    try:
        return load_use_case(given["config"], tuple(given.get("overrides") or ())).use_case
    except (AssayError, KeyError, OSError):
        return None


def _outcome(state: Any) -> Any:
    return state.result(raise_on_failure=False)


def _failure(state: Any, outcome: Any) -> str:
    """The state's name and the kind of error: messages may quote the data."""
    kind = f": {type(outcome).__name__}" if isinstance(outcome, BaseException) else ""
    return f"{state.name}{kind}"


def _datasets(
    given: dict[str, Any], use_case: UseCase | None, outcome: Any, flow: str
) -> tuple[list[Json], list[Json]]:
    inputs: list[Json] = []
    outputs: list[Json] = []
    bucket = open_bucket(given.get("store") or default_store_url())
    if use_case is not None and flow == "train":
        inputs = [source_dataset(use_case.data.source)]
    if isinstance(outcome, RunOutcome):
        read, outputs = training_datasets(bucket, outcome)
        inputs = [*inputs, *read]
    if isinstance(outcome, ScoringOutcome):
        batches = [
            (batch.table, batch.predictions)
            for batch in outcome.with_fate("scored")
            if batch.table is not None and batch.predictions is not None
        ]
        inputs, outputs = scoring_datasets(bucket, outcome.use_case, str(outcome.digest), batches)
    return inputs, outputs
