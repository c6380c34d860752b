from __future__ import annotations

import errno
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from assay.errors import DataError
from assay.learning import fold_matrices
from assay.learning.fold_matrices import EncodingFailed, encode_fold
from assay.learning.preprocess import make_preprocessor

ROWS = 600
RNG = np.random.default_rng(3)
NUMBERS = {
    "age": np.where(RNG.random(ROWS) < 0.1, np.nan, RNG.normal(40, 9, ROWS)),
    "hours": RNG.normal(30, 5, ROWS),
}
FRAME = pd.DataFrame(
    NUMBERS
    | {
        "trade": pd.Series(RNG.choice(list("abcdef"), ROWS)).mask(RNG.random(ROWS) < 0.1),
        "town": pd.Series(RNG.integers(0, 90, ROWS)).map("town {}".format),
        "since": pd.Timestamp("2020-01-01").as_unit("us")
        + pd.to_timedelta(RNG.integers(0, 900, ROWS), unit="D"),
    }
).astype({"trade": "str", "town": "str"})
TRUTH = RNG.integers(0, 2, ROWS)
FIT, HELD = np.arange(400), np.arange(400, ROWS)


class Doubting(BaseEstimator, TransformerMixin):
    def fit(self, rows, outcomes=None):
        return self

    def transform(self, rows):
        warnings.warn(f"{len(rows)} rows", UserWarning, stacklevel=1)
        return rows[["age"]].to_numpy()


def pipeline(frame, **overrides):
    prepare = make_preprocessor(frame, seed=1, overrides=overrides)
    return Pipeline([("prepare", prepare), ("model", DecisionTreeClassifier())])


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(fold_matrices, "_BLOCK_ROWS", 150)


@pytest.mark.parametrize(
    ("columns", "overrides"),
    [
        (list(FRAME), {}),
        (["age", "hours"], {}),
        (["trade"], {}),
        (["trade", "town"], {}),
        (["age", "trade"], {"age": "sklearn.preprocessing.MinMaxScaler"}),
    ],
)
def test_the_file_holds_what_the_pipeline_makes_to_the_bit(tmp_path, columns, overrides):
    frame = FRAME[columns]
    prepare = pipeline(frame, **overrides)[0]
    wanted = prepare.fit_transform(frame.iloc[FIT], TRUTH[FIT])
    of_held = prepare.transform(frame.iloc[HELD])
    made = encode_fold(
        pipeline(frame, **overrides), frame, TRUTH[FIT], (FIT, HELD), tmp_path / "one"
    )
    for found, expected in ((made.fit.read(), wanted), (made.held.read(), of_held)):
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        assert found.tobytes("A") == expected.tobytes("A")
        assert found.flags.f_contiguous == expected.flags.f_contiguous


def test_without_encoders_a_model_gets_its_rows_as_they_are(tmp_path):
    plain = Pipeline([("model", DecisionTreeClassifier())])
    made = encode_fold(plain, FRAME, TRUTH[FIT], (FIT, HELD), tmp_path / "one")
    pd.testing.assert_frame_equal(made.held.read(), FRAME.iloc[HELD])


def test_a_fit_that_writes_to_its_rows_spoils_no_other(tmp_path):
    frame = FRAME[["age", "trade"]]
    made = encode_fold(pipeline(frame), frame, TRUTH[FIT], (FIT, HELD), tmp_path / "one")
    before = made.fit.read().copy()
    made.fit.read()[:] = 7.0
    assert (made.fit.read() == before).all()


def test_what_an_encoder_raises_and_warns_of_is_kept_for_the_fits(tmp_path):
    text = Pipeline([("scale", StandardScaler()), ("model", DecisionTreeClassifier())])
    made = encode_fold(text, FRAME[["trade"]], TRUTH[FIT], (FIT, HELD), tmp_path / "one")
    with pytest.raises(EncodingFailed, match="ValueError: could not convert string"):
        made.fit.read()
    doubting = Pipeline([("prepare", Doubting()), ("model", DecisionTreeClassifier())])
    warned = encode_fold(doubting, FRAME, TRUTH[FIT], (FIT, HELD), tmp_path / "two")
    assert warned.fit.warned == ("400 rows",)
    assert warned.held.warned == ("200 rows",)


def test_a_full_disk_is_no_fault_of_the_candidate(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fold_matrices, "_write", full)
    frame = FRAME[["age"]]
    with pytest.raises(DataError, match="no room") as raised:
        encode_fold(pipeline(frame), frame, TRUTH[FIT], (FIT, HELD), tmp_path / "one")
    assert "TMPDIR" in raised.value.remedy


def test_deleting_leaves_no_file(tmp_path):
    made = encode_fold(pipeline(FRAME), FRAME, TRUTH[FIT], (FIT, HELD), tmp_path / "one")
    assert len(list(tmp_path.iterdir())) == 2
    made.delete()
    assert not list(tmp_path.iterdir())
