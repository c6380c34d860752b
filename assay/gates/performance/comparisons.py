"""Who is judged, beside whom, and by which limits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from assay.config.gates import ErrorCosts, Performance, PerformanceMetric
from assay.errors import DataError, suggest_name
from assay.gates.performance import average_precision
from assay.gates.performance.metric_titles import metric_title
from assay.gates.performance.point_scores import (
    ModelPredictions,
    enough_rows,
    point_score,
    too_few_remedy,
    trivial_policies,
)
from assay.gates.performance.rival_checks import (
    RowEvidence,
    comparison_check,
    limit_check,
    shift_estimate,
    too_few_newest_check,
)
from assay.gates.performance.scores import score_difference
from assay.gates.report import Check, Verdict
from assay.gates.statistics.cluster_errors import Clusters, weights_of
from assay.gates.statistics.intervals import Bools, Estimate, Floats


def read_predictions(frame: pd.DataFrame, name: str) -> tuple[ModelPredictions, Bools]:
    """The answers in a frame of predictions, and the truth. Raises DataError (see `evaluate`)."""
    for column in ("truth", "probability", "decision"):
        if column not in frame:
            remedy = suggest_name(column, map(str, frame.columns))
            raise DataError(f"the {name} have no column {column!r}", remedy=remedy)
        if frame[column].isna().any():
            raise DataError(f"the {name} hold nulls in {column!r}")
    probability = frame["probability"].to_numpy(float)
    outside = (probability < 0) | (probability > 1)
    if outside.any():
        raise DataError(
            f"{int(outside.sum()):,} of {len(frame):,} probabilities lie outside 0 to 1, "
            f"such as {probability[outside][0]:g}",
            where=name,
            remedy="Give the estimator's predict_proba, not its decision function.",
        )
    return ModelPredictions(probability, frame["decision"].to_numpy(bool)), frame["truth"].to_numpy(
        bool
    )


def require_both_classes(truth: Bools) -> None:
    """Raise DataError where all rows are of one class."""
    if truth.all() or not truth.any():
        which = "positive" if len(truth) and truth.all() else "negative"
        raise DataError(
            f"all {len(truth):,} test rows are {which}: nothing can be told apart",
            remedy="Enlarge split.test, or bring rows of the other class.",
        )


def rival_predictions(
    predictions: pd.DataFrame, prevalence: float, cost: ErrorCosts, champion: pd.DataFrame | None
) -> dict[str, ModelPredictions]:
    """A dummy that knows the base rate and nothing else, and the champion where there is one."""
    rows = len(predictions)
    say_yes = prevalence * cost.false_negative > (1 - prevalence) * cost.false_positive
    dummy = ModelPredictions(np.full(rows, float(prevalence)), np.full(rows, say_yes))
    if champion is None:
        return {"dummy": dummy}
    held = champion if "truth" in champion else champion.assign(truth=False)
    same = len(champion) == rows
    if same and "row" in champion and "row" in predictions:
        same = bool((champion["row"].to_numpy() == predictions["row"].to_numpy()).all())
    if not same:
        raise DataError(
            "the champion's predictions are of other rows",
            remedy="Let the champion predict the same test rows, in the same order.",
        )
    return {"dummy": dummy, "champion": read_predictions(held, "champion's predictions")[0]}


# --- checks -----------------------------------------------------------------------------------


def check_against_rivals(
    truth: Bools,
    who: ModelPredictions,
    others: Mapping[str, ModelPredictions],
    performance: Performance,
    *,
    seed: int,
    newest_rows: Bools | None = None,
    clusters: Clusters | None = None,
    challenger_number: int | None = None,
) -> list[Check]:
    """Whether it is better than each rival, by the margin that is asked.

    `challenger_number` counts those compared with the same champion: it decides how sure the
    comparison with the champion must be (see `rival_checks.spent_level`).

    Than the champion on the rows that `newest_rows` marks, if any came since that one was trained:
    such rows are what comes next, and on the others it is what it was.
    """
    metric, found = performance.choose_by, []
    margins = {str(name): margin for name, margin in performance.beat.items()}
    for name, rival in others.items():
        margin = margins.get(name, 0.0)
        lately = newest_rows is not None and name == "champion"
        rows = newest_rows if newest_rows is not None and lately else np.ones(len(truth), bool)
        told, ours, theirs = truth[rows], who.of(rows), rival.of(rows)
        of = clusters.of(rows) if clusters else None
        if lately and not enough_rows(told, of):
            found.append(too_few_newest_check(name, metric, _evidence(told, of)))
            continue
        gain = score_difference(
            metric, told, ours, theirs, performance.cost, seed=seed, clusters=of
        )
        if name == "dummy" and metric == "average_precision":
            # Else any ranking, even a random one, would mostly beat one that ties all rows.
            gain = shift_estimate(gain, average_precision.chance_excess(told, weights_of(of)))
        more = f" by more than {margin:g}" if margin else ""
        where = f" on the {len(told):,} test rows that came since" if lately else ""
        found.append(
            comparison_check(
                name=f"beats_{name}",
                claim=f"{metric_title(metric)} beats the {name}{more}{where}",
                statistic=f"{metric}, improvement over the {name}",
                subject=metric_title(metric),
                rival=f"the {name}'s",
                where=where,
                gain=gain,
                margin=margin,
                evidence=_evidence(told, of),
                challenger_number=challenger_number if name == "champion" else None,
                # To be worse than the champion is no fault unless the use case says so: such a
                # model is registered, and not promoted.
                hard=name == "dummy" or name in margins,
            )
        )
    return found


def _evidence(truth: Bools, clusters: Clusters | None) -> RowEvidence:
    freedom = np.inf
    if clusters is not None:
        freedom = max(min(clusters.effective(side) for side in (truth, ~truth)) - 1, 1.0)
    return RowEvidence(len(truth), too_few_remedy(truth, clusters), freedom)


def check_score_limits(
    scores: Mapping[PerformanceMetric, Estimate],
    performance: Performance,
    truth: Bools,
    clusters: Clusters | None = None,
) -> list[Check]:
    """Whether each score is on the right side of its limit, where one is asked."""
    evidence = _evidence(truth, clusters)
    return [
        limit_check(metric, scores[metric], limit, evidence)
        for metric, limit in performance.at_least.items()
    ]


def check_against_trivial(
    truth: Bools, who: ModelPredictions, cost: ErrorCosts, clusters: Clusters | None = None
) -> Check:
    """Against the cheaper of the policies that need no model. A model that is surely no cheaper
    fails; one of which it cannot be told is a caution.
    """
    without, weights = trivial_policies(len(truth)), weights_of(clusters)
    word = min(without, key=lambda w: point_score("cost", truth, without[w], cost, weights))
    found = comparison_check(
        name="cheaper_than_trivial",
        claim=f"Deciding by the model costs less than always saying {word}",
        statistic=f"mean cost per row saved against always {word}",
        subject="The cost per row",
        rival=f"that of always saying {word}",
        gain=score_difference("cost", truth, who, without[word], cost, clusters=clusters),
        margin=0.0,
        evidence=_evidence(truth, clusters),
        hard=True,
    ).model_copy(update={"accepted": True})
    if found.verdict is not Verdict.FAIL:
        return found
    if who.decision.all() or not who.decision.any():
        said = "yes" if who.decision.all() else "no"
        why = f"the model says {said} to each of the {len(truth):,} test rows"
        found = found.model_copy(update={"why": why})
    remedy = (
        f"A false positive counts {cost.false_positive:g} here and a false negative "
        f"{cost.false_negative:g}: set performance.cost to what they cost you, such as "
        f"{suggested_cost_line(truth, weights)}, or try other candidates or features."
    )
    return found.model_copy(update={"remedy": remedy})


RARE_SHARE = 0.1  # of rows that are positive; below it, accuracy says little and recall much


def positives_are_rare(truth: Bools, weights: Floats | None = None) -> bool:
    """Whether scores that speak of the positives come first, and costs must be declared."""
    return float(np.average(truth, weights=weights)) < RARE_SHARE


def suggested_cost_line(truth: Bools, weights: Floats | None = None) -> str:
    """Costs at which always saying yes costs what always saying no does, as YAML."""
    yes, no = float(truth.sum()), float((~truth).sum())
    if weights is not None:
        yes, no = float(weights[truth].sum()), float(weights[~truth].sum())
    least = 1.0 if weights is None else 1e-12
    ratio = max(yes, no) / max(min(yes, no), least)
    high = f"{round(ratio) if ratio >= 2 else round(ratio, 1)}"
    costs = ("1", high) if yes < no else (high, "1")
    return f"{{false_positive: {costs[0]}, false_negative: {costs[1]}}}"


def check_cost_declared(
    truth: Bools, performance: Performance, weights: Floats | None = None
) -> Check | None:
    """Whether somebody said what errors cost, where yes is rare; None where it is not.

    By equal costs, which nobody chose, no is the cheapest answer to nearly everybody.
    """
    if not positives_are_rare(truth, weights):
        return None
    share, declared = float(np.average(truth, weights=weights)), performance.cost_declared
    return Check(
        name="cost_declared",
        claim="The use case says what each kind of error costs, as few rows are positive",
        verdict=Verdict.PASS if declared else Verdict.FAIL,
        statistic="share of positives among the test rows",
        estimate=share,
        threshold=RARE_SHARE,
        why=f"{share:.2g} of the test rows are positive, and "
        + (
            "performance.cost is declared"
            if declared
            else "nobody said what errors cost, so that a missed positive counts no more than a "
            "false alarm"
        ),
        remedy=""
        if declared
        else f"Add under performance: `cost: {suggested_cost_line(truth, weights)}`, with the "
        "number of false alarms that one missed positive is worth to you.",
        hard=False,
        rows=len(truth),
    )
