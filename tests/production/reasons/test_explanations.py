"""What is told beside answers: in words, stored, delivered, and true."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import create_engine, text

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.config.production import Sink
from assay.errors import ConfigError, DataError
from assay.learning.mitigation.models import GroupThresholds
from assay.learning.scoring_model import ScoringModel
from assay.problems.lookup import problem_type
from assay.problems.multiclass.problem import PROBLEM as MULTICLASS
from assay.problems.regression.problem import PROBLEM as REGRESSION
from assay.production.reasons import explanations, row_reasons
from assay.production.scoring import predictions
from assay.production.scoring.delivery import Delivery
from assay.production.scoring.sinks import write_delivery
from assay.sources.source_lines import SOURCE_LINES_SCHEMA, SourceLines
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame, write_table
from tests.problems.learning_examples import HARM, harm_case, make_people, pay_case, teach
from tests.production.small import fitted, people, use_case

DIGEST = Digest.of_bytes(b"the model")
INPUTS = [
    {"name": "age", "type": "integer"},
    {"name": "job", "type": "category", "categories": ["cook", "nurse", "smith"]},
]
SIGNATURE = {"inputs": INPUTS, "groups": None}


class ByAge:
    """Says yes from 45 on, whatever the job, but cooks from 60 on."""

    def predict_proba(self, rows):
        limit = np.where(rows["job"] == "cook", 60, 45)
        yes = 1 / (1 + np.exp(-(rows["age"].fillna(0) - limit + 0.5) / 4))
        return np.column_stack([1 - yes, yes])

    def predict(self, rows):
        return (self.predict_proba(rows)[:, 1] >= 0.5).astype(int)


class Constant(ByAge):
    def predict_proba(self, rows):
        return np.full((len(rows), 2), 0.5)


def asked(**score):
    actionable = ["age", "job"] if score.get("would_be") else []
    return use_case(data={"actionable": actionable}, score=score)


def score(frame, written, model=None, *, reference=None):
    case = written.use_case
    model = model or ScoringModel(ByAge(), SIGNATURE)
    bucket, places = Bucket.from_store(MemoryStore()).prepare(), SourceLines()
    places.add(np.arange(2, len(frame) + 2))
    told = explanations.prepare_explanations(
        model,
        problem_type(case.data.target).explained_answer(case.data.target),
        case,
        people(400, seed=9) if reference is None else reference,
    )
    found = predictions.score_table(
        bucket,
        model,
        DIGEST,
        write_frame(bucket, frame, "batch"),
        case,
        lines=write_table(bucket, places.batches(), SOURCE_LINES_SCHEMA, "lines"),
        unfit=None,
        explanations=[*told],
    )
    return bucket, found


def answers(frame, written, model=None, **more):
    bucket, found = score(frame, written, model, **more)
    return Table.read(bucket, found.predictions).to_pandas()


def batch(rows=30, seed=2, **more):
    return people(rows, seed).drop(columns="hired").assign(**more)


def test_reasons_stand_beside_the_answer_in_words():
    found = answers(batch(3, age=[20, 79, 50], job=["smith", "smith", "cook"]), asked(reasons=2))
    assert list(found) == [
        "row", "unit", "person", "probability", "decision",
        "reason_1", "reason_2", "reason_column", "model",
    ]  # fmt: skip
    young, old, cook = found["reason_1"]
    assert young.startswith("age is 20, lower than usual (")
    assert young.endswith("): lowers the probability of 1")
    assert old.startswith("age is 79, higher than usual (")
    assert old.endswith("): raises the probability of 1")
    assert cook.startswith("job is cook")
    assert cook.endswith(": lowers the probability of 1")
    assert list(found["reason_column"]) == ["age", "age", "job"]


def test_a_model_that_nothing_moves_says_so():
    found = answers(batch(3), asked(reasons=2), ScoringModel(Constant(), SIGNATURE))
    assert set(found["reason_1"]) == {"no column moved this answer"}
    assert found["reason_2"].isna().all()
    assert found["reason_column"].isna().all()


def test_missing_and_unseen_values_are_told():
    frame = batch(2, age=[np.nan, 30.0], job=[None, "pilot"])
    found = answers(frame, asked(reasons=2))
    told = found[["reason_1", "reason_2"]].to_numpy().ravel().tolist()
    assert any(str(one).startswith("age is missing (usual: ") for one in told)
    wide = answers(batch(1, job=["pilot"]), asked(reasons=2), unseen_model())
    told = " ".join(map(str, wide[["reason_1", "reason_2"]].to_numpy().ravel()))
    assert "job is pilot, which training never held (usual: " in told


def unseen_model():
    class Known(ByAge):
        def predict_proba(self, rows):
            found = super().predict_proba(rows)
            found[(rows["job"] == "pilot").to_numpy()] = [1.0, 0.0]
            return found

    return ScoringModel(Known(), SIGNATURE)


def test_reasons_are_those_that_change_the_answer_most():
    written = asked(reasons=1)
    frame = batch(200, seed=5)
    model = ScoringModel(ByAge(), SIGNATURE)
    named = answers(frame, written)["reason_column"].to_numpy()
    usual = people(200, seed=11)
    before, changes = model.predict(frame)["probability"].to_numpy(), {}
    for column in ("age", "job"):
        gap = np.zeros(len(frame))
        for value in usual[column]:
            gap += before - model.predict(frame.assign(**{column: value}))["probability"].to_numpy()
        changes[column] = np.abs(gap / len(usual))
    other = np.where(named == "age", "job", "age")
    place = np.arange(len(frame))
    by = pd.DataFrame(changes)
    mine, theirs = (by.to_numpy()[place, by.columns.get_indexer(n)] for n in (named, other))
    assert mine.mean() > 2 * theirs.mean()
    assert (mine >= theirs).mean() > 0.9


def test_the_same_rows_give_the_same_bytes_however_they_are_cut(monkeypatch):
    written, frame = asked(reasons=2, would_be=True), batch(300, seed=3)
    model = ScoringModel(fitted(people()), SIGNATURE)
    _, whole = score(frame, written, model)
    monkeypatch.setattr(predictions, "_ROWS", 64)
    monkeypatch.setattr(row_reasons, "_ROWS", 17)
    _, cut = score(frame, written, model)
    assert cut.predictions.digest == whole.predictions.digest


def test_without_the_setting_nothing_is_added():
    frame = batch(10)
    _, plain = score(frame, use_case())
    assert list(answers(frame, use_case()).columns)[-2:] == ["decision", "model"]
    assert plain.predictions.digest == score(frame, use_case())[1].predictions.digest


def test_columns_that_are_no_features_are_never_told():
    frame = batch(40, sex="f", note="secret", person=range(900, 940))
    found = answers(
        frame, asked(reasons=2, would_be=True), ScoringModel(fitted(people()), SIGNATURE)
    )
    told = " ".join(map(str, found[["reason_1", "reason_2", "would_be"]].to_numpy().ravel()))
    assert not any(word in told for word in ("sex", "note", "secret", "person"))


def test_what_would_be_yes_is_yes_and_the_smallest_that_was_tried():
    frame = batch(60, seed=4)
    found = answers(frame, asked(would_be=True))
    no = ~found["decision"]
    assert found["would_be"].isna().equals(found["decision"].rename("would_be"))
    model = ScoringModel(ByAge(), SIGNATURE)
    for row in np.flatnonzero(no):
        said = found["would_be"][row]
        assert said.startswith("would be yes if ")
        changed = frame.iloc[[row]].copy()
        for part in said.removeprefix("would be yes if ").split(" and "):
            column, _, value = part.partition(" were ")
            changed[column] = int(value) if column == "age" else value
        assert model.predict(changed)["decision"].item()
    alone = frame["job"].ne("cook") & no & found["would_be"].str.contains("age")
    told = found.loc[alone, "would_be"].str.extract(r"age were (\d+)")[0].astype(int)
    assert len(told) > 5
    tried = sorted(people(400, seed=9)["age"].unique())
    assert told.max() <= min(value for value in tried if value >= 45) + 2


def test_a_change_that_merely_draws_anew_is_no_change():
    half = (0.0, 0.0, ((0.5, ">=", 0.0), (0.5, ">=", 2.0)))  # one in two, whoever it is
    thresholds = GroupThresholds(ByAge(), ["sex"], {"f": half, "m": half})
    model = ScoringModel(thresholds, {**SIGNATURE, "groups": [{"name": "sex", "bins": []}]})
    frame = batch(40, seed=6)
    said = model.predict(frame)["decision"]
    assert 5 < said.sum() < 35
    found = answers(frame, asked(would_be=True), model)
    assert set(found.loc[~found["decision"], "would_be"]) == {
        "no change of age or job that was tried makes it yes"
    }


def test_a_direction_binds():
    written = use_case(
        data={"actionable": [{"column": "age", "direction": "down"}]}, score={"would_be": True}
    )
    found = answers(batch(20, age=30), written)
    assert set(found["would_be"]) == {"no change of age that was tried makes it yes"}


class Both(ByAge):
    """Says yes only to smiths from 50 on."""

    def predict_proba(self, rows):
        yes = ((rows["job"] == "smith") & (rows["age"] >= 50)).to_numpy(float)
        return np.column_stack([1 - yes, yes])


def test_two_columns_are_changed_where_one_does_not_do():
    model = ScoringModel(Both(), SIGNATURE)
    found = answers(batch(2, age=[30, 30], job=["cook", "smith"]), asked(would_be=True), model)
    both, one = found["would_be"]
    assert " and job were smith" in both
    assert " and " not in one
    assert one.startswith("would be yes if age were ")


@pytest.fixture(scope="module")
def delivered():
    frame = batch(20, job="=cmd()")
    written = asked(reasons=1, would_be=True)
    bucket, found = score(frame, written)
    return Delivery(
        bucket, written.use_case, "monday", 3, str(DIGEST),
        found.table, found.predictions, found.lines,
    )  # fmt: skip


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_files_hold_what_is_told(delivered, tmp_path, ending):
    where = write_delivery(delivered, Sink(path=f"{tmp_path}/{{batch}}.{ending}"))
    found = pd.read_csv(where) if ending == "csv" else pd.read_parquet(where)
    told = ["reason_1", "reason_column", "would_be"]
    assert list(found) == ["line", "person", "probability", "decision", *told, "model"]
    assert found["reason_1"].str.contains("probability of 1").all()


def test_a_sql_table_holds_what_is_told(delivered, tmp_path):
    url = f"sqlite:///{tmp_path}/answers.db"
    write_delivery(delivered, Sink(table="said", connection=url))
    with create_engine(url).connect() as connection:
        rows = connection.execute(text("SELECT reason_1, would_be FROM said")).all()
    assert len(rows) == 20
    assert all("probability of 1" in reason for reason, _ in rows)


def test_a_column_that_begins_like_a_formula_is_escaped_in_a_reason(tmp_path):
    inputs = [{"name": "=age", "type": "integer"}, INPUTS[1]]

    class Renamed(ByAge):
        def predict_proba(self, rows):
            return super().predict_proba(rows.rename(columns={"=age": "age"}))

    frame, usual = (one.rename(columns={"age": "=age"}) for one in (batch(9), people(300, seed=9)))
    written = asked(reasons=1)
    model = ScoringModel(Renamed(), {"inputs": inputs, "groups": None})
    bucket, found = score(frame, written, model, reference=usual)
    made = Delivery(
        bucket, written.use_case, "monday", 3, str(DIGEST),
        found.table, found.predictions, found.lines,
    )  # fmt: skip
    where = write_delivery(made, Sink(path=f"{tmp_path}/{{batch}}.csv", formulas="escape"))
    reasons = pd.read_csv(where)["reason_1"]
    assert reasons.str.startswith(("'=age is ", "job is ")).all()
    assert reasons.str.startswith("'=age is ").any()


def test_an_estimator_that_breaks_on_mixed_rows_is_named():
    class Brittle(ByAge):
        def predict_proba(self, rows):
            if ((rows["age"] == 33) & (rows["job"] != "pilot")).any():
                raise RuntimeError("not these")
            return super().predict_proba(rows)

    model, usual = ScoringModel(Brittle(), SIGNATURE), people(400, seed=9)
    frame = batch(6, age=33, job="pilot")
    with pytest.raises(DataError, match="not these"):
        answers(frame, asked(reasons=1), model, reference=usual[usual["age"] != 33])


def check(written, signature=SIGNATURE):
    target = written.use_case.data.target
    explained = problem_type(target).explained_answer(target)
    explanations.check_explanations(signature, explained, written.use_case, written.text.locate)


def test_more_reasons_than_columns_are_refused_with_their_line():
    with pytest.raises(
        ConfigError, match=r"score\.reasons is 3, and the model has 2 columns"
    ) as told:
        check(asked(reasons=3))
    assert told.value.where.startswith("jobs.yaml:")


def test_columns_that_nobody_can_change_are_refused():
    for actionable, words in (
        (["agee"], "does not see the column 'agee'"),
        ([{"column": "job", "direction": "up"}], "goes neither up nor down"),
    ):
        with pytest.raises(ConfigError, match=words):
            check(use_case(data={"actionable": actionable}, score={"would_be": True}))
    for actionable, words in (
        (["hired"], "'hired' is the target"),
        (["sex"], "sensitive column that is no feature"),
        (["person"], "under data.identity"),
        (["age", "age"], "twice"),
    ):
        with pytest.raises(ConfigError, match=words):
            use_case(data={"actionable": actionable})
    with pytest.raises(ConfigError, match="needs the columns that people can change"):
        use_case(score={"would_be": True})


def explain(problem, case, name):
    made = teach(problem, make_people(), case)
    model = ScoringModel.load(made.model, made.signature)
    frame = make_people(12, seed=4).drop(columns=["pay", "harm"])
    told = explanations.prepare_explanations(
        model,
        problem.explained_answer(case.data.target),
        case.model_copy(update={"score": case.score.model_copy(update={"reasons": 2})}),
        make_people(300, seed=8),
    )
    (reasons,) = told
    held = pa.RecordBatch.from_pandas(frame, preserve_index=False)
    said = model.predict(frame)
    found = reasons.explain(held, {c: said[c].to_numpy() for c in said})
    return found["reason_1"].to_pylist(), said[name].tolist()


def test_amounts_are_told_in_their_unit():
    case = pay_case()
    told, _ = explain(REGRESSION, case, "prediction")
    assert any(f" {case.data.target.unit}" in one for one in told)
    assert all("the estimate by about " in one for one in told)
    explained = REGRESSION.explained_answer(case.data.target)
    assert explained.describe_push(-12_345.6, 0).startswith("lowers the estimate by about 12,000 ")
    assert explained.describe_push(0.04567, 0).startswith("raises the estimate by about 0.046 ")


def test_of_classes_the_decided_one_is_told():
    told, decided = explain(MULTICLASS, harm_case(), "decision")
    assert set(decided) <= set(HARM)
    assert all(
        one.endswith(f"the probability of {name}") for one, name in zip(told, decided, strict=True)
    )


def test_what_would_be_yes_is_asked_of_yes_and_no_alone():
    case = use_case(data={"actionable": ["age"]}, score={"would_be": True})
    explained = MULTICLASS.explained_answer(harm_case().data.target)
    with pytest.raises(ConfigError, match="asks for neither"):
        explanations.check_explanations(SIGNATURE, explained, case.use_case, case.text.locate)
