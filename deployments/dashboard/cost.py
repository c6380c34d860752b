"""Panels of what use cases cost, and of whether their batches are scored in time."""

from __future__ import annotations

from assay.deployments.dashboard.panel import USE_CASE_FILTER, Panel, PanelQuery


def _month(metric: str) -> str:
    return f"sum by (use_case, work) (increase({metric}{{{USE_CASE_FILTER}}}[30d]))"


DEADLINE_PANEL = Panel(
    "Deadlines of scoring",
    (
        PanelQuery(
            f"assay_score_deadlines_missed{{{USE_CASE_FILTER}}}", "{{use_case}} missed in a row"
        ),
        PanelQuery(
            f"assay_score_late_seconds{{{USE_CASE_FILTER}}} / 3600", "{{use_case}} hours late"
        ),
        PanelQuery(
            f"(time() - assay_score_deadline_timestamp_seconds{{{USE_CASE_FILTER}}}) / 3600",
            "{{use_case}} hours since the last deadline",
        ),
    ),
    "Deadlines (`score.by`) that passed without a scoring, and how late the last scoring came.",
    width=24,
    height=7,
)

COST_PANELS = (
    Panel(
        "CPU seconds in thirty days",
        (PanelQuery(_month("assay_work_cpu_seconds_total"), "{{use_case}} {{work}}"),),
        "Of recorded work: runs with an answer, scored batches, looks.",
        width=8,
    ),
    Panel(
        "Runs, batches and looks in thirty days",
        (
            PanelQuery(_month("assay_work_runs_total"), "{{use_case}} {{work}}"),
            PanelQuery(_month("assay_work_seconds_total"), "{{use_case}} {{work}}, seconds"),
        ),
        "How often this work was done, and the time that it took.",
        width=8,
    ),
    Panel(
        "Bytes named",
        (PanelQuery(f"assay_stored_bytes{{{USE_CASE_FILTER}}}", "{{use_case}} {{share}}"),),
        "Of the objects that a use case's runs, batches and looks name. What is shared counts for "
        "each that names it.",
        unit="bytes",
        width=8,
    ),
)
