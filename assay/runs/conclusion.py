"""How a run ends: its evidence gathered, its record kept, its verdict in the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.bucket import artifacts
from assay.bucket.artifacts import Artifact
from assay.bucket.signing import Signer, make_envelope
from assay.gates.catalog import GATE_BY_STAGE
from assay.gates.report import Verdict, get_report, put_report
from assay.registry.history import CHALLENGER, CHAMPION, REGISTERED, REJECTED, STOPPED, Version
from assay.registry.lessons import Lesson, describe_lessons, find_lessons
from assay.registry.registry import Registry
from assay.render.html_page import render_html
from assay.render.model_card import render_model_card
from assay.render.report_text import format_scores
from assay.runs import slsa_statement
from assay.runs.judged_candidate import JudgedCandidate
from assay.runs.outcome import CandidateOutcome, RunOutcome, StepSummary
from assay.runs.result_cache import remember_outcome
from assay.runs.run import Run
from assay.runs.run_record import put_run_record
from assay.steps.step import Step


def conclude_stopped_run(run: Run, steps: Sequence[Step]) -> RunOutcome:
    """End a run whose last step of `shared_steps` is a gate that said no."""
    bucket, question = run.bucket, run.question(steps[0]["table"])
    tried = JudgedCandidate(run, steps[-1], steps)
    record = put_run_record(run, question=question, steps=steps, verdicts=tried.gates)
    body = {
        "question": str(question),
        "run": record.as_json(),
        "gate": GATE_BY_STAGE[steps[-1].components["stage"]],
        "gates": tried.gates,
        "reasons": tried.reasons,
        "causes": tried.causes,
        "reports": _artifacts_json(tried.reports),
        **_retraining_fields(run),
    }
    Registry(bucket).record_stop(run.name, body)
    entries = bucket.journal(run.name).entries()
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
        page=_put_page(run, f"{run.name}: stopped", tried, {"Outcome": "stopped"}, learnt),
        reasons=tried.reasons,
        judged=[],
        steps=_step_summaries(steps),
    )
    remember_outcome(bucket, outcome, steps)
    return outcome


def conclude_judged_run(
    run: Run, shared_steps: Sequence[Step], candidate_steps: Sequence[tuple[Step, ...]]
) -> RunOutcome:
    """Register every candidate that was judged, as registered or as rejected.

    `shared_steps` are the steps before the candidates' own gates; each of `candidate_steps` is the step that
    trained a candidate and then its gates, in the order in which they were tried.
    """
    question = run.question(shared_steps[0]["table"])
    all_tried = [
        JudgedCandidate(run, made, [*shared_steps, *gates]) for made, *gates in candidate_steps
    ]
    why = _explain_choice(run, _ranking_step(shared_steps), all_tried)
    steps = [*shared_steps, *(gate for _, *gates in candidate_steps for gate in gates)]
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
        versions.append(registry.register(run.name, tried.status, body))
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
        ),
        reasons=tried.reasons,
        judged=[_candidate_outcome(v, t) for v, t in zip(versions, all_tried, strict=True)],
        steps=_step_summaries(steps),
    )
    remember_outcome(run.bucket, outcome, steps)
    return outcome


def _retraining_fields(run: Run) -> dict[str, Any]:
    """What an entry says of the retraining that it came of."""
    return run.retraining_origin.model_dump(mode="json") if run.retraining_origin else {}


def _ranking_step(steps: Sequence[Step]) -> Step:
    return next(s for s in steps if GATE_BY_STAGE.get(s.components["stage"]) == "candidates")


def _explain_choice(
    run: Run, ranking_step: Step, all_tried: Sequence[JudgedCandidate]
) -> dict[str, str]:
    """Why each candidate was tried, by title. Completes the report on the candidates, which all
    that were tried share, by what the test rows showed.
    """
    from assay.gates.candidates.on_test_rows import add_test_results

    bucket, cost = run.bucket, run.loaded.use_case.performance.cost
    chosen = _chosen_index(all_tried)
    title = None if chosen is None else all_tried[chosen].candidate
    judged = {
        tried.candidate: [
            get_report(bucket, tried.reports[gate]) for gate in ("performance", "fairness")
        ]
        for tried in all_tried
    }
    report = add_test_results(get_report(bucket, ranking_step["report"]), judged, title, cost)
    frontier = put_report(bucket, report)
    why = {one["title"]: one["because"] for one in bucket.get_json(ranking_step["order"])}
    for place, tried in enumerate(all_tried):
        tried.reports["candidates"] = frontier
        for other in all_tried[:place]:
            did = "refused" if other.status == REJECTED else "could not tell of"
            why[tried.candidate] += f"; tried because the gates {did} {other.candidate}"
    return why


def _chosen_index(all_tried: Sequence[JudgedCandidate]) -> int | None:
    """The first of those tried that passed; else the first that awaits a person's approval."""
    registered = [i for i, tried in enumerate(all_tried) if tried.status == REGISTERED]
    sure = [i for i in registered if Verdict.UNKNOWN not in all_tried[i].gates.values()]
    return next(iter([*sure, *registered]), None)


def _version_body(run: Run, tried: JudgedCandidate, because: str) -> dict[str, Any]:
    """What the journal keeps of a version, but for what the run adds."""
    use_case = run.loaded.use_case
    candidate = use_case.find_candidate(tried.candidate)
    text = render_model_card(use_case, candidate, tried.evidence, because=because)
    kept = ("model", "signature", "predictions", "about", "timing")
    return {
        **_artifacts_json({name: tried.training_step[name] for name in kept}),
        "card": run.bucket.put(text.encode(), artifacts.MARKDOWN, "model card").as_json(),
        "reports": _artifacts_json(tried.reports),
        "candidate": tried.candidate,
        "chosen": {"because": because, "frontier": tried.reports["candidates"].as_json()},
        "gates": tried.gates,
        "reasons": tried.reasons,
        "causes": tried.causes,
    }


def _put_provenance(run: Run, record: Artifact, tried: JudgedCandidate) -> Artifact:
    """Where the model comes from, for other tools; signed if the environment names a key."""
    told = slsa_statement.build_statement(
        run.name,
        tried.training_step["model"],
        record=record,
        run_record=run.bucket.get_json(record),
        reports=tried.reports,
    )
    held = make_envelope(slsa_statement.PAYLOAD_TYPE, told, Signer.from_environment())
    return run.bucket.put_json(held, artifacts.ATTESTATION, f"provenance of {tried.candidate}")


def _promote_automatically(
    run: Run, registry: Registry, version: Version, tried: JudgedCandidate
) -> None:
    """Make a version champion where the use case lets that happen by itself."""
    policy, history = run.loaded.use_case.promotion, registry.history(run.name)
    if history.was_withdrawn(version.number):
        return  # a person took it away, and nothing but a person brings it back
    about = {"as_of": run.retraining_origin.as_of} if run.retraining_origin else None
    if run.retraining_origin and tried.champion_number is not None:
        standing = history.aliases.get(CHALLENGER)
        because = f"trained anew; is held against {version.model}@{tried.champion_number}"
        registry.promote(
            version,
            because=because,
            expected_version=standing,
            alias=CHALLENGER,
            extra_fields=about,
        )
    if Verdict.UNKNOWN in tried.gates.values():
        return  # a gate that cannot tell leaves the decision to a person
    if tried.champion_number is None:
        if policy.first == "automatic" and CHAMPION not in history.promotion_trails:
            because = "the first version to pass every gate"
            registry.promote(version, because=because, expected_version=None)
    elif policy.later == "automatic" and tried.beats_champion and not policy.shadow:
        because = (
            f"passed every gate and beat {version.model}@{tried.champion_number} within the error "
            "budget of its reign"
        )
        registry.promote(
            version, because=because, expected_version=tried.champion_number, extra_fields=about
        )


def _candidate_outcome(version: Version, tried: JudgedCandidate) -> CandidateOutcome:
    return CandidateOutcome(
        model=version.name,
        candidate=tried.candidate,
        status=tried.status,
        gates=tried.gates,
        reasons=tried.reasons,
        scores=tried.scores,
    )


def _page_facts(
    versions: Sequence[Version],
    all_tried: Sequence[JudgedCandidate],
    chosen: JudgedCandidate,
    champion: Version | None,
) -> dict[str, str]:
    fates = {
        version.name: f"{tried.status}: {tried.candidate} ({format_scores(tried.scores)})"
        for version, tried in zip(versions, all_tried, strict=True)
    }
    return {"Outcome": chosen.status, **fates, "Champion": champion.name if champion else "none"}


def _put_page(
    run: Run,
    title: str,
    tried: JudgedCandidate,
    facts: Mapping[str, str],
    lessons: Sequence[Lesson],
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
    html = render_html(tried.evidence, title=title, facts=about)
    return run.bucket.put(html, artifacts.HTML, f"report of {title}")


def _artifacts_json(by_name: Mapping[str, Artifact]) -> dict[str, Any]:
    return {name: artifact.as_json() for name, artifact in by_name.items()}


def _step_summaries(steps: Sequence[Step]) -> list[StepSummary]:
    return [
        StepSummary(name=s.name, cached=s.cached, seconds=0.0 if s.cached else s.seconds)
        for s in steps
    ]
