"""Bytes that follow from values alone."""

import io
import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.learning.stable_pickle import stable_pickle

ALIGNED = np.dtype([("flag", "u1"), ("value", "f8")], align=True)
VALUES = st.recursive(
    st.text() | st.binary() | st.integers() | st.floats(allow_nan=False) | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.frozensets(st.text()),
)


def apart(text):
    """Equal text that is another object."""
    return "".join(list(text))


@given(VALUES)
def test_what_was_pickled_is_read_back(value):
    assert joblib.load(io.BytesIO(stable_pickle(value))) == value


@pytest.mark.parametrize(
    "holding",
    [
        lambda one, other: [one, other],
        lambda one, other: {one: 1, "of": {other: 2}},
        lambda one, other: np.array([one, "b", other], dtype=object),
        lambda one, other: [np.array([1.0]), one, np.array([{"name": other}], dtype=object)],
    ],
)
def test_equal_text_is_written_alike_whether_it_is_one_object_or_two(holding):
    name = sys.intern("max_iter")
    assert stable_pickle(holding(name, name)) == stable_pickle(holding(apart(name), apart(name)))
    assert stable_pickle(holding(name, apart(name))) == stable_pickle(holding(apart(name), name))


def test_equal_dtypes_are_written_alike_whether_they_are_one_object_or_two():
    import pickle

    numbers = np.arange(3.0)
    crossed = pickle.loads(pickle.dumps(numbers))  # as from another process
    assert crossed.dtype is not numbers.dtype
    assert stable_pickle([numbers, crossed]) == stable_pickle([numbers, numbers.copy()])


@pytest.mark.parametrize("order", ["C", "F"])
def test_what_was_in_memory_between_the_fields_of_a_record_is_not_written(order):
    def records(rubbish):
        raw = np.full(6 * ALIGNED.itemsize, rubbish, np.uint8).view(ALIGNED)
        raw["flag"], raw["value"] = 1, np.arange(6)
        return raw.reshape(2, 3, order=order)

    assert records(1).tobytes("A") != records(2).tobytes("A")
    assert stable_pickle(records(1)) == stable_pickle(records(2))
    back = joblib.load(io.BytesIO(stable_pickle(records(1))))
    assert (back == records(2)).all()
    assert back.flags.f_contiguous == (order == "F")


SETS = (
    "from assay.learning.stable_pickle import stable_pickle; "
    "print(stable_pickle([{w * 3 for w in 'abcdefgh'}]).hex())"
)


def test_sets_are_written_in_one_order_whatever_the_seed_of_their_hashes():
    def under(seed):
        return subprocess.run(
            [sys.executable, "-c", SETS],
            env=os.environ | {"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout

    assert under("1") == under("2")


PROCESS = """
import sys
sys.path.insert(0, {learning!r})
import numpy as np, pandas as pd
if {garbage}:  # what models are made of is to come from memory that held something else before
    junk = [np.full(size, 0xAB, np.uint8) for size in range(8, 60_000, 37)]
    del junk[::2]
import conftest
from assay.bucket.digest import Digest
from assay.learning import train
from assay.learning.split import mark_test_rows

take, cast = {take}, train.cast_frame

def taken(*arguments):
    frame = cast(*arguments)
    frame.columns = pd.Index([take(name) for name in frame.columns], dtype=object)
    for name in frame.columns[[str(kind) == "str" for kind in frame.dtypes]]:
        values = [take(v) if isinstance(v, str) else v for v in frame[name]]
        frame[name] = pd.Series(values, index=frame.index, dtype=object)
    return frame

train.cast_frame = taken
train.measure_timing = lambda *_: {{}}  # how long models take is not part of them
# Columns that are called as attributes of estimators are, which are interned.
people = conftest.made_people(300).rename(columns={{"job": "categories", "union": "max_iter"}})
for candidate in {candidates!r}:
    rows = conftest.stored(people)
    case = conftest.made_use_case(candidate, search={{"jobs": {jobs}}})
    made = conftest.taught(rows, mark_test_rows(rows, case), case, conftest.quiet)
    print(Digest.of_bytes(made.model))
"""
CANDIDATES = [
    {"estimator": "sklearn.linear_model.LogisticRegression", "search": {"C": [0.1, 1.0]}},
    {"estimator": "sklearn.ensemble.RandomForestClassifier", "params": {"n_estimators": 3}},
]


@pytest.mark.slow
def test_models_do_not_depend_on_interning_memory_hash_seeds_threads_or_processes():
    learning = str(Path(__file__).parent)
    kinds = [
        {"garbage": False, "take": "sys.intern", "jobs": 1},
        {"garbage": True, "take": "lambda text: ''.join(list(text))", "jobs": 2},
    ]
    running = [
        subprocess.Popen(
            [
                *(sys.executable, "-c"),
                PROCESS.format(learning=learning, candidates=CANDIDATES, **kind),
            ],
            env=os.environ | {"PYTHONHASHSEED": str(number), "OMP_NUM_THREADS": str(number)},
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for number, kind in enumerate(kinds, start=1)
    ]
    first, second = (process.communicate()[0].decode().split() for process in running)
    assert len(set(first)) == len(CANDIDATES)
    assert first == second
