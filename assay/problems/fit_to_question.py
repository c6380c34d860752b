"""Whether a use case's settings fit its question: metrics, costs and methods of another type."""

from __future__ import annotations

from collections.abc import Iterator

from assay.config.use_case import UseCase
from assay.errors import ConfigError, suggest_name
from assay.learning.estimators import FieldLocator, no_location
from assay.problems.problem_type import ProblemType

KeyPath = tuple[str | int, ...]

_COST_SETTINGS = {"cost": "binary", "cost_matrix": "multiclass", "unit_cost": "regression"}


def check_fits_question(
    problem: ProblemType, use_case: UseCase, locate: FieldLocator = no_location
) -> None:
    """Raise ConfigError for the first setting that the type of the question has no use for."""
    for path, named, known, what in _named_words(problem, use_case):
        if named not in known:
            raise ConfigError(
                f"{named} is no {what} of a question that asks {problem.question}",
                where=locate(path),
                remedy=suggest_name(named, known, f"It has: {', '.join(known) or 'none yet'}."),
            )
    for key, kind in _COST_SETTINGS.items():
        if key in use_case.performance.model_fields_set and kind != problem.name:
            own = next((k for k, of in _COST_SETTINGS.items() if of == problem.name), None)
            raise ConfigError(
                f"performance.{key} has no meaning for a question that asks {problem.question}",
                where=locate(("performance", key)),
                remedy=f"Write performance.{own}." if own else None,
            )
    if use_case.performance.abstain and problem.name != "binary":
        raise ConfigError(
            f"performance.abstain has no meaning for a question that asks {problem.question}",
            where=locate(("performance", "abstain")),
            remedy="Write performance.coverage: answers then carry a set or an interval.",
        )
    check_production(problem, use_case, locate)
    _check_weight(problem, use_case, locate)
    _check_cost_matrix(use_case, locate)
    _check_rules(problem, use_case, locate)


def _check_weight(problem: ProblemType, use_case: UseCase, locate: FieldLocator) -> None:
    """Weights are of no column that means something else, and nothing silently ignores them."""
    data = use_case.data
    if data.weight is None:
        return
    if not problem.has_weights:
        raise ConfigError(
            f"questions that ask {problem.question} are not judged by weights yet",
            where=locate(("data", "weight")),
            remedy=f"Leave data.weight out, and write data.exclude: [{data.weight.column}].",
        )
    roles: dict[str, set[str | None]] = {
        "the target": {data.target.column},
        "an identity": {*data.identity},
        "a sensitive column": {*data.sensitive},
        "the time": {data.time},
        "what the rows are split by": {use_case.split.column},
        "known only after the outcome": {*data.after_outcome},
        "never stored": {*data.never_store},
    }
    for role, columns in roles.items():
        if data.weight.column in columns:
            raise ConfigError(
                f"{data.weight.column!r} cannot be the weight of the rows and {role}",
                where=locate(("data", "weight")),
                remedy="Name the column of the weights, or leave data.weight out.",
            )


def check_production(
    problem: ProblemType, use_case: UseCase, locate: FieldLocator = no_location
) -> None:
    """Raise ConfigError for a setting that asks for what the question's type has not got yet."""
    if use_case.schedule.monitor and not problem.has_monitoring:
        raise _unbuilt_error("monitoring", problem, locate(("schedule", "monitor")))
    if use_case.promotion.shadow and not problem.has_shadow:
        raise _unbuilt_error("shadow deployment", problem, locate(("promotion", "shadow")))


def require_monitoring(problem: ProblemType, where: str | None = None) -> None:
    """Raise ConfigError where looks at a champion judge no answers of this type."""
    if not problem.has_monitoring:
        raise _unbuilt_error("monitoring", problem, where)


def _unbuilt_error(what: str, problem: ProblemType, where: str | None) -> ConfigError:
    return ConfigError(
        f"{what} of questions that ask {problem.question} is not built yet",
        where=where,
        remedy=_WITHOUT[what],
    )


_WITHOUT = {
    "monitoring": "Leave schedule.monitor out. `assay score`, `assay label` and `assay retrain` do"
    " their work.",
    "shadow deployment": "Leave promotion.shadow out. A challenger has to beat the champion on the"
    " newest rows all the same.",
}


def _named_words(
    problem: ProblemType, use_case: UseCase
) -> Iterator[tuple[KeyPath, str, tuple[str, ...], str]]:
    """Every metric and method that the use case names: where, its name, what fits, what it is."""
    performance, metrics = use_case.performance, problem.metrics
    yield ("performance", "choose_by"), performance.choose_by, metrics, "metric"
    for name in performance.at_least:
        yield ("performance", "at_least", name), name, metrics, "metric"
    for name in use_case.feasibility.reach:
        yield ("feasibility", "reach", name), name, metrics, "metric"
    for i, rule in enumerate(use_case.fairness):
        for metric in rule.metrics:
            yield ("fairness", i, "metric"), metric, problem.fairness_metrics, "fairness metric"
    asked_of_drift = use_case.drift.metrics if "metrics" in use_case.drift.model_fields_set else ()
    for i, named in enumerate(asked_of_drift):
        what = "metric that can be estimated without labels"
        yield ("drift", "metrics", i), named, problem.estimable_metrics, what
    for i, candidate in enumerate(use_case.candidates):
        if candidate.mitigate:
            path = ("candidates", i, "mitigate", "method")
            method, known = candidate.mitigate.method, problem.mitigations
            yield path, method, tuple(known), "mitigation"
            if constraint := candidate.mitigate.constraint:
                path = ("candidates", i, "mitigate", "constraint")
                yield path, constraint, known[method], f"constraint of {method}"


def _check_cost_matrix(use_case: UseCase, locate: FieldLocator) -> None:
    classes = use_case.data.target.class_labels
    for truth, costs in use_case.performance.cost_matrix.items():
        for decided in (truth, *costs):
            if decided not in classes:
                raise ConfigError(
                    f"{decided!r} is no class of {use_case.data.target.column!r}",
                    where=locate(("performance", "cost_matrix", truth)),
                    remedy=suggest_name(decided, classes, f"Classes: {', '.join(classes)}."),
                )
        if costs.get(truth):
            raise ConfigError(
                f"deciding {truth} where it is {truth} is right, and costs nothing",
                where=locate(("performance", "cost_matrix", truth, truth)),
            )


def _check_rules(problem: ProblemType, use_case: UseCase, locate: FieldLocator) -> None:
    """Tolerances of shares are shares; a rule's classes are the target's."""
    classes = use_case.data.target.class_labels
    for i, rule in enumerate(use_case.fairness):
        in_units = rule.metric in problem.unit_metrics
        if rule.tolerance is not None and rule.tolerance >= 1 and not in_units:
            raise ConfigError(
                f"a tolerance of {rule.tolerance:g} allows every difference in {rule.metric}",
                where=locate(("fairness", i, "tolerance")),
                remedy="Write a share between 0 and 1, such as 0.1.",
            )
        if odd := next((name for name in rule.classes if name not in classes), None):
            raise ConfigError(
                f"{odd!r} is no class of {use_case.data.target.column!r}",
                where=locate(("fairness", i, "classes")),
                remedy=suggest_name(odd, classes, f"Classes: {', '.join(classes)}.")
                if classes
                else "Leave classes out.",
            )
