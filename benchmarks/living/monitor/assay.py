"""Assay: labels joined, both windows gathered and kept, and the whole report."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from assay.artifacts import Artifact
from assay.living.looking import Material, facts, judge
from assay.living.looks import next_look
from assay.living.windows import reference, window
from assay.tables.observed import observe
from assay.tables.read import Table
from benchmarks.living.monitor.rows import bucket_in, use_case

_WHEN = datetime(2016, 3, 1, tzinfo=UTC)


def prepare(folder: Path) -> Artifact:
    """The reference, profiled as it is after the first look; nothing known of the rows."""
    bucket, case = bucket_in(folder), use_case()
    shutil.rmtree(folder / "bucket" / "memo", ignore_errors=True)
    look = next_look(bucket, case.name, case.monitor, _WHEN)
    made = reference(bucket, look.version, case)
    observe(Table.read(bucket, made))
    return made


def work(folder: Path, against: Artifact) -> str:
    bucket, case = bucket_in(folder), use_case()
    look = next_look(bucket, case.name, case.monitor, _WHEN)
    seen = window(bucket, look, case, against)
    material = Material(against, seen.current, seen.labelled, seen.same, seen.counted)
    found = judge(bucket, facts(bucket, look, case, material), material, case, look.version)
    value = found.figures["expected ROC AUC"]
    return f"{found.verdict}, expected ROC AUC {value:.4f}"
