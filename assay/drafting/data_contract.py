"""Data contracts of others: their schema and quality rules as the lines of a use case.

Read are the Open Data Contract Standard, version 3, and suites of Great Expectations. Rules become
lines of the use case itself, because a run keeps that text: what a contract beside it said at the
time, nobody could tell later. What has no translation is named with its line; nothing is guessed.

Source: Open Data Contract Standard v3.0 and v3.1, sections Schema and Data Quality.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from assay.config.gates import Expectation
from assay.config.loaded_use_case import ConfigText, read_yaml_with_lines
from assay.drafting.yaml_value import write_value
from assay.errors import ConfigError, suggest_name

KeyPath = tuple[str | int, ...]

_TYPES: Final = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "string": "text",
    "date": "date",
    "timestamp": "date",
}
_BOUNDS: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    "mustBe": lambda v: {"min_value": v, "max_value": v},
    "mustBeGreaterThan": lambda v: {"min_value": v + 1},
    "mustBeGreaterOrEqualTo": lambda v: {"min_value": v},
    "mustBeLessThan": lambda v: {"max_value": v - 1},
    "mustBeLessOrEqualTo": lambda v: {"max_value": v},
    "mustBeBetween": lambda v: {"min_value": v[0], "max_value": v[1]},
}
"""What a comparison of a whole number, such as a count of rows, asks for."""
_NOT_RULES: Final = {
    *("id", "name", "description", "type", "metric", "rule", "severity", "dimension", "unit"),
    *("businessImpact", "tags", "customProperties", "authoritativeDefinitions", "arguments"),
    *("engine", "implementation", "method", "schedule", "scheduler"),
}


@dataclass
class ContractLines:
    """What a contract comes to: types by column, expectations, and what has no translation, each
    as `file:line: what`.
    """

    types: dict[str, str] = field(default_factory=dict)
    expectations: list[Expectation] = field(default_factory=list)
    untranslated: list[str] = field(default_factory=list)

    def as_yaml(self) -> str:
        """The lines for a use case: `types` to stand under `data`, and `expectations`."""
        lines = ["# under data:", f"#   types: {write_value(self.types)}"] if self.types else []
        lines += ["expectations:"] if self.expectations else []
        for one in self.expectations:
            told = one.model_dump(mode="json", exclude_defaults=True)
            lines += [f"  - type: {told.pop('type')}"]
            lines += [f"    {key}: {write_value(value)}" for key, value in told.items()]
        return "\n".join([*lines, ""])


def read_contract(path: Path, table: str | None = None) -> ContractLines:
    """The lines that a contract's object `table` comes to; it may be left out where there is one.

    Raises ConfigError for what is no contract of version 3, and for an unknown object.
    """
    tree, text = read_yaml_with_lines(path)
    version = str(tree.get("apiVersion", "")) if isinstance(tree, dict) else ""
    if not version.startswith("v3.") or tree.get("kind") != "DataContract":
        raise ConfigError(
            "this is no contract of the Open Data Contract Standard, version 3",
            where=str(path),
            remedy="It begins with `kind: DataContract` and `apiVersion: v3.1.0`, say.",
        )
    found = tree.get("schema")
    objects = found if isinstance(found, list) else []
    number = _choose_object(objects, table, str(path))
    return _Reader(text).read_object(("schema", number), objects[number])


def read_suite(path: Path) -> ContractLines:
    """The lines that a suite of Great Expectations comes to, as JSON. Raises ConfigError."""
    tree, text = read_yaml_with_lines(path)  # JSON is YAML
    if not isinstance(tree, dict) or not isinstance(tree.get("expectations"), list):
        raise ConfigError("this is no suite of Great Expectations", where=str(path))
    reader = _Reader(text)
    for number, one in enumerate(tree["expectations"]):
        reader.add_suite_rule(("expectations", number), one)
    return reader.found


def _choose_object(objects: Sequence[Any], table: str | None, where: str) -> int:
    names = [str(one.get("name")) if isinstance(one, dict) else "" for one in objects]
    if table is None and len(names) == 1:
        return 0
    if table in names:
        return names.index(table)
    known = f"It describes: {', '.join(names)}." if names else "It describes none."
    if table is None:
        raise ConfigError(
            f"the contract describes {len(names)} objects", where=where, remedy=f"Name one. {known}"
        )
    raise ConfigError(
        f"the contract describes no object {table!r}",
        where=where,
        remedy=suggest_name(table, names, known),
    )


class _Reader:
    """Collects the lines of one contract."""

    def __init__(self, text: ConfigText) -> None:
        self._text = text
        self.found = ContractLines()

    def read_object(self, path: KeyPath, held: Mapping[str, Any]) -> ContractLines:
        for at, rule in _items(path, held, "quality"):
            self._read_quality(at, rule, None)
        for at, column in _items(path, held, "properties"):
            self._read_column(at, column)
        return self.found

    def add_suite_rule(self, path: KeyPath, rule: Any) -> None:
        if not isinstance(rule, dict):
            self._leave(path, "this is no expectation")
            return
        name = rule.get("type") or rule.get("expectation_type")  # as versions before 1 wrote it
        kwargs = {k: v for k, v in (rule.get("kwargs") or {}).items() if v is not None}
        meta = rule.get("meta") if isinstance(rule.get("meta"), dict) else {}
        because = rule.get("notes") or (meta or {}).get("because") or ""
        kwargs.pop("batch_id", None)
        self._add(path, name, kwargs, rule.get("severity") or "critical", because)

    def _read_column(self, path: KeyPath, column: Any) -> None:
        if not isinstance(column, dict) or not column.get("name"):
            self._leave(path, "a property without a name")
            return
        name = str(column["name"])
        kind = column.get("logicalType")
        if kind in _TYPES:
            self.found.types[name] = _TYPES[kind]
        elif kind is not None:
            self._leave((*path, "logicalType"), f"{name} is of type {kind}, which no column has")
        if column.get("required") is True:
            self._add(path, "expect_column_values_to_not_be_null", {"column": name})
        if column.get("unique") is True:
            self._add(path, "expect_column_values_to_be_unique", {"column": name})
        options = column.get("logicalTypeOptions")
        if isinstance(options, dict):
            self._read_options((*path, "logicalTypeOptions"), name, options, str(kind))
        for at, rule in _items(path, column, "quality"):
            self._read_quality(at, rule, name)
        if "properties" in column or "items" in column:
            self._leave(path, f"{name} holds properties of its own, and a column holds none")

    def _read_options(
        self, path: KeyPath, name: str, options: Mapping[str, Any], kind: str
    ) -> None:
        left = dict(options)
        bounds: dict[str, Any] = {}
        lengths: dict[str, Any] = {}
        for end, key in (("min", "inimum"), ("max", "aximum")):
            if (value := left.pop(f"m{key}", None)) is not None:
                bounds[f"{end}_value"] = value
            strict = left.pop(f"exclusiveM{key}", None)
            if strict is True:  # v3.0: whether the bound itself is out
                bounds[f"strict_{end}"] = True
            elif strict not in {None, False}:  # v3.1: the bound
                bounds |= {f"{end}_value": strict, f"strict_{end}": True}
            length = left.pop(f"{end}Length", None)
            if length is not None:
                lengths[f"{end}_value"] = length
        if bounds:
            self._add(path, "expect_column_values_to_be_between", {"column": name, **bounds})
        if lengths:
            told = {"column": name, **lengths}
            self._add(path, "expect_column_value_lengths_to_be_between", told)
        if (pattern := left.pop("pattern", None)) is not None:
            told = {"column": name, "regex": pattern}
            self._add(path, "expect_column_values_to_match_regex", told)
        for key in left:
            self._leave((*path, key), f"{name}: the option {key} of {kind}")

    def _read_quality(self, path: KeyPath, rule: Any, column: str | None) -> None:
        of = column or "the table"
        if not isinstance(rule, dict):
            self._leave(path, f"{of}: a rule that is no mapping")
            return
        severity = "warning" if rule.get("severity") in {"low", "info", "warning"} else "critical"
        because = str(rule.get("description") or "")
        kind = rule.get("type", "library")
        if kind == "custom" and str(rule.get("engine", "")).lower() in _GREAT_EXPECTATIONS:
            self._read_custom(path, rule, column, severity, because)
        elif kind == "library":
            self._read_metric(path, rule, column, severity, because)
        else:
            self._leave(path, f"{of}: a rule of type {kind}")

    def _read_custom(
        self,
        path: KeyPath,
        rule: Mapping[str, Any],
        column: str | None,
        severity: str,
        because: str,
    ) -> None:
        made = rule.get("implementation")
        if not isinstance(made, dict):
            self._leave(path, f"{column or 'the table'}: an implementation that is no mapping")
            return
        name = made.get("type") or made.get("expectation_type")
        kwargs = dict(made.get("kwargs") or {})
        if column is not None and str(name).startswith("expect_column_"):
            kwargs.setdefault("column", column)
        self._add(path, name, kwargs, severity, because)

    def _read_metric(
        self,
        path: KeyPath,
        rule: Mapping[str, Any],
        column: str | None,
        severity: str,
        because: str,
    ) -> None:
        metric = str(rule.get("metric") or rule.get("rule"))
        asked = [key for key in rule if key not in _NOT_RULES]
        given = rule.get("arguments")
        arguments = given if isinstance(given, dict) else {}
        of = column or "the table"
        if len(asked) == 1 and metric == "rowCount" and column is None and asked[0] in _BOUNDS:
            try:
                bounds = _BOUNDS[asked[0]](rule[asked[0]])
            except (TypeError, IndexError, KeyError):
                self._leave(path, f"{of}: {asked[0]} {rule[asked[0]]!r} is no number of rows")
                return
            told = "expect_table_row_count_to_be_between"
            self._add(path, told, bounds, severity, because)
            return
        mostly = _accepted_share(rule, asked)
        if column is None or mostly is None:
            self._leave(path, f"{of}: {metric} {' '.join(asked)}".rstrip())
            return
        kwargs: dict[str, Any] = {"column": column, **({"mostly": mostly} if mostly < 1 else {})}
        plain = {
            "nullValues": "expect_column_values_to_not_be_null",
            "nullCheck": "expect_column_values_to_not_be_null",  # v3.0
        }
        if metric in plain:
            self._add(path, plain[metric], kwargs, severity, because)
        elif metric in {"duplicateValues", "duplicateCount"} and mostly == 1:
            self._add(path, "expect_column_values_to_be_unique", kwargs, severity, because)
        elif metric == "invalidValues" and {*arguments} == {"validValues"}:
            kwargs["value_set"] = arguments["validValues"]
            self._add(path, "expect_column_values_to_be_in_set", kwargs, severity, because)
        elif metric == "invalidValues" and {*arguments} == {"pattern"}:
            kwargs["regex"] = arguments["pattern"]
            self._add(path, "expect_column_values_to_match_regex", kwargs, severity, because)
        else:
            self._leave(path, f"{of}: {metric} with {', '.join(arguments) or 'no arguments'}")

    def _add(
        self,
        path: KeyPath,
        name: Any,
        kwargs: Mapping[str, Any],
        severity: str = "critical",
        because: str = "",
    ) -> None:
        told = {"type": name, "kwargs": dict(kwargs), "severity": severity, "because": because}
        try:
            made = Expectation.model_validate(told)
        except ValidationError as error:
            self._leave(path, f"{name}: {error.errors()[0]['msg']}")
            return
        if why := _refusal(made):
            self._leave(path, why)
        elif all(
            (made.type, made.kwargs) != (one.type, one.kwargs) for one in self.found.expectations
        ):
            self.found.expectations.append(made)

    def _leave(self, path: KeyPath, what: str) -> None:
        self.found.untranslated.append(f"{self._text.locate(path)}: {what}")


_GREAT_EXPECTATIONS: Final = {"greatexpectations", "great-expectations", "great_expectations"}


def _refusal(rule: Expectation) -> str:
    """Why the validation gate would refuse a rule, whatever its columns hold; "" if not."""
    from assay.dataset.row_source import ColumnSummary
    from assay.gates.validation.gx_results import expectation_columns
    from assay.gates.validation.rules import build_rules

    columns = {name: ColumnSummary(name, "", 0, 0) for name in expectation_columns(rule.kwargs)}
    try:
        build_rules(columns, [rule], lambda _: "")
    except ConfigError as error:
        return error.what
    return ""


def _items(path: KeyPath, held: Any, key: str) -> Iterator[tuple[KeyPath, Any]]:
    found = held.get(key) if isinstance(held, dict) else None
    for number, one in enumerate(found if isinstance(found, list) else []):
        yield (*path, key, number), one


def _accepted_share(rule: Mapping[str, Any], asked: Sequence[str]) -> float | None:
    """The share of values that must be sound, where the rule bounds the others; None where not."""
    if len(asked) != 1:
        return 1.0 if not asked and rule.get("rule") else None  # v3.0: a rule may stand alone
    value = rule[asked[0]]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if asked[0] in {"mustBe", "mustBeLessOrEqualTo"} and value == 0:
        return 1.0
    share = rule.get("unit") == "percent" and asked[0] == "mustBeLessOrEqualTo"
    return 1 - value / 100 if share and 0 <= value <= 100 else None
