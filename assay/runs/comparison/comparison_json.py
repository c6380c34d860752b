"""A comparison as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from assay.gates.report import Interval
from assay.gates.statistics.intervals import Estimate
from assay.problems.answer_comparison import GroupChange, PairedScore
from assay.runs.comparison.changed_rows import ChangeCount
from assay.runs.comparison.compared_run import ComparedRun
from assay.runs.comparison.model_comparison import ModelComparison, PairComparison, PairedAnswers
from assay.runs.comparison.verdict_text import verdict_sentence


def comparison_json(comparison: ModelComparison) -> dict[str, Any]:
    """All comparisons with the first run."""
    return {
        "runs": [_run_json(run) for run in comparison.runs],
        "comparisons": [_pair_json(pair) for pair in comparison.pairs],
    }


def _run_json(run: ComparedRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "use_case": run.model,
        "status": run.version.status if run.version else "stopped",
        "candidate": run.version.entry.body.get("candidate") if run.version else None,
        "at": run.entry.at,
        "run": run.entry.body["run"]["digest"],
    }


def _pair_json(pair: PairComparison) -> dict[str, Any]:
    inputs = pair.inputs
    return {
        "first": pair.first.name,
        "second": pair.second.name,
        "verdict": verdict_sentence(pair),
        "finding": pair.paired.finding if pair.paired else "not paired",
        "problem": pair.problem or None,
        "paired": _paired_json(pair.paired) if pair.paired else None,
        "own_scores": [[one.model_dump(mode="json") for one in own] for own in pair.own_scores],
        "data": asdict(inputs.data)
        | {
            "same": inputs.data.same_table,
            "changes": [one.as_json() for one in inputs.data.changes],
        },
        "settings": [asdict(one) for one in inputs.settings],
        "code": {
            "commits": list(inputs.code.commits),
            "modified": list(inputs.code.modified),
            "modules": [one.as_json() for one in inputs.code.modules],
            "environment": [one.as_json() for one in inputs.code.environment],
            "problem": inputs.code.problem or None,
        },
        "costs": [asdict(one) for one in pair.costs],
    }


def _paired_json(paired: PairedAnswers) -> dict[str, Any]:
    changed = paired.answers.changed
    return {
        "rows": paired.rows.pair.rows,
        "test_rows": list(paired.rows.test_rows),
        "relabelled": paired.rows.relabelled,
        "by": paired.rows.by,
        "margin": paired.margin,
        "scores": [_score_json(one) for one in paired.answers.scores],
        "groups": [_group_json(one) for one in paired.answers.groups],
        "changed": {
            "rule": changed.rule,
            "counts": [_count_json(one) for one in paired.counts],
            "examples": [{**asdict(one), "kind": one.kind.name} for one in paired.examples],
        },
        "notes": list(paired.answers.notes),
    }


def _score_json(score: PairedScore) -> dict[str, Any]:
    return {
        "metric": score.metric,
        "unit": score.unit or None,
        "headline": score.headline,
        "first": _estimate_json(score.first),
        "second": _estimate_json(score.second),
        "better_by": _estimate_json(score.gain),
    }


def _group_json(one: GroupChange) -> dict[str, Any]:
    return {
        "metric": one.metric,
        "group": one.name,
        "rows": one.rows,
        "unit": one.unit or None,
        "first": one.first,
        "second": one.second,
        "change": _estimate_json(one.change),
        "gaps": list(one.gaps) if one.gaps else None,
        "gap_change": _estimate_json(one.gap_change) if one.gap_change else None,
    }


def _count_json(count: ChangeCount) -> dict[str, Any]:
    return {
        "group": count.group,
        "rows": count.rows,
        "count": count.count,
        "share": count.share,
        "kinds": {kind.name: number for kind, number in count.kinds.items()},
        "second_alone_right": count.repaired,
        "first_alone_right": count.damaged,
    }


def _estimate_json(estimate: Estimate) -> dict[str, Any]:
    interval: Interval = estimate.interval
    return {"value": estimate.value, "low": interval.low, "high": interval.high}
