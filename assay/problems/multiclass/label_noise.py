"""How many classes look wrong to a quick learner."""

from __future__ import annotations

import numpy as np

from assay.gates.report import Check, Sheet, Verdict
from assay.gates.statistics.intervals import Bools, Floats
from assay.gates.statistics.proportions import wilson_interval
from assay.problems.multiclass.class_rows import ClassRows
from assay.util.wording import row_number

SHOWN = 10
SHEET_TITLE = "Labels to look at first"


def confident_classes(truth: np.ndarray, probabilities: Floats) -> tuple[np.ndarray, Bools]:
    """The class (code) that each row is confidently predicted as, -1 for none; and whether that is
    another than its own.

    A row counts for a class if its probability is at least the mean over the rows with that label,
    and of several for the likeliest. Northcutt, Jiang & Chuang, J. Artif. Intell. Res. 70 (2021).
    """
    present = np.unique(truth)
    limits = np.full(probabilities.shape[1], np.inf)
    limits[present] = [probabilities[truth == code, code].mean() for code in present]
    reached = np.where(probabilities >= limits, probabilities, -1.0)
    counted = np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1)
    return counted, (counted >= 0) & (counted != truth)


def check_label_noise(data: ClassRows) -> tuple[Check | None, Sheet | None, str]:
    """The share of confidently predicted rows that bear another label, against what is allowed; no
    check where nothing is allowed or forbidden.

    Outcomes that the features do not determine count as wrong here, so that it never fails: too
    high a share is `unknown`.
    """
    probabilities = data.answers()
    counted, doubted = confident_classes(data.labels, probabilities)
    asked = data.use_case.feasibility
    accuracy = asked.reach.get("accuracy")
    limit = asked.noise if asked.noise is not None else None if accuracy is None else 1 - accuracy
    sheet = _sheet(data, probabilities, doubted)
    if limit is None:
        return None, sheet, "the use case states no allowed share (feasibility.noise)"
    confident = int((counted >= 0).sum())
    if not confident:
        return None, sheet, "a quick learner is confident of no row"
    share = float(doubted.sum() / confident)
    entities = len(np.unique(data.entities[counted >= 0]))
    interval = wilson_interval(share * entities, entities)
    low, high = interval.low or 0.0, 1.0 if interval.high is None else interval.high
    verdict = Verdict.PASS if high <= limit / 2 else Verdict.CAUTION
    if low > limit:
        verdict = Verdict.UNKNOWN
    check = Check(
        name="label_noise",
        claim=f"At most {limit:.3g} of the labels look wrong",
        verdict=verdict,
        statistic="share of confidently predicted rows with another label",
        estimate=share,
        interval=interval,
        threshold=limit,
        why=f"{share:.1%} of the {confident:,} rows that a quick learner is confident of have"
        " another label. Its errors count as wrong labels here, as do outcomes that the features"
        " do not determine.",
        remedy=""
        if verdict is Verdict.PASS
        else f"Have the labels checked that are listed under {SHEET_TITLE!r}. If most are right,"
        " the features do not tell the outcome: add columns that bear on it.",
        hard=False,
        accepted=True,  # a soft check: what it cannot tell weighs no more than what it dislikes
        rows=confident,
    )
    return check, sheet, ""


def _sheet(data: ClassRows, probabilities: Floats, doubted: Bools) -> Sheet:
    own = probabilities[np.arange(len(data.labels)), data.labels]
    rows = np.flatnonzero(doubted)
    first = rows[np.argsort(own[rows], kind="stable")[:SHOWN]]
    number = data.kept_rows[data.sampled_rows]
    return Sheet(
        title=SHEET_TITLE,
        columns=("labelled row", "label", "probability of it", "rather", "probability of that"),
        rows=tuple(
            (
                row_number(int(number[i])),
                data.classes[int(data.labels[i])],
                float(own[i]),
                data.classes[int(probabilities[i].argmax())],
                float(probabilities[i].max()),
            )
            for i in first
        ),
        note="By a quick learner, out of fold. Rows are numbered from 1, those without a class left"
        " out.",
    )
