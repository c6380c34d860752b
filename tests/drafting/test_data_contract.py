"""Contracts of others: what they ask becomes expectations, and what cannot is named by its line."""

from __future__ import annotations

import json

import great_expectations as gx
import pytest

from assay.config.gates import Expectation
from assay.drafting.contract_writer import contract_of, suite_of
from assay.drafting.data_contract import read_contract, read_suite
from assay.errors import ConfigError
from tests.learning.conftest import made_use_case

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - name: id
        logicalType: integer
        required: true
        unique: true
      - name: amount
        logicalType: number
        logicalTypeOptions: {minimum: 0, exclusiveMaximum: 100, multipleOf: 5}
        quality:
          - {metric: nullValues, mustBeLessOrEqualTo: 25, unit: percent}
      - name: state
        logicalType: string
        logicalTypeOptions: {minLength: 2, pattern: "^[a-z]+$"}
        quality:
          - {metric: invalidValues, arguments: {validValues: [open, shut]}, mustBe: 0}
          - {metric: invalidValues, arguments: {validValues: [open]}, mustBeGreaterThan: 3}
          - {type: text, description: it is right}
          - type: custom
            engine: greatExpectations
            implementation: {type: expect_column_values_to_be_rite}
      - name: place
        logicalType: object
    quality:
      - {metric: rowCount, mustBeBetween: [10, 20], severity: warning, description: a day}
      - {type: sql, query: select 1, mustBe: 1}
"""


@pytest.fixture
def contract(tmp_path):
    def write(text=CONTRACT):
        (tmp_path / "contract.yaml").write_text(text)
        return tmp_path / "contract.yaml"

    return write


def plain(found):
    return {(one.type.removeprefix("expect_"), json.dumps(one.kwargs)) for one in found}


def test_schema_and_rules_become_types_and_expectations(contract):
    found = read_contract(contract())
    assert found.types == {"id": "integer", "amount": "number", "state": "text"}
    assert {one.type.removeprefix("expect_"): one.kwargs for one in found.expectations[2:]} == {
        "column_values_to_be_unique": {"column": "id"},
        "column_values_to_be_between": {
            "column": "amount",
            "min_value": 0,
            "max_value": 100,
            "strict_max": True,
        },
        "column_values_to_not_be_null": {"column": "amount", "mostly": 0.75},
        "column_value_lengths_to_be_between": {"column": "state", "min_value": 2},
        "column_values_to_match_regex": {"column": "state", "regex": "^[a-z]+$"},
        "column_values_to_be_in_set": {"column": "state", "value_set": ["open", "shut"]},
    }
    rows, filled = found.expectations[:2]
    assert (rows.kwargs, rows.severity, rows.because) == (
        {"min_value": 10, "max_value": 20},
        "warning",
        "a day",
    )
    assert (filled.type, filled.kwargs) == ("expect_column_values_to_not_be_null", {"column": "id"})


def test_what_has_no_translation_is_named_with_its_line(contract):
    lines = [
        line.rpartition("contract.yaml:")[2] for line in read_contract(contract()).untranslated
    ]
    assert [line.partition(":")[0] for line in lines] == ["32", "15", "23", "24", "25", "29"]
    assert "multipleOf" in lines[1]
    assert "a rule of type text" in lines[3]
    assert "knows no 'expect_column_values_to_be_rite'" in lines[4]


def test_the_lines_are_those_of_a_use_case(contract):
    from assay.config.yaml_reader import parse_yaml

    found = read_contract(contract())
    lines = parse_yaml(found.as_yaml(), "lines")["expectations"]
    again = [Expectation.model_validate_json(json.dumps(one)) for one in lines]
    assert again == found.expectations


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1", "no contract"),
        (CONTRACT.replace("v3.1.0", "v2.2.2"), "no contract"),
        (CONTRACT.partition("schema:")[0], "describes 0 objects"),
    ],
)
def test_what_is_no_contract_is_refused(contract, text, why):
    with pytest.raises(ConfigError, match=why):
        read_contract(contract(text))


def test_an_unknown_object_is_told_the_nearest(contract):
    with pytest.raises(ConfigError, match="no object 'order'") as told:
        read_contract(contract(), "order")
    assert told.value.remedy == "Did you mean 'orders'?"


@pytest.fixture
def ruled():
    rules = [
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "hours"}},
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "hours", "min_value": 0, "mostly": 0.9},
            "severity": "warning",
            "because": "nobody works less",
        },
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 5}},
    ]
    return made_use_case(expectations=rules, data={"never_store": ["name"]})


@pytest.mark.parametrize(("make", "read"), [(contract_of, read_contract), (suite_of, read_suite)])
def test_rules_come_back_from_either_format(ruled, tmp_path, make, read):
    (tmp_path / "file").write_text(json.dumps(make("income", ruled)))
    found = read(tmp_path / "file")
    assert plain(found.expectations) == plain(ruled.expectations)
    assert {one.because for one in found.expectations} == {"", "nobody works less"}
    assert sorted(one.severity for one in found.expectations) == ["critical", "critical", "warning"]
    assert found.untranslated == []


def test_great_expectations_reads_the_suite(ruled):
    suite = gx.ExpectationSuite(**suite_of("income", ruled))
    assert [one.expectation_type for one in suite.expectations] == [
        one.type for one in ruled.expectations
    ]
    assert suite.expectations[1].severity == "warning"


def test_a_contract_names_no_column_that_is_never_stored(ruled):
    told = contract_of("income", ruled)["schema"][0]["properties"]
    assert "name" not in {one["name"] for one in told}
    assert [one["name"] for one in told if one.get("required")] == ["hours"]
