"""`assay audit`: compare the decisions of any model across groups of people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import finish_gate
from assay.cli.options import ConfigOption, DataArgument, HtmlOption, JsonOption, ProblemOption

if TYPE_CHECKING:
    from assay.config.row_weight import RowWeight
    from assay.problems.problem_type import ProblemType

_LIMITS_PANEL = "Limits, which need --metric"


def command(
    data: DataArgument,
    truth: Annotated[str, typer.Option(help="The column of labels.")],
    prediction: Annotated[str, typer.Option(help="The column of decisions, or of amounts.")],
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="A column that marks groups, or several for their intersection: sex+race. May be "
            "repeated. With --config, the default is the use case's groups."
        ),
    ] = None,
    problem: ProblemOption = None,
    probability: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[CLASS=]COLUMN",
            help="The column of probabilities of the positive class; of several classes, one column"
            " each: may be repeated.",
        ),
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="What amounts are counted in, such as dollars an hour.")
    ] = None,
    count: Annotated[
        str | None, typer.Option(help="The column of row counts, if each row stands for several.")
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(
            help="The column of sampling weights: how many of the population each row stands for. "
            "With --config, the default is the use case's, where the file has it."
        ),
    ] = None,
    positive: Annotated[str | None, typer.Option(help="The positive class.")] = None,
    bins: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=CUTS", help="Cut numbers into groups: age=25,45,65."),
    ] = None,
    reference: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=GROUP", help="The group to compare with.")
    ] = None,
    config: ConfigOption = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=_LIMITS_PANEL,
            help="The metric to limit, by Fairlearn's name: selection_rate, equalized_odds.",
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=_LIMITS_PANEL,
            help="The largest accepted difference: of shares by default 0.1, of amounts in their "
            "unit.",
        ),
    ] = None,
    ratio: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=_LIMITS_PANEL, help="Or the smallest accepted ratio, such as 0.8."
        ),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--all", help="Show every check, table and figure on a terminal too.")
    ] = False,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Audit any model's decisions or amounts. A file with the true values, those that the model
    gave, and groups is enough.

    Without --metric, all metrics and gaps are shown, and nothing is judged.
    """
    from assay.cli.gate_input import (
        find_gate_problem,
        load_gate_use_case,
        read_gate_frame,
        require_distinct_columns,
    )
    from assay.config.data import Sensitive
    from assay.problems.problem_type import AuditRequest

    columns = {"--truth": truth, "--prediction": prediction}
    single = probability[0] if probability and len(probability) == 1 else None
    require_distinct_columns(columns | {"--probability": single, "--count": count})
    if config and (metric or tolerance is not None or ratio is not None or reference or bins):
        raise typer.BadParameter("with --config the limits come from the use case")
    if config and unit:
        raise typer.BadParameter("with --config the unit comes from the use case")
    kind = find_gate_problem(problem, config)
    limits = _limit_rules(kind, metric or [], tolerance, ratio)
    divisions = [_division_columns(one) for one in by or []]
    if not (divisions or config):
        raise typer.BadParameter("name a column of groups", param_hint="--by")
    written = load_gate_use_case(
        data, config, _use_case_sections(divisions, limits, bins or [], reference or [])
    )
    use_case, frame = written.use_case, read_gate_frame(written, check=False)
    names = [name for columns in divisions for name in columns] or list(use_case.data.sensitive)
    sensitive = {name: use_case.data.sensitive.get(name, Sensitive()) for name in names}
    rules = [rule for rule in use_case.fairness if set(rule.sensitive_columns()) <= set(sensitive)]
    joint = [columns for columns in divisions if len(columns) > 1]
    shown: list[str | tuple[str, ...]] | None = [*sensitive, *joint] if joint else None
    request = AuditRequest(
        truth=truth,
        prediction=prediction,
        sensitive=sensitive,
        rules=rules,
        by=shown,
        probabilities=tuple(probability or ()),
        count=count,
        weight=_row_weight(weight, count, use_case.data.weight if config else None, frame.columns),
        positive=positive,
        unit=unit,
        target=use_case.data.target if config else None,
        seed=use_case.seed,
    )
    report = kind.audit_file(frame, request, subject=data)
    declared = use_case.data.weight if config else None
    if declared is not None and declared.column not in frame and count is None:
        note = f"The file has no column {declared.column!r}, so all rows count alike."
        report = report.model_copy(update={"notes": (*report.notes, note)})
    finish_gate(report, as_json=as_json, html=html, whole=whole)


def _row_weight(
    named: str | None, count: str | None, declared: RowWeight | None, columns: Iterable[object]
) -> RowWeight | None:
    """The weights by the option, else by the use case where the file has them."""
    from assay.config.row_weight import RowWeight

    if named is not None and count is not None:
        raise typer.BadParameter(
            "give either --count, of rows that were merged, or --weight, of rows that were sampled"
        )
    if named is not None:
        return RowWeight(column=named)
    if declared is None or count is not None or declared.column not in set(columns):
        return None
    return declared


def _division_columns(by: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in by.split("+") if name))


def _limit_rules(
    problem: ProblemType, metrics: Sequence[str], tolerance: float | None, ratio: float | None
) -> list[dict[str, Any]]:
    """The limits of the command line as fairness rules of a use case, still without groups."""
    from assay.errors import ConfigError

    if tolerance is not None and ratio is not None:
        raise typer.BadParameter("give either --tolerance or --ratio")
    if not metrics and (tolerance is not None or ratio is not None):
        name = "--tolerance" if ratio is None else "--ratio"
        raise typer.BadParameter(f"{name} limits nothing without a metric: add --metric")
    for metric in metrics:
        _check_metric(problem, metric)
        if tolerance is not None and tolerance >= 1 and metric not in problem.unit_metrics:
            raise ConfigError(
                f"a tolerance of {tolerance:g} allows every difference in {metric}",
                where="--tolerance",
                remedy="Write a share between 0 and 1, such as 0.1.",
            )
        if metric in problem.unit_metrics and tolerance is None and ratio is None:
            raise typer.BadParameter(
                f"{metric} is counted in the unit of the amounts: add --tolerance in that unit, "
                "or --ratio"
            )
    usual = 0.1 if tolerance is None else tolerance
    limit = {"ratio": ratio} if ratio is not None else {"tolerance": usual}
    return [
        {"metric": metric, "because": "asked on the command line", **limit} for metric in metrics
    ]


def _check_metric(problem: ProblemType, name: str) -> None:
    from assay.config.gates import METRIC_FAMILIES
    from assay.errors import nearest_name

    own = problem.fairness_metrics
    known = [*own, *(name for name, parts in METRIC_FAMILIES.items() if set(parts) <= set(own))]
    if name not in known:
        near = nearest_name(name, known)
        remedy = f"did you mean {near}?" if near else f"the metrics are {', '.join(known)}"
        raise typer.BadParameter(f"no metric {name!r}: {remedy}", param_hint="--metric")


def _use_case_sections(
    divisions: Sequence[tuple[str, ...]],
    limits: Sequence[dict[str, Any]],
    bins: Sequence[str],
    references: Sequence[str],
) -> dict[str, Any]:
    """The options of the command line as sections of a use case."""
    cuts = {
        name: _parse_cuts(text) for name, text in _column_options(bins, "--bins", divisions).items()
    }
    compared = _column_options(references, "--reference", divisions)
    sensitive = {
        name: {"reference": compared.get(name), "bins": cuts.get(name, ())}
        for columns in divisions
        for name in columns
    }
    by = [columns[0] if len(columns) == 1 else columns for columns in divisions]
    return {
        "data": {"sensitive": sensitive},
        "fairness": [{**limit, "by": by} for limit in limits],
    }


def _column_options(
    option_values: Sequence[str], option: str, divisions: Sequence[tuple[str, ...]]
) -> dict[str, str]:
    """Values of COLUMN=VALUE options by column. --by must name each column."""
    named = dict(text.partition("=")[::2] for text in option_values)
    if unknown := set(named) - {name for columns in divisions for name in columns}:
        raise typer.BadParameter(f"{option} names {', '.join(sorted(unknown))}, but --by does not")
    return named


def _parse_cuts(text: str) -> list[float]:
    try:
        return [float(cut) for cut in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} are no cut points; write --bins age=25,45,65") from None
