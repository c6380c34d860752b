"""Panels of models: are they as good and as fair as when they were registered?"""

from __future__ import annotations

from assay.deployments.dashboard.panel import USE_CASE_FILTER, Panel, PanelQuery

_ALL_ROWS_FILTER = f'group="all", {USE_CASE_FILTER}, metric=~"$metric"'
_INTERVAL_SUFFIXES = ("", "_low", "_high")
_DROP = "assay_performance_drop"


def _registered_query(end: str) -> PanelQuery:
    """The registered value of metrics that are also monitored."""
    ask = f'assay_performance{end}{{kind="registered", {_ALL_ROWS_FILTER}}}'
    followed = f"and on (instance, use_case, metric) {_DROP}"
    return PanelQuery(
        f"{ask} {followed}", "{{use_case}} {{metric}}, registered" + _legend_suffix(end)
    )


def _gap_queries(measure: str) -> tuple[PanelQuery, ...]:
    labels = f'measure="{measure}", kind="realised", {USE_CASE_FILTER}'
    legend = "{{use_case}} {{metric}} {{group}}"
    return tuple(
        PanelQuery(f"assay_fairness_gap{end}{{{labels}}}", legend + _legend_suffix(end))
        for end in (*_INTERVAL_SUFFIXES, "_limit")
    )


def _legend_suffix(end: str) -> str:
    return end.replace("_", " ")


MODEL_PANELS = (
    Panel(
        "Performance",
        (
            PanelQuery(
                f'assay_performance{{kind!="registered", {_ALL_ROWS_FILTER}}}',
                "{{use_case}} {{metric}}, {{kind}}",
            ),
            *(_registered_query(end) for end in _INTERVAL_SUFFIXES),
        ),
        "As registered on the test rows, as expected of the rows that came last, as realised by "
        "the labels that came last.",
        width=12,
        height=9,
    ),
    Panel(
        "How far it fell",
        (
            *(
                PanelQuery(
                    f"{_DROP}{end}{{{_ALL_ROWS_FILTER}}}",
                    "{{use_case}} {{metric}}, {{kind}}" + _legend_suffix(end),
                )
                for end in _INTERVAL_SUFFIXES
            ),
            PanelQuery(f"{_DROP}_limit{{{USE_CASE_FILTER}}}", "{{use_case}} limit"),
        ),
        "What is judged: retrain only where the whole interval lies above the limit, and another "
        "mix of rows does not explain it.",
        width=12,
        height=9,
    ),
    Panel(
        "Gaps between groups",
        _gap_queries("difference"),
        "Realised on rows with labels: the group's rate minus the reference group's. People accept "
        "it up to the limit, either way.",
        width=12,
        height=9,
    ),
    Panel(
        "Gaps between groups, as ratios",
        _gap_queries("ratio"),
        "For rules that are written as a ratio: accepted from the limit to its inverse.",
        width=12,
        height=9,
    ),
    Panel(
        "Groups that are served worse",
        (
            PanelQuery(
                f'topk(20, {_DROP}_low{{group!="all", {USE_CASE_FILTER}, metric=~"$metric"}} '
                f"> on (instance, use_case) group_left () {_DROP}_limit)",
                "{{use_case}} {{metric}} {{group}}, {{kind}} low",
            ),
        ),
        "Groups whose performance surely fell further than is accepted; empty is well.",
        width=12,
    ),
    Panel(
        "Checks of the last look",
        (
            PanelQuery(
                f'assay_look_checks{{verdict!="pass", {USE_CASE_FILTER}}}',
                "{{use_case}} {{verdict}}",
            ),
            PanelQuery(
                f"assay_look_rows{{{USE_CASE_FILTER}}} / 1000",
                "{{use_case}}, thousand {{at}} judged",
            ),
        ),
        "Those that did not pass, and on how many rows and labels they rest.",
        width=12,
    ),
    Panel(
        "Columns that have shifted",
        (
            PanelQuery(
                f'assay_drift_columns{{verdict="caution", {USE_CASE_FILTER}}}', "{{use_case}}"
            ),
        ),
        "A shift alone is no harm: what it does to the predictions is judged.",
    ),
    Panel(
        "The worst columns",
        (
            PanelQuery(
                f"topk(5, assay_drift_distance{{{USE_CASE_FILTER}}})", "{{use_case}} {{column}}"
            ),
            PanelQuery(f"assay_drift_distance_limit{{{USE_CASE_FILTER}}}", "{{use_case}} limit"),
        ),
        "Jensen-Shannon distance from the reference beyond chance.",
    ),
    Panel(
        "Versions, retrainings, promotions",
        (
            PanelQuery(
                'increase(assay_journal_entries_total{kind=~"registered|rejected|stopped|promoted|'
                f'rolled_back|retraining|asked", {USE_CASE_FILTER}}}[24h])',
                "{{use_case}} {{kind}}",
            ),
        ),
        "Entries of the models' journals within the day before.",
        stacked=True,
    ),
)
