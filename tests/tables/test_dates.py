"""Texts are dates only where all of them are."""

import pyarrow as pa
import pytest

from assay.tables.dates import are_dates


@pytest.mark.parametrize(
    ("texts", "dates"),
    [
        (["2024-01-01", "2024-12-31"], True),
        (["2024-01-01", None], True),
        (["2024-01-01 12:00", "2024-01-01T12:00:00"], True),
        (["2024-01-01T12:00:00Z", "2024-01-01T12:00:00+02:00"], True),
        (["2024-01-01", "soon"], False),
        (["01.02.2024"], False),
        (["2024"], False),
        (["20240101"], False),
        ([""], False),
        ([None], False),
        ([], False),
    ],
)
def test_texts_are_dates_where_all_are(texts, dates):
    values = pa.array(texts, pa.string())
    assert are_dates(values) is dates
    assert are_dates(values.dictionary_encode()) is dates
