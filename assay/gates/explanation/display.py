"""Sheets, figures and measurements of what a model leans on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from assay.gates.explanation.answer_scale import AnswerScale
from assay.gates.explanation.column_groups import ColumnGroups
from assay.gates.explanation.dependence import Dependence
from assay.gates.explanation.importance import Columns, GroupImportance, fold_ranks
from assay.gates.explanation.proxies import Proxies
from assay.gates.explanation.robustness import FAULTS, Flips
from assay.gates.explanation.wording import join_names
from assay.gates.report import Cell, Figure, Measurement, Point, Series, Sheet

_MOST_MARKS: Final = 12


def sort_by_importance(importances: Sequence[GroupImportance]) -> list[GroupImportance]:
    """The most important first; of equal ones in the table's order."""
    return sorted(importances, key=lambda one: -one.value)


def importance_measurements(
    importances: Sequence[GroupImportance], scale: AnswerScale
) -> tuple[Measurement, ...]:
    """Every group's importance, the most important first and as the headline."""
    return tuple(
        Measurement(
            kind="importance",
            metric=scale.metric,
            value=one.value,
            interval=one.estimate.interval,
            headline=place == 0,
            columns=one.columns,
        )
        for place, one in enumerate(sort_by_importance(importances))
    )


def importance_sheet(
    importances: Sequence[GroupImportance], groups: ColumnGroups, scale: AnswerScale, note: str
) -> Sheet:
    """Every group with its importance, how stable its rank is, and what it goes with."""
    ranks = dict(zip((one.columns for one in importances), fold_ranks(importances), strict=True))
    return Sheet(
        title="What the model leans on",
        columns=(
            "columns",
            f"{_unit_title(scale)} by",
            "low",
            "high",
            "rank in fifths",
            "with",
        ),
        rows=tuple(
            (
                join_names(one.columns),
                one.value,
                one.estimate.interval.low,
                one.estimate.interval.high,
                _rank_text(ranks[one.columns]),
                _neighbour(groups, one.columns),
            )
            for one in sort_by_importance(importances)
        ),
        note=note,
    )


def _unit_title(scale: AnswerScale) -> str:
    unit = f", {scale.unit}," if scale.unit else ""
    return f"{scale.title}{unit} {scale.worsens}"


def _rank_text(ranks: tuple[int, int] | None) -> str:
    if ranks is None:
        return ""
    return str(ranks[0]) if ranks[0] == ranks[1] else f"{ranks[0]} to {ranks[1]}"


def _neighbour(groups: ColumnGroups, columns: Columns) -> str:
    near = groups.nearest(columns)
    return "" if near is None else f"{near[0]} ({near[1]:.2f})"


def importance_figure(
    importances: Sequence[GroupImportance],
    rival: Mapping[Columns, GroupImportance],
    scale: AnswerScale,
    rival_name: str,
) -> Figure:
    """The most important groups with their intervals, beside the champion's."""
    shown = sort_by_importance(importances)[:_MOST_MARKS]
    series = [Series(name="model", points=tuple(map(_point, shown)))]
    if rival:
        series.append(
            Series(name=rival_name, points=tuple(_point(rival[one.columns]) for one in shown))
        )
    leading = "; ".join(f"{join_names(one.columns)} {one.value:.3f}" for one in shown[:5])
    return Figure(
        title="What the model leans on",
        kind="intervals",
        series=tuple(series),
        axis=f"{_unit_title(scale)} by, 95 % interval",
        reference=0.0,
        reference_name="no use",
        alt=f"How much {scale.title} {scale.worsens} when the columns' values are exchanged between"
        f" rows, the most important first: {leading}.",
    )


def _point(one: GroupImportance) -> Point:
    interval = one.estimate.interval
    return Point(
        label=join_names(one.columns), value=one.value, low=interval.low, high=interval.high
    )


def moved_sheet(
    importances: Sequence[GroupImportance],
    rival: Mapping[Columns, GroupImportance],
    rival_name: str,
) -> Sheet:
    """Importance beside the champion's on the same rows, what moved most first."""
    moves = [(one, one.minus(rival[one.columns])) for one in importances]
    moves.sort(key=lambda pair: -abs(pair[1].value))
    return Sheet(
        title=f"What moved since {rival_name}",
        columns=("columns", "model", rival_name, "difference", "low", "high"),
        rows=tuple(
            (
                join_names(one.columns),
                one.value,
                rival[one.columns].value,
                move.value,
                move.interval.low,
                move.interval.high,
            )
            for one, move in moves
        ),
        note="Both models answered the same rows with the same exchanges. An interval without 0"
        " says that the model leans more, or less, on these columns than the champion does.",
        detail=True,
    )


def proxies_sheet(
    proxies: Sequence[Proxies], without: Mapping[str, GroupImportance], scale: AnswerScale
) -> Sheet:
    """How well each group is told, by which columns, and what the model would lose without them."""
    rows: list[tuple[Cell, ...]] = []
    for one in proxies:
        lost = without.get(one.sensitive)
        bounds = lost.estimate.interval if lost else None
        columns = ", ".join(f"{name} ({area.value:.2f})" for name, area in one.columns.items())
        rows += [
            (
                one.sensitive,
                told.group,
                told.area.value,
                told.area.interval.low,
                told.area.interval.high,
                columns,
                lost.value if lost else None,
                bounds.low if bounds else None,
                bounds.high if bounds else None,
            )
            for told in one.told
        ]
    return Sheet(
        title="What tells the sensitive groups",
        columns=(
            "sensitive",
            "group",
            "ROC AUC",
            "low",
            "high",
            "columns that tell alone",
            f"{_unit_title(scale)} without them",
            "from",
            "to",
        ),
        rows=tuple(rows),
        note="ROC AUC of the group against all others by extremely randomised trees on all other "
        "columns, in three folds of the same test rows. A column that tells a group alone has at "
        "least 0.65 surely.",
    )


def proxies_figure(proxies: Sequence[Proxies]) -> Figure:
    """How well each group is told."""
    told = [(one.sensitive, group) for one in proxies for group in one.told]
    words = "; ".join(f"{name} {group.group} {group.area.value:.2f}" for name, group in told)
    return Figure(
        title="How well other columns tell the sensitive groups",
        kind="intervals",
        series=(
            Series(
                name="ROC AUC",
                points=tuple(
                    Point(
                        label=f"{name}: {group.group}",
                        value=group.area.value,
                        low=group.area.interval.low,
                        high=group.area.interval.high,
                    )
                    for name, group in told
                ),
            ),
        ),
        axis="ROC AUC, 95 % interval",
        reference=0.5,
        reference_name="cannot tell",
        alt=f"How well the other columns tell each sensitive group, as ROC AUC: {words}.",
    )


def dependence_figure(found: Dependence, scale: AnswerScale, neighbour: str) -> Figure:
    """The mean answer by one column's value. `neighbour`: the other columns of its group."""
    held = f", with {neighbour} as it is" if neighbour else ""
    numeric = found.kind == "number"
    series = tuple(
        Series(
            name=name,
            points=tuple(
                Point(
                    label=str(value),
                    value=float(mean),
                    x=float(value) if numeric else None,
                )
                for value, mean in zip(found.values, means, strict=True)
            ),
        )
        for name, means in found.means.items()
    )
    told = "; ".join(
        f"{name} from {means.min():.3g} to {means.max():.3g}" for name, means in found.means.items()
    )
    return Figure(
        title=f"How the answer depends on {found.column}{held}",
        kind="curve" if numeric else "bars",
        series=series,
        axis=scale.response_axis,
        x_axis=found.column if numeric else "",
        alt=f"The {scale.response_axis} when all rows are given the same {found.column}, over "
        f"{len(found.values)} values{held}: {told}.",
    )


def flips_sheet(flips: Sequence[Flips], rule: str) -> Sheet:
    """The share of answers that each fault flips."""
    return Sheet(
        title="Answers that flip",
        columns=("if in each row", "share", "low", "high", "rows", "worst column", "its share"),
        rows=tuple(
            (
                FAULTS[one.fault],
                one.share.value if one.share else None,
                one.share.interval.low if one.share else None,
                one.share.interval.high if one.share else None,
                one.rows,
                one.worst[0] if one.worst and one.worst[1] > 0 else "",
                one.worst[1] if one.worst and one.worst[1] > 0 else None,
            )
            for one in flips
        ),
        note=f"Counted are rows whose {rule}. Rows that miss the value already do not count.",
    )
