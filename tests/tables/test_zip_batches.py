"""Two tables side by side, however each is cut."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from assay.tables.zip_batches import zip_batches


def cut(values, sizes, name):
    start = 0
    for size in [*sizes, len(values)]:
        yield pa.RecordBatch.from_pydict({name: pa.array(values[start : start + size], pa.int64())})
        start += size


sizes = st.lists(st.integers(0, 5), max_size=8)


@given(st.integers(0, 30), sizes, sizes)
def test_every_row_stands_beside_its_own(rows, left, right):
    values = list(range(rows))
    found = [*zip_batches(cut(values, left, "a"), cut(values, right, "b"))]
    pairs = [
        pair for a, b in found for pair in zip(a["a"].to_pylist(), b["b"].to_pylist(), strict=True)
    ]
    assert pairs == [(value, value) for value in values]
    assert all(a.num_rows for a, _ in found)


def test_the_shorter_one_ends_it():
    found = [*zip_batches(cut([1, 2, 3], [1], "a"), cut([1, 2], [], "b"))]
    assert [a.num_rows for a, _ in found] == [1, 1]
