"""The validation gate, on Adult with planted rows that break a rule, on DuckDB and on pandas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from assay.bucket.bucket import Bucket
from assay.config.gates import Expectation
from assay.gates.report import Check, Verdict
from assay.gates.validation.gate import ValidationResult, validate_table
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame
from benchmarks.calibration.experiment import Experiment, Outcomes, always, never
from benchmarks.calibration.people import sample
from benchmarks.gates.validate.rules import LENGTHS, RANGES, SETS, expectations

RULES = [Expectation(type=kind, kwargs=kwargs) for kind, kwargs in expectations()]
Broken = Mapping[str, frozenset[int]]  # by rule, the numbers of the rows that break it


def stored(frame: pd.DataFrame) -> Table:
    """The frame as a table in memory."""
    bucket = Bucket.from_store(MemoryStore())
    return Table.read(bucket, write_frame(bucket, frame, "made"))


def both(frame: pd.DataFrame) -> tuple[ValidationResult, ValidationResult]:
    """The gate's answer on a stored table, by DuckDB, and on a frame, by pandas."""
    one, other = (validate_table(rows, RULES, subject="made") for rows in (stored(frame), frame))
    return one, other


def asked(found: ValidationResult) -> dict[str, Check]:
    """The checks of the rules, by name."""
    return {c.name: c for c in found.report.checks if c.name.startswith("expect_")}


def broken(found: ValidationResult) -> Broken:
    """What the gate set aside."""
    rows = found.failing_rows.groupby("rule")["row"]
    return {str(rule): frozenset(int(n) for n in numbers) for rule, numbers in rows}


def alike(one: ValidationResult, other: ValidationResult) -> bool:
    """Whether both ways say the same of every rule: verdict, estimate, rows."""
    first, second = asked(one), asked(other)
    same = first.keys() == second.keys() and all(
        first[n].verdict is second[n].verdict and first[n].estimate == second[n].estimate
        for n in first
    )
    return same and broken(one) == broken(other)


def sound(seed: int, rows: int) -> Outcomes:
    """Rows that keep every rule."""
    answers = both(sample(rows, seed))
    return {
        "alarm": any(c.verdict is not Verdict.PASS for a in answers for c in asked(a).values()),
        "rows": any(len(a.failing_rows) for a in answers),
        "alike": alike(*answers),
    }


def planted(seed: int, rows: int) -> Outcomes:
    """From one to five rows break each of a few rules."""
    frame, wanted = _break(sample(rows, seed), np.random.default_rng([seed, 1]))
    answers = both(frame)
    failed = [{n for n, c in asked(a).items() if c.verdict is not Verdict.PASS} for a in answers]
    return {
        "found": all(names >= wanted.keys() for names in failed),
        "others": any(names - wanted.keys() for names in failed),
        "rows": all(broken(a) == wanted for a in answers),
        "alike": alike(*answers),
    }


def _break(frame: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, Broken]:
    """Plant values that break a rule, in rows of their own, and say which."""
    bad: dict[tuple[str, str], object] = {}
    for column, (low, high) in RANGES.items():
        bad["expect_column_values_to_be_between", column] = rng.choice([low - 1, high + 1])
    for column in LENGTHS:
        bad["expect_column_value_lengths_to_be_between", column] = "x"
    for column in SETS:
        bad["expect_column_values_to_be_in_set", column] = "unheard of"
    bad["expect_column_values_to_not_be_null", "age"] = None
    kinds = list(bad)
    chosen = [kinds[i] for i in rng.choice(len(kinds), rng.integers(1, 6), replace=False)]
    free, wanted = list(rng.permutation(len(frame))), {}
    for kind, column in chosen:
        places = [free.pop() for _ in range(rng.integers(1, 6))]
        frame.loc[places, column] = bad[kind, column]
        wanted[f"{kind}[{column}]"] = frozenset(int(n) for n in places)
    return frame, wanted


def too_few_known(seed: int, rows: int, share: float) -> Outcomes:
    """A column that must be known in nine of ten rows is not known in a share of them."""
    frame = sample(rows, seed)
    missing = np.random.default_rng([seed, 1]).permutation(rows) < round(share * rows)
    frame["workclass"] = frame["workclass"].fillna("Private").mask(missing)
    answers = both(frame)
    name = "expect_column_values_to_not_be_null[workclass]"
    return {"fail": all(asked(a)[name].verdict is Verdict.FAIL for a in answers)} | {
        "any": any(asked(a)[name].verdict is Verdict.FAIL for a in answers)
    }


def changed(seed: int, rows: int) -> Outcomes:
    """Against the table before: a column gone, one new, one of another type, one recoded."""
    before = sample(rows, seed)
    rng = np.random.default_rng([seed, 1])
    dropped, retyped, recoded = (
        str(rng.choice(names))
        for names in (
            ["fnlwgt", "capital_loss", "education"],
            ["age", "education_num", "hours_per_week"],
            ["sex", "relationship", "income"],
        )
    )
    values = before[recoded].value_counts()
    now = before.drop(columns=dropped).assign(fresh=1.5)
    now[retyped] = now[retyped].astype(str)
    now[recoded] = now[recoded].replace(values.index[0], "recoded")
    found = validate_table(stored(now), [], subject="made", previous=stored(before))
    [sheet] = [s for s in found.report.sheets if s.title.startswith("Changes")]
    told = {(row[0], row[1]) for row in sheet.rows}
    wanted = {(dropped, "dropped"), ("fresh", "added"), (retyped, "retyped"), (recoded, "recoded")}
    return {"all": told >= wanted, "others": bool(told - wanted)}


def grown(seed: int, rows: int) -> Outcomes:
    """Against the table before, which grew by rows such as it had."""
    before = sample(rows, seed)
    now = pd.concat([before, before.sample(rows // 5, random_state=seed)], ignore_index=True)
    found = validate_table(stored(now), [], subject="made", previous=stored(before))
    [check] = [c for c in found.report.checks if c.name == "schema"]
    return {"alarm": check.verdict is not Verdict.PASS}


_BOTH = "; judged twice: by DuckDB as a stored table, and by pandas as a frame"
_ALIKE = always("alike", "both engines give the same verdicts, estimates and rows")

EXPERIMENTS = (
    Experiment(
        "rows that keep every rule",
        f"2,000 rows of Adult, fifteen rules{_BOTH}.",
        60,
        partial(sound, rows=2000),
        (
            never("alarm", "some rule is reported as broken"),
            never("rows", "a row is set aside"),
            _ALIKE,
        ),
    ),
    Experiment(
        "planted rows",
        f"The same; from one to five rows break each of one to five rules{_BOTH}.",
        100,
        partial(planted, rows=2000),
        (
            always("found", "every broken rule is found"),
            never("others", "another rule is reported as broken"),
            always("rows", "exactly the planted rows are set aside, with the rule's name"),
            _ALIKE,
        ),
    ),
    Experiment(
        "one missing value too many",
        f"2,000 rows; a column that must have a value in nine of ten rows lacks it in 201{_BOTH}.",
        40,
        partial(too_few_known, rows=2000, share=0.1005),
        (
            always("fail", "both engines report the rule as broken"),
            always("any", "either engine reports it as broken"),
        ),
    ),
    Experiment(
        "as many missing values as are allowed",
        f"The same, with 200 missing values{_BOTH}.",
        40,
        partial(too_few_known, rows=2000, share=0.1),
        (
            never("fail", "both engines report the rule as broken"),
            never("any", "either engine reports it as broken"),
        ),
    ),
    Experiment(
        "a changed table",
        "2,000 rows against the table before: one column dropped, one added, one of another type,"
        " one value recoded.",
        60,
        partial(changed, rows=2000),
        (always("all", "all four changes are named"), never("others", "another change is named")),
    ),
    Experiment(
        "a table that grew",
        "2,400 rows against the 2,000 before; the new rows resemble the old ones.",
        60,
        partial(grown, rows=2000),
        (never("alarm", "the schema check reports a change"),),
    ),
)
