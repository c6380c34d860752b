"""Any object that answers what stages ask can stand for a question."""

import sys

import pytest

from assay.config.data import Target
from assay.errors import ConfigError
from assay.problems.lookup import problem_type


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (Target(column="y", positive=1), "binary"),
        (Target(column="y", above=3.0), "binary"),
        (Target(column="y", classes=("a", "b", "c")), "multiclass"),
        (Target(column="y", unit="dollars"), "regression"),
    ],
)
def test_the_keys_of_the_target_say_which_question_it_is(target, name):
    assert problem_type(target).name == name


def test_another_type_is_found_by_its_import_path(tmp_path, monkeypatch):
    (tmp_path / "my_counts.py").write_text(
        "class Counts:\n    name = 'my_counts.PROBLEM'\nPROBLEM = Counts()\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    found = problem_type(Target(column="y", problem="my_counts.PROBLEM", options={"zeros": True}))
    assert type(found).__name__ == "Counts"


@pytest.mark.parametrize("path", ["no_such_package.PROBLEM", "json.no_such_member"])
def test_a_path_that_leads_nowhere_is_a_sentence(path):
    with pytest.raises(ConfigError, match=path):
        problem_type(Target(column="y", problem=path))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "write one of"),
        ({"unit": "a", "positive": 1}, "write one of"),
        ({"classes": ("a", "b")}, "of two outcomes"),
        ({"classes": ("a", "b", "a")}, "twice"),
        ({"classes": ("a", "b", "c|d")}, "cannot be a class"),
        ({"unit": "a", "ordered": True}, "belongs to `classes`"),
        ({"positive": 1, "log": True}, "belongs to `unit`"),
        ({"unit": "a", "negative": (0,)}, "belongs to `positive`"),
    ],
)
def test_a_target_that_asks_two_things_or_none_is_refused(keys, said):
    with pytest.raises(ValueError, match=said):
        Target(column="y", **keys)


def test_true_and_false_are_classes_as_yaml_writes_them():
    assert Target(column="y", classes=(True, False, "unknown")).class_labels == (
        "true",
        "false",
        "unknown",
    )
