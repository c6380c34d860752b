"""Check 8: do the same rows, or the same people, stand on both sides of the split?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assay.gates.feasibility.labelled_rows import LabelledRows
from assay.gates.feasibility.periods import late_rows
from assay.gates.report import Check, Verdict
from assay.util.sorted_arrays import sorted_unique


def check_duplicates(data: LabelledRows) -> list[Check]:
    """Duplicates across the split, copies of whole rows, contradictions, and entities across the
    split."""
    found = [
        check_overlap(data),
        check_copies(data),
        _contradictions_check(data),
        check_entities(data),
    ]
    return [check for check in found if check]


def expected_overlap(content: np.ndarray, keys: np.ndarray, test: float) -> float:
    """Share of test rows that are expected to have a twin among the training rows.

    Rows of equal `content` are twins; rows of equal `keys` fall on the same side, the others
    independently, to the test with probability `test`. A row in the test whose content has m
    different keys has no twin in training with probability test ** (m - 1).
    """
    pairs = pd.DataFrame({"content": content, "key": keys})
    m = pairs.groupby("content")["key"].transform("nunique").to_numpy()
    return float((1 - test ** (m - 1)).mean())


def check_overlap(data: LabelledRows) -> Check:
    """Whether test rows will have copies among the training rows."""
    limit = data.use_case.feasibility.overlap
    whole = data.all_rows
    content = whole.cases
    share = expected_overlap(content, whole.units, data.use_case.split.test)
    same = len(content) - len(sorted_unique(content))
    exact = len(content) - len(sorted_unique(whole.rows))
    over = share > limit
    return Check(
        name="duplicates",
        claim=f"At most {limit:.1%} of the test rows have a copy among the training rows",
        verdict=Verdict.CAUTION if over else Verdict.PASS,
        statistic="share of test rows with a twin in training, expected",
        estimate=share,
        threshold=limit,
        why=f"{share:.1%} of the test rows will have a copy in training: {same:,} of"
        f" {len(content):,} rows repeat another in features and target ({exact:,} in every"
        " column).",
        remedy="Drop the repeats if they are copies of one case. If they are different cases, add"
        " columns that tell them apart."
        if over
        else "",
        rows=len(content),
    )


def check_copies(data: LabelledRows) -> Check | None:
    """Only where an identity is declared. Rows that are equal in every column are one row twice:
    they hold no more information than one, but every interval counts them as more."""
    use_case = data.use_case
    if not use_case.data.identity:
        return None
    rows, limit = data.all_rows.rows, use_case.feasibility.overlap
    copies = len(rows) - len(sorted_unique(rows))
    over = copies > limit * len(rows)
    identity = ", ".join(use_case.data.identity)
    return Check(
        name="copies",
        claim=f"At most {limit:.1%} of the rows are copies of another, {identity} included",
        verdict=Verdict.CAUTION if over else Verdict.PASS,
        statistic="share of rows that are copies",
        estimate=copies / len(rows),
        threshold=limit,
        why=f"{copies:,} of {len(rows):,} rows repeat another in every column, {identity} included"
        + (". Copies add no information and make every interval too narrow." if over else "."),
        remedy="Drop the copies. If they are different cases, add a column that tells them apart,"
        " and name it under data.identity."
        if over
        else "",
        hard=False,
        rows=len(rows),
    )


def best_possible_accuracy(features: np.ndarray, truth: np.ndarray) -> tuple[float, int]:
    """The best accuracy that any rule could have on these rows, and how many rows contradict.

    A rule gives rows with the same features one answer, so it is right on the larger class.
    """
    groups = pd.DataFrame({"features": features, "truth": truth}).groupby("features")["truth"]
    counts = groups.agg(["sum", "size"])
    positives, rows = counts["sum"].to_numpy(), counts["size"].to_numpy()
    mixed = (positives > 0) & (positives < rows)
    best = np.maximum(positives, rows - positives).sum() / rows.sum()
    return float(best), int(rows[mixed].sum())


def _contradictions_check(data: LabelledRows) -> Check:
    use_case = data.use_case
    best, rows = best_possible_accuracy(data.all_rows.features, data.all_rows.truth)
    target = use_case.feasibility.reach.get("accuracy")
    limit = 1 - target if target is not None else use_case.feasibility.overlap
    out_of_reach = target is not None and best < target
    poor = 1 - best > use_case.feasibility.overlap
    verdict = Verdict.FAIL if out_of_reach else Verdict.CAUTION if poor else Verdict.PASS
    wanted = f"; the use case wants {target:.1%}" if target is not None else ""
    return Check(
        name="contradictions",
        claim=f"At most {limit:.1%} of the rows contradict others with the same features",
        verdict=verdict,
        statistic="share of rows that no rule can get right",
        estimate=1 - best,
        threshold=limit,
        why=f"No model can be right on more than {best:.1%} of these rows{wanted}: {rows:,} of"
        f" {len(data.all_rows.truth):,} share all features with a row of the other outcome.",
        remedy=""
        if verdict is Verdict.PASS
        else "Add columns that tell these rows apart, or check their labels.",
        rows=len(data.all_rows.truth),
    )


def check_entities(data: LabelledRows) -> Check | None:
    """Only where the split goes by something else than the declared identity."""
    use_case = data.use_case
    column, by = use_case.split.column, use_case.split.by
    if column is None or not use_case.data.identity:
        return None
    whole = data.all_rows
    side = whole.units if by == "group" else late_rows(data, column)
    if side is None:
        return None
    people = pd.DataFrame({"person": whole.persons, "side": side})
    several = people.groupby("person")["side"].transform("nunique").to_numpy() > 1
    share, limit = float(several.mean()), use_case.feasibility.overlap
    verdict = Verdict.PASS
    if share > limit:
        verdict = Verdict.FAIL if by == "group" else Verdict.CAUTION
    elif share > 0 and by == "group":
        verdict = Verdict.CAUTION
    identity = ", ".join(use_case.data.identity)
    where = "in several groups" if by == "group" else "both before and after the border"
    return Check(
        name="entities",
        claim=f"Rows with the same {identity} are on one side of the split by {column}",
        verdict=verdict,
        statistic="share of rows whose entity can stand on both sides",
        estimate=share,
        threshold=limit,
        why=f"{int(several.sum()):,} of {len(several):,} rows belong to an entity {where}.",
        remedy=""
        if verdict is Verdict.PASS
        else f"Split by identity, or by a group that keeps rows with the same {identity} together.",
        rows=len(several),
    )
