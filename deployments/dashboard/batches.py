"""Panels of batches, labels, the bucket, and the metrics endpoint itself."""

from __future__ import annotations

from assay.deployments.dashboard.panel import USE_CASE_FILTER, Panel, PanelQuery, ratio_query


def _increase(name: str, time: str) -> str:
    return f"sum by (use_case) (increase({name}{{{USE_CASE_FILTER}}}[{time}]))"


_UNFIT_24H, _SCORED_24H = (
    _increase("assay_rows_unfit_total", "24h"),
    _increase("assay_rows_scored_total", "24h"),
)
_SCORED_1H, _SECONDS_1H = (
    _increase("assay_rows_scored_total", "1h"),
    _increase("assay_scoring_seconds_total", "1h"),
)

BATCH_PANELS = (
    Panel(
        "Rows scored",
        (
            PanelQuery(
                "sum by (use_case, role) "
                f"(rate(assay_rows_scored_total{{{USE_CASE_FILTER}}}[$__rate_interval]))",
                "{{use_case}} {{role}}",
            ),
        ),
        "A second.",
    ),
    Panel(
        "Rows that could not be scored",
        (PanelQuery(ratio_query(_UNFIT_24H, f"({_UNFIT_24H} + {_SCORED_24H})"), "{{use_case}}"),),
        "Of those of the day before.",
        unit="percentunit",
    ),
    Panel(
        "Batches served, missed, refused",
        (
            PanelQuery(
                "sum by (use_case) (increase(assay_batches_total"
                f'{{role="served", {USE_CASE_FILTER}}}[24h]))',
                "{{use_case}} served in a day",
            ),
            PanelQuery(f"assay_batches_missed{{{USE_CASE_FILTER}}}", "{{use_case}} missed"),
            PanelQuery(
                _increase("assay_batches_refused_total", "24h"), "{{use_case}} refused in a day"
            ),
        ),
        "Missed: due and not there at the last look.",
    ),
    Panel(
        "Time that a thousand rows take",
        (PanelQuery(ratio_query(f"1000 * {_SECONDS_1H}", _SCORED_1H), "{{use_case}}"),),
        "Of those scored within the hour before.",
        unit="s",
    ),
    Panel(
        "Labels that came",
        (PanelQuery(_increase("assay_labels_total", "24h"), "{{use_case}}"),),
        "Rows of labels within the day before.",
    ),
    Panel(
        "Rows with a label",
        (PanelQuery(f"assay_label_coverage_ratio{{{USE_CASE_FILTER}}}", "{{use_case}}"),),
        "Of those that should have one by now.",
        unit="percentunit",
    ),
)

BUCKET_PANELS = (
    Panel(
        "Bytes in the bucket",
        (PanelQuery("assay_bucket_bytes", "bytes"),),
        "As the nightly verification found them.",
        unit="bytes",
    ),
    Panel(
        "Last verification",
        (PanelQuery("time() - assay_bucket_verified_timestamp_seconds", "ago"),),
        "How long ago the whole bucket was read and held against its names.",
        unit="s",
    ),
    Panel(
        "What could be asked, and what it took",
        (
            PanelQuery("assay_up", "{{part}}"),
            PanelQuery("assay_gather_seconds", "{{part}}, seconds"),
        ),
        "1 where the server, the bucket answered the last scrape.",
    ),
)
