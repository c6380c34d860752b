"""One look: what it is told of batches, labels and earlier looks, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.config.use_case import UseCase
from assay.gates.monitoring.facts import (
    BatchFacts,
    BatchRefusal,
    LabelDelays,
    LabelFacts,
    LookSummary,
    MonitoringFacts,
    StepCost,
)
from assay.gates.monitoring.fairness import RealisedFairnessRules
from assay.gates.monitoring.gate import MonitoringRequest, MonitoringResult, judge_monitoring
from assay.gates.monitoring.predictions import LookTables
from assay.gates.monitoring.reasons import FirstReasons
from assay.gates.report import Verdict, get_report
from assay.learning.abstention import AbstainRule
from assay.problems.lookup import problem_type
from assay.problems.weighted_rows import SCORED_ROWS_NOTE, note_unweighted
from assay.production.monitoring.look import JudgedUpTo, Look
from assay.production.monitoring.windows import output_kinds, split_outputs
from assay.registry.batch_ledger import RefusedBatch, ScoredBatch
from assay.registry.history import Version
from assay.registry.registry import Registry
from assay.steps.step import Step
from assay.tables.table import Table
from assay.util import clock

_MAX_RUNS: Final = 30  # records that are read for what steps took
_MAX_BATCHES: Final = 60


@dataclass(frozen=True)
class LookInputs:
    """The artifacts of a look: tables (None where too few rows wait), and the counted labels, as
    they are `label_counts_artifact` for the next look. `first_reasons` of the new answers, and the
    `usual_reasons` of the rows that the champion was tested on, where answers have reasons.
    """

    reference: Artifact
    current: Artifact | None
    labelled: Artifact | None
    same_rows: bool
    label_counts: Mapping[str, Any]
    label_counts_artifact: Artifact | None = None
    usual_reasons: Artifact | None = None
    first_reasons: Artifact | None = None

    @property
    def judges_rows(self) -> bool:
        return self.labelled is not None or self.current is not None or self.same_rows

    @property
    def tables(self) -> dict[str, Artifact]:
        held = {
            "reference": self.reference, "current": self.current, "labelled": self.labelled,
            "usual_reasons": self.usual_reasons, "first_reasons": self.first_reasons,
        }  # fmt: skip
        return {name: artifact for name, artifact in held.items() if artifact}


def collect_facts(
    bucket: Bucket, look: Look, use_case: UseCase, inputs: LookInputs
) -> MonitoringFacts:
    """What a look is told beside its rows, from the ledger and the journal alone."""
    labelled = inputs.label_counts["labelled"]
    served = tuple(_batch_facts(s, labelled.get(str(s.number))) for s in look.served_batches)
    arrived = {s.number for s in look.new_batches}
    both = list(zip(look.served_batches, served, strict=True))
    others = [
        _batch_facts(s, None) for s in look.batches.scored_batches if _by_other_version(s, look)
    ]
    return MonitoringFacts(
        look=look.number,
        level=look.false_alarm_level(use_case.monitor) if inputs.judges_rows else None,
        evidence_level=look.evidence_level(use_case.monitor) if inputs.judges_rows else None,
        as_of=clock.format_timestamp(look.as_of),
        since=clock.format_timestamp(look.last_batch_at),
        missed=look.missed_batches,
        arrived=tuple(b for s, b in both if s.number in arrived),
        before=tuple([*others, *(b for s, b in both if s.number not in arrived)][-_MAX_BATCHES:]),
        served=served,
        refused=tuple(_refusal_facts(r, look) for r in look.new_refusals),
        waiting=sum(s.rows for s in look.waiting_batches),
        labels=_label_facts(look, inputs.label_counts),
        earlier=tuple(
            LookSummary(
                look=p.look,
                as_of=p.as_of,
                verdict=p.verdict,
                figures=p.figures,
                lacks=p.lacks or {},
            )
            for p in look.past_looks
        ),
        costs=tuple(_cost_facts(bucket, look)),
        unfair=tuple(_failed_fairness_checks(bucket, look.version)),
    )


def judge_look(
    bucket: Bucket, facts: MonitoringFacts, inputs: LookInputs, use_case: UseCase, version: Version
) -> MonitoringResult:
    """Take the look. Raises DataError, ObjectMissing, ObjectCorrupt."""
    tables = {name: Table.read(bucket, held) for name, held in inputs.tables.items()}
    labelled = tables.get("labelled")
    current = labelled if inputs.same_rows else tables.get("current")
    reasons = (
        FirstReasons(tables["usual_reasons"], tables["first_reasons"])
        if {"usual_reasons", "first_reasons"} <= tables.keys()
        else None
    )
    rows = LookTables(tables["reference"], current, labelled, reasons)
    found = judge_monitoring(
        facts,
        rows,
        replace(_monitoring_request(rows, use_case), abstain=_abstain_rule(bucket, version)),
        subject=f"{version.name}, look {facts.look}",
    )
    return replace(found, report=note_unweighted(found.report, use_case, SCORED_ROWS_NOTE))


def look_body(
    look: Look,
    inputs: LookInputs,
    facts: MonitoringFacts,
    outcome: MonitoringResult,
    report: Artifact,
) -> dict[str, Any]:
    """What the journal keeps of a look, but for what its steps took."""
    before = look.judged_up_to
    rows = look.batches.length if inputs.current or inputs.same_rows else before.rows
    labels = look.batches.length if inputs.labelled else before.labels
    return {
        "version": look.version.number,
        "look": look.number,
        "upto": look.batches.length,
        "as_of": facts.as_of,
        "verdict": outcome.verdict,
        "reasons": outcome.reasons,
        "causes": outcome.report.causes_for(Verdict.FAIL) if outcome.verdict == "retrain" else [],
        "report": report.as_json(),
        "figures": outcome.figures,
        # Its bare digest: the collector need not keep what can be counted anew.
        "counted": inputs.label_counts_artifact and str(inputs.label_counts_artifact.digest),
        "judged": JudgedUpTo(rows=rows, labels=labels).model_dump(),
        "first": _first_judged_batch(look, inputs),
        "level": facts.level,
        "lacks": {name: lack.model_dump() for name, lack in outcome.lacks.items()},
        "missed": look.missed_batches,
        "last": look.last_batch_entry,
    }


def _first_judged_batch(look: Look, material: LookInputs) -> int | None:
    """The first of the batches that were judged: by their rows, or by labels that came late."""
    rows = (
        [s.number for s in look.waiting_batches] if material.current or material.same_rows else []
    )
    late = material.label_counts["first"] if material.labelled else None
    return min([*rows, *([late] if late else [])], default=None)


def is_worth_recording(look: Look, inputs: LookInputs) -> bool:
    """Whether the look is worth an entry: rows or labels enough, or something to be told."""
    return inputs.judges_rows or bool(look.new_refusals) or not look.missed_reported


def step_costs(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """What steps took that were done and not found, for the looks that follow."""
    return [
        {
            "name": s.name,
            "seconds": s.seconds,
            "memory": s.memory,
            "cpu": s.cpu,
            "bytes": sum(artifact.size for artifact in s.outputs.values()),
        }
        for s in steps
        if not s.cached
    ]


# --- facts ------------------------------------------------------------------------------------


def _batch_facts(scored: ScoredBatch, labelled: int | None) -> BatchFacts:
    return BatchFacts(
        name=scored.name,
        as_of=scored.as_of,
        rows=scored.rows,
        unfit_rows=scored.unfit_rows,
        seconds=scored.seconds,
        labelled=labelled,
    )


def _by_other_version(scored: ScoredBatch, look: Look) -> bool:
    """Whether a batch tells what is usual, though another version answered it."""
    return scored.role == "served" and scored.version != look.version.number


def _refusal_facts(refused: RefusedBatch, look: Look) -> BatchRefusal:
    later = [s for s in look.batches.scored_batches if s.number > refused.number]
    mended = any(s.name == refused.name for s in later)
    return BatchRefusal(name=refused.name, why=refused.why, remedy=refused.remedy, mended=mended)


def _label_facts(look: Look, label_counts: Mapping[str, Any]) -> LabelFacts:
    delays = label_counts["delays"]
    return LabelFacts(
        new=label_counts["new"],
        known=label_counts["known"],
        no_row=label_counts["no_row"],
        unfit=sum(
            e.unfit_rows for e in look.batches.received_labels if e.number > look.previous_length
        ),
        delays=LabelDelays(**delays) if delays else None,
    )


def _failed_fairness_checks(bucket: Bucket, version: Version) -> Iterator[str]:
    report = version.reports.get("fairness")
    if report is not None:
        yield from (c.name for c in get_report(bucket, report).checks if c.verdict is Verdict.FAIL)


def _cost_facts(bucket: Bucket, look: Look) -> Iterator[StepCost]:
    """What steps of runs, looks and batches took, each step's in the order of time."""
    found: dict[tuple[str, str], list[float]] = {}
    for step in [
        *_run_steps(bucket, look.version.model),
        *(s for p in look.past_looks for s in p.steps),
    ]:
        for unit in ("seconds", "bytes", "memory"):
            if step.get(unit) is not None:
                key = "bytes of memory" if unit == "memory" else unit
                found.setdefault((step["name"], key), []).append(float(step[unit]))
    for scored in look.served_batches:
        if scored.rows >= _MAX_RUNS:
            each = 1000 * scored.seconds / scored.rows
            found.setdefault(("score", "seconds a thousand rows"), []).append(each)
    for (name, unit), values in found.items():
        yield StepCost(
            step=name, unit=unit, values=tuple(round(v, 6) for v in values[-_MAX_BATCHES:])
        )


def _run_steps(bucket: Bucket, model: str) -> Iterator[dict[str, Any]]:
    """The steps that the last runs did, from their records."""
    entries = Registry(bucket).history(model).entries
    runs = {e.body["run"]["digest"]: e.body["run"] for e in entries if "run" in e.body}
    for run in list(runs.values())[-_MAX_RUNS:]:
        for step in bucket.get_json(Artifact.model_validate(run))["steps"]:
            if not step["cached"]:
                sizes = [output["size"] for output in step["outputs"].values()]
                yield {**step, "bytes": sum(sizes)}


def _abstain_rule(bucket: Bucket, version: Version) -> AbstainRule | None:
    """By which the version leaves rows to a person; None where it answers every row."""
    found = bucket.get_json(version.artifact("signature")).get("abstain")
    return None if found is None else AbstainRule.from_json(found)


def _monitoring_request(rows: LookTables, use_case: UseCase) -> MonitoringRequest:
    names = rows.reference.schema.names
    features = [name for name in names if name in use_case.feature_columns(names)]
    row_columns, outputs = split_outputs(names, [*output_kinds(use_case)])
    sensitive, target = use_case.data.sensitive, use_case.data.target
    problem = problem_type(target)
    roles = problem.answer_roles(target, outputs)
    comparison = problem.group_comparison(target, outputs)
    return MonitoringRequest(
        monitor=use_case.monitor,
        drift=use_case.drift,
        rules=RealisedFairnessRules(use_case.fairness, sensitive, comparison)
        if comparison and use_case.fairness
        else None,
        roles=replace(
            roles, by=[name for name in sensitive if name in row_columns], sensitive=sensitive
        ),
        features=[name for name in features if name in row_columns],
        seed=use_case.seed,
        estimate=problem.estimate_performance,
        unjudged_rules=() if comparison else use_case.fairness,
    )
