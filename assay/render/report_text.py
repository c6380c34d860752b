"""What all renderings share: verdicts as words and signs, the order of checks, safe text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from assay.gates.report import Cell, Check, Figure, Report, Sheet, Verdict
from assay.util.wording import more_suffix

# One cell wide in every font, and told apart without colour.
VERDICT_SYMBOLS: Final = {
    Verdict.PASS: "✓",
    Verdict.CAUTION: "!",
    Verdict.UNKNOWN: "?",
    Verdict.FAIL: "✗",
}

VERDICT_MEANINGS: Final = {
    Verdict.PASS: "the evidence supports the claim",
    Verdict.CAUTION: "it holds, with a reservation to weigh",
    Verdict.UNKNOWN: "the data cannot tell, which is not the same as fine",
    Verdict.FAIL: "the evidence is against the claim",
}

ADVISORY_REMARK: Final = "advisory: weighs as a caution"
ACCEPTED_REMARK: Final = "cannot be told, and weighs as a caution here"


def verdict_label(verdict: Verdict) -> str:
    """A verdict with its sign: "✗ fail"."""
    return f"{VERDICT_SYMBOLS[verdict]} {verdict.value}"


def checks_worst_first(report: Report) -> list[Check]:
    """The checks by their weight in the gate's verdict, then by their own verdict."""

    def weight(check: Check) -> tuple[int, int]:
        own = check.verdict.severity
        return (-(Verdict.CAUTION.severity if _leniency(check) else own), -own)

    return sorted(report.checks, key=weight)


def checks_not_passed(report: Report) -> list[Check]:
    """The checks that did not pass, worst first."""
    return [check for check in checks_worst_first(report) if check.verdict is not Verdict.PASS]


def checks_to_show(report: Report, *, brief: bool) -> list[Check]:
    """All checks, worst first; if `brief`, those that did not pass."""
    return checks_not_passed(report) if brief else checks_worst_first(report)


def _leniency(check: Check) -> str:
    """Why a check weighs less than its verdict; "" if it does not."""
    if check.verdict is Verdict.FAIL and not check.hard:
        return ADVISORY_REMARK
    if check.verdict is Verdict.UNKNOWN and check.accepted:
        return ACCEPTED_REMARK
    return ""


def check_remarks(check: Check) -> str:
    """Remarks on a check: "9,769 rows; advisory: weighs as a caution"."""
    rows = "" if check.rows is None else f"{check.rows:,} rows"
    return "; ".join(part for part in (rows, _leniency(check)) if part)


def verdict_counts(report: Report) -> str:
    """How many checks came to which verdict, worst first: "1 fail, 2 unknown, 9 pass"."""
    counts = ((verdict, len(report.checks_with(verdict))) for verdict in reversed(Verdict))
    return ", ".join(f"{count} {verdict}" for verdict, count in counts if count)


def gate_reason(report: Report) -> str:
    """What was found by the check that decided the verdict; the summary of a gate that passed."""
    if report.verdict is Verdict.PASS:
        return report.summary
    deciding = report.checks_weighing(report.verdict)
    if not deciding:
        return report.summary
    return f"{deciding[0].headline.strip().removesuffix('.')}{more_suffix(len(deciding))}"


def end_sentence(text: str) -> str:
    """The text with one full stop at its end."""
    return f"{text.strip().removesuffix('.')}."


def format_scores(scores: Mapping[str, float]) -> str:
    """Scores for people: "roc_auc 0.929, accuracy 0.871, largest gap 0.181"."""
    order = sorted(scores, key=lambda name: (name == "largest_gap", name == "accuracy"))
    return ", ".join(f"{name.replace('_gap', ' gap')} {scores[name]:.3f}" for name in order)


def figure_sheet(figure: Figure) -> Sheet:
    """The numbers of a figure as a sheet, without columns that no point uses."""
    x = figure.x_axis or "x"
    edges = ("from", "to") if figure.kind == "bars" else (f"{x}, low", f"{x}, high")
    heads = {"label": "label", "x": x, "x_low": edges[0], "x_high": edges[1],
             "value": figure.axis or "value", "low": "low", "high": "high"}  # fmt: skip
    used = [field for field in heads if field == "value" or _field_used(figure, field)]
    several = len(figure.series) > 1
    rows: list[tuple[Cell, ...]] = [
        (*([series.name] if several else []), *(getattr(point, field) for field in used))
        for series in figure.series
        for point in series.points
    ]
    columns = (*(["series"] if several else []), *(heads[field] for field in used))
    return Sheet(title=figure.title, columns=columns, rows=tuple(rows))


def _field_used(figure: Figure, field: str) -> bool:
    return any(
        getattr(point, field) not in (None, "")
        for series in figure.series
        for point in series.points
    )
