"""What is known of labels: to go on from the look before says what counting all again does."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.bucket.artifacts import JSON
from assay.bucket.bucket import Bucket
from assay.production.labels import known_labels
from assay.production.labels.label_counts import count_labels
from assay.production.labels.unit_index import match_tables, match_units, table_units
from assay.production.monitoring.look import append_look
from assay.production.monitoring.windows import build_reference, build_window
from assay.registry.registry import Registry
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame
from tests.production.made import Living, loans, written
from tests.production.made import day as day_of

DATA = {"target": {"column": "paid", "positive": 1}, "identity": ["loan"]}


def begun(**data):
    case = written("loans", DATA | data, monitor={"rows": 60}, labels={"source": "x/*.csv"})
    made = Living.begin(case, loans(range(9000, 9300)), np.ones(300, bool))
    made.register(loans(range(8000, 8300)), np.ones(300, bool))
    champion = Registry(made.bucket).history("loans").champion
    made.against = build_reference(made.bucket, champion, made.case)
    return made


def from_scratch(living, look):
    """The counts, were there none of before."""
    past = tuple(p.model_copy(update={"counted": None}) for p in look.past_looks)
    return count_labels(living.bucket, dataclasses.replace(look, past_looks=past), living.case)


def agree(living, look):
    (one, new), (other, fresh) = (
        count_labels(living.bucket, look, living.case),
        from_scratch(living, look),
    )
    assert one == other
    assert new.keys() == fresh.keys()
    for number, truth in new.items():
        np.testing.assert_array_equal(truth, fresh[number])


def looked(living, day):
    """A look that judges whatever is enough, entered without its report."""
    look = living.about(day)
    agree(living, look)
    seen = build_window(living.bucket, look, living.case, living.against)
    kept = living.bucket.put_json(seen.label_counts, JSON, "counted").as_json()
    length, before = look.batches.length, look.judged_up_to
    judged = {
        "rows": length if seen.current or seen.same_rows else before.rows,
        "labels": length if seen.labelled else before.labels,
    }
    said = {"version": 1, "look": look.number, "upto": length, "as_of": day_of(day).isoformat()}
    said |= {"verdict": "healthy", "reasons": [], "report": kept, "figures": {}}
    assert append_look(living.bucket, look, said | {"judged": judged, "counted": kept["digest"]})


def happens(living, rng, day):
    """Anything that may: a batch, labels of rows old, new, to come or of nobody, a correction, a
    batch with its labels, another version's, and a look.
    """
    numbers = rng.choice(400, rng.integers(5, 80), replace=False)
    rows = loans(sorted(numbers), int(rng.integers(100)))
    what = rng.integers(6)
    if what == 0:
        living.serve(rows, day)
    elif what == 1:
        living.serve(rows, day, with_labels=True)
    elif what == 2:
        living.serve(rows, day, version=2, role=rng.choice(["served", "shadow"]))
    elif what in {3, 4}:
        known_labels = None if rng.random() < 0.5 else float(rng.integers(0, day + 1))
        living.label(rows, day, known=known_labels)
    else:
        looked(living, day)


@pytest.mark.parametrize("seed", range(8))
def test_counts_go_on_from_the_look_before_as_if_made_from_scratch(seed):
    living, rng = begun(), np.random.default_rng(seed)
    for day in range(1, 26):
        happens(living, rng, day)
    agree(living, living.about(30))


@pytest.mark.parametrize("seed", range(3))
def test_without_an_identity_too(seed):
    living, rng = begun(identity=[]), np.random.default_rng(seed)
    for day in range(1, 14):
        rows = loans(range(int(rng.integers(5, 90))), int(rng.integers(100)))
        living.serve(rows, day, with_labels=bool(rng.random() < 0.6))
        if rng.random() < 0.4:
            looked(living, day)
    agree(living, living.about(20))


def test_a_look_reads_nothing_of_what_no_new_label_is_about(monkeypatch):
    living = begun()
    for batch in range(4):
        rows = loans(range(100 * batch, 100 * batch + 100), batch)
        living.serve(rows, batch + 1)
        if batch < 3:
            living.label(rows, batch + 1.5)
    assert living.look(5)
    late = loans(range(300, 400), 3)
    living.label(late, 6)
    read, was = [], known_labels.row_labels
    monkeypatch.setattr(
        "assay.production.labels.label_counts.row_labels",
        lambda bucket, served, *more: read.append(served.name) or was(bucket, served, *more),
    )
    opened, labels = [], known_labels._read_labels

    def read_labels(bucket, entry, case):
        opened.append(entry.name)
        return labels(bucket, entry, case)

    monkeypatch.setattr(known_labels, "_read_labels", read_labels)
    counted, new = count_labels(living.bucket, living.about(7), living.case)
    assert read == ["batch of day 4"]
    assert opened == ["labels of day 6"]
    assert (counted["new"], counted["known"], list(new)) == (100, 400, [7])


def test_the_index_of_a_table_is_made_once_and_made_again_if_it_is_lost():
    living = begun()
    served = living.serve(loans([5, 3, 5, 9]), 1)
    units = table_units(living.bucket, served.predictions)
    column = Table.read(living.bucket, served.predictions).to_arrow(["unit"])["unit"].to_numpy()
    assert units.tolist() == sorted(set(column.tolist()))
    assert table_units(living.bucket, served.predictions).tolist() == units.tolist()
    (made,) = living.bucket.store.list("memo/units/")
    living.bucket.store.delete(made.key)
    assert table_units(living.bucket, served.predictions).tolist() == units.tolist()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sets(st.integers(-50, 50), max_size=4), max_size=3)
    | st.lists(st.sets(st.integers(-50, 50), max_size=2), min_size=60, max_size=75),
    st.sets(st.integers(-50, 50), max_size=6),
)
def test_many_tables_are_asked_as_if_one_after_the_other(tables, asked):
    bucket = Bucket.from_store(MemoryStore()).prepare()
    units = np.array(sorted(asked), np.int64)
    stored = [write_frame(bucket, pd.DataFrame({"unit": [*t]}, dtype="int64"), "t") for t in tables]
    for _ in range(2):
        found = match_units(bucket, stored, units)
        assert found.tolist() == [unit in set().union(*tables) for unit in sorted(asked)]
        assert match_tables(bucket, stored, units) == [bool(table & asked) for table in tables]


def test_a_look_costs_hardly_more_after_many_batches_than_after_few():
    asked = []

    class Asked(MemoryStore):
        def get(self, key):
            asked.append(key)
            return super().get(key)

        def list(self, prefix=""):
            asked.append(prefix)
            return super().list(prefix)

    case = written("loans", DATA, monitor={"rows": 20}, labels={"source": "x/*.csv"})
    living = Living.begin(
        case, loans(range(9000, 9300)), np.ones(300, bool), Bucket.from_store(Asked()).prepare()
    )
    living.against = build_reference(living.bucket, living.about(0).version, living.case)

    def comes(batch):
        rows = loans(range(20 * batch, 20 * batch + 20), batch)
        living.serve(rows, batch + 1)
        living.label(rows, batch + 1.2)

    cost = {}
    for batch in range(75):
        comes(batch)
        if batch in {8, 9, 10, 72, 73, 74}:
            look = living.about(batch + 1.5)
            asked.clear()
            counted, _ = count_labels(living.bucket, look, living.case)
            cost[batch] = len(asked)
            assert counted["known"] == 20 * batch + 20
            looked(living, batch + 1.6)
    assert cost[74] < cost[10] + 20, cost


def test_counts_that_cannot_be_had_are_made_anew():
    living = begun()
    rows = loans(range(100))
    living.serve(rows, 1)
    living.label(rows, 2)
    assert living.look(3)
    living.serve(loans(range(100, 200)), 4)
    look = living.about(5)
    lost = living.bucket.put_json({"nothing": 1}, JSON, "lost")
    living.bucket.store.delete(f"objects/sha256/{lost.digest.hex[:2]}/{lost.digest.hex}")
    past = tuple(p.model_copy(update={"counted": lost.digest}) for p in look.past_looks)
    again = dataclasses.replace(look, past_looks=past)
    assert count_labels(living.bucket, again, living.case)[0] == from_scratch(living, look)[0]
