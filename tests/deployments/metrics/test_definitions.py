"""Figures are named as Prometheus asks, and told with the labels that they say."""

import re
from pathlib import Path

import pytest

from assay.deployments.metrics.definitions import METRIC_DEFINITIONS, MetricSamples

ENDLESS = {"run", "run_id", "digest", "batch", "name", "file", "id", "person", "actor"}


@pytest.mark.parametrize("figure", METRIC_DEFINITIONS.values(), ids=METRIC_DEFINITIONS)
def test_a_name_says_what_it_counts_in(figure):
    assert re.fullmatch(r"assay_[a-z_]+", figure.name)
    assert (figure.kind == "counter") == figure.name.endswith("_total")
    assert not re.search(r"_(minutes|hours|days|milliseconds|percent|count|sum)(_|$)", figure.name)
    if "timestamp" in figure.name:
        assert figure.name.endswith("_timestamp_seconds")


@pytest.mark.parametrize("figure", METRIC_DEFINITIONS.values(), ids=METRIC_DEFINITIONS)
def test_no_label_takes_values_without_end(figure):
    assert not ENDLESS & set(figure.labels)
    assert "version" not in figure.labels or figure.name == "assay_info"


def test_a_figure_has_the_labels_that_its_name_asks_for():
    told = MetricSamples()
    with pytest.raises(ValueError, match="use_case"):
        told.add_sample("assay_champion_version", 1)
    with pytest.raises(KeyError):
        told.add_sample("assay_something", 1)
    told.add_sample("assay_champion_version", None, use_case="guests")
    assert list(told.families()) == []


def test_the_documents_list_every_figure_as_it_is():
    text = (Path(__file__).parents[3] / "docs/metrics.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `assay_")]
    assert rows == [
        f"| `{figure.name}` | {figure.kind} | {', '.join(figure.labels)} | {figure.description} |"
        for figure in METRIC_DEFINITIONS.values()
    ]
