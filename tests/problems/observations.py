"""What the drift gate observes of two tables, as it hands that to a problem type."""

from __future__ import annotations

import pyarrow as pa

from assay.config.gates import DriftSettings
from assay.gates.drift.gate import measure_drift
from assay.gates.drift.prediction_harm import DriftObservations
from assay.gates.drift.scored_rows import ColumnRoles
from tests.gates.drift.trials import stored


class _SeenEnough(Exception):
    pass


def observe(
    reference: pa.Table, current: pa.Table, roles: ColumnRoles, ask: DriftSettings
) -> DriftObservations:
    """The observations of both sides; nothing is estimated."""
    found: list[DriftObservations] = []

    def keep(seen):
        found.append(seen)
        raise _SeenEnough

    try:
        sides = (stored(reference, "reference"), stored(current, "current"))
        measure_drift(*sides, ask, roles=roles, subject="s", estimate=keep)
    except _SeenEnough:
        pass
    return found[0]
