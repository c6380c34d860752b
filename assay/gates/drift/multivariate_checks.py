"""What was found about rows as wholes, as checks."""

from __future__ import annotations

from typing import Final

from assay.config.gates import DriftSettings
from assay.gates.drift.checks import format_p_value
from assay.gates.drift.reconstruction import Reconstruction
from assay.gates.drift.separation import Separation, StretchSeparation
from assay.gates.report import Check, Verdict
from assay.gates.statistics.intervals import verdict_at_most

SMALL_EFFECT: Final = 0.2  # standard deviations: what Cohen (1988) calls a small effect


def separation_check(separation: Separation, ask: DriftSettings) -> Check:
    """Whether a classifier tells current rows from the reference's, by more than it does stretches
    of the reference."""
    verdict = _separation_verdict(separation, ask)
    telling = ", ".join(
        f"{name} ({lost:.3f})" for name, lost in separation.column_losses[:3] if lost > 0.005
    )
    why = (
        f"A classifier tells current rows from the reference's with a ROC AUC of "
        f"{separation.auc.value:.3f} out of fold, on {separation.rows:,} rows of both sides"
    )
    if separation.stretches is not None:
        why += f"; {_describe_stretches(separation.stretches)}"
    if telling:
        why += f"; most telling, by what it loses without them: {telling}"
    return Check(
        name="separation",
        claim="Current rows cannot be told from the reference's by all columns together",
        verdict=verdict,
        statistic="roc_auc",
        estimate=separation.auc.value,
        interval=separation.auc.interval,
        threshold=ask.separable,
        why=why,
        remedy=_separation_remedy(separation, verdict, ask),
        accepted=True,
        rows=separation.rows,
    )


def _separation_verdict(separation: Separation, ask: DriftSettings) -> Verdict:
    """Apart is more than accepted, and more than a further stretch of the reference would be."""
    verdict = verdict_at_most(separation.auc.interval, ask.separable)
    if verdict is not Verdict.FAIL:
        return verdict
    if ask.order == "arbitrary":
        return Verdict.CAUTION
    stretches = separation.stretches
    if stretches is None:
        return Verdict.UNKNOWN
    if stretches.current > stretches.limit:
        return Verdict.CAUTION
    return Verdict.PASS if stretches.current <= stretches.mean_auc else Verdict.UNKNOWN


def _describe_stretches(stretches: StretchSeparation) -> str:
    return (
        f"by as few rows as stretches of the reference {stretches.current:.3f}, where these are "
        f"told from its rest with {stretches.mean_auc:.3f} and one more might be with "
        f"{stretches.limit:.3f}"
    )


def _separation_remedy(separation: Separation, verdict: Verdict, ask: DriftSettings) -> str:
    if verdict is Verdict.PASS:
        return ""
    beyond = (separation.auc.interval.low or 0.0) > ask.separable
    if verdict is Verdict.UNKNOWN and beyond:
        return (
            "Stretches of the reference may differ as much. A longer reference would tell; so "
            "would, if the order of rows means nothing, drift.order: arbitrary."
        )
    return "Look at the most telling columns together."


def reconstruction_check(reconstruction: Reconstruction, ask: DriftSettings) -> Check:
    """Whether the reference's principal components rebuild current rows as well as its own."""
    far = abs(reconstruction.effect) >= SMALL_EFFECT
    verdict = Verdict.CAUTION if reconstruction.p <= ask.level else Verdict.UNKNOWN
    return Check(
        name="reconstruction",
        claim="Columns go together as in the reference",
        verdict=verdict if far else Verdict.PASS,
        statistic="reconstruction error, in standard deviations from the reference's mean",
        estimate=reconstruction.effect,
        threshold=SMALL_EFFECT,
        why=f"Errors of rebuilding rows from {reconstruction.components} principal components lie "
        f"{reconstruction.effect:+.2f} standard deviations off "
        f"({format_p_value(reconstruction.p)})",
        remedy="Look for columns whose relation broke." if far else "",
        accepted=True,
        rows=reconstruction.rows,
    )
