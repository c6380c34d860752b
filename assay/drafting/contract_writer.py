"""A use case's rules as a data contract, or as a suite of Great Expectations."""

from __future__ import annotations

from typing import Any, Final

from assay.config.gates import Expectation
from assay.config.use_case import UseCase

_LOGICAL: Final = {"text": "string", "category": "string"}
_SEVERITY: Final = {"critical": "error", "warning": "warning", "info": "info"}


def contract_of(name: str, use_case: UseCase) -> dict[str, Any]:
    """The contract as JSON: the Open Data Contract Standard, v3.1.0.

    Each expectation goes along as it is, for the engine greatExpectations, at its column or at the
    object. `required` and `unique` are said too where a rule says so without exception. Columns
    under never_store are left out.
    """
    data = use_case.data
    rules = [(rule, _column_of(rule)) for rule in use_case.expectations]
    named = [*data.identity, *data.types, data.target.column, *data.sensitive]
    named += [column for _, column in rules if column is not None]
    columns = [one for one in dict.fromkeys(named) if one not in data.never_store]
    types = {column: _LOGICAL.get(kind, kind) for column, kind in data.types.items()}
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"assay-{name}",
        "name": name,
        "version": "1.0.0",
        "status": "active",
        "description": {"purpose": use_case.question, "usage": use_case.decision},
        "schema": [
            {
                "name": name,
                "logicalType": "object",
                "properties": [
                    {
                        "name": column,
                        **({"logicalType": types[column]} if column in types else {}),
                        **_flags([rule for rule, of in rules if of == column]),
                        **_quality([rule for rule, of in rules if of == column]),
                    }
                    for column in columns
                ],
                **_quality([rule for rule, of in rules if of not in columns]),
            }
        ],
    }


def suite_of(name: str, use_case: UseCase) -> dict[str, Any]:
    """The suite as JSON, as Great Expectations 1 reads it."""
    return {
        "name": name,
        "expectations": [
            {
                "type": rule.type,
                "kwargs": rule.kwargs,
                "severity": rule.severity,
                "meta": {"because": rule.because} if rule.because else {},
            }
            for rule in use_case.expectations
        ],
        "meta": {},
    }


def _column_of(rule: Expectation) -> str | None:
    column = rule.kwargs.get("column")
    return column if isinstance(column, str) else None


def _flags(rules: list[Expectation]) -> dict[str, bool]:
    plain = {rule.type for rule in rules if {*rule.kwargs} == {"column"} and _stops(rule)}
    required = "expect_column_values_to_not_be_null" in plain
    unique = "expect_column_values_to_be_unique" in plain
    return {**({"required": True} if required else {}), **({"unique": True} if unique else {})}


def _stops(rule: Expectation) -> bool:
    return rule.severity == "critical"


def _quality(rules: list[Expectation]) -> dict[str, Any]:
    told = [
        {
            "type": "custom",
            "engine": "greatExpectations",
            "implementation": {"type": rule.type, "kwargs": rule.kwargs},
            "severity": _SEVERITY[rule.severity],
            **({"description": rule.because} if rule.because else {}),
        }
        for rule in rules
    ]
    return {"quality": told} if told else {}
