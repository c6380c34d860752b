"""An update names what later data say otherwise, and leaves alone what people said."""

from assay.drafting.draft_changes import find_changes

WRITTEN = """
question: Will it fail?
data:
  source: old.csv
  target: {column: y, positive: 1}
  missing: ["", NA]
  exclude: [id, ours]
expectations:
  - {type: expect_column_values_to_be_between, kwargs: {column: a, min_value: 0, max_value: 10}}
"""
DRAFTED = """
question: Is y 1?
data:
  source: new.csv
  target: {column: y, positive: 1, unlabelled: leave_out}
  missing: ["", NA, "-"]
  never_store: [mail]
  exclude: [id]
expectations:
  - {type: expect_column_values_to_be_between, kwargs: {column: a, min_value: 1, max_value: 25}}
  - {type: expect_column_values_to_be_between, kwargs: {column: b, min_value: 1, max_value: 25}}
candidates: [{estimator: x.Y}]
"""


def test_what_data_say_otherwise_is_named_and_nothing_else():
    assert [str(one) for one in find_changes(WRITTEN, DRAFTED)] == [
        "data.target.unlabelled: add 'leave_out'",
        "data.missing: ['', 'NA'] is written, ['-'] was seen",
        "data.never_store: add ['mail']",
        "expectations.expect_column_values_to_be_between[a].max_value: 10 is written, 25 was seen",
    ]


def test_a_draft_differs_in_nothing_from_itself():
    assert find_changes(DRAFTED, DRAFTED) == []
