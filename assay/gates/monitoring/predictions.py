"""The drift gate's checks on the rows of a look, for expected and for realised performance.

Rows that arrived since the last look show shifts and give the expected performance. Rows with a
new label, whether old or new themselves, give the realised performance. They are a second table,
unless labels arrive together with the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from assay.config.gates import DriftSettings
from assay.gates.drift.binary_harm import estimate_binary_performance
from assay.gates.drift.case_mix import CaseMix, ReferenceColumns, find_case_mix
from assay.gates.drift.checks import metric_name
from assay.gates.drift.column_shift import measure_shifts
from assay.gates.drift.gate import measure_drift
from assay.gates.drift.performance_drop import credible_mix
from assay.gates.drift.prediction_harm import EstimatePerformance
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.monitoring.evidence import EvidenceSoFar, add_evidence, measure_lacks
from assay.gates.monitoring.facts import Lack
from assay.gates.monitoring.reasons import FirstReasons
from assay.gates.monitoring.required_rows import add_required_rows
from assay.gates.report import Check, Figure, Measurement, Report, Sheet
from assay.tables.profiled_table import ProfiledTable, profile_and_sample
from assay.tables.table import Table

_PERFORMANCE = "Performance"  # the drift gate's sheet
_REALISED = "realised["
_GROUPS = "groups["


@dataclass(frozen=True)
class LookTables:
    """The tables of a look. `current` and `labelled` may be the same table, or None; `reasons` are
    there where answers were told with their reasons.
    """

    reference: Table
    current: Table | None
    labelled: Table | None
    reasons: FirstReasons | None = None

    @property
    def is_one_table(self) -> bool:
        return self.current is not None and self.current is self.labelled

    @property
    def has_rows(self) -> bool:
        return self.current is not None or self.labelled is not None


@dataclass(frozen=True)
class PredictionFindings:
    """The drift gate's reports on both tables, merged."""

    checks: Sequence[Check]
    sheets: Sequence[Sheet]
    figures: Sequence[Figure]
    notes: Sequence[str]
    summary: str
    values: dict[str, float | None]
    measurements: Sequence[Measurement] = ()
    lacks: Mapping[str, Lack] = field(default_factory=dict)


def judge_predictions(
    rows: LookTables,
    ask: DriftSettings,
    roles: ColumnRoles,
    features: Sequence[str],
    *,
    so_far: EvidenceSoFar,
    seed: int,
    estimate: EstimatePerformance = estimate_binary_performance,
) -> PredictionFindings:
    """Judge new rows by expected performance, and labelled rows by realised performance."""
    moved_drift, labelled_drift = (
        measure_drift(
            rows.reference,
            one,
            ask,
            roles=roles,
            columns=features,
            subject="",
            seed=seed,
            estimate=estimate,
        )
        if one is not None
        else None
        for one in (rows.current, None if rows.is_one_table else rows.labelled)
    )
    moved = moved_drift.report if moved_drift else None
    labelled = labelled_drift.report if labelled_drift else None
    realised = moved if rows.is_one_table else labelled
    checks = [c for c in (moved.checks if moved else ()) if not c.name.startswith(_REALISED)]
    found = [c for c in (realised.checks if realised else ()) if c.name.startswith(_REALISED)]
    found = add_required_rows(found, rows.reference, roles)
    realised_drift = moved_drift if rows.is_one_table else labelled_drift
    lacks = realised_drift.lacks if realised_drift else ()
    found = add_evidence(found, lacks, so_far, ask.margin)
    known = {check.name for check in checks}
    found += [c for c in (realised.checks if realised else ())
              if c.name.startswith(_GROUPS) and c.name not in known]  # fmt: skip
    measurements = [
        *(moved.measurements_of("expected", "expected_drop") if moved else ()),
        *(realised.measurements_of("realised", "realised_drop") if realised else ()),
    ]
    return PredictionFindings(
        _insert_realised(checks, found),
        [*(moved.sheets if moved else ()), *_labelled_sheets(labelled)],
        moved.figures if moved else (),
        moved.notes if moved else (),
        moved.summary if moved else "",
        _headline_figures(measurements) | {"shifted": _count_shifts(moved)},
        measurements,
        measure_lacks(lacks),
    )


def _insert_realised(checks: Sequence[Check], realised: Sequence[Check]) -> list[Check]:
    """The checks, with those of realised performance after those of expected performance."""
    last = max((i for i, c in enumerate(checks) if c.name.startswith("expected[")), default=0)
    return [*checks[: last + 1], *realised, *checks[last + 1 :]]


def _labelled_sheets(report: Report | None) -> list[Sheet]:
    """The performance sheet of labelled rows, if they are not the new rows."""
    if report is None:
        return []
    update = {"title": "Performance on rows with new labels"}
    return [s.model_copy(update=update) for s in report.sheets if s.title == _PERFORMANCE]


def _headline_figures(measurements: Sequence[Measurement]) -> dict[str, float | None]:
    """The performance of all rows, by kind and metric."""
    return {
        f"{one.kind} {metric_name(one.metric)}": one.value
        for one in measurements
        if one.kind in {"expected", "realised"} and one.group is None
    }


def _count_shifts(report: Report | None) -> float | None:
    if report is None:
        return None
    return float(sum(c.family == "shift" and c.verdict == "caution" for c in report.checks))


def weigh_reference(
    rows: LookTables, ask: DriftSettings, features: Sequence[str], seed: int
) -> tuple[pa.Table, CaseMix | None]:
    """Sampled reference rows, and their weights at the mix of the labelled rows.

    The weights are None if a mix of a few columns does not explain how the tables differ.
    """
    assert rows.labelled is not None, "asked for labelled rows"
    old, new = (profile_and_sample(one, seed=seed) for one in (rows.reference, rows.labelled))
    names = [name for name in features if _in_both(name, old, new)]
    seen = measure_shifts(old, new, names, ask)
    codes = {one.name: one.grid.codes(old.sample.column(one.name)) for one in seen}
    held = ReferenceColumns(old.sample.num_rows, codes, rows.labelled.rows)
    return old.sample, credible_mix(
        find_case_mix(held, seen, [s for s in seen if s.has_shifted]), ask
    )


def _in_both(name: str, old: ProfiledTable, new: ProfiledTable) -> bool:
    return name in old.profile.columns and name in new.profile.columns
