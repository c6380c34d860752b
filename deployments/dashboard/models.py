"""Models: are they as good and as fair as when they were registered?"""

from __future__ import annotations

from assay.deployments.dashboard.panel import OF, Panel, Query

_ALL = f'group="all", {OF}, metric=~"$metric"'
_ENDS = ("", "_low", "_high")
_DROP = "assay_performance_drop"


def _registered(end: str) -> Query:
    """Of the metrics that are followed in use."""
    ask = f'assay_performance{end}{{kind="registered", {_ALL}}}'
    followed = f"and on (instance, use_case, metric) {_DROP}"
    return Query(f"{ask} {followed}", "{{use_case}} {{metric}}, registered" + _said(end))


def _gaps(measure: str) -> tuple[Query, ...]:
    labels = f'measure="{measure}", kind="realised", {OF}'
    legend = "{{use_case}} {{metric}} {{group}}"
    return tuple(
        Query(f"assay_fairness_gap{end}{{{labels}}}", legend + _said(end))
        for end in (*_ENDS, "_limit")
    )


def _said(end: str) -> str:
    return end.replace("_", " ")


MODELS = (
    Panel(
        "Performance",
        (
            Query(
                f'assay_performance{{kind!="registered", {_ALL}}}',
                "{{use_case}} {{metric}}, {{kind}}",
            ),
            *(_registered(end) for end in _ENDS),
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
                Query(f"{_DROP}{end}{{{_ALL}}}", "{{use_case}} {{metric}}, {{kind}}" + _said(end))
                for end in _ENDS
            ),
            Query(f"{_DROP}_limit{{{OF}}}", "{{use_case}} limit"),
        ),
        "What is judged: retrain only where the whole interval lies above the limit, and another "
        "mix of rows does not explain it.",
        width=12,
        height=9,
    ),
    Panel(
        "Gaps between groups",
        _gaps("difference"),
        "Realised on rows with labels: the group's rate minus the reference group's. People accept "
        "it up to the limit, either way.",
        width=12,
        height=9,
    ),
    Panel(
        "Gaps between groups, as ratios",
        _gaps("ratio"),
        "For rules that are written as a ratio: accepted from the limit to its inverse.",
        width=12,
        height=9,
    ),
    Panel(
        "Groups that are served worse",
        (
            Query(
                f'topk(20, {_DROP}_low{{group!="all", {OF}, metric=~"$metric"}} '
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
            Query(f'assay_look_checks{{verdict!="pass", {OF}}}', "{{use_case}} {{verdict}}"),
            Query(f"assay_look_rows{{{OF}}} / 1000", "{{use_case}}, thousand {{at}} judged"),
        ),
        "Those that did not pass, and on how many rows and labels they rest.",
        width=12,
    ),
    Panel(
        "Columns that have shifted",
        (Query(f'assay_drift_columns{{verdict="caution", {OF}}}', "{{use_case}}"),),
        "A shift alone is no harm: what it does to the predictions is judged.",
    ),
    Panel(
        "The worst columns",
        (
            Query(f"topk(5, assay_drift_distance{{{OF}}})", "{{use_case}} {{column}}"),
            Query(f"assay_drift_distance_limit{{{OF}}}", "{{use_case}} limit"),
        ),
        "Jensen-Shannon distance from the reference beyond chance.",
    ),
    Panel(
        "Versions, retrainings, promotions",
        (
            Query(
                'increase(assay_journal_entries_total{kind=~"registered|rejected|stopped|promoted|'
                f'rolled_back|retraining|asked", {OF}}}[24h])',
                "{{use_case}} {{kind}}",
            ),
        ),
        "Entries of the models' journals within the day before.",
        stacked=True,
    ),
)
