"""Whether rows that belong together come from enough people to judge several classes by."""

from __future__ import annotations

import numpy as np

from assay.gates.report import Check, Verdict
from assay.gates.statistics.cluster_errors import MIN_CLUSTERS, Clusters, mean_error
from assay.problems.multiclass.answers import ClassAnswers, Ints
from assay.problems.multiclass.scores import row_values


def check_independence(truth: Ints, who: ClassAnswers, clusters: Clusters | None) -> Check | None:
    """A soft check; None where every row is its own cluster."""
    if clusters is None or not clusters.name:
        return None
    rows = np.bincount(truth, minlength=len(who.classes))
    effective = {
        label: clusters.effective(truth == code)
        for code, label in enumerate(who.classes)
        if rows[code]
    }
    fewest = min(effective, key=lambda label: effective[label])
    enough = effective[fewest] >= MIN_CLUSTERS
    ratio = standard_error_inflation(truth, who, clusters)
    wider = f"; standard errors are up to {ratio:.2f} times those of independent rows"
    count = len(np.unique(clusters.codes))
    return Check(
        name="independence",
        claim=f"Each class has rows of at least {MIN_CLUSTERS} values of {clusters.name}, counted "
        "as if equally large",
        verdict=Verdict.PASS if enough else Verdict.UNKNOWN,
        statistic="clustered standard error over that of independent rows, the largest of scores",
        estimate=ratio,
        why=f"{len(truth):,} test rows hold {count:,} different values of {clusters.name}, and "
        f"every interval here takes this into account{'' if ratio is None else wider}",
        remedy=""
        if enough
        else f"Bring rows of more values of {clusters.name}: those of {fewest} are worth "
        f"{effective[fewest]:.0f}.",
        hard=False,
        rows=len(truth),
    )


def standard_error_inflation(truth: Ints, who: ClassAnswers, clusters: Clusters) -> float | None:
    """How many times as large a standard error is as it would be for independent rows: of the
    accuracy, the log loss and the Brier score, the largest. None if none of them varies.
    """
    alone, costs = np.arange(len(truth)), 1 - np.eye(len(who.classes))
    found = []
    for metric in ("accuracy", "log_loss", "brier"):
        values = row_values(metric, truth, who, costs)
        own, other = (
            mean_error(values, codes, clusters.weights).variance
            for codes in (clusters.codes, alone)
        )
        if other > 0 and np.isfinite(own):
            found.append(float(np.sqrt(own / other)))
    return max(found, default=None)
