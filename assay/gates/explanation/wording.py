"""Names and estimates in the explanation gate's sentences."""

from __future__ import annotations

from collections.abc import Sequence

from assay.gates.explanation.answer_scale import AnswerScale
from assay.gates.report import Interval
from assay.gates.statistics.intervals import Estimate


def join_names(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def amount_text(estimate: Estimate, scale: AnswerScale) -> str:
    """ "0.061 [0.051, 0.072]", in the metric's unit."""
    unit = f" {scale.unit}" if scale.unit else ""
    return f"{estimate.value:.3f}{unit} {bracketed_interval(estimate.interval, '.3f')}"


def bracketed_interval(bounds: Interval, form: str) -> str:
    """Where the truth may lie, each side in the format `form`."""
    if bounds.low is None or bounds.high is None:
        return "(too few rows for an interval)"
    return f"[{bounds.low:{form}}, {bounds.high:{form}}]"
