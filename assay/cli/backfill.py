"""`assay backfill`: score and look over past days, in order."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from assay.cli.console import next_command, print_json, print_stderr, print_text
from assay.cli.options import ConfigArgument, JsonOption, SetOption, StoreOption

if TYPE_CHECKING:
    from assay.production.backfill.backfill_plan import BackfillPlan
    from assay.production.backfill.outcome import BackfillOutcome

_ORIGINS = {
    "partition": "by their folders, such as day=2026-03-31",
    "name": "by the date in their names",
    "modified": "by when their files were written",
}
_MOST_DAYS = 10  # days that the plan names


def command(
    config: ConfigArgument,
    first: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="The first day."),
    ],
    last: Annotated[
        datetime,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="The last day, included."),
    ],
    look: Annotated[
        bool, typer.Option("--look/--no-look", help="Take the looks that were due, or only score.")
    ] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; say what would be done.")
    ] = False,
    champion: Annotated[
        Literal["now", "then"],
        typer.Option(help="Who scores: the present champion, or the champion of each day."),
    ] = "now",
    dated_by: Annotated[
        Literal["partition", "name", "modified"] | None,
        typer.Option(help="What tells a batch's day. Default: the first of these that does."),
    ] = None,
    most: Annotated[
        int, typer.Option(min=1, help="Batches to score in one call; the next call goes on.")
    ] = 100,
    alarms: Annotated[
        bool,
        typer.Option("--alarms", help="Let looks at the past start a retraining and alert."),
    ] = False,
    store: StoreOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score the batches of past days and take the looks that were due, in order, as the scheduled
    flows would have done.

    What was scored before is left out: repeat the command after an interruption, and it goes on.
    Nothing delivered is replaced. Exits with 1 if a batch could not be scored.
    """
    from assay.cli.existing_bucket import bucket_url, open_existing_bucket
    from assay.config.loaded_use_case import load_use_case
    from assay.production.backfill.backfill_plan import BackfillRequest, plan_backfill
    from assay.registry.authority import authorize_user
    from assay.util import clock

    url, written = bucket_url(store), load_use_case(config, set_ or ())
    bucket = open_existing_bucket(url)
    if not dry_run:
        authorize_user(bucket, "backfill")
    look, remark = _can_look(written.use_case.data.target, look)
    request = BackfillRequest(first.date(), last.date(), look, champion, dated_by, most)
    plan = plan_backfill(bucket, written, request, clock.parse_timestamp(None))
    say = print_stderr if as_json else print_text
    for line in [*_plan_lines(plan), *remark]:
        say(line)
    outcome: BackfillOutcome | None = None
    if plan.steps and not dry_run:
        from assay.cli.flow_runner import run_named_flow

        outcome = run_named_flow(
            "backfill",
            config=str(config),
            first=request.first,
            last=request.last,
            store=url,
            look=look,
            champion=champion,
            dated_by=dated_by,
            most=most,
            alarms=alarms,
            overrides=tuple(set_ or ()),
        )
    if as_json:
        print_json({"plan": plan.as_json(), "outcome": _outcome_json(outcome)})
    else:
        _print_outcome(outcome, plan, url)
    raise typer.Exit(1 if outcome and outcome.failed else 0)


def _can_look(target: Any, look: bool) -> tuple[bool, list[str]]:
    """Whether to take looks, and why not where the question's type has none."""
    from assay.problems.lookup import problem_type

    problem = problem_type(target)
    if look and not problem.has_monitoring:
        return False, [f"no looks: there are none of a question that asks {problem.question}"]
    return look, []


def _plan_lines(plan: BackfillPlan) -> list[str]:
    """What is about to be done, before it begins."""
    from assay.util.wording import format_count

    request = plan.request
    days, steps = f"{request.first} to {request.last}", plan.scoring_steps
    batches = format_count(plan.batches, "batch")
    lines = [f"{plan.use_case}, {days}: {batches} to score, {format_count(plan.looks, 'look')}"]
    lines.append(f"batches are dated {_ORIGINS[plan.dated_by]}")
    if plan.undated:
        count = format_count(len(plan.undated), "batch")
        lines.append(f"{count} without such a date left out, the first {plan.undated[0]}")
    lines += [f"  {step.describe()}" for step in steps[:_MOST_DAYS]]
    if len(steps) > _MOST_DAYS:
        lines.append(f"  and {format_count(len(steps) - _MOST_DAYS, 'more day')}")
    if plan.known:
        lines.append(f"{format_count(plan.known, 'batch')} scored before, left out")
    if plan.without_champion:
        count = format_count(plan.without_champion, "batch")
        lines.append(f"{count} left out: there was no champion on their days")
    if plan.left:
        lines.append(
            f"{format_count(plan.left, 'batch')} left for the next call: --most {request.most}"
        )
    if plan.looks_left:
        lines.append("the last look is still to come: the monitor takes it when it is due")
    lines += plan.notes
    if plan.steps:
        took = (
            f"about {_format_seconds(plan.seconds)}" if plan.seconds else "how long, is not known"
        )
        lines.append(f"time: {took}")
    return lines


def _format_seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _outcome_json(outcome: BackfillOutcome | None) -> dict[str, Any] | None:
    return None if outcome is None else outcome.model_dump(mode="json")


def _print_outcome(outcome: BackfillOutcome | None, plan: BackfillPlan, store: str) -> None:
    if outcome is None:
        if not plan.steps:
            print_text("there is nothing to do")
        return
    for batch in outcome.failed:
        print_text(f"{batch.name}: {batch.fate}: {batch.why}")
        if batch.remedy:
            print_text(f"  {batch.remedy}")
    for look in outcome.looks:
        said = f"look {look.look}: {look.verdict}" if look.verdict else f"no look: {look.why}"
        print_text(f"{look.as_of[:16].replace('T', ' ')}: {said}")
    print_text(outcome.sentence)
    if any(look.verdict for look in outcome.looks):
        print_text(next_command(f"assay log {outcome.use_case} --all", store))
