"""From Great Expectations' answers to checks, and to the rows that break a rule."""

from __future__ import annotations

import math
import numbers
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.config.gates import Expectation
from assay.gates.report import Check, Verdict
from assay.util.wording import row_number

# kwargs that name columns which must be there for the rule to be asked at all.
COLUMN_KWARGS = ("column", "column_A", "column_B", "column_list")
MOST_FAILING = 100_000  # rows listed of each rule; what people open must stay small enough to open
_REMEDY_UNJUDGED = "Mend the rule's kwargs, or the column's type under data.types."

_REMEDY_NO_VALUES = "Bring rows that hold values, or take the rule out."


@dataclass(frozen=True)
class ExpectationRule:
    """One expectation, with its name in the report and GX's object for it."""

    expectation: Expectation
    name: str
    gx: Any

    @property
    def columns(self) -> list[str]:
        return expectation_columns(self.expectation.kwargs)

    @property
    def position(self) -> int:
        """The rule's place in the use case, from 0."""
        return int(self.gx.meta["position"])


def expectation_columns(kwargs: Mapping[str, Any]) -> list[str]:
    """The columns that a rule's kwargs name, in order."""
    named: list[str] = []
    for key in COLUMN_KWARGS:
        value = kwargs.get(key)
        named += [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [str(name) for name in named]


def check_from_result(
    rule: ExpectationRule, result: Any, claim: str, failing: pd.DataFrame | None
) -> Check:
    """The check that one of GX's results amounts to. `failing` holds the rows that break it."""
    doubt = result_error(result)
    passed = bool(result.success)
    empty = not doubt and _has_no_values(result.result)
    statistic, estimate, threshold = _result_numbers(rule, result.result)
    why = f"Great Expectations could not judge it: {doubt.rstrip('.')}." if doubt else ""
    why = "There is no value to judge." if empty else why
    why = why or _explain_result(result.result, failing)
    columns = ", ".join(expectation_columns(rule.expectation.kwargs))
    return Check(
        name=rule.name,
        claim=claim + (f" ({rule.expectation.because})" if rule.expectation.because else ""),
        verdict=Verdict.UNKNOWN if doubt or empty else Verdict.PASS if passed else Verdict.FAIL,
        statistic=statistic,
        estimate=estimate,
        threshold=threshold,
        why=f"{columns}: {why}" if columns and why else why,
        remedy=_REMEDY_UNJUDGED
        if doubt
        else _REMEDY_NO_VALUES
        if empty
        else _remedy(passed, failing),
        hard=rule.expectation.severity == "critical",
        rows=result.result.get("element_count"),
    )


def _has_no_values(detail: Mapping[str, Any]) -> bool:
    """Whether every value was missing, or nothing could be measured of those there are. GX calls
    that a success of rules about values, and a failure of rules about what they amount to."""
    asked = detail.get("element_count")
    if asked is not None:
        return int(asked) - int(detail.get("missing_count") or 0) == 0
    observed = detail.get("observed_value")
    unmeasured = observed is None or (isinstance(observed, float) and math.isnan(observed))
    return set(detail) == {"observed_value"} and unmeasured


def _result_numbers(
    rule: ExpectationRule, detail: Mapping[str, Any]
) -> tuple[str, float | None, float | None]:
    """Statistic, estimate and threshold. Shares are those of the values that are not missing."""
    percent, observed = detail.get("unexpected_percent"), detail.get("observed_value")
    if percent is not None:
        allowed = 100.0 * (1.0 - float(getattr(rule.gx, "mostly", 1.0)))
        return "values that break the rule, %", float(percent), round(allowed, 9)
    if isinstance(observed, numbers.Real) and math.isfinite(observed):
        return "observed value", float(observed), None
    return "", None, None


def result_error(result: Any) -> str:
    """Why GX could not judge a rule; empty when it could. One line, without its traceback."""
    info = result.exception_info
    parts = [info] if "raised_exception" in info else list(info.values())
    said = sorted({str(p["exception_message"]) for p in parts if p["raised_exception"]})
    return said[0].strip().splitlines()[0] if said else ""


def _explain_result(detail: Mapping[str, Any], failing: pd.DataFrame | None) -> str:
    observed = detail.get("observed_value")
    asked, missing = detail.get("element_count"), detail.get("missing_count") or 0
    bad = int(detail.get("unexpected_count") or 0)
    aside = f" {missing:,} missing values were not judged." if missing else ""
    if asked is None:
        seen = "" if observed is None else f"Observed: {_short(observed)}."
        # Sorted, for each engine has an order of its own.
        odd = sorted(_short(value) for value in detail.get("partial_unexpected_list") or [])[:5]
        return " ".join(filter(None, [seen, f"Unexpected: {', '.join(odd)}." if odd else ""]))
    judged = asked - missing
    if not bad:
        return f"All {judged:,} values hold.{aside}"
    worst = "" if failing is None or failing.empty else f": {_commonest_values(failing)}"
    return (
        f"{bad:,} of {judged:,} values ({100 * bad / judged:.3g} %) break the rule{worst}.{aside}"
    )


def _commonest_values(failing: pd.DataFrame) -> str:
    """The bad values that occur most, with how often, and the first row that holds one.

    Where more rows break the rule than are listed, those listed are counted.
    """
    counts = failing["value"].fillna("(missing)").value_counts().sort_index(kind="stable")
    counts = counts.sort_values(ascending=False, kind="stable").head(5)
    shown = ", ".join(f"{_short(value)} ({count:,}x)" for value, count in counts.items())
    among = f"of the first {len(failing):,} " if len(failing) == MOST_FAILING else ""
    return f"{among}{shown}; first in row {int(failing['row'].iloc[0]):,}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _remedy(success: bool, failing: pd.DataFrame | None) -> str:
    if success:
        return ""
    if failing is None or failing.empty:
        return "Mend the source, or the rule if the data are right."
    return (
        "Open the failing rows; mend the source, or the rule (mostly, severity) if they are right."
    )


def failing_rows(
    rule: ExpectationRule, numbers: Sequence[int], cells: Sequence[tuple[Any, ...]]
) -> pd.DataFrame:
    """The rows that break one rule: `row` (from 1), `rule`, `column`, `value` (as text).

    `numbers` are the rows' places in the table, from 0, `cells` the values of the rule's columns
    there.
    """
    table = {
        "row": pd.Series([row_number(number) for number in numbers], dtype="int64"),
        "rule": rule.name,
        "column": ",".join(rule.columns),
        "value": pd.Series([_as_text(values) for values in cells], dtype="str"),
    }
    return pd.DataFrame(table).astype({"rule": "str", "column": "str", "value": "str"})


def _as_text(values: tuple[Any, ...]) -> str | None:
    if len(values) == 1:
        return None if values[0] is None else str(values[0])
    shown = (repr(value) if isinstance(value, str) else str(value) for value in values)
    return f"({', '.join(shown)})"


def empty_failing_rows() -> pd.DataFrame:
    """The table of failing rows, without any."""
    kinds = {"row": "int64", "rule": "str", "column": "str", "value": "str"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def _unwrap_condition(text: str) -> str:
    """A row condition as it was written, without GX's wrapper around it."""
    return text.removeprefix("PassThrough('").removesuffix("')")


def expectation_claim(rule: ExpectationRule) -> str:
    """The rule in plain words, as GX renders it; else its own name and arguments."""
    rule.gx.render()
    shown = rule.gx.rendered_content
    template = shown[0].value.template if shown else None
    if not template:
        arguments = ", ".join(
            f"{key}={_short(value)}" for key, value in rule.expectation.kwargs.items()
        )
        return f"{rule.expectation.type}({arguments})"
    values = {key: _short(p.get("value")) for key, p in (shown[0].value.params or {}).items()}
    values = {key: _unwrap_condition(text) for key, text in values.items()}
    values |= {key: str(value) for key, value in rule.expectation.kwargs.items() if key in values}
    return string.Template(template).safe_substitute(values).rstrip(".")
