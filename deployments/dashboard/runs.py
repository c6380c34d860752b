"""Panels of runs and their steps."""

from __future__ import annotations

from assay.deployments.dashboard.panel import RUN_FILTER, Panel, PanelQuery, ratio_query


def _quantile(share: float, of: str, labels: str = "") -> str:
    return f"histogram_quantile({share}, sum by (flow, le) (rate({of}_bucket{labels}[1h])))"


_DURATION, _DELAY = "assay_flow_run_duration_seconds", "assay_flow_run_start_delay_seconds"
_STEPS = f"sum by (stage) (increase(assay_steps_total{{{RUN_FILTER}}}[1h]))"
_CACHED = f'sum by (stage) (increase(assay_steps_total{{result="cached", {RUN_FILTER}}}[1h]))'
_OLDEST = f"time() - assay_flow_run_oldest_timestamp_seconds{{{RUN_FILTER}}}"
_LAST_COMPLETED = f'assay_flow_run_ended_timestamp_seconds{{type="completed", {RUN_FILTER}}}'

RUN_PANELS = (
    Panel(
        "Runs that ended",
        (
            PanelQuery(
                "sum by (flow, state) "
                f"(increase(assay_flow_runs_ended_total{{{RUN_FILTER}}}[$__rate_interval]))",
                "{{flow}} {{state}}",
            ),
        ),
        "By flow and the name of their last state.",
        stacked=True,
    ),
    Panel(
        "Runs that have not ended",
        (
            PanelQuery(
                f"sum by (flow, state) (assay_flow_runs{{{RUN_FILTER}}})", "{{flow}} {{state}}"
            ),
        ),
        "Paused is a promotion that waits for a person.",
        stacked=True,
    ),
    Panel(
        "The one that waits longest",
        (PanelQuery(f"max by (flow, state) ({_OLDEST})", "{{flow}} {{state}}"),),
        "Since it was due.",
        unit="s",
    ),
    Panel(
        "How long runs take",
        (
            PanelQuery(_quantile(0.5, _DURATION, f"{{{RUN_FILTER}}}"), "{{flow}}, half"),
            PanelQuery(_quantile(0.95, _DURATION, f"{{{RUN_FILTER}}}"), "{{flow}}, 19 of 20"),
        ),
        "Runs that ended within the hour before, without waiting and pauses.",
        unit="s",
    ),
    Panel(
        "How late runs begin",
        (PanelQuery(_quantile(0.95, _DELAY), "{{flow}}, 19 of 20"),),
        "From when they were due to when they first ran.",
        unit="s",
    ),
    Panel(
        "Last success",
        (
            PanelQuery(
                f"time() - max by (flow, use_case) ({_LAST_COMPLETED})", "{{flow}} {{use_case}}"
            ),
        ),
        "How long ago a run of it last completed.",
        unit="s",
    ),
    Panel(
        "Steps that were cached",
        (PanelQuery(ratio_query(_CACHED, _STEPS), "{{stage}}"),),
        "Of all steps of runs that ended within the hour before.",
        unit="percentunit",
    ),
    Panel(
        "Steps, by what became of them",
        (
            PanelQuery(
                f"sum by (result) (increase(assay_steps_total{{{RUN_FILTER}}}[$__rate_interval]))",
                "{{result}}",
            ),
        ),
        "Done, cached, failed.",
        stacked=True,
    ),
    Panel(
        "Time that steps took",
        (
            PanelQuery(
                f"sum by (stage) (increase(assay_step_seconds_total{{{RUN_FILTER}}}[1h]))",
                "{{stage}}",
            ),
        ),
        "Of those that were done, within the hour before.",
        unit="s",
        stacked=True,
    ),
)
