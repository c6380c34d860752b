"""Dashboard and alerts ask for what the endpoint tells, and for nothing else."""

import itertools
import re
from pathlib import Path

import promql_parser
import pytest
from ruamel.yaml import YAML

from assay.deployments.dashboard.grafana import ROWS, build_dashboard
from assay.deployments.metrics.definitions import METRIC_DEFINITIONS

HERE = Path(__file__).parents[3] / "deployments/prometheus"
ALERTS = YAML(typ="safe").load(HERE / "alerts.yml")
SCRAPED = {"instance", "job", "le"}  # what Prometheus adds
LABELS = {series: {*f.labels} for f in METRIC_DEFINITIONS.values() for series in f.series} | {
    "up": set()
}
QUERIES = {
    f"{panel.title}-{number}": query
    for _, panels in ROWS
    for panel in panels
    for number, query in enumerate(panel.queries)
}
RULES = {rule["alert"]: rule for group in ALERTS["groups"] for rule in group["rules"]}
ASKED = {
    **{name: query.promql for name, query in QUERIES.items()},
    **{name: rule["expr"] for name, rule in RULES.items()},
    "a new champion": build_dashboard()["annotations"]["list"][0]["expr"],
}


def parts(text):
    """Every part of a parsed expression, Grafana's own interval filled in."""
    found = []
    parsed = promql_parser.parse(text.replace("$__rate_interval", "1m"))
    promql_parser.walk(parsed, pre_visit=lambda part: found.append(part) or True)
    return found


def names(text):
    return {part.name for part in parts(text) if isinstance(part, promql_parser.VectorSelector)}


@pytest.mark.parametrize("text", ASKED.values(), ids=ASKED)
def test_it_asks_for_what_is_told(text):
    asked = [part for part in parts(text) if isinstance(part, promql_parser.VectorSelector)]
    assert asked
    for one in asked:
        assert one.name in LABELS
        matched = {matcher.name for matcher in one.matchers.matchers}
        assert matched <= LABELS[one.name] | SCRAPED, one.name


@pytest.mark.parametrize("text", ASKED.values(), ids=ASKED)
def test_it_groups_and_joins_by_labels_that_are_there(text):
    there = set().union(*(LABELS[name] for name in names(text))) | SCRAPED
    for part in parts(text):
        modifier = getattr(part, "modifier", None)
        labels = getattr(modifier, "labels", None) or getattr(
            getattr(modifier, "matching", None), "labels", []
        )
        assert {*labels} <= there


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_legend_speaks_of_labels_that_are_there(query):
    there = set().union(*(LABELS[name] for name in names(query.promql)))
    assert {*re.findall(r"{{(\w+)}}", query.legend)} <= there


def test_a_counter_is_asked_for_its_increase():
    for name, text in ASKED.items():
        for part in parts(text):
            if isinstance(part, promql_parser.VectorSelector):
                bare = re.search(rf"(?<!increase\()(?<!rate\()\b{part.name}\b", text)
                assert not (part.name.endswith("_total") and bare), name


def test_every_figure_is_shown_or_alerted_of():
    shown = set().union(*(names(text) for text in ASKED.values()))
    hidden = {name for name, figure in METRIC_DEFINITIONS.items() if not shown & set(figure.series)}
    assert hidden <= {
        "assay_info",
        "assay_look_rows",
        "assay_batches_total",
        "assay_bucket_objects",
    }


def test_panels_do_not_lie_over_each_other():
    places = [panel["gridPos"] for panel in build_dashboard()["panels"]]
    for one, other in itertools.combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below
        assert one["x"] + one["w"] <= 24


def test_panels_are_told_apart_and_use_the_chosen_source():
    panels = build_dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    sources = [panel["datasource"]["uid"] for panel in panels if panel["type"] != "row"]
    sources += [t["datasource"]["uid"] for panel in panels for t in panel.get("targets", ())]
    assert {*sources} == {"${datasource}"}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_an_alert_says_of_whom_it_speaks(rule):
    there = set().union(*(LABELS[name] for name in names(rule["expr"]))) | SCRAPED
    said = rule["annotations"]["summary"]
    assert {*re.findall(r"\$labels\.(\w+)", said)} <= there
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_the_documents_say_what_to_do_at_each_alert():
    text = (HERE.parents[1] / "docs/metrics.md").read_text()
    section = text.split("## At each of these alerts")[1].split("\n## ")[0]
    assert {*re.findall(r"Assay[A-Z]\w+", section)} == {*RULES}
