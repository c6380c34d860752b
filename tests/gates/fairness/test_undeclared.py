"""Columns that look sensitive are asked about, and what is not judged has not passed."""

import numpy as np
import pandas as pd
import pytest

from assay.config.data import Data
from assay.config.gates import FairnessRule
from assay.gates.fairness.gate import audit_fairness
from assay.gates.fairness.undeclared import (
    check_declarations,
    sensitive_subject,
    undeclared_columns,
)
from assay.gates.report import Verdict


def declared(**more):
    return Data.model_validate(
        {"source": "rows.csv", "target": {"column": "y", "positive": "1"}, **more}
    )


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("sex", "sex"),
        ("Gender", "sex"),
        ("GESCHLECHT", "sex"),
        ("applicantSex", "sex"),
        ("age", "age"),
        ("Age (years)", "age"),
        ("ageOFocc", "age"),
        ("date_of_birth", "age"),
        ("dob", "age"),
        ("race", "ethnicity"),
        ("ethnic-group", "ethnicity"),
        ("native_country", "ethnicity"),
        ("country.of.birth", "ethnicity"),
        ("Nationalität", "ethnicity"),
        ("religion", "religion"),
        ("has_disability", "disability"),
        ("marital.status", "marital status"),
        ("Familienstand", "marital status"),
        ("estado_civil", "marital status"),
    ],
)
def test_a_name_tells_what_a_column_is_about(name, about):
    assert sensitive_subject(name) == about


@pytest.mark.parametrize(
    "name",
    ["wage", "average", "usage", "page", "message", "trace", "embrace", "image", "vehicle_age",
     "account age", "stage", "mileage", "", "42", "Essex", "percentage"],
)  # fmt: skip
def test_a_name_that_merely_holds_such_letters_says_nothing(name):
    assert sensitive_subject(name) is None


def test_declared_either_way_a_column_is_not_asked_about():
    columns = ["y", "sex", "age", "marital", "income"]
    asked = undeclared_columns(columns, declared(sensitive={"sex": {}}, not_sensitive=("age",)))
    assert asked == {"marital": "marital status"}
    (check,) = check_declarations(columns, declared(sensitive={"sex": {}}))
    assert check.verdict is Verdict.CAUTION
    assert check.why.startswith("2 columns by their name look sensitive")
    assert "`sensitive: {age: {}, marital: {}}`" in check.remedy
    assert "`not_sensitive: [age, marital]`" in check.remedy


def predictions():
    truth = np.arange(600) % 3 == 0
    sex = np.where(np.arange(600) % 2, "F", "M")
    return pd.DataFrame({"truth": truth, "decision": truth, "sex": sex})


def audited(data, rules=(), columns=("y", "x")):
    checks = check_declarations(columns, data)
    return audit_fairness(predictions(), rules, data.sensitive, subject="m", declarations=checks)


def test_without_a_sensitive_column_fairness_is_not_judged_and_not_passed():
    found = audited(declared())
    assert found.verdict is Verdict.CAUTION
    assert found.summary.startswith("Not judged: no sensitive column is declared")
    assert "sensitive: {}" in found.checks[0].remedy


def test_who_declares_that_nothing_is_sensitive_passes_until_a_column_looks_so():
    assert audited(declared(sensitive={})).verdict is Verdict.PASS
    assert audited(declared(sensitive={}), columns=("y", "sex")).verdict is Verdict.CAUTION


def test_a_gap_that_passes_is_reserved_where_another_column_looks_sensitive():
    rule = FairnessRule(metric="selection_rate", by="sex", tolerance=0.2, because="b")
    data = declared(sensitive={"sex": {}})
    assert audited(data, [rule]).verdict is Verdict.PASS
    found = audited(data, [rule], columns=("y", "sex", "religion"))
    assert found.verdict is Verdict.CAUTION
    assert found.summary.startswith("Gaps held to a limit: 1. Within it: 1")
    assert "1 column by its name looks sensitive and is not declared: religion" in found.summary


def test_a_sensitive_column_without_a_limit_is_not_judged():
    assert audited(declared(sensitive={"sex": {}})).verdict is Verdict.CAUTION
