import pickle

import pytest

from assay import errors


def _all(kind):
    yield kind
    for below in kind.__subclasses__():
        yield from _all(below)


@pytest.mark.parametrize("kind", list(_all(errors.AssayError)), ids=lambda kind: kind.__name__)
def test_every_error_says_what_where_and_what_to_do_and_survives_a_process_border(kind):
    error = kind("it broke", where="configs/a.yaml:3", remedy="Mend it.")
    assert str(error) == "configs/a.yaml:3: it broke\n  Mend it."
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (kind, str(error))
    assert error.as_json() == {
        "error": kind.__name__,
        "what": "it broke",
        "where": "configs/a.yaml:3",
        "remedy": "Mend it.",
    }


def test_exit_codes_tell_input_from_integrity():
    assert errors.ConfigError("x").exit_code == 1
    assert errors.StoreFull("x").exit_code == 1
    assert errors.ObjectCorrupt("x").exit_code == 4
    assert errors.ChainBroken("x").exit_code == 4


def test_errors_are_also_the_builtins_that_callers_expect():
    assert issubclass(errors.KeyAbsent, KeyError)
    assert issubclass(errors.StoreDenied, PermissionError)
    assert issubclass(errors.ObjectMissing, LookupError)


def test_the_nearest_name_is_offered_only_when_it_is_near():
    assert errors.nearest_name("sensitve", ["sensitive", "source"]) == "sensitive"
    assert errors.nearest_name("zzz", ["sensitive", "source"]) is None
