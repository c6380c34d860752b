"""The drift gate: has what a model sees moved, and does that harm its predictions?

`fail` only where predictions are surely harmed: expected (or, with labels, realised) performance
falls by more than the accepted margin, and not merely because more of the harder rows came. A
shift without harm is a caution. Too few rows, or rows such as the reference never held: unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from assay.config.gates import Drift
from assay.errors import DataError, meant
from assay.evidence.drift import checks as say_checks
from assay.evidence.drift import display
from assay.evidence.drift.columns import Shift, shifts
from assay.evidence.drift.expected import Ladder
from assay.evidence.drift.grid import comparable
from assay.evidence.drift.harm import Outcome, Sides, believed, outcomes
from assay.evidence.drift.mix import Sample, effects, mix
from assay.evidence.drift.rebuilding import rebuilding
from assay.evidence.drift.scored import Roles, scored
from assay.evidence.drift.separation import separation
from assay.evidence.drift.together import rebuilt, told_apart
from assay.evidence.report import Check, Report, Verdict, overall
from assay.tables.observed import Observed, observe
from assay.tables.read import Table


def drift(
    reference: Table,
    current: Table,
    ask: Drift,
    *,
    roles: Roles | None = None,
    columns: Sequence[str] | None = None,
    subject: str,
    seed: int = 0,
) -> Report:
    """Judge `current` against `reference`.

    `columns` are compared as what a model sees (all but outputs, when left out); `roles` names
    the columns of its outputs and of labels. Both tables' profiles are kept in their buckets.
    Raises DataError for columns that neither side has, that hold no probabilities or no
    decisions, and for cut points on a group that is no number.
    """
    roles = roles or Roles()
    rows = say_checks.enough(reference.rows, current.rows, ask)
    features = _features(reference, current, roles, columns)
    if rows.verdict is not Verdict.PASS:
        return _report(subject, [rows], _Found([], {}, None), ask, [])
    _check_roles(reference, current, roles)
    sides = _Pair(reference, current, *(observe(t, seed=seed) for t in (reference, current)))
    known, broken, notes = _comparable(features, sides)
    outputs = [name for name in roles.outputs if sides.share(name)]
    every = shifts(sides.old, sides.new, [*known, *outputs], ask)
    seen = [shift for shift in every if shift.name in known]
    found = _harm(sides, seen, roles, ask)
    ordered = display.ranked(every, found.effects, found.sides.mix if found.sides else None)
    checks = [
        rows,
        *found.checks(ask),
        *broken,
        *(_moved(s, found, ask, current.rows) for s in ordered),
        *_together(sides, seen, ask),
    ]
    report = _report(subject, checks, found, ask, ordered)
    return report.model_copy(update={"notes": (*notes, *_limits(sides, roles, found, ask))})


@dataclass(frozen=True)
class _Found:
    """What the predictions' part came to; empty without probabilities."""

    outcomes: list[Outcome]
    effects: display.Effects
    sides: Sides | None
    outputs: Sequence[str] = ()
    undivided: Sequence[Check] = ()

    def checks(self, ask: Drift) -> list[Check]:
        if self.sides is None:
            return []
        told = (c for o in self.outcomes for c in say_checks.performs(o, self.sides, ask))
        return [*told, *self.undivided]


@dataclass(frozen=True)
class _Pair:
    """Both sides: their tables, and what was observed of them."""

    reference: Table
    current: Table
    old: Observed
    new: Observed

    def share(self, name: str) -> bool:
        return all(name in side.profile.columns for side in (self.old, self.new))


def _harm(sides: _Pair, seen: Sequence[Shift], roles: Roles, ask: Drift) -> _Found:
    if roles.probability is None:
        return _Found([], {}, None)
    wanted = [*roles.outputs, *roles.by]
    old = scored(_only(sides.reference, wanted), roles, "reference")
    new = scored(_only(sides.current, wanted), roles, "current")
    sample = scored(sides.old.sample, roles, "reference")
    if old is None or new is None or sample is None:
        return _Found([], {}, None)
    codes = {shift.name: shift.grid.codes(sides.old.sample.column(shift.name)) for shift in seen}
    rows = Sample(sample, codes, sides.current.rows)
    ladder = Ladder.of(old, new)
    found = believed(mix(rows, seen, [shift for shift in seen if shift.shifted]), ask)
    unseen = say_checks.outside(seen, [s.name for s in seen], sides.new, ask)
    whole = {n: say_checks.undivided(n, old.groups[n], new.groups[n], ask) for n in roles.by}
    divided = [name for name, check in whole.items() if check is None]
    material = Sides(old, new, ladder, rows, found, unseen, divided)
    usable = [m for m in ask.metrics if m == "roc_auc" or new.decision is not None]
    by_column = effects(rows, seen, ladder, usable[0]) if usable else {}
    undivided = [check for check in whole.values() if check is not None]
    return _Found(outcomes(material, ask), by_column, material, roles.outputs, undivided)


def _together(sides: _Pair, seen: Sequence[Shift], ask: Drift) -> list[Check]:
    """Dates are left out: they are always new."""
    kept = [s for s in seen if sides.old.profile.columns[s.name].kind != "date"]
    if len(kept) < 2:
        return []
    apart = told_apart(separation(sides.old, sides.new, kept, ask), ask)
    found = rebuilding(sides.old, sides.new, kept, ask)
    return [apart, *([rebuilt(found, ask)] if found else [])]


def _moved(shift: Shift, found: _Found, ask: Drift, rows: int) -> Check:
    effect, output = found.effects.get(shift.name), shift.name in found.outputs
    return say_checks.moved(shift, effect, ask, rows, output=output)


def _report(
    subject: str,
    checks: Sequence[Check],
    found: _Found,
    ask: Drift,
    ordered: Sequence[Shift],
) -> Report:
    verdict = overall(checks)
    metric = found.outcomes[0].metric if found.outcomes else None
    sheets = [display.column_sheet(ordered, found.effects, metric)] if ordered else []
    sheets += [display.performance_sheet(found.outcomes)] if found.outcomes else []
    figure = display.performance_figure(found.outcomes, ask)
    seen = [shift for shift in ordered if shift.name not in found.outputs]
    made = [shift.name for shift in ordered if shift.shifted and shift.name in found.outputs]
    mixed = found.sides.mix if found.sides else None
    return Report(
        gate="drift",
        subject=subject,
        verdict=verdict,
        summary=display.summary(checks, seen, found.outcomes, mixed, made),
        checks=tuple(checks),
        sheets=tuple(sheets),
        figures=(*([figure] if figure else []), *display.column_figures(ordered)),
    )


# --- which columns ----------------------------------------------------------------------------


def _features(
    reference: Table, current: Table, roles: Roles, columns: Sequence[str] | None
) -> list[str]:
    known = list(dict.fromkeys([*reference.schema.names, *current.schema.names]))
    for name in columns or ():
        if name not in known:
            raise _unknown(name, known, "either side")
    chosen = known if columns is None else list(dict.fromkeys(columns))
    return [name for name in chosen if name not in roles.outputs]


def _check_roles(reference: Table, current: Table, roles: Roles) -> None:
    needed = [name for name in (roles.probability, roles.prediction, *roles.by) if name]
    for side, table in (("the reference", reference), ("the current batch", current)):
        for name in needed:
            if name not in table.schema.names:
                raise _unknown(name, table.schema.names, side)
    if roles.truth and roles.truth not in reference.schema.names:
        raise _unknown(roles.truth, reference.schema.names, "the reference")


def _unknown(name: str, known: Sequence[str], side: str) -> DataError:
    listed = ", ".join(known[:20])
    return DataError(
        f"{side} has no column {name!r}",
        remedy=meant(name, known, f"Columns: {listed}."),
    )


def _only(table: Table, names: Sequence[str]) -> pa.Table:
    return table.arrow([name for name in dict.fromkeys(names) if name in table.schema.names])


def _comparable(features: Sequence[str], sides: _Pair) -> tuple[list[str], list[Check], list[str]]:
    """Columns to compare, checks of those that cannot be, and notes on those left out."""
    known, broken, notes = [], [], []
    for name in features:
        before, after = (s.profile.columns.get(name) for s in (sides.old, sides.new))
        if before is None:
            notes.append(f"{name} is new: the reference has no such column.")
        elif after is None:
            broken.append(say_checks.absent(name, "current batch"))
        elif not comparable(before, after):
            broken.append(say_checks.retyped(name, before, after))
        elif _numbers_rows(name, sides):
            notes.append(f"{name} numbers the rows, so it was not compared.")
        else:
            known.append(name)
    return known, broken, notes


def _numbers_rows(name: str, sides: _Pair) -> bool:
    """Whether all values differ and, being numbers, ascend with the rows or never come again."""
    both = [side.profile.columns[name] for side in (sides.old, sides.new)]
    for column in both:
        if column.kind not in {"integer", "text"} or column.missing:
            return False
        if column.distinct < 0.9 * column.distribution.rows:  # it may be an estimate
            return False
    if both[0].kind == "text":
        return True
    ranges = sorted((c.low or 0.0, c.high or 0.0) for c in both)
    apart = ranges[0][1] < ranges[1][0]
    samples = [side.sample.column(name).to_numpy() for side in (sides.old, sides.new)]
    return apart or all(bool((values[1:] > values[:-1]).all()) for values in samples)


def _limits(sides: _Pair, roles: Roles, found: _Found, ask: Drift) -> list[str]:
    """What the report rests on, where that is less than everything."""
    notes = []
    if sides.old.sampled or sides.new.sampled:
        most = max(side.sample.num_rows for side in (sides.old, sides.new))
        notes.append(
            f"Shares and distances count all rows; what each shift does to the predictions, and "
            f"how rows moved as wholes, rest on samples of {most:,} rows."
        )
    if found.sides is None:
        notes.append("No probabilities were named, so nothing is said of performance.")
        return notes
    notes += say_checks.untold(found.outcomes, found.sides, ask)
    notes += say_checks.strangers(found.sides)
    if not found.sides.reference.labelled:
        notes.append(
            "The reference has no labels: probabilities were taken as they are, not calibrated."
        )
    if roles.prediction is None:
        notes.append("No decisions were named, so only metrics of the ranking are judged.")
    return notes
