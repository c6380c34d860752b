"""Predictions: what is said of each row, in which order, and which rows nothing is said of."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.dataset.row_identity import identity_hashes
from assay.errors import ConfigError, DataError
from assay.learning.scoring_model import ScoringModel
from assay.production.scoring import predictions
from assay.sources.source_lines import SOURCE_LINES_SCHEMA, SourceLines
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame, write_table
from tests.production.small import fitted, people, use_case

DIGEST = Digest.of_bytes(b"the model")
INPUTS = [{"name": "age", "type": "integer"}, {"name": "job", "type": "text"}]


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


def model(by_group=False):
    groups = [{"name": "sex", "bins": []}] if by_group else None
    signature = {"inputs": INPUTS, "groups": groups}
    return ScoringModel(fitted(people(), by_group=by_group), signature)


def score(bucket, frame, served, written=None):
    places = SourceLines()
    places.add(np.arange(2, len(frame) + 2))
    return predictions.score_table(
        bucket,
        served,
        DIGEST,
        write_frame(bucket, frame, "batch"),
        (written or use_case()).use_case,
        lines=write_table(bucket, places.batches(), SOURCE_LINES_SCHEMA, "lines"),
        unfit=None,
    )


def test_every_row_has_its_answer_its_unit_and_the_models_digest(bucket):
    rows = people(40, seed=2).drop(columns="hired")
    found = score(bucket, rows, model())
    answers = Table.read(bucket, found.predictions).to_pandas()
    assert list(answers) == ["row", "unit", "person", "probability", "decision", "model"]
    assert list(answers["row"]) == list(range(40))
    assert set(answers["model"]) == {str(DIGEST)}
    alone = model().predict(rows)
    assert (answers["probability"] == alone["probability"].to_numpy()).all()
    assert (answers["decision"] == alone["decision"].to_numpy()).all()
    units = identity_hashes(Table.read(bucket, found.table), use_case().use_case)
    assert (answers["unit"].to_numpy() == units.view(np.int64)).all()


def test_the_same_rows_give_the_same_bytes_however_they_are_cut(bucket, monkeypatch):
    rows = people(500, seed=3)
    whole = score(bucket, rows, model())
    monkeypatch.setattr(predictions, "_ROWS", 64)
    cut = score(bucket, rows, model())
    assert cut.predictions.digest == whole.predictions.digest


class Fails:
    """Answers nothing that is a number about those who are 50."""

    def __init__(self, inner):
        self.inner = inner

    def predict_proba(self, rows):
        found = self.inner.predict_proba(rows)
        found[rows["age"] == 50] = np.nan
        return found

    def predict(self, rows):
        return self.inner.predict_proba(rows)[:, 1] >= 0.5


def test_rows_without_a_finite_probability_are_listed_and_left_out(bucket):
    rows = people(20, seed=4)
    rows["age"] = np.where(rows.index.isin([4, 9]), 50, 30)
    found = score(
        bucket, rows, ScoringModel(Fails(fitted(people())), {"inputs": INPUTS, "groups": None})
    )
    assert (found.rows, found.unfit_rows) == (18, 2)
    unfit = Table.read(bucket, found.unfit).to_pandas()
    assert list(unfit["line"]) == [6, 11]
    assert unfit["reason"][0] == "its probability is nan"
    assert '"age": 50' in unfit["row"][0]
    kept, said = (Table.read(bucket, a).to_pandas() for a in (found.table, found.predictions))
    assert list(kept["person"]) == list(said["person"])
    assert len(kept) == 18
    lines = SourceLines.from_table(Table.read(bucket, found.lines)).lines(np.arange(18))
    assert list(lines) == [n for n in range(2, 22) if n not in {6, 11}]


def test_a_missing_group_is_unfit_only_where_the_decision_depends_on_it(bucket):
    rows = people(20, seed=5)
    rows.loc[[3, 7], "sex"] = None
    assert score(bucket, rows, model()).unfit_rows == 0
    found = score(bucket, rows, model(by_group=True))
    assert found.unfit_rows == 2
    reasons = Table.read(bucket, found.unfit).to_pandas()["reason"]
    assert set(reasons) == {"sex is missing, and the decision depends on it"}


def test_where_training_saw_missing_groups_they_have_a_rule(bucket):
    rows, served = people(20, seed=5), model(by_group=True)
    rows.loc[[3, 7], "sex"] = None
    served.fitted.rules["(missing)"] = served.fitted.rules["f"]
    assert score(bucket, rows, served).unfit_rows == 0


def test_a_batch_of_which_no_row_can_be_scored_is_an_error_not_an_empty_table(bucket):
    rows = people(5).assign(age=50)
    with pytest.raises(DataError, match="none of 5 rows can be scored"):
        score(
            bucket, rows, ScoringModel(Fails(fitted(people())), {"inputs": INPUTS, "groups": None})
        )


def test_whatever_an_estimator_raises_is_told_without_a_traceback(bucket):
    class Broken:
        def predict_proba(self, rows):
            raise RuntimeError("no licence today")

    with pytest.raises(DataError, match="no licence today"):
        score(bucket, people(5), ScoringModel(Broken(), {"inputs": INPUTS, "groups": None}))


def test_an_identity_column_may_not_be_called_like_one_of_ours(bucket):
    written = use_case(data={"identity": ["unit"]})
    rows = people(5).rename(columns={"person": "unit"})
    with pytest.raises(ConfigError, match="'unit'"):
        score(bucket, rows, model(), written)


def test_places_are_runs_and_give_back_every_line():
    places, lines = SourceLines(), np.array([2, 3, 4, 9, 10, 30])
    places.add(lines[:2])
    places.add(lines[2:2])
    places.add(lines[2:])
    assert list(places.lines(np.arange(6))) == list(lines)
    assert sum(batch.num_rows for batch in places.batches()) == 3
    assert pd.Series(places.lines(np.array([3]))).tolist() == [9]


class Breaking:
    """A model that raises where any row's age is beyond 100."""

    columns, group_columns = ("age", "job"), ()
    signature: ClassVar = {"inputs": []}

    def predict(self, frame):
        if (frame["age"] > 100).any():
            raise OverflowError("age is too large")
        return pd.DataFrame({"probability": 0.25, "decision": False}, index=frame.index)


def test_a_row_that_the_estimator_breaks_on_costs_no_other_row_its_answer(bucket):
    rows = people(40, seed=2).drop(columns="hired")
    rows.loc[[3, 17], "age"] = 1000
    found = score(bucket, rows, Breaking())
    assert (found.rows, found.unfit_rows) == (38, 2)
    unfit = Table.read(bucket, found.unfit).to_pandas()
    assert unfit["line"].tolist() == [5, 19]
    assert "OverflowError: age is too large" in unfit["reason"][0]


def test_an_estimator_that_breaks_on_many_rows_is_an_error(bucket):
    rows = people(40, seed=2).drop(columns="hired").assign(age=1000)
    with pytest.raises(DataError, match="OverflowError: age is too large"):
        score(bucket, rows, Breaking())
    with pytest.raises(DataError, match="OverflowError"):
        score(bucket, rows.head(2), Breaking())
