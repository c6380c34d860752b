"""`assay audit`: what do these decisions do to each group of people?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.console import finish_gate
from assay.cli.options import AsJson, ConfigOption, Data, Html


def command(
    data: Data,
    truth: Annotated[str, typer.Option(help="The column that holds what was true.")],
    prediction: Annotated[str, typer.Option(help="The column that holds what was decided.")],
    by: Annotated[list[str], typer.Option(help="A column that marks groups; may be repeated.")],
    config: ConfigOption = None,
    positive: Annotated[str | None, typer.Option(help="The value that counts as yes.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="A rate to hold to --tolerance.")] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="The largest gap that is accepted; 0.1 if left out.")
    ] = None,
    reference: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=GROUP", help="Whom to compare with.")
    ] = None,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Audit any model's decisions: a file with truth, prediction and group columns is enough."""
    from assay.cli.alone import frame_of, settings
    from assay.evidence.fairness import audit
    from assay.evidence.predictions import predictions_from

    if config and (metric or reference or tolerance):
        raise typer.BadParameter("with --config the use case says what to hold the gaps to")
    if tolerance and not metric:
        raise typer.BadParameter("--tolerance needs a rate to hold to it: add --metric")
    written = settings(data, config, _sections(by, metric or [], tolerance or 0.1, reference or []))
    use_case = written.use_case
    predictions = predictions_from(
        frame_of(written, check=config is not None)[0],
        truth=truth,
        prediction=prediction,
        by=by,
        positive=positive,
        sensitive=use_case.data.sensitive,
    )
    report = audit(predictions, use_case.fairness, use_case.data.sensitive, subject=data)
    finish_gate(report, as_json=as_json, html=html)


def _sections(
    by: list[str], metrics: list[str], tolerance: float, references: list[str]
) -> dict[str, Any]:
    named = dict(text.partition("=")[::2] for text in references)
    if unknown := set(named) - set(by):
        raise typer.BadParameter(f"--reference names {', '.join(sorted(unknown))}, --by does not")
    rules = [
        {"metric": metric, "by": by, "tolerance": tolerance, "because": "asked on the command line"}
        for metric in metrics
    ]
    sensitive = {column: {"reference": named.get(column)} for column in by}
    return {"data": {"sensitive": sensitive}, "fairness": rules}
