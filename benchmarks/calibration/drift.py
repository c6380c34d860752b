"""The drift gate, on resampled Adult and on made rows whose shift and harm are known."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from assay.bucket.bucket import Bucket
from assay.config.gates import DriftSettings, ErrorCosts, PerformanceMetric
from assay.gates.drift.gate import judge_drift
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.report import Check, Report, Verdict
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame
from benchmarks.calibration.experiment import Experiment, Outcomes, at_least, at_most, never
from benchmarks.calibration.models import Population, sigmoid
from benchmarks.calibration.people import adult
from benchmarks.calibration.performance import inside
from benchmarks.calibration.rows import alike, turning

ROLES = ColumnRoles(probability="probability", prediction="decision", truth="truth", positive="yes")
EVEN = ErrorCosts()  # the model decides at one half
USUAL = Population(middle=-1.0, spread=2.0, stretch=1.3)
HARDER = Population(middle=-0.3, spread=1.2, stretch=1.3)  # the same concept, other rows
ANY = 0.001  # an effect that every shift has: the p-value alone then decides
METRICS: tuple[PerformanceMetric, ...] = ("roc_auc", "accuracy")


def judged(
    old: pd.DataFrame, new: pd.DataFrame, ask: DriftSettings, roles: ColumnRoles | None = None
) -> Report:
    """The gate's report on two frames, stored as tables in memory."""
    bucket = Bucket.from_store(MemoryStore())
    tables = (
        Table.read(bucket, write_frame(bucket, frame, name))
        for frame, name in ((old, "reference"), (new, "current"))
    )
    return judge_drift(*tables, ask, roles=roles, subject="made")


def starting(report: Report, name: str) -> list[Check]:
    """The checks of that name, whatever stands in brackets."""
    return [c for c in report.checks if c.name.partition("[")[0] == name]


def raised(check: Check) -> bool:
    """Whether it surely says that something is not as it was."""
    return check.verdict in (Verdict.CAUTION, Verdict.FAIL)


def shifted(report: Report) -> set[str]:
    """The columns that are said to have shifted."""
    return {c.name[len("shift[") : -1] for c in starting(report, "shift") if raised(c)}


def alarms(report: Report) -> dict[str, bool]:
    """What said that something moved."""
    names = ("shift", "separation", "reconstruction")
    found = {name: any(raised(c) for c in starting(report, name)) for name in names}
    return found | {"gate": report.verdict is Verdict.FAIL}


# --- nothing moved ----------------------------------------------------------------------------


def resampled(seed: int, reference: int, current: int, effect: float) -> Outcomes:
    """Both sides are drawn from Adult, without a row in common."""
    rows = adult().sample(reference + current, random_state=seed, ignore_index=True)
    old, new = rows.head(reference), rows.tail(current).reset_index(drop=True)
    return alarms(judged(old, new, DriftSettings(effect=effect)))


def in_runs(seed: int, reference: int, current: int, length: float, effect: float) -> Outcomes:
    """Rows come in runs: what neighbours hold hangs together, on both sides alike."""
    rows = alike(reference + current, length, seed)
    old, new = rows.head(reference), rows.tail(current).reset_index(drop=True)
    return alarms(judged(old, new, DriftSettings(effect=effect)))


# --- something moved --------------------------------------------------------------------------


def scored(population: Population, rows: int, seed: int) -> pd.DataFrame:
    """Rows with a model's output: `x` and `kind` follow the log odds, `noise` and `colour` do not.

    The probabilities are too sure of themselves by `population.stretch`: the gate has to calibrate
    them on the reference's labels.
    """
    rng = np.random.default_rng(seed)
    odds = rng.normal(population.middle, population.spread, rows)
    probability = sigmoid(population.stretch * odds)
    return pd.DataFrame(
        {
            "x": odds + rng.normal(0, 0.3, rows),
            "kind": np.where(odds + rng.normal(0, 1, rows) > 0, "high", "low"),
            "noise": rng.normal(size=rows),
            "colour": rng.choice(["red", "green", "blue"], rows),
            "probability": probability,
            "decision": np.where(probability >= 0.5, "yes", "no"),
            "truth": np.where(rng.random(rows) < sigmoid(odds), "yes", "no"),
        }
    )


def turned(seed: int, reference: int, current: int, length: float) -> Outcomes:
    """Two numbers rise together, and in the current rows one falls where the other rises. Each by
    itself stays as it was. Rows come in runs, but for a `length` of 0."""
    rows = turning(reference, current, length, seed)
    old, new = rows.head(reference), rows.tail(current).reset_index(drop=True)
    found = alarms(judged(old, new, DriftSettings()))
    return found | {"either": found["separation"] or found["reconstruction"]}


def harmless(seed: int, reference: int, current: int) -> Outcomes:
    """Two columns move that say nothing of the outcome."""
    old, new = (scored(USUAL, n, 2 * seed + i) for i, n in enumerate((reference, current)))
    rng = np.random.default_rng([seed, 1])
    new["noise"] += 0.8
    new["colour"] = rng.choice(["red", "green", "blue"], current, p=[0.6, 0.25, 0.15])
    report = judged(old, new.drop(columns="truth"), DriftSettings(), ROLES)
    moved = shifted(report)
    return {
        "number": "noise" in moved,
        "text": "colour" in moved,
        "others": bool(moved - {"noise", "colour"}),
        "gate": report.verdict is Verdict.FAIL,
        "expected": _any(report, "expected", Verdict.FAIL),
    }


def other_rows(seed: int, reference: int, current: int) -> Outcomes:
    """The rows are harder, the concept is the same: what is expected, and what comes true."""
    old = scored(USUAL, reference, 2 * seed)
    new = scored(HARDER, current, 2 * seed + 1)
    report = judged(old, new, DriftSettings(), ROLES)
    before, after = USUAL.scores(EVEN), HARDER.scores(EVEN)
    found = {c.name: c for c in report.checks}
    outcomes: dict[str, bool | None] = {"surprise": _any(report, "realised", Verdict.FAIL)}
    for metric in METRICS:
        drop = before[metric] - after[metric]
        outcomes[metric] = inside(found[f"expected[{metric}]"].interval, drop)
        outcomes[f"seen {metric}"] = inside(found[f"realised[{metric}]"].interval, 0.0)
    return outcomes


def other_concept(seed: int, reference: int, current: int, share: float) -> Outcomes:
    """The rows are the same, but of a share of them the outcome is turned round."""
    old, new = (scored(USUAL, n, 2 * seed + i) for i, n in enumerate((reference, current)))
    turned = np.random.default_rng([seed, 1]).random(current) < share
    new["truth"] = np.where(turned, np.where(new["truth"] == "yes", "no", "yes"), new["truth"])
    report = judged(old, new, DriftSettings(), ROLES)
    return {
        "realised": _any(report, "realised", Verdict.FAIL),
        "gate": report.verdict is Verdict.FAIL,
        "shift": bool(shifted(report) - {"truth"}),
    }


def much_harder(seed: int, reference: int, current: int) -> Outcomes:
    """The column that bears on the outcome loses its spread: performance must fall."""
    old = scored(USUAL, reference, 2 * seed)
    new = scored(Population(0.0, 0.5, USUAL.stretch), current, 2 * seed + 1)
    report = judged(old, new.drop(columns="truth"), DriftSettings(), ROLES)
    return {
        "expected": any(raised(check) for check in starting(report, "expected")),
        "shift": "x" in shifted(report),
        "calm": report.verdict is Verdict.PASS,
    }


def _any(report: Report, name: str, verdict: Verdict) -> bool:
    return any(check.verdict is verdict for check in starting(report, name))


# --- the list ---------------------------------------------------------------------------------

_CALM = (
    at_most(0.05, "shift", "some column is reported as shifted"),
    at_most(0.05, "separation", "current and reference rows are reported as separable"),
    at_most(0.05, "reconstruction", "the relation between columns is reported as changed"),
    never("gate", "the gate says `fail`"),
)
_ALONE = "; any effect counts, so that the corrected p-value alone decides"


def _resampled(reference: int, current: int, effect: float, seeds: int) -> Experiment:
    return Experiment(
        f"resampled Adult, {current:,} rows against {reference:,}, effect {effect:g}",
        f"{reference:,} and {current:,} rows of Adult drawn at random, without a row in common;"
        f" fifteen columns{_ALONE if effect == ANY else ''}.",
        seeds,
        partial(resampled, reference=reference, current=current, effect=effect),
        _CALM,
    )


def _in_runs(length: float, effect: float, seeds: int) -> Experiment:
    return Experiment(
        f"rows in runs of {length:g}, effect {effect:g}",
        "40,000 rows and the 2,000 that follow; two of three columns follow a hidden series whose"
        f" correlation falls to 1/e over {length:g} rows, on both sides alike"
        f"{_ALONE if effect == ANY else ''}.",
        seeds,
        partial(in_runs, reference=40_000, current=2_000, length=length, effect=effect),
        _CALM,
    )


def _turned(length: float, seeds: int) -> Experiment:
    """In runs of a quarter of the batch, what rows have in common may look as large."""
    told = at_least(0.8, "separation", "current and reference rows are reported as separable")
    return Experiment(
        f"a relation that turns round, {f'rows in runs of {length:g}' if length else 'any order'}",
        "40,000 rows and the 2,000 that follow; of six numbers two have a correlation of .8, which"
        " is -.8 in the latter"
        f"{f'; they follow a hidden series as above, in runs of {length:g}' if length else ''}.",
        seeds,
        partial(turned, reference=40_000, current=2_000, length=length),
        (
            *([told] if length < 500 else []),
            at_least(0.8, "either", "rows are reported as separable, or columns as changed"),
            at_most(0.05, "shift", "some column is reported as shifted"),
            never("gate", "the gate says `fail`"),
        ),
    )


EXPERIMENTS = (
    _resampled(20_000, 4_000, ANY, 250),
    _resampled(20_000, 4_000, 0.1, 100),
    _resampled(5_000, 500, 0.1, 100),
    _in_runs(100, ANY, 250),
    _in_runs(500, ANY, 250),
    _in_runs(500, 0.1, 100),
    _turned(0, 60),
    _turned(100, 60),
    _turned(500, 60),
    Experiment(
        "columns that move without harm",
        "10,000 and 2,000 rows with a model's probabilities; a number shifts by .8 standard"
        " deviations and a text of three values from thirds to .6, .25, .15; neither affects the"
        " outcome.",
        100,
        partial(harmless, reference=10_000, current=2_000),
        (
            at_least(0.8, "number", "the number is reported as shifted"),
            at_least(0.8, "text", "the text is reported as shifted"),
            at_most(0.05, "others", "another column is reported as shifted"),
            at_most(0.05, "expected", "some expected performance gets `fail`"),
            at_most(0.05, "gate", "the gate says `fail`"),
        ),
    ),
    Experiment(
        "harder rows",
        "10,000 rows, and 4,000 whose log odds have another mean and spread. The concept is the"
        " same; the log odds of the probabilities are too large by a factor of 1.3. The true drop,"
        " which the gate estimates without labels, is an integral.",
        250,
        partial(other_rows, reference=10_000, current=4_000),
        (
            *(
                at_least(
                    0.95, m, f"the interval of the expected drop in `{m}` contains the true drop"
                )
                for m in METRICS
            ),
            *(
                at_least(
                    0.95, f"seen {m}", f"the interval of expected minus realised `{m}` contains 0"
                )
                for m in METRICS
            ),
            at_most(0.05, "surprise", "some realised performance gets `fail`"),
        ),
    ),
    Experiment(
        "rows that a model cannot tell",
        "10,000 rows, and 2,000 whose log odds have a standard deviation of .5 instead of 2; no"
        " labels.",
        100,
        partial(much_harder, reference=10_000, current=2_000),
        (
            at_least(0.8, "expected", "some expected performance is `fail` or `caution`"),
            at_least(0.8, "shift", "the column is reported as shifted"),
            never("calm", "the gate says `pass`"),
        ),
    ),
    Experiment(
        "another concept",
        "10,000 and 4,000 rows of one distribution, but in one of five of the latter the outcome is"
        " flipped.",
        100,
        partial(other_concept, reference=10_000, current=4_000, share=0.2),
        (
            at_least(0.8, "realised", "some realised performance gets `fail`"),
            at_least(0.8, "gate", "the gate says `fail`"),
            at_most(0.05, "shift", "some column is reported as shifted"),
        ),
    ),
)
