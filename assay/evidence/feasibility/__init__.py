"""The feasibility gate: can these data answer this question at all?

Made before a minute of tuning is spent, by a quick learner and by counting. Everything follows
from the rows, the use case and the seed: the same inputs give the same report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.evidence.base_rates import before
from assay.evidence.feasibility.duplicates import duplicates
from assay.evidence.feasibility.group_power import group_power, sensitive_labels
from assay.evidence.feasibility.leakage import leakage
from assay.evidence.feasibility.material import FOLDS, Material
from assay.evidence.feasibility.missingness import missingness
from assay.evidence.feasibility.reach import reach
from assay.evidence.feasibility.sample_size import sample_size
from assay.evidence.feasibility.signal import signal
from assay.evidence.report import Check, Figure, Report, Sheet, Verdict, overall
from assay.evidence.standing import labelled_truth

FEWEST = 20  # rows of each class, below which nothing can be estimated
_WORDS = {Verdict.PASS: "Go", Verdict.FAIL: "No-go"}

Say = Callable[[str], object]


def _silent(_text: str) -> None:
    """Nobody listens."""


def assess(
    frame: pd.DataFrame, use_case: UseCase, *, seed: int | None = None, say: Say = _silent
) -> Report:
    """Judge a table against the question before anything is trained on it.

    `seed` defaults to the use case's; `say` is told of each check as it begins. Rows without a
    label are left out and counted. What stops at once (no target, one class, no feature) is a
    failing check, not an error. Raises DataError for sensitive columns that form no groups.
    """
    seed = use_case.seed if seed is None else seed
    try:
        labelled, positive = labelled_truth(frame, use_case.data.target)
    except DataError as error:
        why = f"{error.what[0].upper()}{error.what[1:]}."
        return _report(use_case, [_stop("target", why, error.remedy)])
    names = use_case.features([str(column) for column in frame.columns])
    features = tuple(name for name in names if bool(labelled[name].notna().any()))
    material = Material(use_case, labelled, positive, features, seed)
    notes = _notes(frame, material)
    if refusal := _countable(material) or _spread(material):
        return _report(use_case, [refusal], notes=notes)
    return _full(material, notes, say)


def _full(material: Material, notes: Sequence[str], say: Say) -> Report:
    use_case = material.use_case
    checks: list[Check] = []
    labels = sensitive_labels(material.frame, use_case)
    sheets = before(
        labels,
        pd.Series(material.truth),
        features=material.frame[list(material.features)],
        sensitive=use_case.data.sensitive,
    )
    say("signal: a quick learner against shuffled labels")
    checks.append(signal(material))
    if use_case.feasibility.reach:
        say("reach: the scores that the use case asks for")
        checks += reach(material)
    say("sample size, and what the test rows could show of each group")
    enough, needed = sample_size(material)
    power, power_sheets, power_figures = group_power(material)
    say("leakage: each column alone")
    leaks, single, single_figure = leakage(material)
    say("duplicates, contradictions, missing values")
    gaps, missing = missingness(material, labels)
    checks += [enough, *power, *leaks, *duplicates(material), gaps]
    sheets += [single, needed, *power_sheets, missing]
    return _report(use_case, checks, sheets, [single_figure, *power_figures], notes)


def _countable(material: Material) -> Check | None:
    rarest = int(min(material.truth.sum(), (~material.truth).sum()))
    if rarest < FEWEST:
        return _stop(
            "classes",
            f"The rarer class has {rarest} rows; below {FEWEST} nothing can be estimated.",
            f"Add at least {FEWEST - rarest} rows of it.",
        )
    if not material.features:
        return _stop(
            "features",
            "No column is left that a model may see and that holds a value.",
            "Identity, sensitive, excluded and empty columns are no features: add others.",
        )
    return None


def _spread(material: Material) -> Check | None:
    """Each fold needs entities with positives and entities with negatives."""
    counts = [len(np.unique(material.units[material.labels == side])) for side in (True, False)]
    if min(counts) >= FOLDS:
        return None
    return _stop(
        "classes",
        f"The rows of one class belong to {min(counts)} entities; {FOLDS} folds need {FOLDS}.",
        "Add rows of other entities, or check data.identity and split.column.",
    )


def _stop(name: str, why: str, remedy: str | None) -> Check:
    claim = "There are rows of both classes, and columns, to learn from"
    return Check(name=name, claim=claim, verdict=Verdict.FAIL, why=why, remedy=remedy or "")


def _notes(frame: pd.DataFrame, material: Material) -> list[str]:
    notes = []
    if unlabelled := len(frame) - len(material.frame):
        notes.append(f"{unlabelled:,} rows without a label were left out.")
    if material.features and len(material.rows) < len(material.frame):
        notes.append(
            f"The learner and the checks on single columns saw a sample of {len(material.rows):,}"
            f" of {len(material.frame):,} rows, to keep within"
            f" {material.use_case.feasibility.within:g} s."
        )
    empty = [n for n in material.use_case.features(list(frame.columns)) if frame[n].isna().all()]
    if empty:
        notes.append(f"Columns without any value were left out: {', '.join(empty)}.")
    if material.use_case.split.by == "time":
        notes.append("Folds are random, not by time: drift over time is not judged here.")
    notes.append(
        "All rows were judged, those of the later test set included. To ask whether to begin, that"
        " is right; to choose columns by these scores would use the test rows, and make the"
        " performance found on them too good."
    )
    if not material.use_case.fairness:
        notes.append("The use case sets no fairness rule, so group sizes were not judged.")
    return notes


def _report(
    use_case: UseCase,
    checks: Sequence[Check],
    sheets: Sequence[Sheet] = (),
    figures: Sequence[Figure] = (),
    notes: Sequence[str] = (),
) -> Report:
    verdict = overall(checks)
    made = ", ".join(dict.fromkeys(check.name.partition("[")[0] for check in checks))
    poor = dict.fromkeys(
        c.name.partition("[")[0] for c in checks if c.hard and c.verdict is Verdict.FAIL
    )
    because = f" because of {', '.join(poor)}" if poor else ""
    return Report(
        gate="feasibility",
        subject=use_case.name,
        verdict=verdict,
        summary=f"{_WORDS.get(verdict, 'Caution')}{because}. Checked: {made.replace('_', ' ')}.",
        checks=tuple(checks),
        sheets=tuple(sheets),
        figures=tuple(figures),
        notes=tuple(notes),
    )
