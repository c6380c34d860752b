from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from assay.config.data import Target
from assay.tables.class_codes import class_codes

TARGET = Target(column="severity", classes=(2, "0", True))


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([0, 2, 1, None, 5], [1, 0, 2, -1, -1]),
        ([0.0, 2.0, 1.0, None, 2.5], [1, 0, 2, -1, -1]),
        (["0", "2", "True", None, "2.0"], [1, 0, 2, -1, -1]),
        ([], []),
    ],
)
def test_a_row_has_the_place_of_its_class_or_none(values, codes):
    found = class_codes(pa.array(values), TARGET)
    assert found.dtype == np.int64
    assert found.tolist() == codes
    chunks = pa.chunked_array([pa.array(values)[:2], pa.array(values)[2:]])
    assert class_codes(chunks, TARGET).tolist() == codes
