from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.errors import ConfigError, DataError
from assay.learning.preprocess import MAX_CATEGORIES, MIN_CATEGORY_ROWS, make_preprocessor
from assay.learning.signature import cast_frame
from assay.tables.columns import MAX_NUMBER

ROWS = 200


@pytest.fixture
def frame():
    rng = np.random.default_rng(1)
    hours = rng.normal(40, 5, ROWS)
    hours[:20] = np.nan
    return pd.DataFrame(
        {
            "hours": hours,
            "job": pd.Series(rng.choice(["cook", "judge"], ROWS), dtype="str"),
            "since": pd.Series(pd.Timestamp("1970-01-11")).repeat(ROWS).reset_index(drop=True),
            "empty": np.full(ROWS, np.nan),
        }
    )


TRUTH = np.arange(ROWS) % 2


def prepared(frame, **changes):
    made = make_preprocessor(frame, seed=0, **changes).fit(frame, TRUTH)
    return made, list(made.get_feature_names_out())


def test_numbers_get_an_indicator_only_where_values_were_missing(frame):
    _, names = prepared(frame[["hours"]])
    assert names == ["hours", "missingindicator_hours"]
    _, names = prepared(frame[["hours"]].fillna(40.0))
    assert names == ["hours"]


def test_a_column_without_any_value_is_left_out(frame):
    _, names = prepared(frame)
    assert not any("empty" in name for name in names)


def test_dates_of_all_centuries_count_days(frame):
    far = np.array(["9999-12-31", "0001-01-01T12:00", "1970-01-02", "NaT"], "datetime64[us]")
    frame["since"] = np.resize(far, len(frame))
    made, _ = prepared(frame[["since"]])
    days = made.named_transformers_["dates"][:2].transform(frame[["since"]])
    assert days["since"].tolist()[:3] == [2932896.0, -719161.5, 1.0]


def test_dates_count_days_since_1970(frame):
    made = make_preprocessor(frame[["since"]], seed=0).fit(frame[["since"]], TRUTH)
    days = made.named_transformers_["dates"][:2].transform(frame[["since"]])
    assert (days == 10.0).all(axis=None)


def test_missing_is_a_category_of_its_own_and_unknown_values_do_no_harm(frame):
    frame.loc[: MIN_CATEGORY_ROWS + 5, "job"] = np.nan
    made, names = prepared(frame[["job"]])
    assert names == ["job_cook", "job_judge", "job_nan"]
    new = pd.DataFrame({"job": pd.Series(["astronaut", np.nan], dtype="str")})
    assert made.transform(new).tolist() == [[0, 0, 0], [0, 0, 1]]


def test_rare_values_are_pooled_and_unknown_ones_join_them(frame):
    frame.loc[: MIN_CATEGORY_ROWS - 2, "job"] = "rare"
    made, names = prepared(frame[["job"]])
    assert names == ["job_cook", "job_judge", "job_infrequent_sklearn"]
    new = pd.DataFrame({"job": pd.Series(["astronaut"], dtype="str")})
    assert made.transform(new).tolist() == [[0, 0, 1]]


def test_text_with_many_values_becomes_one_column_and_the_same_for_the_same_seed(frame):
    many = pd.DataFrame({"town": pd.Series([f"t{i % (MAX_CATEGORIES + 1)}" for i in range(ROWS)])})
    assert len(prepared(many)[1]) == 1
    one, other = (make_preprocessor(many, seed=5).fit_transform(many, TRUTH) for _ in range(2))
    assert (one == other).all()


def test_a_column_may_have_a_transformer_of_its_own(frame):
    made, names = prepared(
        frame[["hours", "job", "since"]].fillna({"hours": 40.0}),
        overrides={
            "hours": "sklearn.preprocessing.MinMaxScaler",
            "since": "drop",
        },
    )
    assert names == ["job_cook", "job_judge", "hours"]
    assert type(made.named_transformers_["own_hours"]).__name__ == "MinMaxScaler"


def test_an_override_that_needs_arguments_says_so(frame):
    with pytest.raises(ConfigError, match="without arguments"):
        make_preprocessor(frame, seed=0, overrides={"hours": "sklearn.compose.ColumnTransformer"})


@pytest.mark.parametrize(
    ("columns", "overrides"), [(["empty"], {}), ([], {}), (["job"], {"job": "drop"})]
)
def test_no_column_left_is_an_error_that_says_which_are_no_features(frame, columns, overrides):
    with pytest.raises(DataError, match="no column is left") as raised:
        make_preprocessor(frame[columns], seed=0, overrides=overrides)
    assert "sensitive" in raised.value.remedy


def test_infinite_numbers_are_missing_and_huge_ones_overflow_no_scaler(frame):
    hours = frame.hours.copy()
    hours.iloc[[30, 31, 32]] = [np.inf, -np.inf, -1e300]
    entries = [{"name": "hours", "type": "number"}]
    cast = cast_frame(pd.DataFrame({"hours": hours}), entries)
    assert cast["hours"].isna().sum() == 22
    assert cast["hours"].iloc[32] == -MAX_NUMBER
    made = make_preprocessor(cast, seed=0).fit(cast, TRUTH)
    assert np.isfinite(made.transform(cast)).all(axis=None)
    plain = cast_frame(frame[["hours"]], entries)["hours"]
    assert plain.to_numpy().tobytes() == frame.hours.to_numpy().tobytes()
