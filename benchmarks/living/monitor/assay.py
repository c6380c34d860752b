"""Assay: labels joined, both windows gathered and kept, and the whole report."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from assay.bucket.artifacts import Artifact
from assay.production.monitoring.judgement import LookInputs, collect_facts, judge_look
from assay.production.monitoring.look import next_look
from assay.production.monitoring.windows import build_reference, build_window
from assay.tables.profiled_table import profile_and_sample
from assay.tables.table import Table
from benchmarks.living.monitor.rows import bucket_in, use_case

_WHEN = datetime(2016, 3, 1, tzinfo=UTC)


def prepare(folder: Path) -> Artifact:
    """The reference, profiled as it is after the first look; nothing known of the rows."""
    bucket, case = bucket_in(folder), use_case()
    shutil.rmtree(folder / "bucket" / "memo", ignore_errors=True)
    look = next_look(bucket, case.name, case.monitor, _WHEN)
    made = build_reference(bucket, look.version, case)
    profile_and_sample(Table.read(bucket, made))
    return made


def work(folder: Path, against: Artifact) -> str:
    bucket, case = bucket_in(folder), use_case()
    look = next_look(bucket, case.name, case.monitor, _WHEN)
    seen = build_window(bucket, look, case, against)
    material = LookInputs(against, seen.current, seen.labelled, seen.same_rows, seen.label_counts)
    found = judge_look(
        bucket, collect_facts(bucket, look, case, material), material, case, look.version
    )
    value = found.figures["expected ROC AUC"]
    return f"{found.verdict}, expected ROC AUC {value:.4f}"
