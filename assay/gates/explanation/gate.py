"""The explanation gate: what a model leans on, whom that tells, and how easily answers flip.

Importance is of the model, not of the world: a column that nothing leans on may still matter to
people, and one that much leans on need not cause anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import FlipLimits
from assay.gates.explanation import checks, display
from assay.gates.explanation.answer_scale import AnswerScale
from assay.gates.explanation.column_groups import (
    TEXTS_TOGETHER,
    TOGETHER,
    ColumnGroups,
    group_columns,
)
from assay.gates.explanation.dependence import measure_dependence
from assay.gates.explanation.explained_rows import (
    MIN_ROWS,
    ExplainedModel,
    ExplainedRows,
    arrange_rows,
)
from assay.gates.explanation.importance import Columns, GroupImportance, measure_importance
from assay.gates.explanation.proxies import Proxies, find_proxies
from assay.gates.explanation.robustness import Flips, count_flips
from assay.gates.explanation.wording import amount_text, join_names
from assay.gates.report import Check, Figure, Report, overall_verdict

_CURVES: Final = 3
_OF_THE_MODEL: Final = (
    "Importance is of this model, not of the world: it says what the answers rest on, not what "
    "causes the outcome."
)


def explain_model(
    model: ExplainedModel,
    features: pd.DataFrame,
    predictions: pd.DataFrame,
    scale: AnswerScale,
    *,
    sensitive: Mapping[str, Sensitive],
    limits: FlipLimits,
    subject: str,
    champion: tuple[str, ExplainedModel] | None = None,
    units: pd.Series | None = None,
    seed: int = 0,
) -> Report:
    """Explain a model on the locked test rows.

    `features` and `predictions` hold the same rows in the same order: at least the columns that the
    model and the `champion` (its name and model) need, and `truth` with one column of labels for
    each sensitive column. `units` says which rows belong together. Raises DataError for answers or
    columns that are none.
    """
    models = [model, *([champion[1]] if champion else [])]
    rows = arrange_rows(features, predictions, models, units=units, seed=seed)
    rule = scale.flip_rule(scale.read_truth(rows.predictions), model.predict(rows.features))
    flips = count_flips(model, rows, scale, seed=seed)
    few = len(rows) < MIN_ROWS
    judged = [checks.check_flips(one, limits, rule, too_few=few) for one in flips]
    inputs = [entry["name"] for entry in model.signature["inputs"]]
    groups = group_columns(
        rows.features, alone=[str(name) for name in rows.features if name not in inputs]
    )
    known = None if few else _find_leanings(model, rows, scale, groups, list(sensitive), seed=seed)
    sheets = (display.flips_sheet(flips, rule),)
    notes = tuple(_notes(rows, groups, model))
    if known is None:
        too_few = checks.check_enough_rows(len(rows), scale)
        return Report(
            gate="explanation",
            subject=subject,
            verdict=overall_verdict([too_few, *judged]),
            summary=f"{too_few.why}.",
            checks=(too_few, *judged),
            sheets=sheets,
            notes=notes,
        )
    seen = {name for name, one in sensitive.items() if one.feature and name in inputs}
    all_checks = [*_lean_checks(known, scale, seen), *judged]
    rival = _rival_importances(champion, rows, scale, groups)
    name = champion[0] if champion else ""
    moved = any(one.value != rival[one.columns].value for one in known.importances if rival)
    if rival and not moved:
        notes = (*notes, f"{name} leans on every column as much: nothing moved.")
    told = [one for one in known.proxies if one.told]
    return Report(
        gate="explanation",
        subject=subject,
        verdict=overall_verdict(all_checks),
        summary=_summary(known.importances, flips, scale),
        checks=tuple(all_checks),
        sheets=(
            display.importance_sheet(
                known.importances, groups, scale, _importance_note(rows, scale)
            ),
            *([display.moved_sheet(known.importances, rival, name)] if moved else []),
            *([display.proxies_sheet(told, known.without, scale)] if told else []),
            *sheets,
        ),
        figures=(
            display.importance_figure(known.importances, rival if moved else {}, scale, name),
            *_dependence_figures(model, rows, scale, known.importances),
            *([display.proxies_figure(told)] if told else []),
        ),
        notes=notes,
        measurements=display.importance_measurements(known.importances, scale),
    )


@dataclass(frozen=True)
class _Leanings:
    """The importance of every group of columns; what is known of each sensitive column; and by its
    name, the importance of all the columns that tell it alone.
    """

    importances: list[GroupImportance]
    proxies: list[Proxies]
    without: dict[str, GroupImportance]


def _find_leanings(
    model: ExplainedModel,
    rows: ExplainedRows,
    scale: AnswerScale,
    groups: ColumnGroups,
    sensitive: list[str],
    *,
    seed: int,
) -> _Leanings | None:
    """None where the rows do not define the metric."""
    proxies = find_proxies(rows, sensitive, seed=seed)
    sets = {one.sensitive: tuple(one.columns) for one in proxies if one.columns}
    found = measure_importance(model, rows, scale, [*groups.groups, *sets.values()])
    if found is None:
        return None
    own = len(groups.groups)
    return _Leanings(found[:own], proxies, dict(zip(sets, found[own:], strict=True)))


def _rival_importances(
    champion: tuple[str, ExplainedModel] | None,
    rows: ExplainedRows,
    scale: AnswerScale,
    groups: ColumnGroups,
) -> dict[Columns, GroupImportance]:
    if champion is None:
        return {}
    found = measure_importance(champion[1], rows, scale, groups.groups)
    return {one.columns: one for one in found or []}


def _lean_checks(known: _Leanings, scale: AnswerScale, seen: set[str]) -> list[Check]:
    concentration = checks.check_concentration(known.importances)
    return [
        *([concentration] if concentration else []),
        *(
            checks.check_sensitive(
                one,
                known.importances,
                known.without.get(one.sensitive),
                scale,
                seen=one.sensitive in seen,
            )
            for one in known.proxies
        ),
    ]


def _dependence_figures(
    model: ExplainedModel,
    rows: ExplainedRows,
    scale: AnswerScale,
    importances: Sequence[GroupImportance],
) -> list[Figure]:
    """Curves of the chief columns: of a group its first column that varies."""
    found: list[Figure] = []
    for one in display.sort_by_importance(importances):
        if len(found) == _CURVES or not one.matters:
            break
        curves = (measure_dependence(model, rows, scale, column) for column in one.columns)
        if curve := next((curve for curve in curves if curve is not None), None):
            others = [name for name in one.columns if name != curve.column]
            found.append(display.dependence_figure(curve, scale, join_names(others)))
    return found


def _summary(
    importances: Sequence[GroupImportance], flips: Sequence[Flips], scale: AnswerScale
) -> str:
    ordered = [one for one in display.sort_by_importance(importances) if one.matters]
    useless = checks.find_useless_groups(importances)
    if not ordered:
        text = "No column has an importance that can be told from zero."
    else:
        chief = ordered[0]
        pronoun = "it" if len(chief.columns) == 1 else "them"
        then = [join_names(one.columns) for one in ordered[1:3]]
        more = f", then on {' and on '.join(then)}" if then else ""
        text = (
            f"Leans most on {join_names(chief.columns)}: without {pronoun} {scale.title}"
            f" {scale.worsens}"
            f" by {amount_text(chief.estimate, scale)}{more}."
        )
        if useless:
            text += (
                f" {len(useless)} of {len(importances)} groups of columns cannot be told from zero."
            )
    missing = next((one for one in flips if one.fault == "missing" and one.share), None)
    if missing and missing.share:
        text += f" {missing.share.value:.1%} of answers flip if a value is missing."
    return text


def _importance_note(rows: ExplainedRows, scale: AnswerScale) -> str:
    return (
        f"How much {scale.title} {scale.worsens} when the columns' values are exchanged between"
        f" rows, together: {len(rows):,} test rows, each exchanged {rows.repeats} times; 95 %"
        " intervals over rows and exchanges (jackknife over blocks of rows). Rank: among all"
        " groups, in five separate fifths of these rows; another training might rank otherwise."
        " With: the column outside the group that is associated most, 0 to 1."
    )


def _notes(rows: ExplainedRows, groups: ColumnGroups, model: ExplainedModel) -> list[str]:
    notes = [_OF_THE_MODEL]
    if rows.all_rows > len(rows):
        notes.append(f"{len(rows):,} of {rows.all_rows:,} test rows were asked about.")
    joined = [join_names(group) for group in groups.groups if len(group) > 1]
    if joined:
        notes.append(
            f"Taken together, because either could stand for the other: {'; '.join(joined)} "
            f"(|Spearman's rho| of numbers at least {TOGETHER:g}, Cramer's V at least "
            f"{TEXTS_TOGETHER:g})."
        )
    if not groups.texts_compared:
        notes.append("Too many columns of text to compare them: each is explained by itself.")
    inputs = {entry["name"] for entry in model.signature["inputs"]}
    deciding = [name for name in model.columns if name not in inputs]
    if deciding:
        notes.append(
            f"The threshold, not the probability, depends on {join_names(deciding)}: exchanging it "
            "changes decisions alone."
        )
    notes.append(
        "A curve gives all rows the same value, also where it does not occur beside their other "
        "columns."
    )
    return notes
