"""Labels: read by the use case, listed where unfit, counted once, the last known one standing."""

from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigError, DataError, SourceError
from assay.production.labels.known_labels import KnownLabels
from assay.production.labels.label_import import has_new_labels, import_labels
from assay.tables.table import Table
from tests.production.made import Living, day, written

DATA = {"target": {"column": "paid", "positive": "yes"}, "identity": ["loan"]}


def loans(numbers, paid="yes"):
    count = len(numbers)
    return pd.DataFrame(
        {
            "loan": list(numbers),
            "amount": np.arange(count, dtype=float),
            "paid": [paid] * count if isinstance(paid, str) else paid,
            "said_probability": np.linspace(0.1, 0.9, count),
            "said_decision": np.linspace(0.1, 0.9, count) > 0.5,
        }
    )


@pytest.fixture
def living():
    return begun()


def begun(**sections):
    rows = loans(range(20), ["yes", "no"] * 10)
    return Living.begin(written("loans", DATA, **sections), rows, np.ones(20, bool))


def file(folder, text, name="labels.csv"):
    path = folder / name
    path.write_text(text)
    return str(path)


def known(living):
    return KnownLabels.from_batches(living.bucket, living.ledger.read(), living.case)


def units_of(living, *numbers):
    """The units of these loans, once they are scored."""
    rows = loans(numbers)
    scored = living.serve(rows, 99, name=f"asked {numbers}")
    units = Table.read(living.bucket, scored.predictions).to_arrow(["unit"])["unit"].to_numpy()
    return units.view(np.uint64)


def said(living, *numbers):
    """What is known of these loans: 1, 0 or -1."""
    return known(living)(units_of(living, *numbers)).tolist()


def test_labels_are_joined_to_text_as_it_is_written(tmp_path):
    rows = loans(["00001", "1", "00200", "200"], ["yes", "no"] * 2)
    living = Living.begin(written("loans", DATA), rows, np.ones(4, bool))
    text = "loan,paid\n00200,yes\n200,no\n+1,yes\n"
    import_labels(living.bucket, living.written, day(1), [file(tmp_path, text)])
    assert said(living, "00200", "200", "+1", "1") == [1, 0, 1, -1]
    numbers = pd.DataFrame({"loan": [300, 301], "paid": ["yes", "no"]})
    numbers.to_parquet(tmp_path / "numbers.parquet")
    import_labels(living.bucket, living.written, day(2), [str(tmp_path / "numbers.parquet")])
    assert said(living, "300", "00300", "301") == [1, -1, 0]  # a number has one text


def test_text_that_would_lose_its_zeros_is_no_label_of_an_integer(living, tmp_path):
    (entry,) = import_labels(
        living.bucket,
        living.written,
        day(1),
        [file(tmp_path, "loan,paid\n00005,yes\n7,no\n8.0,no\n-3,no\n")],
    ).new
    assert (entry.rows, entry.unfit_rows) == (3, 1)
    assert said(living, 5, 7, 8, -3) == [-1, 0, 0, 0]
    (refused,) = import_labels(
        living.bucket, living.written, day(2), [file(tmp_path, "loan,paid\n007,yes\n", "b.csv")]
    ).refused
    assert "loan '007' is not a 64-bit integer written without" in str(refused[1])


def test_labels_are_read_as_the_trained_table_was_and_unfit_rows_are_listed(living, tmp_path):
    text = (
        "loan,paid,note\n100,yes,a\n101,no,b\nx,yes,secret\n102,Yes,c\n,yes,d\n103,,e\n104,no,f\n"
    )
    taken = import_labels(living.bucket, living.written, day(1), [file(tmp_path, text)])
    (entry,) = taken.new
    assert (entry.rows, entry.unfit_rows) == (3, 3)
    unfit = Table.read(living.bucket, entry.unfit).to_pandas()
    assert unfit["line"].tolist() == [4, 5, 6]
    assert unfit["reason"].tolist() == [
        "loan 'x' is not a 64-bit integer written without leading zeros or +",
        "paid 'Yes' was never seen in training",
        "has no identity",
    ]
    assert not unfit["row"].str.contains("secret").any()  # what was not asked for is not kept
    assert said(living, 100, 101, 102, 103) == [1, 0, -1, -1]


def test_a_number_is_a_label_by_the_limit_that_it_exceeds_even_if_training_never_saw_it(tmp_path):
    data = {"target": {"column": "paid", "above": 30}, "identity": ["loan"]}
    rows = loans(range(4), [10.0, 30.0, 31.0, 50.0])
    living = Living.begin(written("loans", data), rows, np.ones(4, bool))
    text = "loan,paid\n100,30\n101,30.5\n102,-7\n103,many\n"
    (entry,) = import_labels(living.bucket, living.written, day(1), [file(tmp_path, text)]).new
    assert (entry.rows, entry.unfit_rows) == (3, 1)
    assert known(living)(units_of(living, 100, 101, 102, 103)).tolist() == [0, 1, 0, -1]


def test_the_same_file_is_counted_once_and_a_changed_one_again(living, tmp_path):
    path = file(tmp_path, "loan,paid\n1,yes\n")
    assert len(import_labels(living.bucket, living.written, day(1), [path]).new) == 1
    again = import_labels(living.bucket, living.written, day(2), [path])
    assert (again.new, again.known_sources) == ((), (path,))
    file(tmp_path, "loan,paid\n1,no\n")
    assert len(import_labels(living.bucket, living.written, day(3), [path]).new) == 1
    assert living.ledger.read().length == 2
    assert said(living, 1) == [0]


def test_a_file_whose_bytes_changed_and_whose_labels_did_not_is_read_once_more(tmp_path):
    text = "loan,paid\n1,yes\n2,no\n"
    labels = written("loans", DATA, labels={"source": str(tmp_path / "*.csv")})
    living = Living.begin(labels, loans(range(20), ["yes", "no"] * 10), np.ones(20, bool))

    def read(content):
        file(tmp_path, content)
        assert has_new_labels(living.bucket, living.written)
        taken = import_labels(living.bucket, living.written, day(1))
        assert not has_new_labels(living.bucket, living.written)
        return len(taken.new), len(taken.known_sources)

    assert read(text) == (1, 0)
    assert read(text.replace("\n", "\r\n")) == (0, 1)
    assert len(living.ledger.read().received_labels) == 1
    assert read(text.replace("yes", "no")) == (1, 0)
    assert read(text.replace("\n", "\r\n")) == (1, 0), "they are said anew"


def test_a_bad_file_stops_no_other(living, tmp_path):
    good = file(tmp_path, "loan,paid\n1,yes\n")
    bad = file(tmp_path, "loan,payed\n1,yes\n", "bad.csv")
    taken = import_labels(living.bucket, living.written, day(1), ["nowhere.csv", bad, good])
    assert [name for name, _ in taken.refused] == ["nowhere.csv", bad]
    absent, lacking = (error for _, error in taken.refused)
    assert isinstance(absent, SourceError)
    assert isinstance(lacking, DataError)
    assert lacking.remedy == "Did you mean 'payed'?"
    assert [entry.name for entry in taken.new] == [good]


def test_a_file_of_which_most_rows_are_no_labels_is_refused_whole(living, tmp_path):
    path = file(tmp_path, "loan,paid\n1,1\n2,0\n3,yes\n")
    taken = import_labels(living.bucket, living.written, day(1), [path])
    assert "2 of 3 rows are no labels: line 2 paid '1'" in taken.refused[0][1].what
    assert living.ledger.read().length == 0


def test_without_an_identity_labels_cannot_be_joined(tmp_path):
    data = {"target": DATA["target"]}
    rows = loans(range(20), ["yes", "no"] * 10)
    living = Living.begin(written("loans", data), rows, np.ones(20, bool))
    with pytest.raises(ConfigError, match="names no columns of it"):
        import_labels(living.bucket, living.written, day(1), [file(tmp_path, "loan,paid\n1,yes\n")])


def test_labels_come_from_a_query_and_are_asked_for_again(tmp_path, monkeypatch):
    import sqlite3

    place = tmp_path / "db.sqlite"
    with sqlite3.connect(place) as db:
        db.execute("create table t (loan integer, paid text)")
        db.execute("insert into t values (1, 'yes')")
    source = {"sql": "select * from t", "connection": f"sqlite:///{place}"}
    living = begun(labels={"source": source})
    assert [e.rows for e in import_labels(living.bucket, living.written, day(1)).new] == [1]
    assert import_labels(living.bucket, living.written, day(1)).new == ()
    with sqlite3.connect(place) as db:
        db.execute("insert into t values (2, 'no')")
    assert [e.rows for e in import_labels(living.bucket, living.written, day(2)).new] == [2]
    assert said(living, 1, 2) == [1, 0]


def test_a_pattern_that_nothing_fits_yet_is_no_error(tmp_path):
    living = begun(labels={"source": f"{tmp_path}/*.csv"})
    taken = import_labels(living.bucket, living.written, day(1))
    assert (taken.new, taken.refused) == ((), ())


# --- the view ---------------------------------------------------------------------------------


def test_a_correction_replaces_the_label_and_history_keeps_both(living):
    living.label(loans([1, 2], "yes"), 1)
    living.label(loans([1], "no"), 2)
    assert said(living, 1, 2) == [0, 1]
    assert [entry.rows for entry in living.ledger.read().received_labels] == [2, 1]


def test_what_was_known_later_counts_in_whatever_order_it_arrives():
    living = begun(labels={"known": "known"})
    living.label(loans([1], "no"), 1, known=10)
    living.label(loans([1], "yes"), 2, known=5)  # older news, late
    assert said(living, 1) == [0]
    plain = begun()
    plain.label(loans([1], "no"), 1, known=10)
    plain.label(loans([1], "yes"), 2, known=5)
    assert said(plain, 1) == [1]  # without such a column the order of arrival counts


def test_a_label_told_again_is_no_news(living):
    living.label(loans([1, 2], "yes"), 1)
    living.label(loans([1, 2, 3], "yes"), 2)
    assert sorted(known(living).entries.tolist()) == [1, 1, 2]


def test_batches_that_hold_the_target_bring_their_labels_and_missing_ones_are_none(living):
    rows = loans([1, 2, 3], ["yes", "no", None])
    living.serve(rows, 1, with_labels=True)
    assert said(living, 1, 2, 3) == [1, 0, -1]


@settings(max_examples=20)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 5)), min_size=1, max_size=8
        ),
        max_size=6,
    ),
    st.booleans(),
    st.sampled_from([1, 3, 100]),
)
def test_the_view_is_the_last_known_label_of_each(arrivals, by_known, at_once):
    """Against a dictionary that is filled label by label; however few labels are sorted at once."""
    living = begun(labels={"known": "known"} if by_known else {})
    expected = {}
    for number, labels in enumerate(arrivals, 1):
        rows = loans([unit for unit, _, _ in labels], ["yes" if y else "no" for _, y, _ in labels])
        moments = [when for _, _, when in labels]
        _label_each(living, rows, number, moments)
        for unit, yes, when in labels:
            rank = when if by_known else number
            if unit not in expected or rank >= expected[unit][0]:
                expected[unit] = (rank, yes)
    with patch("assay.production.labels.known_labels._AT_ONCE", at_once):
        found = said(living, *range(7))
    assert found == [int(expected[u][1]) if u in expected else -1 for u in range(7)]


def _label_each(living, rows, number, moments):
    from assay.dataset.row_identity import identity_hashes
    from assay.registry.batch_ledger import ReceivedLabels
    from assay.tables.table_writer import write_frame

    held = write_frame(living.bucket, rows[["loan"]], "identities")
    units = identity_hashes(Table.read(living.bucket, held), living.case).view(np.int64)
    known = pd.to_datetime([day(m).replace(tzinfo=None) for m in moments]).as_unit("us")
    table = pd.DataFrame({"unit": units, "label": rows["paid"] == "yes", "known": known})
    living.ledger.add_labels(
        ReceivedLabels(
            name=f"labels {number}",
            source=None,
            as_of=day(10).isoformat(),
            table=write_frame(living.bucket, table, "labels"),
            unfit=None,
            rows=len(rows),
            unfit_rows=0,
        )
    )
