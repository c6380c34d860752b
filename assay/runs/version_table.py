"""All versions of a model, for its page: what each is, scored and was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import quote

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import entry_timestamp
from assay.errors import IntegrityError
from assay.gates.performance.metric_titles import metric_title
from assay.gates.report import Measurement, Report
from assay.gates.stored_measurements import get_measured_report
from assay.registry.authority import describe_author
from assay.registry.history import ModelHistory, Version
from assay.registry.registry import Registry
from assay.render.model_history import gates_text, version_status
from assay.render.numbers import format_numbers
from assay.render.version_page import VersionPage, VersionRow, VersionScore
from assay.util import clock
from assay.util.concurrency import ordered_map

MAX_VERSIONS = 500  # of the newest; more make no table for people
_MAX_METRICS = 3  # columns of scores, the one that chooses first


def version_page(
    bucket: Bucket, model: str, reports: Mapping[str, str] | None = None
) -> VersionPage:
    """The page of a model. `reports` are the addresses of the versions' reports, by name; with
    them the page is served, and links to comparisons with the champion too.

    Missing reports leave gaps. Raises ReferenceUnknown, ChainBroken.
    """
    history = Registry(bucket).find_history(model)
    newest = list(reversed(history.versions.values()))
    shown = newest[:MAX_VERSIONS]
    measured = list(ordered_map(partial(_read_measurements, bucket), shown))
    metrics = _choose_metrics(measured)
    champion = history.champion
    rows = tuple(
        _row(history, version, own, metrics, reports=reports)
        for version, own in zip(shown, measured, strict=True)
    )
    said = f"{champion.name} is champion" if champion else "no champion"
    return VersionPage(
        model=model,
        headline=said,
        question=_question(bucket, newest),
        metrics=tuple(metric_title(metric) for metric in metrics),
        rows=rows,
        omitted=len(newest) - len(shown),
    )


def _question(bucket: Bucket, versions: Sequence[Version]) -> str:
    if not versions:
        return ""
    try:
        record = bucket.get_json(Artifact.model_validate(versions[0].entry.body["run"]))
    except IntegrityError:
        return ""
    return str(record["configuration"].get("question", ""))


def _read_measurements(bucket: Bucket, version: Version) -> list[Measurement]:
    """Scores on the test rows, and gaps between groups."""
    found: list[Measurement] = []
    for gate, kind in (("performance", "score"), ("fairness", "difference")):
        if artifact := version.reports.get(gate):
            try:
                report: Report = get_measured_report(bucket, artifact)
            except IntegrityError:
                continue
            found += [one for one in report.measurements if one.kind == kind]
    return found


def _choose_metrics(measured: Sequence[Sequence[Measurement]]) -> list[str]:
    """The metrics that choose, then those that reports name first."""
    scores = [one for own in measured for one in own if one.kind == "score"]
    ordered = sorted(scores, key=lambda one: not one.headline)
    return list(dict.fromkeys(one.metric for one in ordered))[:_MAX_METRICS]


def _row(
    history: ModelHistory,
    version: Version,
    measured: Sequence[Measurement],
    metrics: Sequence[str],
    *,
    reports: Mapping[str, str] | None,
) -> VersionRow:
    body, champion = version.entry.body, history.champion
    scores = {one.metric: one for one in measured if one.kind == "score"}
    gaps = [one for one in measured if one.kind == "difference" and one.value is not None]
    widest = max(gaps, key=lambda one: abs(one.value or 0.0), default=None)
    against = champion.name if champion and champion != version else ""
    query = f"/compare?a={quote(against)}&b={quote(version.name)}"
    return VersionRow(
        name=version.name,
        number=version.number,
        status=version_status(history, version),
        candidate=str(body.get("candidate", "")),
        at=clock.display_timestamp(entry_timestamp(version.entry)),
        actor=describe_author(history.bucket, version.entry),
        scores=tuple(_score(scores.get(metric)) for metric in metrics),
        gap=_gap(widest),
        gates=gates_text(body["gates"]),
        report=(reports or {}).get(version.name, ""),
        comparison=query if against and reports is not None else "",
        against=against,
    )


def _score(measured: Measurement | None) -> VersionScore:
    if measured is None or measured.value is None:
        return VersionScore("", None)
    interval = measured.interval
    ends = (interval.low, interval.high) if interval else (None, None)
    value, low, high = format_numbers([measured.value, *ends], distinct=True)
    text = value if None in ends else f"{value} [{low}, {high}]"
    return VersionScore(text, measured.value)


def _gap(widest: Measurement | None) -> VersionScore:
    """The largest gap with its group, to sort by its size."""
    shown = _score(widest)
    if widest is None or widest.value is None:
        return shown
    group = f" {widest.group}" if widest.group else ""
    return VersionScore(f"{shown.text}{group}", abs(widest.value))
