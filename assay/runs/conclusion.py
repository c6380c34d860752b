"""The end of a run: its record is kept, and its outcome is entered in the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.bucket import artifacts
from assay.bucket.artifacts import Artifact
from assay.bucket.journal import Journal
from assay.bucket.signing import Signer, make_envelope
from assay.gates.catalog import GATE_BY_STAGE
from assay.gates.report import Verdict, get_report, put_report
from assay.registry.history import CHALLENGER, CHAMPION, REGISTERED, REJECTED, STOPPED, Version
from assay.registry.lessons import Lesson, describe_lessons, find_lessons
from assay.registry.registry import Registry
from assay.render.decision_summary import ModelDecision, summarize_decision
from assay.render.html_page import render_html
from assay.render.model_card import render_model_card
from assay.render.model_decision import version_decision
from assay.render.report_text import format_scores
from assay.runs import slsa_statement
from assay.runs.card_renewal import renew_card
from assay.runs.judged_candidate import JudgedCandidate
from assay.runs.outcome import CandidateOutcome, RunOutcome, StepSummary
from assay.runs.result_cache import remember_outcome
from assay.runs.run import Run
from assay.runs.run_record import put_run_record
from assay.steps.step import Step


@dataclass(frozen=True)
class CandidateSteps:
    """The step that trained a candidate, and the steps of its own gates. Without `explanation`
    where another gate failed the candidate, or its type of question has none.
    """

    training: Step
    performance: Step
    fairness: Step
    technical: Step
    explanation: Step | None = None

    @property
    def gates(self) -> tuple[Step, ...]:
        explained = () if self.explanation is None else (self.explanation,)
        return self.performance, self.fairness, *explained, self.technical


def conclude_stopped_run(
    run: Run, table: Artifact, earlier_steps: Sequence[Step], failed_step: Step
) -> RunOutcome:
    """End the run of `table` that the gate of `failed_step` stopped."""
    bucket, question = run.bucket, run.question(table)
    steps = [*earlier_steps, failed_step]
    tried = JudgedCandidate(run, failed_step, steps)
    record = put_run_record(run, question=question, steps=steps, verdicts=tried.gates)
    body = {
        "question": str(question),
        "run": record.as_json(),
        "gate": GATE_BY_STAGE[failed_step.components["stage"]],
        "gates": tried.gates,
        "reasons": tried.reasons,
        "causes": tried.causes,
        "reports": _artifacts_json(tried.reports),
        **_retraining_fields(run),
    }
    Registry(bucket).record_stop(run.name, body)
    entries = Journal(bucket, run.name).entries()
    learnt = find_lessons(entries, tried.causes, question=question)
    outcome = RunOutcome(
        use_case=run.name,
        question=question,
        run=record.digest,
        outcome=STOPPED,
        model=None,
        digest=None,
        champion=False,
        against=None,
        gates=tried.gates,
        reports=tried.reports,
        page=_put_page(
            run,
            f"{run.name}: stopped",
            tried,
            {"Outcome": STOPPED},
            learnt,
            decision=ModelDecision(
                run.name, STOPPED, unit=run.loaded.use_case.data.target.unit or ""
            ),
        ),
        reasons=tried.reasons,
        judged=[],
        steps=_step_summaries(steps),
    )
    remember_outcome(bucket, outcome, steps)
    return outcome


def conclude_judged_run(
    run: Run,
    table: Artifact,
    shared_steps: Sequence[Step],
    ranking_step: Step,
    candidates: Sequence[CandidateSteps],
) -> RunOutcome:
    """Register every judged candidate, as registered or as rejected.

    `shared_steps` are all steps before the candidates' own gates, `ranking_step` among them.
    `candidates` are in the order in which they were tried.
    """
    question = run.question(table)
    all_tried = [
        JudgedCandidate(run, one.training, [*shared_steps, *one.gates]) for one in candidates
    ]
    why = _explain_choice(run, ranking_step, all_tried)
    steps = [*shared_steps, *(gate for one in candidates for gate in one.gates)]
    record = put_run_record(
        run,
        question=question,
        steps=steps,
        verdicts={tried.candidate: tried.gates for tried in all_tried},
    )
    registry = Registry(run.bucket)
    versions = []
    for tried in all_tried:
        body = _version_body(run, tried, why[tried.candidate]) | {
            "question": str(question),
            "run": record.as_json(),
            "against": tried.champion_number,
            "provenance": _put_provenance(run, record, tried).as_json(),
            **_retraining_fields(run),
        }
        version = registry.register(run.name, tried.status, body)
        renew_card(run.bucket, run.loaded.use_case, registry.history(run.name), version)
        versions.append(version)
    chosen = _chosen_index(all_tried) or 0
    version, tried = versions[chosen], all_tried[chosen]
    if tried.status == REGISTERED:
        _promote_automatically(run, registry, version, tried)
    history = registry.history(run.name)
    champion = history.champion
    outcome = RunOutcome(
        use_case=run.name,
        question=question,
        run=record.digest,
        outcome=tried.status,
        model=version.name,
        digest=version.digest,
        champion=champion is not None and champion.number == version.number,
        against=tried.champion_number,
        gates=tried.gates,
        reports=tried.reports,
        page=_put_page(
            run,
            version.name,
            tried,
            _page_facts(versions, all_tried, tried, champion),
            find_lessons(history.entries, tried.causes, question=question),
            decision=version_decision(run.bucket, history, version),
        ),
        reasons=tried.reasons,
        judged=[_candidate_outcome(v, t) for v, t in zip(versions, all_tried, strict=True)],
        steps=_step_summaries(steps),
    )
    remember_outcome(run.bucket, outcome, steps)
    return outcome


def _retraining_fields(run: Run) -> dict[str, Any]:
    """The fields of an entry about the retraining that led to it."""
    return run.retraining_origin.model_dump(mode="json") if run.retraining_origin else {}


def _explain_choice(
    run: Run, ranking_step: Step, all_tried: Sequence[JudgedCandidate]
) -> dict[str, str]:
    """Why each candidate was tried, by title.

    It also adds the results on the test rows to the report on the candidates, which they share.
    """
    from assay.gates.candidates.on_test_rows import add_test_results

    bucket, metric = run.bucket, run.problem.trade_off_metric(run.loaded.use_case)
    chosen = _chosen_index(all_tried)
    title = None if chosen is None else all_tried[chosen].candidate
    judged = {
        tried.candidate: [
            get_report(bucket, tried.reports[gate]) for gate in ("performance", "fairness")
        ]
        for tried in all_tried
    }
    report = add_test_results(get_report(bucket, ranking_step["report"]), judged, title, metric)
    frontier = put_report(bucket, report)
    why = {one["title"]: one["because"] for one in bucket.get_json(ranking_step["order"])}
    for place, tried in enumerate(all_tried):
        tried.reports["candidates"] = frontier
        for other in all_tried[:place]:
            did = "refused" if other.status == REJECTED else "could not tell of"
            why[tried.candidate] += f"; tried because the gates {did} {other.candidate}"
    return why


def _chosen_index(all_tried: Sequence[JudgedCandidate]) -> int | None:
    """The first tried candidate that passed; else the first that awaits a person's approval."""
    registered = [i for i, tried in enumerate(all_tried) if tried.status == REGISTERED]
    sure = [i for i in registered if Verdict.UNKNOWN not in all_tried[i].gates.values()]
    return next(iter([*sure, *registered]), None)


def _version_body(run: Run, judged_candidate: JudgedCandidate, because: str) -> dict[str, Any]:
    """The fields of a version's entry, without those of its run."""
    use_case = run.loaded.use_case
    candidate = use_case.find_candidate(judged_candidate.candidate)
    text = render_model_card(use_case, candidate, judged_candidate.evidence, because=because)
    kept = ("model", "signature", "predictions", "about", "timing")
    return {
        **_artifacts_json({name: judged_candidate.training_step[name] for name in kept}),
        "card": run.bucket.put(text.encode(), artifacts.MARKDOWN, "model card").as_json(),
        "reports": _artifacts_json(judged_candidate.reports),
        "candidate": judged_candidate.candidate,
        "chosen": {
            "because": because,
            "frontier": judged_candidate.reports["candidates"].as_json(),
        },
        "gates": judged_candidate.gates,
        "reasons": judged_candidate.reasons,
        "causes": judged_candidate.causes,
    }


def _put_provenance(run: Run, record: Artifact, judged_candidate: JudgedCandidate) -> Artifact:
    """The model's provenance for other tools, signed if the environment names a key."""
    statement = slsa_statement.build_statement(
        run.name,
        judged_candidate.training_step["model"],
        record=record,
        run_record=run.bucket.get_json(record),
        reports=judged_candidate.reports,
    )
    envelope = make_envelope(slsa_statement.PAYLOAD_TYPE, statement, Signer.from_environment())
    return run.bucket.put_json(
        envelope, artifacts.ATTESTATION, f"provenance of {judged_candidate.candidate}"
    )


def _promote_automatically(
    run: Run, registry: Registry, version: Version, judged_candidate: JudgedCandidate
) -> None:
    """Make a version champion where the use case promotes automatically."""
    policy, history = run.loaded.use_case.promotion, registry.history(run.name)
    if history.was_withdrawn(version.number):
        return  # only a person brings back what a person withdrew
    moment = {"as_of": run.retraining_origin.as_of} if run.retraining_origin else None
    if run.retraining_origin and judged_candidate.champion_number is not None:
        standing = history.aliases.get(CHALLENGER)
        because = (
            f"retrained; to be compared with {version.model}@{judged_candidate.champion_number}"
        )
        registry.promote(
            version,
            because=because,
            expected_version=standing,
            alias=CHALLENGER,
            extra_fields=moment,
        )
    if Verdict.UNKNOWN in judged_candidate.gates.values():
        return  # a gate that cannot tell leaves the decision to a person
    if policy.card == "required" and run.loaded.use_case.card.gaps:
        return  # people say the rest first
    if judged_candidate.champion_number is None:
        if policy.first == "automatic" and CHAMPION not in history.promotion_trails:
            because = "the first version to pass every gate"
            registry.promote(version, because=because, expected_version=None)
    elif policy.later == "automatic" and judged_candidate.beats_champion and not policy.shadow:
        because = (
            f"passed every gate and beat {version.model}@{judged_candidate.champion_number} within "
            "the error budget of its reign"
        )
        registry.promote(
            version,
            because=because,
            expected_version=judged_candidate.champion_number,
            extra_fields=moment,
        )


def _candidate_outcome(version: Version, judged_candidate: JudgedCandidate) -> CandidateOutcome:
    return CandidateOutcome(
        model=version.name,
        candidate=judged_candidate.candidate,
        status=judged_candidate.status,
        gates=judged_candidate.gates,
        reasons=judged_candidate.reasons,
        scores=judged_candidate.scores,
    )


def _page_facts(
    versions: Sequence[Version],
    all_tried: Sequence[JudgedCandidate],
    chosen_candidate: JudgedCandidate,
    champion: Version | None,
) -> dict[str, str]:
    fates = {
        version.name: f"{tried.status}: {tried.candidate} ({format_scores(tried.scores)})"
        for version, tried in zip(versions, all_tried, strict=True)
    }
    return {
        "Outcome": chosen_candidate.status,
        **fates,
        "Champion": champion.name if champion else "none",
    }


def _put_page(
    run: Run,
    title: str,
    judged_candidate: JudgedCandidate,
    facts: Mapping[str, str],
    lessons: Sequence[Lesson],
    *,
    decision: ModelDecision,
) -> Artifact:
    use_case = run.loaded.use_case
    about = {
        "Question": use_case.question,
        "Decision": use_case.decision,
        "Harm of a wrong answer": use_case.harm,
        "Owner": use_case.owner,
        **facts,
        **({"Seen before": "; ".join(describe_lessons(lessons))} if lessons else {}),
    }
    reports = judged_candidate.evidence
    summary = summarize_decision(reports, decision)
    html = render_html(reports, title=title, facts=about, summary=summary)
    return run.bucket.put(html, artifacts.HTML, f"report of {title}")


def _artifacts_json(by_name: Mapping[str, Artifact]) -> dict[str, Any]:
    return {name: artifact.as_json() for name, artifact in by_name.items()}


def _step_summaries(steps: Sequence[Step]) -> list[StepSummary]:
    return [
        StepSummary(name=s.name, cached=s.cached, seconds=0.0 if s.cached else s.seconds)
        for s in steps
    ]
