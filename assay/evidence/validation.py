"""The validation gate: Great Expectations suites in its own words, and what no table may lack.

Nothing of Great Expectations touches the disk or the network: the context is ephemeral, its
stores are in memory, and progress bars, warnings and logs are silenced while it works.
"""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api.types import is_datetime64_any_dtype

from assay.config.data import Target
from assay.config.gates import Expectation
from assay.errors import ConfigError, nearest
from assay.evidence.answers import (
    COLUMNS,
    Rule,
    check_of,
    claim_of,
    columns_of,
    failing_rows,
    no_failures,
    trouble,
)
from assay.evidence.report import Check, Report, Verdict, overall
from assay.evidence.standing import columns_sheet, standing_checks

Locate = Callable[[tuple[str | int, ...]], str]

# Fields of GX's classes that belong to Assay or to the use case, not to a rule's kwargs.
_OURS = frozenset(
    {"id", "meta", "notes", "result_format", "description", "catch_exceptions"}
    | {"rendered_content", "severity", "windows", "batch_id", "library_metadata"}
)
# Rules about which columns there are: an absent column breaks them, it does not make them wrong.
_ABOUT_COLUMNS = frozenset(
    {
        "expect_column_to_exist",
        "expect_table_columns_to_match_set",
        "expect_table_columns_to_match_ordered_list",
    }
)


@dataclass(frozen=True)
class Validated:
    """What the gate found. `failing` has a row per broken rule and table row: `row` (int64,
    number in the table), `rule`, `column`, `value` (text; missing where the value is missing)."""

    report: Report
    failing: pd.DataFrame


def validate(
    frame: pd.DataFrame,
    expectations: Sequence[Expectation],
    *,
    subject: str,
    target: Target | None = None,
    malformed: int = 0,
    locate: Locate | None = None,
) -> Validated:
    """Judge a table by the use case's expectations and by checks that are always made.

    `malformed`: how many rows were set aside before. `locate` turns a path such as
    ("expectations", 2, "kwargs") into file:line for errors.
    Raises ConfigError for a rule that GX does not know or that does not fit the table.
    """
    frame = frame.reset_index(drop=True)
    checks = standing_checks(frame, target, malformed)
    failing = no_failures()
    if expectations and len(frame):
        asked, failing = _ask(frame, expectations, locate or (lambda _path: ""))
        checks += asked
    verdict = overall(checks)
    report = Report(
        gate="validation",
        subject=subject,
        verdict=verdict,
        summary=_summary(verdict, checks, len(frame), len(expectations)),
        checks=tuple(checks),
        sheets=(columns_sheet(frame),),
        notes=() if expectations else ("The use case states no expectations: none were tested.",),
    )
    return Validated(report, failing)


def _ask(
    frame: pd.DataFrame, expectations: Sequence[Expectation], locate: Locate
) -> tuple[list[Check], pd.DataFrame]:
    with _quiet():
        rules = _rules(frame, expectations, locate)
        batch = _batch(frame)
        results = _run(batch, rules, range(len(rules)), "BASIC")
        broken = [i for i, result in results.items() if not result.success and not trouble(result)]
        # Row numbers cost time and memory: GX is asked for them where a rule is broken only.
        complete = _run(batch, rules, sorted(broken), "COMPLETE")
        claims = [claim_of(rule) for rule in rules]
    tables = {
        i: failing_rows(frame, rules[i], rows)
        for i, result in complete.items()
        if (rows := result.result.get("unexpected_index_list"))
    }
    checks = [check_of(rule, results[i], claims[i], tables.get(i)) for i, rule in enumerate(rules)]
    return checks, pd.concat(
        [no_failures(), *(tables[i] for i in sorted(tables))], ignore_index=True
    )


@contextmanager
def _quiet() -> Iterator[None]:
    log = logging.getLogger("great_expectations")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _batch(frame: pd.DataFrame) -> Any:
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    asset = context.data_sources.add_pandas("table").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})


def _run(batch: Any, rules: Sequence[Rule], which: Sequence[int], detail: str) -> dict[int, Any]:
    """GX's result for each of the rules. It returns them in an order of its own."""
    import great_expectations as gx

    if not which:
        return {}
    suite = gx.ExpectationSuite("use case", expectations=[rules[i].gx for i in which])
    answer = batch.validate(
        suite, result_format={"result_format": detail, "include_unexpected_rows": False}
    )
    return {result.expectation_config.meta["position"]: result for result in answer.results}


def _rules(frame: pd.DataFrame, expectations: Sequence[Expectation], locate: Locate) -> list[Rule]:
    seen: Counter[str] = Counter()
    rules = []
    for i, asked in enumerate(expectations):
        gx = _build(i, asked, frame, locate)
        columns = columns_of(asked.kwargs)
        plain = f"{asked.type}[{','.join(columns)}]" if columns else asked.type
        seen[plain] += 1
        name = plain if seen[plain] == 1 else f"{plain}#{seen[plain]}"
        rules.append(Rule(asked, name, gx))
    return rules


def _build(i: int, asked: Expectation, frame: pd.DataFrame, locate: Locate) -> Any:
    """GX's object for one expectation. Raises ConfigError, naming the nearest right word."""
    from great_expectations.compatibility.pydantic import ValidationError
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations import registry
    from great_expectations.expectations.metadata_types import FailureSeverity

    try:
        kind = registry.get_expectation_impl(asked.type)
    except ExpectationNotFoundError:
        known = registry.list_registered_expectation_implementations()
        raise ConfigError(
            f"Great Expectations knows no {asked.type!r}",
            where=locate(("expectations", i, "type")) or None,
            remedy=_meant(asked.type, known),
        ) from None
    known = [name for name in kind.__fields__ if name not in _OURS]
    for word in asked.kwargs:
        if word not in known:
            raise ConfigError(
                f"{asked.type} takes no {word!r}",
                where=locate(("expectations", i, "kwargs", word)) or None,
                remedy=_meant(word, known),
            )
    _columns_exist(i, asked, frame, locate)
    try:
        kwargs = _moments(asked.kwargs, frame)
        return kind(**kwargs, meta={"position": i}, severity=FailureSeverity(asked.severity))
    except ValidationError as error:
        first = error.errors()[0]
        word = str(first["loc"][0])
        subject = "" if word == "__root__" else f" {word!r}:"
        raise ConfigError(
            f"{asked.type}:{subject} {first['msg']}",
            where=locate(("expectations", i, "kwargs", word)) or None,
            remedy=f"Its kwargs: {', '.join(known)}.",
        ) from None


def _columns_exist(i: int, asked: Expectation, frame: pd.DataFrame, locate: Locate) -> None:
    if asked.type in _ABOUT_COLUMNS:
        return
    known = [str(name) for name in frame.columns]
    for column in columns_of(asked.kwargs):
        if column not in known:
            key = next(k for k in COLUMNS if column in columns_of({k: asked.kwargs.get(k)}))
            raise ConfigError(
                f"the table has no column {column!r}",
                where=locate(("expectations", i, "kwargs", key)) or None,
                remedy=_meant(column, known),
            )


def _moments(kwargs: Mapping[str, Any], frame: pd.DataFrame) -> dict[str, Any]:
    """Text that names a date as a moment, for columns of time.

    GX 1.24 reads "2020-01-02" as a date, which pandas refuses to compare with a timestamp, and
    leaves it text in a value set, where it equals none.
    """
    column = kwargs.get("column")
    if column not in frame.columns or not is_datetime64_any_dtype(frame[column].dtype):
        return dict(kwargs)
    moments = {word: _moment(kwargs[word]) for word in ("min_value", "max_value") if word in kwargs}
    if isinstance(kwargs.get("value_set"), list):
        moments["value_set"] = [_moment(value) for value in kwargs["value_set"]]
    return {**kwargs, **moments}


def _moment(value: Any) -> Any:
    try:
        return pd.Timestamp(value) if isinstance(value, str) else value
    except ValueError:
        return value  # GX says what is wrong with it


def _meant(word: str, known: Sequence[str]) -> str:
    near = nearest(word, known)
    if near:
        return f"Did you mean {near!r}?"
    return f"Known: {', '.join(list(known)[:20])}{', ...' if len(known) > 20 else ''}."


def _summary(verdict: Verdict, checks: Sequence[Check], rows: int, asked: int) -> str:
    broken = [c.name for c in checks if c.verdict is not Verdict.PASS]
    start = f"{rows:,} rows held to {len(checks)} rules, {asked} of them the use case's"
    if verdict is Verdict.PASS:
        return f"{start}: all hold."
    named = ", ".join(broken[:3]) + (", ..." if len(broken) > 3 else "")
    return f"{start}: {len(broken)} do not hold ({named})."
