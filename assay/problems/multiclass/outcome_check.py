"""The validation gate's check of classes."""

from __future__ import annotations

import numpy as np

from assay.config.data import Target
from assay.dataset.row_source import RowSource
from assay.gates.report import Check
from assay.problems.multiclass.outcomes import read_outcomes
from assay.problems.outcome_check import judge_outcomes

_SHOWN = 10


def check_outcomes(rows: RowSource, target: Target) -> Check:
    """Whether every row has one of the classes, and each class some rows."""
    shown = ", ".join(target.class_labels[:_SHOWN])
    more = f" and {len(target.class_labels) - _SHOWN:,} more" * (len(target.classes) > _SHOWN)
    return judge_outcomes(
        rows,
        target,
        claim=f"The target {target.column!r} holds {shown}{more}, and nothing else",
        read=read_outcomes,
        describe=_describe,
    )


def _describe(codes: np.ndarray, counts: np.ndarray, target: Target) -> str:
    held = np.bincount(codes, weights=counts, minlength=len(target.classes)).astype(int)
    rarest = np.argsort(held, kind="stable")[:_SHOWN]
    shown = ", ".join(f"{target.class_labels[i]} {held[i]:,}" for i in sorted(rarest))
    rest = "" if len(held) <= _SHOWN else f" (the {_SHOWN} rarest of {len(held):,} classes)"
    return f"Rows of each class: {shown}{rest}."
