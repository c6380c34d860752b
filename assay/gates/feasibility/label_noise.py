"""Check 9: how many labels are likely wrong?"""

from __future__ import annotations

import numpy as np

from assay.gates.feasibility.data import FeasibilityData
from assay.gates.report import Check, Sheet, Verdict
from assay.gates.statistics.label_noise import LabelNoise, confident_joint
from assay.util.wording import row_number

SHOWN = 10


def allowed_noise(data: FeasibilityData) -> float | None:
    """The share of wrong labels that is allowed: as stated, else what the target's accuracy
    leaves; None where neither is given."""
    asked = data.use_case.feasibility
    if asked.noise is not None:
        return asked.noise
    accuracy = asked.reach.get("accuracy")
    return None if accuracy is None else 1 - accuracy


def check_label_noise(data: FeasibilityData) -> tuple[Check | None, Sheet]:
    """The confident joint's estimate against what is allowed, and the rows to look at first.

    No check where nothing is allowed or forbidden. Outcomes that the features do not determine
    count as wrong labels in the estimate. So it fails only if labels look wrong too often also
    among the rows of which the learner is surest, and hardly more often among the others; else
    too high an estimate is `unknown`.
    """
    entities = int(data.entities.max()) + 1
    found = confident_joint(
        data.labels,
        data.probabilities,
        independent=entities,
        positives=None if data.weights is None else float(data.all_rows.truth.mean()),
        seed=data.seed,
    )
    limit = allowed_noise(data)
    check = None if limit is None else _check(data, found, limit)
    return check, _sheet(data, found)


def _check(data: FeasibilityData, noise: LabelNoise, limit: float) -> Check:
    low, high = noise.interval.low, noise.interval.high
    assert low is not None
    assert high is not None
    verdict = Verdict.PASS
    if high > limit / 2:
        verdict = Verdict.CAUTION
    if low > limit:
        surely = (noise.surest.interval.low or 0.0) > limit and noise.is_level
        verdict = Verdict.FAIL if surely else Verdict.UNKNOWN
    errs = data.labels != (data.probabilities >= 0.5)
    wrong = float(np.average(errs, weights=data.weights))
    return Check(
        name="label_noise",
        claim=f"At most {limit:.3g} of the labels look wrong",
        verdict=verdict,
        statistic="share of labels that look wrong, by the confident joint",
        estimate=noise.share,
        interval=noise.interval,
        threshold=limit,
        why=f"{noise.share:.1%} look wrong: {noise.of_positives:.1%} of the positive labels,"
        f" {noise.of_negatives:.1%} of the negative ones; {noise.surest.value:.1%} where the quick"
        f" learner is surest, {noise.surest.value + noise.rise.value:.1%} where it is less sure."
        f" The learner is wrong on {wrong:.1%} of the rows; its errors count as wrong labels here,"
        " as do outcomes that the features do not determine.",
        remedy=""
        if verdict is Verdict.PASS
        else f"Have the labels checked that are listed under {SHEET_TITLE!r}. If most are right,"
        " the features do not tell the outcome: add columns that bear on it.",
        hard=False,
        rows=len(data.labels),
    )


SHEET_TITLE = "Labels to look at first"


def _sheet(data: FeasibilityData, noise: LabelNoise) -> Sheet:
    own = np.where(data.labels, data.probabilities, 1 - data.probabilities)
    doubted = np.flatnonzero(noise.doubted_rows)
    first = doubted[np.argsort(own[doubted], kind="stable")[:SHOWN]]
    number = data.kept_rows[data.sampled_rows]
    return Sheet(
        title=SHEET_TITLE,
        columns=("labelled row", "label", "probability of it"),
        rows=tuple(
            (
                row_number(int(number[i])),
                "positive" if data.labels[i] else "negative",
                float(own[i]),
            )
            for i in first
        ),
        note=f"{noise.share:.1%} of the labels ({noise.interval.low:.1%} to"
        f" {noise.interval.high:.1%}) look wrong to a quick learner, its own errors among them."
        " Rows are numbered from 1, those without a label left out.",
    )
