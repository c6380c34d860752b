"""Check 7 in part: is there a column that can have been known only after the outcome?"""

from __future__ import annotations

import pandas as pd

from assay.gates.feasibility.labelled_rows import LabelledRows
from assay.gates.report import Check, Verdict

MAX_LATER_SHARE = 0.01  # share of rows in which a date may lie beyond its row's time by mistake
MAX_DISTINCT_SHARE = (
    0.5  # distinct values per row: two columns that name rows match by their nature
)


def check_after_outcome(data: LabelledRows) -> Check | None:
    """Features that restate a column declared as after the outcome, and features dated later
    than their row; None where the use case gives neither such columns nor a date of the rows.

    The first fail. The second are a caution, for a date may be a plan.
    """
    declared = [n for n in data.use_case.data.after_outcome if n in data.frame.columns]
    time = data.use_case.data.time
    moments = data.frame[time] if time in data.frame.columns else None
    dated = moments is not None and pd.api.types.is_datetime64_any_dtype(moments)
    if not declared and not dated:
        return None
    restated = [
        f"{name} restates {other}"
        for other in declared
        for name in data.features
        if _restates(data.frame[name], data.frame[other])
    ]
    later = _dated_later(data, moments) if moments is not None and dated else []
    verdict = Verdict.FAIL if restated else Verdict.CAUTION if later else Verdict.PASS
    seen = "; ".join(restated + [f"{n} lies after {time} in {s:.1%} of its rows" for n, s in later])
    names = [text.partition(" ")[0] for text in restated] + [name for name, _ in later]
    return Check(
        name="after_outcome",
        claim="Every feature is known before the outcome",
        verdict=verdict,
        statistic="features that are declared or dated after it",
        estimate=float(len(names)),
        threshold=0.0,
        why=f"{seen}." if seen else _nothing_found_text(declared, time if dated else None),
        remedy=""
        if verdict is Verdict.PASS
        else "If they are not known when the question is asked, list them under"
        f" data.after_outcome: {', '.join(dict.fromkeys(names))}.",
        rows=len(data.frame),
    )


def _restates(column: pd.Series, other: pd.Series) -> bool:
    """Whether each value of one goes with one value of the other, missing ones included."""
    codes, others = (pd.factorize(c, use_na_sentinel=False)[0] for c in (column, other))
    distinct = int(codes.max()) + 1
    if not 1 < distinct == int(others.max()) + 1 <= MAX_DISTINCT_SHARE * len(codes):
        return False
    return len(pd.unique(codes.astype("int64") * distinct + others)) == distinct


def _dated_later(data: LabelledRows, moments: pd.Series) -> list[tuple[str, float]]:
    found = []
    for name in data.features:
        column = data.frame[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            known = (column.notna() & moments.notna()).to_numpy(dtype=bool)
            share = float((column > moments)[known].mean()) if known.any() else 0.0
            if share > MAX_LATER_SHARE:
                found.append((name, share))
    return sorted(found, key=lambda f: -f[1])


def _nothing_found_text(declared: list[str], time: str | None) -> str:
    told = [f"No feature restates {', '.join(declared)}"] if declared else []
    told += [f"no date among the features lies after {time}"] if time else []
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}."
