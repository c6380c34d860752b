"""A challenger's answers in shadow: which batches can be compared, and what the journal keeps."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.bucket.artifacts import Artifact
from assay.bucket.journal import Journal
from assay.gates.report import get_report, put_report
from assay.production.shadow.comparison import (
    append_comparison,
    next_comparison,
    unfinished_shadow_reason,
)
from assay.production.shadow.paired_rows import judge_comparison, pair_rows
from assay.registry.registry import Registry
from assay.tables.table import Table
from tests.production.made import Living, day, written

ROWS = 12  # of a batch of which versions leave rows out

DATA = {
    "target": {"column": "paid", "positive": 1},
    "identity": ["loan"],
    "sensitive": {"sex": {"reference": "m"}},
}


def loans(numbers, seed=0, rival=0.0):
    """`rival`: how far the answers are from those of the first version."""
    count, rng = len(numbers), np.random.default_rng(seed)
    chance = rng.random(count)
    paid = (rng.random(count) < chance).astype(int)
    sex = rng.choice(["f", "m"], count)
    said = np.clip(chance + rival * np.random.default_rng(99).normal(size=count), 0, 1)
    return pd.DataFrame(
        {"loan": list(numbers), "amount": rng.normal(size=count), "sex": sex, "paid": paid,
         "said_probability": said, "said_decision": said > 0.5}
    )  # fmt: skip


@pytest.fixture
def living():
    case = written("loans", DATA, promotion={"shadow": 2}, monitor={"rows": 100})
    made = Living.begin(case, loans(range(9000, 10_000)), np.ones(1000, bool))
    made.register(loans(range(8000, 9000), rival=0.1), np.ones(1000, bool))
    made.promote(2, alias="challenger")
    return made


def serve(living, numbers, when, *, seed=1, name=None):
    """A batch that both score: the challenger first, as the flow does."""
    rows, unseen = loans(numbers, seed), loans(numbers, seed, rival=0.1)
    living.serve(unseen, when, version=2, role="shadow", name=name)
    living.serve(rows, when, name=name)
    return rows, unseen


def compare(living, when=9):
    both = next_comparison(living.bucket, living.case)
    found = pair_rows(living.bucket, both, living.case)
    report = judge_comparison(living.bucket, both, found, living.case)
    held = {"report": put_report(living.bucket, report), "rows": found.rows}
    return found, report, append_comparison(living.bucket, both, report, held, day(when))


def test_too_few_batches_no_challenger_or_no_wish_leave_nothing_to_compare(living):
    serve(living, range(300), 1)
    assert next_comparison(living.bucket, living.case) is None
    serve(living, range(300, 600), 2)
    assert next_comparison(living.bucket, living.case).is_stale
    asks_nothing = written("loans", DATA).use_case
    assert next_comparison(living.bucket, asks_nothing) is None
    living.promote(2)
    assert next_comparison(living.bucket, living.case) is None, "it is champion now"


def test_both_answers_stand_side_by_side_with_the_labels_that_came(living):
    first, unseen = serve(living, range(300), 1)
    serve(living, range(300, 600), 2)
    living.label(first[:100], 3)
    found, report, entry = compare(living)
    rows = Table.read(living.bucket, found.rows).to_pandas()
    assert rows["batch"].tolist() == [2] * 300 + [4] * 300
    here = rows[:300]
    assert here["probability"].tolist() == unseen["said_probability"].tolist()
    assert here["champion's probability"].tolist() == first["said_probability"].tolist()
    assert here["sex"].tolist() == first["sex"].tolist()
    assert rows["truth"].notna().sum() == 100
    assert (here["truth"][:100] == (first["paid"][:100] == 1)).all()
    assert (found.facts.known, found.facts.answered, found.facts.alone) == (True, 600, 0)
    assert entry.body["batches"] == 2
    assert (entry.body["version"], entry.body["against"]) == (2, 1)
    assert get_report(living.bucket, Artifact.model_validate(entry.body["report"])) == report


def test_a_comparison_is_entered_once_for_what_it_found(living):
    serve(living, range(300), 1)
    serve(living, range(300, 600), 2)
    _, _, entry = compare(living)
    assert not next_comparison(living.bucket, living.case).is_stale
    assert compare(living, when=10)[2] is None
    serve(living, range(600, 900), 3)
    assert next_comparison(living.bucket, living.case).is_stale
    later = compare(living, when=11)[2]
    assert later.body["batches"] == 3
    history = Registry(living.bucket).history("loans")
    assert history.last_shadow_comparison(history.versions[2]).number == later.number > entry.number


def test_one_that_knew_less_comes_too_late(living):
    serve(living, range(300), 1)
    serve(living, range(300, 600), 2)
    before = next_comparison(living.bucket, living.case)
    old = pair_rows(living.bucket, before, living.case)
    report = judge_comparison(living.bucket, before, old, living.case)
    serve(living, range(600, 900), 3)
    compare(living)
    held = {"report": put_report(living.bucket, report), "rows": old.rows}
    assert append_comparison(living.bucket, before, report, held, day(9)) is None


def test_a_challenger_that_is_none_any_more_is_not_entered(living):
    serve(living, range(300), 1)
    serve(living, range(300, 600), 2)
    both = next_comparison(living.bucket, living.case)
    found = pair_rows(living.bucket, both, living.case)
    report = judge_comparison(living.bucket, both, found, living.case)
    living.promote(2)
    held = {"report": put_report(living.bucket, report), "rows": found.rows}
    assert append_comparison(living.bucket, both, report, held, day(9)) is None


def test_rows_that_only_one_answered_are_found_by_their_units(living):
    rows, unseen = loans(range(300), 1), loans(range(300), 1, rival=0.1)
    kept = unseen.drop(index=[0, 7]).sample(frac=1, random_state=0)
    living.serve(kept, 1, version=2, role="shadow", name="a", unfit=2)
    living.serve(rows, 1, name="a")
    serve(living, range(300, 600), 2)
    found, report, _ = compare(living)
    assert [p.answered for p in found.facts.pairs] == [298, 300]
    table = Table.read(living.bucket, found.rows).to_pandas()
    here = table[table["batch"] == 2].set_index("row")
    assert 0 not in here.index
    assert 7 not in here.index
    assert here["probability"].tolist() == unseen["said_probability"].drop([0, 7]).tolist()
    check = next(check for check in report.checks if check.name == "answered")
    assert check.why.startswith("2 of 600 rows")


def test_batches_that_it_could_not_score_count_as_unanswered(living):
    serve(living, range(300), 1)
    living.serve(loans(range(2000, 2100), 3), 1.5)
    serve(living, range(300, 600), 2)
    found, _, _ = compare(living)
    assert (found.facts.alone, found.facts.served) == (100, 700)


def test_one_that_comes_back_does_not_answer_for_what_it_was_never_asked(living):
    """Another challenger took its place for a batch, and for one nobody was to be compared."""
    living.register(loans(range(8000, 9000), rival=0.2), np.ones(1000, bool))
    serve(living, range(300), 1)
    living.promote(3, alias="challenger")
    living.serve(loans(range(300, 600), rival=0.2), 2, version=3, role="shadow")
    living.serve(loans(range(300, 600)), 2)
    living.promote(2, alias="challenger")
    asks = living.written
    living.written = written("loans", DATA, monitor={"rows": 100})
    living.serve(loans(range(600, 900), 5), 3)
    living.written = asks
    serve(living, range(900, 1200), 4)
    living.serve(loans(range(1200, 1300), 5), 5)
    found, _, _ = compare(living)
    assert [scored.beside for scored in living.ledger.read().scored_by(1)] == [2, 3, None, 2, 2]
    assert (found.facts.alone, found.facts.served) == (100, 700), (
        "the last alone it failed to score"
    )


def test_batches_that_older_versions_entered_read_as_ever_and_fail_nobody(living):
    """They do not tell who was to score them."""
    serve(living, range(300), 1)
    told = living.serve(loans(range(2000, 2100), 3), 1.5)
    older = {**told.body(), "name": "older"}
    del older["beside"]
    Journal(living.bucket, "loans.batches").append(lambda _: ("scored", older))
    serve(living, range(300, 600), 2)
    assert [s.name for s in next_comparison(living.bucket, living.case).unpaired] == [told.name]


def test_batches_beside_another_champion_are_not_of_this_comparison(living):
    serve(living, range(300), 1)
    serve(living, range(300, 600), 2)
    living.register(loans(range(7000, 8000)), np.ones(1000, bool))
    living.promote(3)
    assert next_comparison(living.bucket, living.case) is None


def test_a_challenger_keeps_its_place_until_it_has_scored_its_batches(living):
    assert "0 of its 2 batches" in unfinished_shadow_reason(living.bucket, living.case)
    serve(living, range(300), 1)
    assert "1 of its 2 batches" in unfinished_shadow_reason(living.bucket, living.case)
    serve(living, range(300, 600), 2)
    assert unfinished_shadow_reason(living.bucket, living.case) is None
    assert unfinished_shadow_reason(living.bucket, written("loans", DATA).use_case) is None


def test_one_that_could_not_score_what_came_is_not_waited_for(living):
    for batch in range(2):
        living.serve(loans(range(100 * batch, 100 * batch + 100)), batch + 1)
    assert unfinished_shadow_reason(living.bucket, living.case) is None


def test_a_clock_that_goes_wrong_does_not_tell_what_came_since(living, monkeypatch):
    """A trainer whose clock is an hour ahead makes it challenger; batches come by other clocks."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=1)

    registry = Registry(living.bucket)
    number = living.register(loans(range(7000, 8000)), np.ones(1000, bool))
    version = registry.history("loans").versions[number]
    living.serve(loans(range(900, 1000)), 0.5)  # before it was challenger
    with monkeypatch.context() as patched:
        patched.setattr("assay.bucket.journal.datetime", Ahead)
        registry.promote(version, because="a test", expected_version=2, alias="challenger")
    living.serve(loans(range(100)), 1)
    assert "0 of its 2 batches" in unfinished_shadow_reason(living.bucket, living.case)
    living.serve(loans(range(100, 200)), 2)
    assert unfinished_shadow_reason(living.bucket, living.case) is None


def test_who_was_champion_is_not_waited_for(living):
    living.promote(2)
    living.promote(1)
    assert unfinished_shadow_reason(living.bucket, living.case) is None


def test_without_an_identity_rows_are_one_by_their_places():
    made = nameless()
    rows = loans(range(200), 1)
    made.serve(rows.assign(more=1.0), 1, version=2, role="shadow", name="a")
    made.serve(rows, 1, name="a")
    found, _, entry = compare(made)
    assert (found.facts.answered, entry.body["batches"]) == (200, 1)


def nameless():
    case = written("loans", DATA | {"identity": []}, promotion={"shadow": 1})
    made = Living.begin(case, loans(range(9000, 9500)), np.ones(500, bool))
    made.register(loans(range(8000, 8500)), np.ones(500, bool))
    made.promote(2, alias="challenger")
    return made


def answered(made, kept):
    """The rows of a batch that both versions answered, each those that it has `kept`, with a
    probability that tells the row. The challenger reads a column more, in which rows differ that
    are else alike.
    """
    rows = loans([0] * ROWS).assign(amount=0.0, sex="f", said_probability=np.arange(ROWS) / ROWS)
    for role, version, held in zip(("served", "shadow"), (1, 2), kept, strict=True):
        read = rows.assign(more=np.arange(ROWS)) if role == "shadow" else rows
        told = {"name": "a", "unfit": ROWS - len(held), "lines": [5 * row + 2 for row in held]}
        made.serve(read.iloc[held], 1, version=version, role=role, **told)
    both = next_comparison(made.bucket, made.case)
    held = Table.read(made.bucket, pair_rows(made.bucket, both, made.case).rows).to_pandas()
    said = (held[f"{whose}probability"] * ROWS for whose in ("champion's ", ""))
    return [*zip(*(one.round().astype(int) for one in said), strict=True)]


SOME = st.sets(st.integers(0, ROWS - 1), min_size=1).map(sorted)


@settings(max_examples=25)
@given(SOME, SOME)
def test_without_an_identity_rows_are_one_by_the_lines_they_stand_on(served, unseen):
    """Whichever rows each version left out, and though all of them look alike."""
    both = sorted({*served} & {*unseen})
    assert answered(nameless(), (served, unseen)) == [(row, row) for row in both]


def test_without_lines_nameless_rows_that_versions_left_out_shift_no_others():
    """Entries of older versions do not tell lines."""
    made = nameless()
    rows = loans(range(400), 1)
    one, other = (rows.drop(index=left_out) for left_out in (0, 399))
    made.serve(one, 1, version=2, role="shadow", name="a", unfit=1)
    made.serve(other, 1, name="a", unfit=1)
    found, _, _ = compare(made)
    held = Table.read(made.bucket, found.rows).to_pandas()
    assert len(held) == 398
    assert (held["probability"] == held["champion's probability"]).all()
