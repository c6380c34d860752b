import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bucket import canonical_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_dumped_loads_as_the_same_value(value):
    assert canonical_json.load(canonical_json.dump(value)) == value


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 9)))
def test_the_order_of_keys_does_not_matter(mapping):
    backwards = dict(reversed(mapping.items()))
    assert canonical_json.dump(mapping) == canonical_json.dump(backwards)


def test_numbers_and_keys_are_written_as_rfc_8785_shows():
    # RFC 8785, section 3.2.2: the sample, and 3.2.3: keys by UTF-16 code units.
    sample = {"numbers": [333333333.33333329, 1e30, 4.5, 2e-3, 1e-27], "literals": [None, True]}
    assert canonical_json.dump(sample) == (
        b'{"literals":[null,true],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, {1: 2}])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(ValueError, match=r".*"):
        canonical_json.dump(value)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 101 + b"1" + b"}" * 101,
        b"9" * 5_000,
        b"NaN",
        b"[-Infinity]",
        b"1e999",
        rb'"\ud800"',
        rb'{"\udfff": 1}',
    ],
)
def test_what_could_not_be_written_again_is_not_read(data):
    with pytest.raises(ValueError, match=r"."):
        canonical_json.load(data)


def test_brackets_within_text_nest_nothing_and_characters_by_number_are_read():
    many = ["[{" * 500, "\N{PILE OF POO}"]
    assert canonical_json.load(canonical_json.dump(many)) == many
    assert canonical_json.load(rb'["\ud83d\ude00"]') == ["\N{GRINNING FACE}"]
