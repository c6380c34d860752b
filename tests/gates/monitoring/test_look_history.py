"""Headline figures over the looks."""

from assay.gates.monitoring.facts import LookSummary
from assay.gates.monitoring.look_history import look_figure


def look(number, **figures):
    named = {name.replace("_", " "): value for name, value in figures.items()}
    return LookSummary(
        look=number, as_of=f"2016-01-0{number}T00:00:00+00:00", verdict="healthy", figures=named
    )


def drawn(*looks):
    figure = look_figure(looks[:-1], looks[-1])
    return None if figure is None else {series.name for series in figure.series}


def test_shares_stand_on_one_axis():
    figures = {"expected_accuracy": 0.8, "realised_accuracy": 0.7, "coverage": 0.5, "rows": 100.0}
    assert drawn(look(1, **figures), look(2, **figures)) == {
        "expected accuracy", "realised accuracy", "coverage"
    }  # fmt: skip


def test_errors_stand_on_an_axis_without_shares():
    """In the target's unit, where a coverage of 0.5 would lie flat on the axis."""
    figures = {"expected_MAE": 800.0, "realised_RMSE": 1100.0, "coverage": 0.5}
    assert drawn(look(1, **figures), look(2, **figures)) == {"expected MAE", "realised RMSE"}


def test_one_look_draws_no_line():
    assert drawn(look(1, coverage=0.5)) is None
