"""Whether a model answers the question that a use case asks."""

from __future__ import annotations

import pytest

from assay.config.data import Target
from assay.learning.signature import answer_signature, describe_other_question

HARM = Target(column="harm", classes=("none", "minor", "killed"))
PAY = Target(column="pay", unit="dollars")
YES_NO = Target(column="paid", positive="yes")
CLASSES = answer_signature([], [], "multiclass", {"classes": ["killed", "minor", "none"]})
AMOUNTS = answer_signature([], [], "regression", {"unit": "dollars"})
PLAIN = {"inputs": [], "groups": None}


@pytest.mark.parametrize(
    ("signature", "target"), [(CLASSES, HARM), (AMOUNTS, PAY), (PLAIN, YES_NO)]
)
def test_answers_to_the_same_outcomes_can_be_compared_in_any_order_of_classes(signature, target):
    assert describe_other_question(signature, target) is None


@pytest.mark.parametrize(
    ("signature", "target", "words"),
    [
        (PLAIN, HARM, "answers a binary question, and the use case asks a multiclass one"),
        (PLAIN, PAY, "answers a binary question, and the use case asks a regression one"),
        (CLASSES, YES_NO, "answers a multiclass question, and the use case asks a binary one"),
        (
            CLASSES,
            HARM.model_copy(update={"classes": ("none", "minor", "dead")}),
            "the classes killed, minor, none apart, and the use case names none, minor, dead",
        ),
        (AMOUNTS, PAY.model_copy(update={"unit": "euros"}), "in dollars, and the use case asks"),
    ],
)
def test_a_model_of_another_question_is_told_by_what_differs(signature, target, words):
    assert words in str(describe_other_question(signature, target))


def test_a_type_of_ones_own_may_answer_by_anothers_models():
    target = Target(column="y", problem="mine.PROBLEM")
    assert describe_other_question({"problem": "regression", "unit": "visits"}, target) is None
