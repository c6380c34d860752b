"""Batches and labels; the bucket, and the endpoint itself."""

from __future__ import annotations

from assay.deployments.dashboard.panel import OF, Panel, Query, ratio


def _within(name: str, time: str) -> str:
    return f"sum by (use_case) (increase({name}{{{OF}}}[{time}]))"


_UNFIT, _ROWS = _within("assay_rows_unfit_total", "24h"), _within("assay_rows_scored_total", "24h")
_HOUR, _TOOK = (
    _within("assay_rows_scored_total", "1h"),
    _within("assay_scoring_seconds_total", "1h"),
)

BATCHES = (
    Panel(
        "Rows scored",
        (
            Query(
                "sum by (use_case, role) "
                f"(rate(assay_rows_scored_total{{{OF}}}[$__rate_interval]))",
                "{{use_case}} {{role}}",
            ),
        ),
        "A second.",
    ),
    Panel(
        "Rows that could not be scored",
        (Query(ratio(_UNFIT, f"({_UNFIT} + {_ROWS})"), "{{use_case}}"),),
        "Of those of the day before.",
        unit="percentunit",
    ),
    Panel(
        "Batches served, missed, refused",
        (
            Query(
                f'sum by (use_case) (increase(assay_batches_total{{role="served", {OF}}}[24h]))',
                "{{use_case}} served in a day",
            ),
            Query(f"assay_batches_missed{{{OF}}}", "{{use_case}} missed"),
            Query(_within("assay_batches_refused_total", "24h"), "{{use_case}} refused in a day"),
        ),
        "Missed: due and not there at the last look.",
    ),
    Panel(
        "Time that a thousand rows take",
        (Query(ratio(f"1000 * {_TOOK}", _HOUR), "{{use_case}}"),),
        "Of those scored within the hour before.",
        unit="s",
    ),
    Panel(
        "Labels that came",
        (Query(_within("assay_labels_total", "24h"), "{{use_case}}"),),
        "Rows of labels within the day before.",
    ),
    Panel(
        "Rows with a label",
        (Query(f"assay_label_coverage_ratio{{{OF}}}", "{{use_case}}"),),
        "Of those that should have one by now.",
        unit="percentunit",
    ),
)

BUCKET = (
    Panel(
        "Bytes in the bucket",
        (Query("assay_bucket_bytes", "bytes"),),
        "As the nightly verification found them.",
        unit="bytes",
    ),
    Panel(
        "Last verification",
        (Query("time() - assay_bucket_verified_timestamp_seconds", "ago"),),
        "How long ago the whole bucket was read and held against its names.",
        unit="s",
    ),
    Panel(
        "What could be asked, and what it took",
        (Query("assay_up", "{{part}}"), Query("assay_gather_seconds", "{{part}}, seconds")),
        "1 where the server, the bucket answered the last scrape.",
    ),
)
