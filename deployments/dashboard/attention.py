"""Panels of what needs a person first."""

from __future__ import annotations

from assay.deployments.dashboard.panel import RUN_FILTER, USE_CASE_FILTER, Panel, PanelQuery


def _stat_panel(
    title: str, promql: str, description: str, *, green_from: float | None = None
) -> Panel:
    red = None if green_from is not None else 1
    query = PanelQuery(f"{promql} or vector(0)")
    return Panel(
        title, (query,), description, "stat", width=3, height=4, red_from=red, green_from=green_from
    )


def _ended_runs(states: str) -> str:
    return (
        f'round(sum(increase(assay_flow_runs_ended_total{{state=~"{states}", {RUN_FILTER}}}[24h])))'
    )


ATTENTION_PANELS = (
    _stat_panel(
        "Approvals waiting",
        f'sum(assay_flow_runs{{flow="promote", state=~"Paused|Suspended", {USE_CASE_FILTER}}})',
        "Promotions that wait for a person's answer, on the run's page in Prefect's dashboard.",
    ),
    _stat_panel(
        "Asked what to do",
        f"count(assay_asked_timestamp_seconds{{{USE_CASE_FILTER}}})",
        "Retraining did not help, or may not be tried again: roll back, bring other data, ask "
        "another question, or use no model.",
    ),
    _stat_panel(
        "Retrain",
        f'sum(assay_look_verdict{{verdict="retrain", {USE_CASE_FILTER}}})',
        "Champions that are surely worse, or less fair, than is accepted.",
    ),
    _stat_panel(
        "Late runs",
        f'sum(assay_flow_runs{{state="Late", {RUN_FILTER}}})',
        "Runs that are due and that nobody took. Is a worker up? Is the pool full?",
    ),
    _stat_panel(
        "Failed or crashed, 24 h",
        _ended_runs("Failed|Crashed|TimedOut|Damaged"),
        "Ended by an error, or because a process or machine died.",
    ),
    _stat_panel(
        "Refused by a gate, 24 h",
        _ended_runs("Rejected|Infeasible|Invalid"),
        "Nothing is broken: the report on the run's page says what would change the verdict.",
    ),
    _stat_panel(
        "Unsound",
        "(count(assay_journal_current == 0) or vector(0)) "
        "+ (sum(assay_reports_unreadable) or vector(0)) "
        "+ (sum(1 - assay_bucket_intact) or vector(0))",
        "Journals that do not hold, reports that cannot be read, a bucket that is damaged: "
        "`assay verify` says what it is.",
    ),
    _stat_panel(
        "Workers",
        'sum(assay_workers{status="online"})',
        "Workers that gave a sign of life.",
        green_from=1,
    ),
)


def _max_by_use_case(name: str) -> str:
    return f"max by (use_case) ({name}{{{USE_CASE_FILTER}}})"


def _seconds_since(name: str, matchers: str = "") -> str:
    return f"time() - max by (use_case) ({name}{{{matchers}{USE_CASE_FILTER}}})"


CHAMPION_TABLE = Panel(
    "Champions",
    (
        PanelQuery(_max_by_use_case("assay_champion_version"), "champion"),
        PanelQuery(_seconds_since("assay_champion_timestamp_seconds"), "for", "s"),
        PanelQuery(f"max by (use_case, verdict) (assay_look_verdict{{{USE_CASE_FILTER}}} == 1)"),
        PanelQuery(_seconds_since("assay_look_timestamp_seconds", 'at="all", '), "last look", "s"),
        PanelQuery(_seconds_since("assay_batch_timestamp_seconds"), "last batch", "s"),
        PanelQuery(_max_by_use_case("assay_label_coverage_ratio"), "with a label", "percentunit"),
        PanelQuery(_max_by_use_case("assay_challenger_version"), "challenger"),
        PanelQuery(_seconds_since("assay_challenger_timestamp_seconds"), "waits for", "s"),
        PanelQuery(
            "min by (use_case) "
            f"(assay_waiver_expires_timestamp_seconds{{{USE_CASE_FILTER}}}) - time()",
            "waiver ends in",
            "s",
        ),
    ),
    "Each use case's champion, what the monitor last said of it, and who waits to take its place.",
    "table",
    width=24,
    height=7,
)
