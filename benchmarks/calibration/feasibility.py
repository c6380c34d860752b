"""The feasibility gate, on samples of Adult and on made rows with planted faults."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from assay.config.loaded_use_case import load_use_case
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.gate import assess_feasibility
from assay.gates.feasibility.signal import check_signal
from assay.gates.feasibility.signal_power import rows_to_notice
from assay.gates.report import Check, Report, Verdict
from benchmarks.calibration.experiment import (
    Claim,
    Experiment,
    Outcomes,
    always,
    at_least,
    at_most,
    never,
    shown,
)
from benchmarks.calibration.leaks import Leak, as_amount, as_codes, as_text, honest
from benchmarks.calibration.models import sigmoid
from benchmarks.calibration.people import INCOME, sample
from benchmarks.calibration.rows import determined
from benchmarks.calibration.signals import SHAPES, SHARE, told_outcome
from benchmarks.calibration.use_cases import income, made

TARGET = "income"
LEAK = "planted"
MINOR = "Amer-Indian-Eskimo"
AREAS = (0.5, 0.55, 0.6, 0.7, 0.8, 0.95)
SIZES = (200, 500, 1_000, 2_500, 10_000)
SHOWN_ROWS = 12_000  # of Adult, with 24 % positives, that show a ROC AUC of 0.55


def no_go(report: Report) -> bool:
    """Whether the gate would stop the run."""
    return report.verdict is Verdict.FAIL


def checks(report: Report, name: str) -> list[Check]:
    """The checks of that name, whatever stands in brackets."""
    return [c for c in report.checks if c.name.partition("[")[0] == name]


def failed(report: Report, name: str) -> bool:
    """Whether such a check fails."""
    return any(check.verdict is Verdict.FAIL for check in checks(report, name))


# --- signal and reach -------------------------------------------------------------------------


def shuffled(seed: int, rows: int, reach: float | None) -> Outcomes:
    """Adult with its labels dealt out anew."""
    frame = sample(rows, seed)
    frame[TARGET] = np.random.default_rng([seed, 1]).permutation(frame[TARGET].to_numpy())
    report = assess_feasibility(frame, income(reach), seed=seed)
    [signal] = checks(report, "signal")
    return {
        "no_go": no_go(report),
        "go": report.verdict in {Verdict.PASS, Verdict.CAUTION},
        "signal": signal.verdict is Verdict.PASS,
        "found": signal.verdict in {Verdict.PASS, Verdict.CAUTION},
    }


def known_signal(seed: int, shape: str, cells: Sequence[tuple[float, int]]) -> Outcomes:
    """Whether the test of the signal finds what is there, by ROC AUC and rows."""
    found: dict[str, bool] = {}
    with threadpool_limits(limits=1):
        for area, rows in cells:
            frame = told_outcome(shape, area, rows, seed)
            check, _ = check_signal(FeasibilityData.from_rows(frame, made(), seed))
            found[_cell(area, rows)] = check.verdict in {Verdict.PASS, Verdict.CAUTION}
            found[f"{_cell(area, rows)} fail"] = check.verdict is Verdict.FAIL
    return found


def _cell(area: float, rows: int) -> str:
    return f"{area:g} with {rows:,} rows"


def intact(seed: int, rows: int, reach: float) -> Outcomes:
    """Adult as it is."""
    report = assess_feasibility(sample(rows, seed), income(reach), seed=seed)
    return {"no_go": no_go(report), "leak": failed(report, "leakage")}


def out_of_reach(seed: int, rows: int, reach: float) -> Outcomes:
    """Adult, and a target that nobody has reached on it."""
    report = assess_feasibility(sample(rows, seed), income(reach), seed=seed)
    return {
        "no_go": no_go(report),
        "pass": any(c.verdict is Verdict.PASS for c in checks(report, "reach")),
    }


# --- leaks ------------------------------------------------------------------------------------


def leaking(seed: int, rows: int, leak: Leak) -> Outcomes:
    """Adult with one more column."""
    frame = sample(rows, seed)
    yes = (frame[TARGET] == ">50K").to_numpy()
    frame.insert(0, LEAK, leak(yes, np.random.default_rng([seed, 2])))
    report = assess_feasibility(frame, income(0.85), seed=seed)
    [check] = checks(report, "leakage")
    fails = check.verdict is Verdict.FAIL
    return {
        "named": fails and LEAK in check.why,
        "others": fails and any(name in check.why for name in frame.columns if name != LEAK),
        "no_go": no_go(report),
    }


# --- labels, groups, time ---------------------------------------------------------------------


def mislabelled(seed: int, rows: int, share: float, allowed: float, steep: float = 12) -> Outcomes:
    """A share of the labels is turned round."""
    frame = determined(rows, seed, steep)
    wrong = np.random.default_rng([seed, 3]).random(rows) < share
    frame["y"] = np.where(wrong, np.where(frame["y"] == "yes", "no", "yes"), frame["y"])
    report = assess_feasibility(frame, made(feasibility=f'{{"noise": {allowed}}}'), seed=seed)
    [sheet] = [s for s in report.sheets if s.title == "Labels to look at first"]
    listed = [int(row[0]) - 1 for row in sheet.rows]
    return {
        "fail": failed(report, "label_noise"),
        "listed": bool(wrong[listed].mean() > 0.5) if listed else None,
    }


def small_group(seed: int, rows: int, keep: int, positives: bool) -> Outcomes:
    """One race has `keep` rows only, with or without positives, and a rule speaks of all."""
    frame = sample(rows, seed)
    few = frame.index[frame["race"] == MINOR]
    frame = frame.drop(few[keep:]).reset_index(drop=True)
    few = frame.index[frame["race"] == MINOR]
    frame.loc[few, TARGET] = "<=50K"
    frame.loc[few[: len(few) // 2 * positives], TARGET] = ">50K"
    rule = "fairness=[{metric: true_positive_rate, by: [race], tolerance: 0.1, because: made}]"
    report = assess_feasibility(frame, load_use_case(INCOME, [rule]).use_case, seed=seed)
    [check] = checks(report, "group_power")
    others = (
        frame[frame["race"] != MINOR].groupby("race")[TARGET].agg(lambda y: (y == ">50K").any())
    )
    return {
        "named": check.verdict is not Verdict.PASS and MINOR in check.why,
        # Where by chance another group has no positives, the check fails for that one.
        "fail": check.verdict is Verdict.FAIL if others.all() else None,
    }


def over_time(seed: int, rows: int, turned: bool) -> Outcomes:
    """A column of days. `turned`: in the newest rows, somewhat fewer than a fifth, the outcome
    follows the opposite rule, and a column whose value is new there tells which rows these are."""
    rng = np.random.default_rng(seed)
    day = np.sort(rng.integers(0, 1000, rows))
    late = (day > 820) & turned
    x, noise = rng.normal(size=(2, rows))
    yes = rng.random(rows) < sigmoid(2 * x * np.where(late, -1, 1))
    columns = {"day": day, "x": x, "noise": noise, "version": np.where(late, 2, 1)}
    frame = pd.DataFrame(columns | {"y": np.where(yes, "yes", "no")})
    report = assess_feasibility(frame, made(data='{"time": "day"}'), seed=seed)
    bad = (Verdict.FAIL, Verdict.CAUTION)
    found = checks(report, "stationarity")
    return {"found": any(c.verdict in bad for c in found), "fail": failed(report, "stationarity")}


# --- the list ---------------------------------------------------------------------------------


def _shuffled(rows: int, seeds: int, reach: float | None) -> Experiment:
    goal = f"a ROC AUC of {reach} to reach" if reach else "no score to reach"
    stops = rows >= SHOWN_ROWS or reach is not None
    return Experiment(
        f"shuffled labels, {rows:,} rows, {goal}",
        f"{rows:,} rows of Adult drawn without replacement, with shuffled labels; {goal}.",
        seeds,
        partial(shuffled, rows=rows, reach=reach),
        (
            *([at_least(0.95, "no_go", "the gate says no-go")] if stops else []),
            at_most(0.05, "go", "the gate says go or caution"),
            at_most(0.05, "found", "the signal check finds a signal"),
            at_most(0.01, "signal", "the signal check says `pass`"),
        ),
    )


def _known_signal(shape: str, seeds: int) -> Experiment:
    """Power where it is stated, what was seen elsewhere, and the level."""
    cells = [(area, rows) for area in AREAS for rows in SIZES]
    features = {"wide": 50, "categories": 5}.get(shape, 10)
    return Experiment(
        f"signals of known size: {shape}",
        f"{(SHAPES[shape].__doc__ or '').capitalize()}; 30 % positives. The ROC AUC is that of the"
        " rule by which outcomes were drawn; 0.55 is asked for. Power is stated at 90 % from the"
        " rows on that the report names, and shown elsewhere.",
        seeds,
        partial(known_signal, shape=shape, cells=cells),
        tuple(_known_claim(area, rows, features) for area, rows in cells)
        + tuple(
            at_most(0.1, f"{_cell(area, SIZES[-1])} fail", f"{_cell(area, SIZES[-1])}: no-go")
            for area in AREAS
            if area > 0.5
        ),
    )


def _known_claim(area: float, rows: int, features: int) -> Claim:
    says = f"a ROC AUC of {_cell(area, rows)} is found"
    if area == 0.5:
        return at_most(0.05, _cell(area, rows), says)
    enough = rows >= 0.99 * rows_to_notice(area, SHARE, features)
    return at_least(0.9, _cell(area, rows), says) if enough else shown(_cell(area, rows), says)


def _intact(rows: int, seeds: int) -> Experiment:
    return Experiment(
        f"intact Adult, {rows:,} rows",
        f"{rows:,} rows of Adult drawn without replacement; a ROC AUC of .85 to reach, where tuned"
        " models reach .92.",
        seeds,
        partial(intact, rows=rows, reach=0.85),
        (
            at_most(0.05, "no_go", "the gate says no-go"),
            at_most(0.05, "leak", "a column is reported as a leak"),
        ),
    )


def _leak(words: str, leak: Leak) -> Experiment:
    return Experiment(
        f"a planted leak: {words}",
        f"4,000 rows of Adult with one more column: {leak.__doc__}",
        60,
        partial(leaking, rows=4000, leak=leak),
        (
            at_least(0.95, "named", "the leakage check fails and names the column"),
            at_most(0.05, "others", "the leakage check names another column"),
            at_least(0.95, "no_go", "the gate says no-go"),
        ),
    )


EXPERIMENTS = (
    _shuffled(1000, 150, None),
    _shuffled(4000, 150, None),
    _shuffled(20_000, 100, None),
    _shuffled(4000, 75, 0.85),
    *(_known_signal(shape, 100) for shape in SHAPES),
    _intact(1000, 75),
    _intact(4000, 60),
    _intact(20_000, 30),
    Experiment(
        "a target out of reach",
        "4,000 rows of Adult; a ROC AUC of .99 to reach.",
        60,
        partial(out_of_reach, rows=4000, reach=0.99),
        (
            at_least(0.95, "no_go", "the gate says no-go"),
            never("pass", "the target is reported as within reach"),
        ),
    ),
    _leak("text", as_text),
    _leak("an amount", as_amount),
    _leak("codes", as_codes),
    Experiment(
        "no leak, but a telling column",
        f"4,000 rows of Adult with one more column: {honest.__doc__}",
        60,
        partial(leaking, rows=4000, leak=honest),
        (
            at_most(0.05, "named", "the column is reported as a leak"),
            at_most(0.05, "others", "another column is reported as a leak"),
            at_most(0.05, "no_go", "the gate says no-go"),
        ),
    ),
    Experiment(
        "10 % wrong labels",
        "4,000 rows whose outcome two numbers nearly determine; 10 % of the labels are flipped, and"
        " 5 % wrong labels are allowed.",
        60,
        partial(mislabelled, rows=4000, share=0.10, allowed=0.05),
        (
            at_least(0.8, "fail", "the label noise check fails"),
            at_least(0.8, "listed", "most of the labels listed first were flipped"),
        ),
    ),
    Experiment(
        "5 % wrong labels",
        "The same with 5 % flipped, which is the allowed share.",
        100,
        partial(mislabelled, rows=4000, share=0.05, allowed=0.05),
        (at_most(0.05, "fail", "the label noise check fails"),),
    ),
    Experiment(
        "outcomes that nothing determines",
        "4,000 rows without a flipped label, but the two numbers do not determine the outcome: its"
        " log odds have a standard deviation of 2.8 instead of 17, and one row in six goes against"
        " the odds; 5 % wrong labels are allowed.",
        100,
        partial(mislabelled, rows=4000, share=0.0, allowed=0.05, steep=2),
        (at_most(0.05, "fail", "the label noise check fails"),),
    ),
    Experiment(
        "1 % wrong labels",
        "The same with 1 % flipped.",
        60,
        partial(mislabelled, rows=4000, share=0.01, allowed=0.05),
        (
            at_most(0.05, "fail", "the label noise check fails"),
            at_least(0.8, "listed", "most of the labels listed first were flipped"),
        ),
    ),
    Experiment(
        "a group too small",
        f"4,000 rows of Adult, ten of them {MINOR} and half of these positive; a rule on true"
        " positive rates by race.",
        60,
        partial(small_group, rows=4000, keep=10, positives=True),
        (
            always("named", "the group power check names the group"),
            never("fail", "the check fails"),
        ),
    ),
    Experiment(
        "a group without positives",
        f"4,000 rows of Adult, ten of them {MINOR} and all of these negative; the same rule.",
        60,
        partial(small_group, rows=4000, keep=10, positives=False),
        (
            always("named", "the group power check names the group"),
            always("fail", "the check fails"),
        ),
    ),
    Experiment(
        "time that changes nothing",
        "4,000 rows over a thousand days; one number affects the outcome, always in the same way.",
        100,
        partial(over_time, rows=4000, turned=False),
        (
            at_most(0.05, "found", "the stationarity check is `fail` or `caution`"),
            at_most(0.05, "fail", "the stationarity check is `fail`"),
        ),
    ),
    Experiment(
        "a rule that turns round",
        "The same, but in the newest 18 % the number affects the outcome in the opposite way, and a"
        " column with a new value there identifies these rows.",
        60,
        partial(over_time, rows=4000, turned=True),
        (
            at_least(0.95, "found", "the stationarity check is `fail` or `caution`"),
            at_least(0.95, "fail", "the stationarity check is `fail`"),
        ),
    ),
)
