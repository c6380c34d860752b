from __future__ import annotations

import os
import pickletools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from assay.bucket import canonical_json
from assay.errors import DataError
from assay.learning.mitigation import thresholds
from assay.learning.split import mark_test_rows
from assay.learning.train import search_candidate

MITIGATE = {
    "method": "fairlearn.postprocessing.ThresholdOptimizer",
    "by": "sex",
    "constraint": "true_positive_rate_parity",
}
LOGISTIC = {"estimator": "sklearn.linear_model.LogisticRegression", "search": {"C": [0.1, 1.0]}}
CANDIDATES = [
    LOGISTIC,
    {
        "estimator": "sklearn.ensemble.HistGradientBoostingClassifier",
        "params": {"max_iter": 5},
        "calibrate": "isotonic",
    },
    {"estimator": "sklearn.ensemble.RandomForestClassifier", "params": {"n_estimators": 5}},
    {**LOGISTIC, "name": "mitigated", "mitigate": MITIGATE},
    {**LOGISTIC, "mitigate": {**MITIGATE, "constraint": "equalized_odds", "strength": 0.5}},
    {
        **LOGISTIC,
        "mitigate": {
            **MITIGATE,
            "method": "fairlearn.reductions.ExponentiatedGradient",
            "max_iter": 3,
        },
    },
    {**LOGISTIC, "mitigate": {**MITIGATE, "method": "fairlearn.reductions.GridSearch"}},
    {**LOGISTIC, "mitigate": {"method": "assay.reweighing", "by": "sex"}},
]


@pytest.fixture
def trained(people, use_case, table, say, teach):
    def make(candidate, **changes):
        rows = table(people())
        case = use_case(candidate, **changes)
        return teach(rows, mark_test_rows(rows, case), case, say)

    return make


PROCESS = """
import sys
sys.path.insert(0, {here!r})
import conftest
from test_train import CANDIDATES
from assay.bucket.digest import Digest
from assay.learning import train
from assay.learning.split import mark_test_rows
train.measure_timing = lambda *_: {{}}  # how long models take is not part of them
for candidate in CANDIDATES:
    rows = conftest.stored(conftest.made_people())
    case = conftest.made_use_case(candidate, search={{"jobs": {jobs}}})
    made = conftest.taught(rows, mark_test_rows(rows, case), case, conftest.quiet)
    print(Digest.of_bytes(made.model))
"""


@pytest.mark.slow
def test_two_processes_and_any_number_of_jobs_give_the_same_bytes():
    here = str(Path(__file__).parent)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS.format(here=here, jobs=jobs)],
            env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads},
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for jobs, seed, threads in ((1, "1", "1"), (2, "2", "2"))
    ]
    outputs = [process.communicate()[0].decode().split() for process in running]
    assert len(outputs[0]) == len(set(outputs[0])) == len(CANDIDATES)
    assert outputs[0] == outputs[1]


@pytest.mark.slow
def test_a_plain_model_needs_no_assay_and_a_mitigated_one_only_its_decisions(trained):
    plain, *others, weighed = (trained(candidate) for candidate in (CANDIDATES[0], *CANDIDATES[3:]))
    assert b"assay" not in plain.model
    assert b"assay" not in weighed.model
    for mitigated in others:
        assert b"fairlearn" not in mitigated.model
        assert named(mitigated.model) == {"assay.learning.mitigation.models"}


def named(data):
    """Modules of Assay's that a pickle names. Arrays stand between its opcodes: read words."""
    words = {str(arg) for _, arg, _ in pickletools.genops(_without_arrays(data)) if arg}
    return {word for word in words if word.startswith("assay")}


def _without_arrays(data):
    import io
    import pickle

    import joblib

    return pickle.dumps(joblib.load(io.BytesIO(data)))


def test_the_predictions_are_the_test_rows_with_their_groups(trained, people):
    made = trained(LOGISTIC)
    frame = people()
    predictions = made.predictions
    assert predictions.schema.names == ["row", "truth", "probability", "decision", "sex"]
    assert [str(t) for t in predictions.schema.types] == [
        "int64",
        "bool",
        "double",
        "bool",
        "string",
    ]
    rows = predictions["row"].to_numpy()
    assert predictions["sex"].to_pylist() == frame.sex[rows].tolist()
    assert predictions["truth"].to_pylist() == (frame.income[rows] == ">50K").tolist()


def test_the_answers_out_of_fold_are_of_the_training_rows(trained, people):
    made = trained(LOGISTIC)
    frame, held_out = people(), made.held_out.to_pandas()
    assert made.held_out.schema.names == [*made.predictions.schema.names, "unmitigated"]
    assert set(held_out.row) == set(range(600)) - set(made.predictions["row"].to_pylist())
    assert held_out.sex.tolist() == frame.sex[held_out.row].tolist()
    assert held_out.truth.tolist() == (frame.income[held_out.row] == ">50K").tolist()
    assert (held_out.decision == (held_out.probability >= 0.5)).all()
    assert (held_out.decision == held_out.unmitigated).all()


@pytest.mark.parametrize("choose_by", ["roc_auc", "accuracy", "cost"])
def test_a_plain_candidates_score_out_of_fold_is_the_searchs(
    people, use_case, table, say, teach, choose_by
):
    rows, case = table(people()), use_case(LOGISTIC, performance={"choose_by": choose_by})
    test = mark_test_rows(rows, case)
    found = search_candidate(rows, test, case.candidates[0], case, say=say)
    made = teach(rows, test, case, say)
    assert made.metadata["cross_validated"] == found.trials[found.chosen_index]["mean"]


def test_the_costs_set_the_threshold(trained):
    cost = {"cost": {"false_positive": 4.0, "false_negative": 1.0}}
    made = trained(LOGISTIC, performance=cost)
    probability = made.predictions["probability"].to_numpy()
    decision = made.predictions["decision"].to_numpy(zero_copy_only=False)
    assert (decision == (probability >= 0.8)).all()
    assert 0 < decision.sum() < len(decision)


def test_the_sensitive_column_is_seen_only_when_declared_a_feature(trained):
    def names(made):
        return [entry["name"] for entry in made.signature["inputs"]]

    assert "sex" not in names(trained(LOGISTIC))
    seen = trained(LOGISTIC, data={"sensitive": {"sex": {"feature": True}}})
    assert "sex" in names(seen)


def test_mitigation_narrows_the_gap_on_rows_it_never_saw(people, use_case, table, say, teach):
    frame = people(20_000)
    # The model may not see sex, but height tells it nearly as much, and men earn much more.
    rng, male = np.random.default_rng(5), frame.sex == "Male"
    frame["height"] = rng.normal(size=len(frame)) / 3 + male
    chance = 1 / (1 + np.exp(1.5 - 2.5 * male - 0.1 * (frame.hours.fillna(40) - 40)))
    frame["income"] = np.where(rng.random(len(frame)) < chance, ">50K", "<=50K")
    rows = table(frame)

    def gap(candidate):
        case = use_case(candidate)
        made = teach(rows, mark_test_rows(rows, case), case, say)
        found = made.predictions.to_pandas()
        rates = found[found.truth].groupby("sex").decision.mean()
        return abs(rates["Female"] - rates["Male"])

    plain = {"estimator": LOGISTIC["estimator"]}
    assert gap(plain) > 0.2
    assert gap({**plain, "mitigate": MITIGATE}) < 0.1


def test_what_is_told_about_it_can_be_stored_and_holds_no_times(trained):
    made, again = trained(LOGISTIC), trained(LOGISTIC)
    assert canonical_json.dump(made.metadata) == canonical_json.dump(again.metadata)
    assert canonical_json.dump(made.technical) == canonical_json.dump(again.technical)
    assert made.metadata["params"] in [{"C": c} for c in LOGISTIC["search"]["C"]]


MEMORY = {"estimator": "sklearn.tree.DecisionTreeClassifier"}
"""Knows the rows it was fitted to by heart, and of noise nothing else."""


@pytest.fixture
def noise(people):
    def make(rows=600):
        frame = people(rows).assign(weight=np.arange(rows) * 7919 % rows)
        return frame.assign(income=np.random.default_rng(3).choice([">50K", "<=50K"], rows))

    return make


@pytest.mark.parametrize("identity", [["person"], []])
@pytest.mark.parametrize("split", [{}, {"by": "group", "column": "person"}])
def test_a_persons_other_rows_do_not_leak_into_the_search(
    noise, use_case, table, say, identity, split
):
    frame = noise(300).loc[np.repeat(np.arange(300), 6)].reset_index(drop=True)
    case = use_case({**MEMORY, "calibrate": "none"}, data={"identity": identity}, split=split)
    rows = table(frame)
    test = mark_test_rows(rows, case)
    found = search_candidate(rows, test, case.candidates[0], case, say=say)
    assert roc_auc_score(frame.income[~test] == ">50K", found.scores) < 0.65


@pytest.mark.parametrize("calibrate", ["sigmoid", "isotonic"])
def test_calibration_learns_from_rows_the_model_did_not_see(
    noise, use_case, table, say, teach, calibrate
):
    rows, case = table(noise()), use_case({**MEMORY, "calibrate": calibrate})
    made = teach(rows, mark_test_rows(rows, case), case, say)
    assert np.abs(made.predictions["probability"].to_numpy() - 0.5).max() < 0.2


def test_mitigation_learns_from_rows_the_model_did_not_see(
    noise, use_case, table, say, teach, monkeypatch
):
    seen, learn = [], thresholds.learn_group_rules

    def watched(asked, probability, truth, *others):
        seen.append(roc_auc_score(truth, probability))
        return learn(asked, probability, truth, *others)

    monkeypatch.setattr(thresholds, "learn_group_rules", watched)
    rows = table(noise())
    case = use_case({**MEMORY, "calibrate": "none", "mitigate": MITIGATE})
    teach(rows, mark_test_rows(rows, case), case, say)
    assert len(seen) == 3  # on all rows, and on either half of the folds
    assert max(seen) < 0.65


def test_the_prevalence_is_that_of_the_training_rows(people, use_case, table, say, teach):
    frame = people()
    rows, case = table(frame), use_case(LOGISTIC)
    test, positive = mark_test_rows(rows, case), (frame.income == ">50K").to_numpy()
    made = teach(rows, test, case, say)
    assert made.outcomes["prevalence"] == positive[~test].mean() != positive.mean()


@pytest.mark.parametrize(
    "split",
    [
        {"by": "time", "column": "since"},
        {"by": "group", "column": "house"},
    ],
)
@pytest.mark.parametrize("candidate", [CANDIDATES[0], CANDIDATES[3]])
def test_it_trains_by_time_and_by_group(people, use_case, table, say, split, candidate, teach):
    rows = table(people().assign(house=np.arange(600) // 4))
    case = use_case(candidate, split=split)
    test = mark_test_rows(rows, case)
    made = teach(rows, test, case, say)
    assert made.predictions.num_rows == test.sum()
    assert split["column"] not in [entry["name"] for entry in made.signature["inputs"]]


def test_a_sensitive_column_may_not_take_a_name_of_the_predictions(
    people, use_case, table, say, teach
):
    rows = table(people().rename(columns={"sex": "truth"}))
    case = use_case(data={"sensitive": {"truth": {}}})
    with pytest.raises(DataError, match="cannot be called 'truth'"):
        teach(rows, mark_test_rows(rows, case), case, say)
