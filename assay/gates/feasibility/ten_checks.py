"""The ten checks, so that a reader sees what was tested, what was not, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.gates.report import Check, Sheet, Verdict, overall_verdict

TEN_CHECKS = {
    "signal": ("signal",),
    "target within reach": ("reach",),
    "ceiling": ("ceiling",),
    "learning curve": ("learning_curve",),
    "sample size": ("sample_size",),
    "group power": ("group_power",),
    "leakage": ("leakage", "drop_one", "after_outcome", "identifiers"),
    "duplicates, contradictions, entities": (
        "duplicates",
        "copies",
        "contradictions",
        "entities",
        "grouped_rows",
    ),
    "label noise": ("label_noise",),
    "stationarity, missing values, staleness": (
        "stationarity",
        "tells_time",
        "missingness",
        "staleness",
    ),
}
"""The ten, each with the names of the checks that it consists of."""


def ten_checks_sheet(checks: Sequence[Check], reasons: Mapping[str, str]) -> Sheet:
    """One row for each of the ten. `reasons` say, by a check's name, why it was not made."""
    rows = []
    for number, (title, names) in enumerate(TEN_CHECKS.items(), start=1):
        made = [check for check in checks if base_name(check) in names]
        missing = [
            f"{name.replace('_', ' ')}: {reasons[name]}" for name in names if name in reasons
        ]
        heavy = "hard" if any(check.hard for check in made) else "soft" if made else "none"
        verdict = overall_verdict(made) if made else None
        rows.append(
            (
                number,
                title,
                "not applicable" if verdict is None else str(verdict),
                heavy,
                ", ".join(c.name for c in made if c.verdict is not Verdict.PASS),
                "; ".join(missing),
            )
        )
    return Sheet(
        title="The ten checks",
        columns=("", "check", "verdict", "weight", "because of", "not judged"),
        rows=tuple(rows),
        note="A soft check that fails counts as a caution. The worst check decides, never an"
        " average.",
    )


def base_name(check: Check) -> str:
    """The name without what stands in brackets."""
    return check.name.partition("[")[0]
