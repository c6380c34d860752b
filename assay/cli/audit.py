"""`assay audit`: what do these decisions do to each group of people?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import finish_gate
from assay.cli.options import ConfigOption, DataArgument, HtmlOption, JsonOption

if TYPE_CHECKING:
    import pandas as pd

    from assay.config.use_case import UseCase

_LIMITS_PANEL = "Limits, which need --metric"


def command(
    data: DataArgument,
    truth: Annotated[str, typer.Option(help="The column that holds what was true.")],
    prediction: Annotated[str, typer.Option(help="The column that holds what was decided.")],
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="A column that marks groups, or several for their intersection: sex+race. May be "
            "repeated; with --config, the use case's are taken if left out."
        ),
    ] = None,
    probability: Annotated[
        str | None, typer.Option(help="The column that holds the probability of yes.")
    ] = None,
    count: Annotated[
        str | None, typer.Option(help="The column that says how many rows each row stands for.")
    ] = None,
    positive: Annotated[str | None, typer.Option(help="The value that counts as yes.")] = None,
    bins: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=CUTS", help="Cut numbers into groups: age=25,45,65."),
    ] = None,
    reference: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=GROUP", help="Whom to compare with.")
    ] = None,
    config: ConfigOption = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=_LIMITS_PANEL,
            help="What to hold to a limit, in Fairlearn's names: selection_rate, equalized_odds.",
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=_LIMITS_PANEL, help="The largest difference accepted; 0.1 if left out."
        ),
    ] = None,
    ratio: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=_LIMITS_PANEL, help="Instead: the smallest ratio accepted, such as 0.8."
        ),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--all", help="On a terminal, too, show every check, table and figure.")
    ] = False,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Audit any model's decisions: a file with truth, prediction and group columns is enough.

    Without a limit, all metrics and gaps are shown and nothing is judged.
    """
    from assay.cli.gate_input import load_gate_use_case, read_gate_frame, require_distinct_columns
    from assay.config.data import Sensitive
    from assay.gates.fairness.external_predictions import predictions_from_frame
    from assay.gates.fairness.gate import audit_fairness

    columns = {"--truth": truth, "--prediction": prediction}
    require_distinct_columns(columns | {"--probability": probability, "--count": count})
    limits = _limit_rules(metric or [], tolerance, ratio)
    if config and (limits or reference or bins):
        raise typer.BadParameter("with --config the use case says what to hold the gaps to")
    divisions = [_division_columns(one) for one in by or []]
    if not (divisions or config):
        raise typer.BadParameter("name a column that marks groups", param_hint="--by")
    written = load_gate_use_case(
        data, config, _use_case_sections(divisions, limits, bins or [], reference or [])
    )
    use_case, frame = written.use_case, read_gate_frame(written, check=False)
    names = [name for columns in divisions for name in columns] or list(use_case.data.sensitive)
    sensitive = {name: use_case.data.sensitive.get(name, Sensitive()) for name in names}
    predictions = predictions_from_frame(
        frame,
        truth=truth,
        prediction=prediction,
        by=list(sensitive),
        positive=positive or (_positive_value(use_case, frame, truth) if config else None),
        probability=probability,
        rows=count,
        sensitive=sensitive,
    )
    rules = [rule for rule in use_case.fairness if set(rule.sensitive_columns()) <= set(sensitive)]
    joint = [columns for columns in divisions if len(columns) > 1]
    shown: list[str | tuple[str, ...]] | None = [*sensitive, *joint] if joint else None
    report = audit_fairness(
        predictions, rules, sensitive, subject=data, seed=use_case.seed, by=shown
    )
    finish_gate(report, as_json=as_json, html=html, whole=whole)


def _division_columns(by: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in by.split("+") if name))


def _limit_rules(
    metrics: Sequence[str], tolerance: float | None, ratio: float | None
) -> list[dict[str, Any]]:
    """The limits asked for, as a use case's rules without their groups."""
    if tolerance is not None and ratio is not None:
        raise typer.BadParameter("give either --tolerance or --ratio")
    if not metrics and (tolerance is not None or ratio is not None):
        name = "--tolerance" if ratio is None else "--ratio"
        raise typer.BadParameter(f"{name} needs a metric to hold to it: add --metric")
    for metric in metrics:
        _check_metric(metric)
    usual = 0.1 if tolerance is None else tolerance
    limit = {"ratio": ratio} if ratio is not None else {"tolerance": usual}
    return [
        {"metric": metric, "because": "asked on the command line", **limit} for metric in metrics
    ]


def _check_metric(name: str) -> None:
    from typing import get_args

    from assay.config.gates import FairnessMetric, MetricFamily
    from assay.errors import nearest_name

    known = [*get_args(FairnessMetric), *get_args(MetricFamily)]
    if name not in known:
        near = nearest_name(name, known)
        remedy = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
        raise typer.BadParameter(f"no metric {name!r}: {remedy}", param_hint="--metric")


def _use_case_sections(
    divisions: Sequence[tuple[str, ...]],
    limits: Sequence[dict[str, Any]],
    bins: Sequence[str],
    references: Sequence[str],
) -> dict[str, Any]:
    """What is asked on the command line, as sections of a use case."""
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
    given: Sequence[str], option: str, divisions: Sequence[tuple[str, ...]]
) -> dict[str, str]:
    """COLUMN=VALUE options by column, which --by must name."""
    named = dict(text.partition("=")[::2] for text in given)
    if unknown := set(named) - {name for columns in divisions for name in columns}:
        raise typer.BadParameter(f"{option} names {', '.join(sorted(unknown))}, --by does not")
    return named


def _parse_cuts(text: str) -> list[float]:
    try:
        return [float(cut) for cut in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} are no cut points; write --bins age=25,45,65") from None


def _positive_value(use_case: UseCase, frame: pd.DataFrame, truth: str) -> str | None:
    """The use case's positive value, where the file says it in the same words."""
    positive = str(use_case.data.target.positive)
    held = truth in frame and positive in set(frame[truth].dropna().unique().astype(str))
    return positive if held else None
