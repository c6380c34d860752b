"""Routes that reach nobody are told."""

import pytest

from assay.config.operations import Alert, Operations
from assay.deployments.alert_routes import describe_route_gaps
from tests.deployments.conftest import case  # each is of the owner "the tests"

CASES = [case("guests"), case("rooms")]


def gaps(*alerts):
    routes = tuple(Alert(to="${A}", **alert) for alert in alerts)
    return describe_route_gaps(Operations(alerts=routes), CASES)


def test_what_takes_everything_leaves_no_gap():
    assert gaps({}) == []
    assert gaps({"owner": "The Tests"}, {}) == []
    assert gaps() == []


def test_a_misspelt_owner_is_named_with_its_place():
    first, *_ = gaps({"owner": "teh tests"}, {})
    assert first.endswith("alerts.0: no use case here has owner teh tests, so it is sent nothing")


def test_who_and_what_is_forgotten_is_named():
    lines = gaps({"use_case": "guests"})
    assert lines[0] == "alerts: nobody is sent those of rooms"
    assert "the bucket's maintenance" in lines[1]


@pytest.mark.parametrize(
    ("route", "taken"),
    [
        ({}, True),
        ({"owner": "THE tests"}, True),
        ({"owner": ["others", "the tests"]}, True),
        ({"use_case": "guests", "owner": "others"}, False),
        ({"use_case": "rooms"}, False),
    ],
)
def test_owner_and_use_case_both_narrow_a_route(route, taken):
    assert Alert(to="${A}", **route).concerns("guests", " The tests") == taken


def test_what_concerns_no_use_case_goes_to_those_who_take_all():
    assert Alert(to="${A}").concerns("", "")
    assert not Alert(to="${A}", owner="the tests").concerns("", "")
