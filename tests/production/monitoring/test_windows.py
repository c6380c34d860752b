"""What a look is about: rows and labels once each, joined by identity, beside the reference."""

import numpy as np
import pandas as pd
import pytest

from assay.bucket.journal import Journal
from assay.errors import DataError, ReferenceUnknown
from assay.production.monitoring.look import append_look, describe_look_conflict, next_look
from assay.production.monitoring.windows import _rows_with_answers, build_reference, build_window
from assay.tables.table import Table
from tests.production.made import Living, day, table_rows, written

DATA = {
    "target": {"column": "paid", "positive": True},
    "identity": ["loan"],
    "sensitive": {"town": {}},
    "types": {"town": "category"},
}


def loans(numbers, seed=0):
    count, rng = len(numbers), np.random.default_rng(seed)
    probability = rng.random(count)
    return pd.DataFrame(
        {
            "loan": list(numbers),
            "amount": rng.normal(size=count),
            "town": pd.Categorical(rng.choice(["A", "B"], count)),
            "paid": rng.random(count) < probability,
            "said_probability": probability,
            "said_decision": probability > 0.5,
        }
    )


@pytest.fixture
def living():
    case = written("loans", DATA, monitor={"rows": 50, "due": "10d"})
    rows = loans(range(1000, 1400))
    return Living.begin(case, rows, np.arange(400) % 4 == 0)


def seen(living, when=50):
    ahead = living.about(when)
    against = build_reference(living.bucket, ahead.version, living.case)
    return build_window(living.bucket, ahead, living.case, against)


def rows_of(living, artifact):
    return table_rows(living.bucket, artifact).to_pandas()


def test_the_reference_is_the_test_rows_with_what_the_model_said_of_them(living):
    table = rows_of(living, build_reference(living.bucket, living.about(0).version, living.case))
    expected = loans(range(1000, 1400))[np.arange(400) % 4 == 0]
    assert list(table) == ["amount", "town", "probability", "decision", "truth"]
    assert table["amount"].to_numpy() == pytest.approx(expected["amount"].to_numpy())
    assert table["probability"].to_numpy() == pytest.approx(expected["said_probability"].to_numpy())
    assert (table["truth"].to_numpy() == expected["paid"].to_numpy()).all()


def test_new_rows_and_new_labels_are_two_tables_where_labels_come_late(living):
    first, second = loans(range(100)), loans(range(100, 200), seed=1)
    living.serve(first, 1)
    living.look(2)
    living.serve(second, 3)
    living.label(first.iloc[:60], 4)
    found = seen(living)
    current, labelled = rows_of(living, found.current), rows_of(living, found.labelled)
    assert current["amount"].tolist() == second["amount"].tolist()
    assert "truth" not in current
    assert labelled["amount"].tolist() == first["amount"].iloc[:60].tolist()
    assert labelled["truth"].tolist() == first["paid"].iloc[:60].tolist()
    assert not found.same_rows


def test_rows_that_bring_their_labels_are_one_table(living):
    rows = loans(range(100))
    living.serve(rows, 1, with_labels=True)
    found = seen(living)
    assert found.same_rows
    assert found.current is None
    assert rows_of(living, found.labelled)["truth"].tolist() == rows["paid"].tolist()


def test_labels_are_judged_once_and_again_where_they_changed(living):
    rows = loans(range(100))
    living.serve(rows, 1, with_labels=True)
    assert living.look(2)
    living.label(rows, 3)  # the same again: no news
    assert seen(living).label_counts["new"] == 0
    other = rows.assign(paid=~rows["paid"]).iloc[:70]
    living.label(other, 4)
    found = seen(living)
    assert found.label_counts["new"] == 70
    assert rows_of(living, found.labelled)["truth"].tolist() == other["paid"].tolist()


def test_too_few_rows_and_labels_wait_and_are_counted_with_those_that_follow(living):
    rows = loans(range(80))
    living.serve(rows.iloc[:40], 1)
    living.label(rows.iloc[:30], 2)
    found = seen(living)
    assert (found.current, found.labelled, found.label_counts["new"]) == (None, None, 30)
    assert living.look(3) is None
    living.serve(rows.iloc[40:], 4)
    entry = living.look(5)
    assert entry["figures"]["rows"] == 80
    assert "30 new labels wait: fewer than 50 are not judged." in entry["said"].notes
    living.label(rows.iloc[30:60], 6)
    assert living.look(7)["figures"]["labelled"] == 60


def test_labels_of_rows_that_were_never_scored_are_kept_and_joined_when_these_come(living):
    rows = loans(range(100))
    living.label(rows, 1)
    assert seen(living).label_counts["no_row"] == 100
    living.serve(rows, 2)
    found = seen(living)
    assert (found.label_counts["no_row"], found.label_counts["new"]) == (0, 100)


def test_a_label_that_came_long_before_its_row_is_new_when_the_row_comes(living):
    early, first = loans(range(100, 200), seed=1), loans(range(100))
    living.label(early, 1)
    living.serve(first, 2, with_labels=True)
    assert living.look(3)["judged"]["labels"] == 2  # labels up to here are judged
    living.serve(early, 4)
    assert seen(living).label_counts["new"] == 100


def test_without_an_identity_rows_that_are_alike_keep_their_own_labels():
    data = {**DATA, "identity": []}
    rows = loans(range(60)).assign(amount=1.0, loan=0, town=pd.Categorical(["A"] * 60))
    living = Living.begin(
        written("loans", data, monitor={"rows": 50}), loans(range(90)), np.ones(90, bool)
    )
    living.serve(rows, 1, with_labels=True)
    found = seen(living)
    assert rows_of(living, found.labelled)["truth"].tolist() == rows["paid"].tolist()


def test_how_late_labels_came_is_counted_by_what_they_say_of_it(living):
    rows = loans(range(100))
    living.serve(rows, 1)
    living.label(rows, 40, known=11)
    day_in_seconds = 86400
    assert seen(living).label_counts["delays"]["median"] == pytest.approx(10 * day_in_seconds)


def test_predictions_of_another_length_are_refused(living):
    scored = living.serve(loans(range(100)), 1)
    other = living.serve(loans(range(90), seed=2), 2)
    wrong = scored.model_copy(update={"predictions": other.predictions, "table": scored.table})
    wrong = wrong.model_copy(update={"role": "served", "version": 1, "name": "wrong"})
    shape = Table.read(living.bucket, scored.table).schema
    with pytest.raises(DataError, match="90 predictions for 100 rows"):
        list(_rows_with_answers(living.bucket, wrong, shape))


# --- looks ------------------------------------------------------------------------------------


def test_silence_is_told_once_for_every_batch_that_is_missed(living):
    living.serve(loans(range(100)), 0)
    living.look(1)
    assert living.look(14) is None  # due on day 10, missed on day 15
    late = living.look(16)
    assert late["verdict"] == "watch"
    assert late["reasons"][0].startswith("The last batch came 16 day")
    assert late["level"] is None  # no predictions were judged
    assert living.look(20) is None
    assert living.look(26)["missed"] == 2
    living.serve(loans(range(10)), 27)  # too few to be judged
    assert living.look(28) is None
    assert living.look(43)["missed"] == 1  # silent again


def test_batches_of_the_past_are_late_by_their_own_time_not_by_when_the_model_was_made(living):
    living.promote(1, when=999)  # years are played through after the model was made
    living.serve(loans(range(100)), 0)
    assert living.look(26)["missed"] == 2


def test_a_first_batch_is_due_from_when_the_champion_is_in_use(living):
    assert living.look(13) is None
    assert living.look(15)["missed"] == 1


def test_every_look_that_judges_spends_less_and_all_together_what_is_accepted(living):
    for k in range(4):
        living.serve(loans(range(100 * k, 100 * k + 100), seed=k), 5 * k)
        living.look(5 * k + 1)
    levels = [past.level for past in living.about(99).past_looks]
    assert levels == pytest.approx([0.05 / 2, 0.05 / 6, 0.05 / 12, 0.05 / 20])


def test_of_two_monitors_one_counts(living):
    living.serve(loans(range(100)), 1)
    ahead = living.about(2)
    assert living.look(2)
    assert append_look(living.bucket, ahead, {}) is None
    assert "look 1 at loans@1 was taken by another" in describe_look_conflict(living.bucket, ahead)


def test_a_champion_that_changed_meanwhile_is_not_counted(living):
    living.serve(loans(range(100)), 1)
    ahead = living.about(2)
    living.register(loans(range(1000, 1400), seed=5), np.ones(400, bool))
    living.promote(2, when=2)
    assert append_look(living.bucket, ahead, {}) is None
    assert "loans@2 became champion meanwhile" in describe_look_conflict(living.bucket, ahead)


def test_a_new_champion_is_looked_at_from_its_own_first_row(living):
    rows = loans(range(100))
    living.serve(rows, 1, with_labels=True)
    living.look(2)
    living.register(loans(range(1000, 1400), seed=5), np.ones(400, bool))
    living.promote(2, when=3)
    assert living.about(4).number == 1
    assert seen(living).label_counts["new"] == 0  # it answered none of these rows
    living.serve(rows, 5, version=2)
    assert seen(living).label_counts["new"] == 100


def test_a_retired_champion_leaves_nothing_to_watch(living):
    Journal(living.bucket, "loans").append(
        lambda _: ("retired", {"version": 1, "because": "old", "as_of": day(1).isoformat()})
    )
    with pytest.raises(ReferenceUnknown, match="has no champion to watch"):
        next_look(living.bucket, "loans", living.case.monitor, day(2))


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.assign(town=pd.Categorical([None] * len(rows), categories=["A"])),
        lambda rows: rows.drop(columns="town"),
        lambda rows: rows.assign(town=pd.Categorical([f"t{i % 60}" for i in range(len(rows))])),
    ],
    ids=["empty", "lacking", "many"],
)
def test_a_look_at_rows_of_nobody_known_is_entered_and_the_next_goes_on(change):
    case = written("loans", DATA, monitor={"rows": 50})
    living = Living.begin(case, loans(range(1000, 5000)), np.arange(4000) % 4 == 0)
    living.serve(change(loans(range(400))), 1)
    entry = living.look(2)
    assert entry["verdict"] == "watch"
    assert entry["reasons"][0].endswith("Required: The groups of town can be compared")
    living.serve(loans(range(400, 800)), 3)
    assert living.look(4)["verdict"] == "healthy"
