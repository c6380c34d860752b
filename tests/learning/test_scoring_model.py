from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.bucket import canonical_json
from assay.errors import DataError, IntegrityError
from assay.learning import scoring_model
from assay.learning.scoring_model import ScoringModel
from assay.learning.split import mark_test_rows

MITIGATED = {
    "estimator": "sklearn.linear_model.LogisticRegression",
    "mitigate": {
        "method": "fairlearn.postprocessing.ThresholdOptimizer",
        "by": "sex",
        "constraint": "demographic_parity",
    },
}


@pytest.fixture
def trained(people, use_case, table, say, teach):
    def make(**candidate):
        rows = table(people())
        plain = {"estimator": MITIGATED["estimator"]}
        case = use_case(candidate or plain)
        return teach(rows, mark_test_rows(rows, case), case, say)

    return make


@pytest.mark.parametrize("candidate", [{}, MITIGATED])
def test_the_loaded_model_repeats_the_predictions_of_the_test_rows(trained, people, candidate):
    made = trained(**candidate)
    model = ScoringModel.load(made.model, canonical_json.load(canonical_json.dump(made.signature)))
    rows = made.predictions["row"].to_numpy()
    again = model.predict(people().iloc[rows])
    assert again.index.tolist() == rows.tolist()
    assert (again.probability.to_numpy() == made.predictions["probability"].to_numpy()).all()
    assert (again.decision.to_numpy() == made.predictions["decision"].to_numpy()).all()


def test_other_widths_and_codings_of_the_same_values_change_nothing(trained, people):
    made = trained(**MITIGATED)
    model, frame = ScoringModel(*_loaded(made)), people()
    recoded = frame.astype({"job": "category", "level": "str", "union": "Int64", "sex": "object"})
    recoded["hours"] = frame.hours.astype("Int64")
    recoded["since"] = frame.since.dt.date
    recoded = recoded[recoded.columns[::-1]].assign(extra=1)
    pd.testing.assert_frame_equal(model.predict(recoded), model.predict(frame))


def test_a_signature_that_wrote_its_one_group_alone_still_serves(trained, people):
    model = ScoringModel(*_loaded(trained(**MITIGATED)))
    before = ScoringModel(model.fitted, {**model.signature, "groups": {"name": "sex", "bins": []}})
    assert before.columns == model.columns
    pd.testing.assert_frame_equal(before.predict(people()), model.predict(people()))


@pytest.mark.slow
def test_blocks_change_nothing(trained, people, monkeypatch):
    model = ScoringModel(*_loaded(trained(**MITIGATED)))
    whole = model.predict(people())
    monkeypatch.setattr(scoring_model, "_ROWS_AT_ONCE", 7)
    pd.testing.assert_frame_equal(model.predict(people()), whole)


@pytest.mark.slow
@pytest.mark.parametrize("bins", [[], [30.0, 50.0]])
def test_a_row_alone_is_answered_as_in_any_batch(people, use_case, table, say, teach, bins):
    by = "hours" if bins else "sex"
    mitigated = {**MITIGATED, "mitigate": {**MITIGATED["mitigate"], "by": by}}
    case = use_case(mitigated, data={"sensitive": {by: {"bins": bins}}})
    rows = table(people())
    model = ScoringModel(*_loaded(teach(rows, mark_test_rows(rows, case), case, say)))
    frame = people(70, seed=9)
    frame.loc[:4, by] = None
    if not bins:
        frame.loc[5:59, by] = [f"unseen {i}" for i in range(55)]
    whole = model.predict(frame)
    records = [pd.DataFrame([record]) for record in frame.to_dict("records")]
    alone = pd.concat([model.predict(record) for record in records], ignore_index=True)
    pd.testing.assert_frame_equal(alone, whole)


def test_an_empty_frame_gives_an_empty_answer(trained, people):
    model = ScoringModel(*_loaded(trained(**MITIGATED)))
    answer = model.predict(people().iloc[:0])
    assert (answer.shape, [str(t) for t in answer.dtypes]) == ((0, 2), ["float64", "bool"])


def test_one_row_and_a_row_of_nothing_but_missing_values_are_answered(trained, people):
    model = ScoringModel(*_loaded(trained()))
    row = people().iloc[[0]]
    assert model.predict(row).shape == (1, 2)
    blank = pd.DataFrame({name: [None] for name in row.columns})
    assert model.predict(blank).probability.between(0, 1).all()


def test_all_absent_columns_are_listed_with_the_nearest_names(trained, people):
    model = ScoringModel(*_loaded(trained(**MITIGATED)))
    frame = people().rename(columns={"hours": "hour"}).drop(columns=["sex", "job"])
    with pytest.raises(DataError, match="lacks 'hours', 'job', 'sex'") as raised:
        model.predict(frame)
    assert "'hour' for 'hours'" in raised.value.remedy


def test_all_wrong_types_are_listed(trained, people):
    model = ScoringModel(*_loaded(trained()))
    frame = people().assign(hours="forty", job=3, since=1.5, union=0.5)
    with pytest.raises(DataError) as raised:
        model.predict(frame)
    for name in ("hours", "job", "since", "union"):
        assert f"'{name}' should be" in raised.value.what


def test_a_pickle_that_cannot_be_read_is_an_error_of_integrity():
    with pytest.raises(IntegrityError, match="cannot be read here"):
        ScoringModel.load(b"\x80\x05cno_such_module\nX\n.", {})


def test_the_signature_tells_inputs_outputs_and_groups(trained):
    signature = trained(**MITIGATED).signature
    inputs = {entry["name"]: entry for entry in signature["inputs"]}
    assert list(inputs) == ["hours", "job", "union", "since", "level"]
    assert inputs["level"]["categories"] == ["low", "high"]
    assert (inputs["hours"]["nullable"], inputs["union"]["nullable"]) == (True, False)
    assert signature["groups"] == [{"name": "sex", "bins": []}]
    assert signature["positive"] == ">50K"
    assert [entry["name"] for entry in signature["outputs"]] == ["probability", "decision"]


def _loaded(made):
    from assay.learning.model_codec import load_model

    return load_model(made.model), made.signature


def test_integers_are_whole_numbers(trained, people, use_case, table, say, teach):
    frame = people().assign(children=np.arange(600) % 4)
    rows, case = table(frame), use_case()
    made = teach(rows, mark_test_rows(rows, case), case, say)
    with pytest.raises(DataError, match="'children' should be integer"):
        ScoringModel(*_loaded(made)).predict(frame.assign(children=0.5))
