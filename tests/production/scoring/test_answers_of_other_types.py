"""Amounts and classes, from a trained model to the delivered file."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.config.production import Sink
from assay.errors import ConfigError
from assay.learning.scoring_model import ScoringModel
from assay.problems.multiclass.problem import PROBLEM as MULTICLASS
from assay.problems.regression.problem import PROBLEM as REGRESSION
from assay.production.scoring.delivery import Delivery
from assay.production.scoring.predictions import BatchPredictions, score_table
from assay.production.scoring.sinks import write_delivery
from assay.sources.source_lines import SOURCE_LINES_SCHEMA, SourceLines
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame, write_table
from tests.problems.learning_examples import HARM, harm_case, make_people, pay_case, teach

DIGEST = Digest.of_bytes(b"the model")
AMOUNTS = ["prediction", "low", "high"]
CLASSES = ["decision", *(f"probability_{name}" for name in HARM), "set"]


@pytest.fixture(scope="module")
def pay_model():
    made = teach(REGRESSION, make_people(), pay_case())
    return ScoringModel.load(made.model, made.signature)


@pytest.fixture(scope="module")
def harm_model():
    made = teach(MULTICLASS, make_people(), harm_case())
    return ScoringModel.load(made.model, made.signature)


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


def score(bucket, model, case, rows) -> BatchPredictions:
    places = SourceLines()
    places.add(np.arange(2, len(rows) + 2))
    lines = write_table(bucket, places.batches(), SOURCE_LINES_SCHEMA, "lines")
    table = write_frame(bucket, rows, "batch")
    return score_table(bucket, model, DIGEST, table, case, lines=lines, unfit=None)


def deliver(bucket, found, case, path) -> str:
    made = Delivery(
        bucket, case, "monday", 3, str(DIGEST), found.table, found.predictions, found.lines
    )
    return write_delivery(made, Sink(path=str(path)))


NEW = make_people(30, seed=4).drop(columns=["pay", "harm"])


def test_amounts_and_their_intervals_are_kept_with_their_types(bucket, pay_model):
    found = score(bucket, pay_model, pay_case(), NEW)
    answers = Table.read(bucket, found.predictions)
    assert answers.schema.names == ["row", "unit", "person", *AMOUNTS, "model"]
    assert [answers.schema.field(name).type for name in AMOUNTS] == [pa.float64()] * 3
    alone = pay_model.predict(NEW)
    assert (answers.to_pandas()[AMOUNTS].to_numpy() == alone.to_numpy()).all()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_amounts_are_delivered(bucket, pay_model, tmp_path, ending):
    found = score(bucket, pay_model, pay_case(), NEW)
    path = deliver(bucket, found, pay_case(), f"{tmp_path}/{{batch}}.{ending}")
    frame = pd.read_csv(path) if ending == "csv" else pd.read_parquet(path)
    assert list(frame) == ["line", "person", *AMOUNTS, "model"]
    expected = pay_model.predict(NEW)["high"].to_numpy()
    assert frame["high"].to_numpy() == pytest.approx(expected)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_classes_are_delivered_with_their_probabilities_and_sets(
    bucket, harm_model, tmp_path, ending
):
    found = score(bucket, harm_model, harm_case(), NEW)
    path = deliver(bucket, found, harm_case(), f"{tmp_path}/{{batch}}.{ending}")
    frame = pd.read_csv(path) if ending == "csv" else pd.read_parquet(path)
    assert list(frame) == ["line", "person", *CLASSES, "model"]
    alone = harm_model.predict(NEW)
    assert frame["decision"].tolist() == alone["decision"].tolist()
    assert frame["set"].tolist() == alone["set"].tolist()
    assert frame["probability_killed"].to_numpy() == pytest.approx(
        alone["probability_killed"].to_numpy()
    )


def test_without_a_declared_identity_the_rows_own_columns_stand_beside_the_answer(
    bucket, harm_model, tmp_path
):
    case = harm_case(data={"identity": [], "exclude": ["pay", "person"]})
    path = deliver(bucket, score(bucket, harm_model, case, NEW), case, f"{tmp_path}/{{batch}}.csv")
    assert list(pd.read_csv(path)) == ["line", *NEW.columns, *CLASSES, "model"]


class Breaks:
    """Answers no number about those who work 60 hours, and breaks on those who work 61."""

    def __init__(self, inner, column):
        self.inner, self.column = inner, column

    def answer(self, rows):
        if (rows["hours"] == 61).any():
            raise ValueError("61 hours")
        found = self.inner.answer(rows)
        found.loc[rows["hours"] == 60, self.column] = np.inf
        return found


@pytest.mark.parametrize("column", ["high", "probability_minor"])
def test_answers_that_are_no_finite_numbers_are_listed_with_their_reason(
    bucket, pay_model, harm_model, column
):
    model, case = (pay_model, pay_case()) if column == "high" else (harm_model, harm_case())
    rows = NEW.assign(hours=40.0)
    rows.loc[[4, 9], "hours"] = 60.0
    rows.loc[7, "hours"] = 61.0
    served = ScoringModel(Breaks(model.fitted, column), model.signature)
    found = score(bucket, served, case, rows)
    assert (found.rows, found.unfit_rows) == (27, 3)
    unfit = Table.read(bucket, found.unfit).to_pandas()
    assert unfit["line"].tolist() == [6, 9, 11]
    assert unfit["reason"].tolist() == [
        f"its {column} is inf",
        "the model cannot answer it (ValueError: 61 hours)",
        f"its {column} is inf",
    ]


def test_an_identity_column_with_the_name_of_an_answer_is_refused(bucket, pay_model):
    case = pay_case(data={"identity": ["low"]})
    with pytest.raises(ConfigError, match="cannot be called 'low'"):
        score(bucket, pay_model, case, NEW.assign(low=range(30)))
