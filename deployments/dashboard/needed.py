"""What needs a person first."""

from __future__ import annotations

from assay.deployments.dashboard.panel import OF, RUN, Panel, Query


def _stat(title: str, ask: str, about: str, *, green: float | None = None) -> Panel:
    red = None if green is not None else 1
    query = Query(f"{ask} or vector(0)")
    return Panel(title, (query,), about, "stat", width=3, height=4, red=red, green=green)


def _ended(states: str) -> str:
    return f'round(sum(increase(assay_flow_runs_ended_total{{state=~"{states}", {RUN}}}[24h])))'


NEEDED = (
    _stat(
        "Approvals waiting",
        f'sum(assay_flow_runs{{flow="promote", state=~"Paused|Suspended", {OF}}})',
        "Promotions that wait for a person's answer, on the run's page in Prefect's dashboard.",
    ),
    _stat(
        "Asked what to do",
        f"count(assay_asked_timestamp_seconds{{{OF}}})",
        "Retraining did not help, or may not be tried again: roll back, bring other data, ask "
        "another question, or use no model.",
    ),
    _stat(
        "Retrain",
        f'sum(assay_look_verdict{{verdict="retrain", {OF}}})',
        "Champions that are surely worse, or less fair, than is accepted.",
    ),
    _stat(
        "Late runs",
        f'sum(assay_flow_runs{{state="Late", {RUN}}})',
        "Runs that are due and that nobody took. Is a worker up? Is the pool full?",
    ),
    _stat(
        "Failed or crashed, 24 h",
        _ended("Failed|Crashed|TimedOut|Damaged"),
        "Ended by an error, or because a process or machine died.",
    ),
    _stat(
        "Refused by a gate, 24 h",
        _ended("Rejected|Infeasible|Invalid"),
        "Nothing is broken: the report on the run's page says what would change the verdict.",
    ),
    _stat(
        "Unsound",
        "(count(assay_journal_current == 0) or vector(0)) "
        "+ (sum(assay_reports_unreadable) or vector(0)) "
        "+ (sum(1 - assay_bucket_intact) or vector(0))",
        "Journals that do not hold, reports that cannot be read, a bucket that is damaged: "
        "`assay verify` says what it is.",
    ),
    _stat(
        "Workers",
        'sum(assay_workers{status="online"})',
        "Workers that gave a sign of life.",
        green=1,
    ),
)


def _most(name: str) -> str:
    return f"max by (use_case) ({name}{{{OF}}})"


def _ago(name: str, more: str = "") -> str:
    return f"time() - max by (use_case) ({name}{{{more}{OF}}})"


STANDING = Panel(
    "Champions",
    (
        Query(_most("assay_champion_version"), "champion"),
        Query(_ago("assay_champion_timestamp_seconds"), "for", "s"),
        Query(f"max by (use_case, verdict) (assay_look_verdict{{{OF}}} == 1)"),
        Query(_ago("assay_look_timestamp_seconds", 'at="all", '), "last look", "s"),
        Query(_ago("assay_batch_timestamp_seconds"), "last batch", "s"),
        Query(_most("assay_label_coverage_ratio"), "with a label", "percentunit"),
        Query(_most("assay_challenger_version"), "challenger"),
        Query(_ago("assay_challenger_timestamp_seconds"), "waits for", "s"),
        Query(
            f"min by (use_case) (assay_waiver_expires_timestamp_seconds{{{OF}}}) - time()",
            "waiver ends in",
            "s",
        ),
    ),
    "Each use case's champion, what the monitor last said of it, and who waits to take its place.",
    "table",
    width=24,
    height=7,
)
