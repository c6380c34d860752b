"""Whose answers a model of several classes is compared with, and by which limits it is judged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from assay.config.data import Target
from assay.config.gates import MulticlassMetric, Performance
from assay.errors import DataError
from assay.gates.performance.metric_titles import metric_title
from assay.gates.performance.rival_checks import (
    comparison_check,
    limit_check,
    shift_estimate,
    too_few_newest_check,
)
from assay.gates.report import Check
from assay.gates.statistics.cluster_errors import Clusters, weights_of
from assay.gates.statistics.intervals import Bools, Estimate, Floats
from assay.problems.multiclass.answers import ClassAnswers, Ints, read_answers, same_rows
from assay.problems.multiclass.influences import f1_by_chance
from assay.problems.multiclass.metrics import decide_classes
from assay.problems.multiclass.scores import (
    gather_evidence,
    score_difference,
)


def rival_answers(
    answers: pd.DataFrame,
    target: Target,
    shares: Floats,
    costs: Floats,
    champion: pd.DataFrame | None,
) -> dict[str, ClassAnswers]:
    """A dummy that knows the shares of training and nothing else, and the champion if there is one.

    The dummy decides what then costs least. Raises DataError where the champion answered other
    rows.
    """
    dummy = constant_answers(target.class_labels, shares, costs, len(answers))
    if champion is None:
        return {"dummy": dummy}
    if not same_rows(answers, champion):
        raise DataError(
            "the champion's predictions are of other rows",
            remedy="Let the champion predict the same test rows, in the same order.",
        )
    return {"dummy": dummy, "champion": read_answers(champion, target, "champion's predictions")}


def constant_answers(
    classes: tuple[str, ...], shares: Floats, costs: Floats, rows: int
) -> ClassAnswers:
    """The same answer to every row, from the classes' shares."""
    decided = int(decide_classes(shares[None, :], costs)[0])
    return ClassAnswers(classes, np.full(rows, decided, dtype=np.int64), np.tile(shares, (rows, 1)))


def check_against_rivals(
    truth: Ints,
    who: ClassAnswers,
    rivals: Mapping[str, ClassAnswers],
    performance: Performance,
    metric: MulticlassMetric,
    *,
    costs: Floats,
    newest_rows: Bools | None = None,
    clusters: Clusters | None = None,
    challenger_number: int = 1,
) -> list[Check]:
    """Whether it is better than each rival, by the margin that is asked. See the binary gate:
    than the champion on the rows that `newest_rows` marks, and the surer the more challengers.
    """
    found = []
    margins = {str(name): margin for name, margin in performance.beat.items()}
    for name, rival in rivals.items():
        margin, title = margins.get(name, 0.0), metric_title(metric)
        newest = newest_rows if name == "champion" else None
        rows = np.ones(len(truth), bool) if newest is None else newest
        held, ours, theirs = truth[rows], who.of(rows), rival.of(rows)
        alike = clusters.of(rows) if clusters else None
        evidence = gather_evidence(metric, held, ours, alike)
        if newest is not None and evidence.too_few:
            found.append(too_few_newest_check(name, metric, evidence))
            continue
        gain = score_difference(metric, held, ours, theirs, costs, clusters=alike)
        if name == "dummy" and metric in ("macro_f1", "weighted_f1"):
            # Else decisions at random would mostly beat the dummy, which decides one class alone.
            excess = f1_by_chance(metric, held, ours, weights_of(alike)) - f1_by_chance(
                metric, held, theirs, weights_of(alike)
            )
            gain = shift_estimate(gain, max(excess, 0.0))
        where = "" if newest is None else f" on the {len(held):,} test rows that came since"
        more = f" by more than {margin:g}" if margin else ""
        found.append(
            comparison_check(
                name=f"beats_{name}",
                claim=f"{title} beats the {name}{more}{where}",
                statistic=f"{metric}, improvement over the {name}",
                subject=title,
                rival=f"the {name}'s",
                where=where,
                gain=gain,
                margin=margin,
                evidence=evidence,
                challenger_number=challenger_number if name == "champion" else None,
                # As in the binary gate: to be worse than the champion is no fault by itself.
                hard=name == "dummy" or name in margins,
            )
        )
    return found


def check_score_limits(
    scores: Mapping[MulticlassMetric, Estimate],
    limits: Mapping[MulticlassMetric, float],
    truth: Ints,
    who: ClassAnswers,
    clusters: Clusters | None = None,
) -> list[Check]:
    """Whether each score is on the right side of its limit, where one is asked."""
    return [
        limit_check(metric, scores[metric], limit, gather_evidence(metric, truth, who, clusters))
        for metric, limit in limits.items()
    ]


def check_against_trivial(
    truth: Ints, who: ClassAnswers, costs: Floats, clusters: Clusters | None = None
) -> Check:
    """Against always deciding the class that costs least on these rows. A model that is surely no
    cheaper fails; one of which it cannot be told is a caution.
    """
    code = int(np.average(costs[truth], axis=0, weights=weights_of(clusters)).argmin())
    label = who.classes[code]
    sure = np.eye(len(costs))[code]
    always = constant_answers(who.classes, sure, 1 - np.eye(len(costs)), len(truth))
    found = comparison_check(
        name="cheaper_than_trivial",
        claim=f"Deciding by the model costs less than always deciding {label}",
        statistic=f"mean cost per row saved against always {label}",
        subject="The cost per row",
        rival=f"that of always deciding {label}",
        gain=score_difference("cost", truth, who, always, costs, clusters=clusters),
        margin=0.0,
        evidence=gather_evidence("cost", truth, who, clusters),
        hard=True,
    )
    return found.model_copy(update={"accepted": True})
